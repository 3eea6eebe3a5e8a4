"""`python -m db_migrate`: the same as the console script."""

from db_migrate.cli.main import main

if __name__ == "__main__":
    main()
