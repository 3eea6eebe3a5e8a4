"""Postgres's lock modes: what each keeps an application from doing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from db_migrate_tools.wire import Locking

STRENGTH: Final[tuple[str, ...]] = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_STOPS_READS: Final = frozenset({"AccessExclusiveLock"})
_STOPS_WRITES: Final = frozenset({"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"})


def strength(mode: str) -> int:
    """0 for the weakest mode; an unknown one counts as the strongest."""
    return STRENGTH.index(mode) if mode in STRENGTH else len(STRENGTH) - 1


def stops_reads(mode: str) -> bool:
    return mode in _STOPS_READS or mode not in STRENGTH


def stops_writes(mode: str) -> bool:
    return mode in _STOPS_WRITES or mode not in STRENGTH


def words(mode: str) -> str:
    """The mode as Postgres's manual spells it: `SHARE ROW EXCLUSIVE`."""
    name = mode.removesuffix("Lock")
    return "".join(f" {c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


def blocks(mode: str) -> str:
    """What waits behind the lock, in words."""
    if stops_reads(mode):
        return "reads and writes"
    if stops_writes(mode):
        return "writes"
    if mode == "ShareUpdateExclusiveLock":
        return "other schema changes and VACUUM"
    return "nothing that an application does"


def locking_behavior(modes: Iterable[str], *, works: bool) -> Locking:
    """What the application feels of locks on relations that exist already.

    `works` says whether the statement also rewrites, scans or indexes one of them: then the lock is held for a
    time that grows with the data.
    """
    if not any(map(stops_writes, modes)):
        return "none"
    return "exclusive" if works else "brief"
