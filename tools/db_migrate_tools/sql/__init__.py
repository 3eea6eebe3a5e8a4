"""SQL scripts: statements with positions, what is refused, what each says it does."""
