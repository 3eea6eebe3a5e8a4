"""Lock files waited for with an end: a hung process must not make all others hang with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from db_migrate.cluster import locks
from db_migrate.cluster.launch import NotStarted

LONGEST = 60.0
"""Seconds that any lock is waited for."""


class StillLocked(NotStarted):
    """Another process holds a lock file and does not let go: which file, then how to find the process."""


def share(path: Path, seconds: float = LONGEST) -> int:
    """A descriptor that holds the shared lock until it is closed. Raises StillLocked."""
    return _within(locks.share_within, path, seconds)


def own(path: Path, seconds: float = LONGEST) -> int:
    """A descriptor that holds the exclusive lock until it is closed. Raises StillLocked."""
    return _within(locks.own_within, path, seconds)


@contextmanager
def owned(path: Path, seconds: float = LONGEST) -> Generator[int]:
    """Hold the exclusive lock for a block. Raises StillLocked."""
    descriptor = own(path, seconds)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _within(take: Callable[[Path, float], int], path: Path, seconds: float) -> int:
    try:
        return take(path, seconds)
    except TimeoutError:
        raise StillLocked(
            f"Another process has held {path} for more than {seconds:g} s: it starts or stops a Postgres there.",
            f"Try again. If it hangs, find it with `fuser {path}` or `lsof {path}` and end it; the file may stay.",
        ) from None
