"""What decides: plans, diffs, risk, words. No input or output here."""
