"""Where the project is, and where its state lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from db_migrate_tools.ports import Refused

CONFIG: Final = "db-migrate.toml"
STATE: Final = ".db-migrate"
_MARKS: Final = ("supabase", "package.json", ".git")


def find_root(start: Path) -> Path:
    """The project root: from `start` upwards the nearest db-migrate.toml, else the nearest supabase/, package.json
    or .git, else `start` itself. Raises Refused when `start` is no directory.
    """
    here = start.expanduser().resolve()
    if not here.is_dir():
        raise Refused(
            f"{start} is not a directory.", "Name the project’s directory with --project or DB_MIGRATE_PROJECT."
        )
    upwards = (here, *here.parents)
    for directory in upwards:
        if (directory / CONFIG).is_file():
            return directory
    for directory in upwards:
        if (directory / "supabase").is_dir() or any((directory / mark).exists() for mark in _MARKS[1:]):
            return directory
    return here


def is_supabase(root: Path) -> bool:
    """Whether the project is one of the Supabase CLI's: with its configuration, or with migrations in its place."""
    place = root / "supabase"
    return (place / "config.toml").is_file() or (place / "migrations").is_dir()


def state_directory(root: Path) -> Path:
    """`.db-migrate/` under the root: only its owner may enter, git ignores it. Made on first use."""
    directory = root / STATE
    if directory.is_symlink():
        raise Refused(f"{STATE} is a symbolic link.", "Remove it: it holds plans and must lie in the project itself.")
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_mode & 0o077:
        directory.chmod(0o700)
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return directory
