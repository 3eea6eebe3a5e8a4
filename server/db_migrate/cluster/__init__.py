"""Our own launcher of Postgres: throwaway shadows and the embedded development database."""
