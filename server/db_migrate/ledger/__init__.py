"""Envelopes, tokens, decisions and history, kept."""
