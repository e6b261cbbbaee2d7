"""Answerers by one canonical id."""
