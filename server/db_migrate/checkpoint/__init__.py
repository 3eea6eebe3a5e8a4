"""Reaching the human: form, terminal."""
