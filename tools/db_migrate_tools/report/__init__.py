"""Results as text that a person reads."""
