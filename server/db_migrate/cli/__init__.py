"""The command line, for humans."""
