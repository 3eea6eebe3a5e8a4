"""Reversible data: statements rewritten so that what they would lose is kept, and the way back that restores it."""
