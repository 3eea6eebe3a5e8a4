"""Synthetic rows on the shadow: put in, read back."""
