"""The user's project: features, spec files, generators, reports."""
