"""What acts: MCP, Postgres, the shadow, the ledger, the project."""
