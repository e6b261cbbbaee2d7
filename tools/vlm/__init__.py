"""Trains the project's own small vision-language models."""
