"""Asking a model, a server or a person about pictures: questions, answers, and what they say of a label."""
