"""What a plan means: hazards, risk, duration, impact."""
