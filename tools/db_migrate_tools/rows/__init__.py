"""Synthetic rows for a schema: made by its types and constraints, the same ones every time, and compared."""
