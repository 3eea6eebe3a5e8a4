"""Directories for work that ends with this process, however it ends."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from db_migrate.cluster import locks, places, waiting
from db_migrate_tools.ports import Refused

IN_USE = "using.lock"


@contextmanager
def scratch() -> Generator[Path]:
    """An empty directory that only we may enter, removed afterwards. What a killed process left of its own is removed
    by the next one.
    """
    base = _base()
    if base is None:
        with tempfile.TemporaryDirectory(prefix="db-migrate-") as anywhere:
            yield Path(anywhere)
        return
    with waiting.owned(base / "scratch.lock"):
        # Under this lock no directory exists without its user's lock, unless it was left behind.
        _sweep(base)
        path = base / f"w-{secrets.token_hex(4)}"
        path.mkdir(mode=0o700)
        using = waiting.own(path / IN_USE)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(using)


def _base() -> Path | None:
    if sys.platform == "win32":
        return None
    try:
        return places.short_base()
    except Refused:
        return None


def _sweep(base: Path) -> None:
    for path in base.glob("w-*"):
        try:
            using = locks.try_own(path / IN_USE)
        except OSError:
            # Its user is just removing it.
            continue
        if using is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(using)
