"""Locks that are short, but wait in a queue that everybody else then stands in; and locks on *other* tables."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.analysis import duration, locks
from db_migrate_tools.analysis.hazards.base import Finding, Rule, stall, waiting
from db_migrate_tools.analysis.names import listed, qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.analysis.text import has
from db_migrate_tools.schema.model import Column, Constraint, Index, Ref, Table, View

_SHOWN = 6
_RETRIED = "Nothing to change: the run asks for the lock for a moment only, and again later if it is taken."


def _others(s: Situation, *own: Ref) -> list[tuple[Ref, str]]:
    return [(ref, mode) for ref, mode in s.stopped() if ref not in own and not s.ground.empty(ref)]


def _fk_parent(s: Situation) -> Iterator[Finding]:
    parents = {
        constraint.references: show(made.relation) if made.relation else show(made)
        for made in s.created("constraint")
        if isinstance(constraint := s.becomes(made), Constraint) and constraint.references
    }
    for ref, mode in _others(s):
        child = next((name for parent, name in parents.items() if parent and s.old(parent) == ref), None)
        if child is not None and not (s.scans or s.rewrites):
            yield Finding(
                f"Writes of {show(ref)} wait for a moment: a foreign key of {child} points there and takes a "
                f"{locks.words(mode)} lock on it.",
                _RETRIED,
            )


def _dropped_child(s: Situation) -> Iterator[Finding]:
    parents = {
        constraint.references
        for gone in s.dropped("constraint")
        if isinstance(constraint := s.was(gone), Constraint) and constraint.references
    }
    gone = set(s.dropped("table"))
    for ref, mode in _others(s):
        if ref in parents and ref not in gone and mode == "AccessExclusiveLock":
            yield Finding(
                f"Reads and writes of {show(ref)} wait for a moment: dropping a foreign key that points there locks "
                "the table it points to as well.",
                _RETRIED,
            )


def _type_peer(s: Situation) -> Iterator[Finding]:
    changed = {
        column.relation
        for column in s.altered("column")
        if isinstance(old := s.was(column), Column)
        and isinstance(new := s.becomes(column), Column)
        and old.type != new.type
    }
    if changed:
        for ref, mode in _others(s, *(ref for ref in changed if ref)):
            time, severity = stall(s)
            yield Finding(
                f"{locks.blocks(mode).capitalize()} of {show(ref)} stop {time} too: a foreign key joins it to the "
                "column whose type changes.",
                "Drop the foreign key first and add it again NOT VALID afterwards, then validate it.",
                severity,
            )


def _drop_index(s: Situation) -> Iterator[Finding]:
    for gone in s.dropped("index"):
        index = s.was(gone)
        if not isinstance(index, Index) or index.table in s.dropped("table") or index.constraint:
            continue
        if s.statement.kind == "DropStmt" and s.mode(index.table) == "AccessExclusiveLock":
            yield Finding(
                f"Reads and writes of {show(index.table)} wait for a moment while the index {quote(gone.name)} goes, "
                "and queries that used it get slower.",
                "Drop it without the lock:\n"
                f"DROP INDEX CONCURRENTLY {qualified(Ref('index', gone.schema, gone.name))};",
            )


def _reindex(s: Situation) -> Iterator[Finding]:
    if s.statement.kind == "ReindexStmt" and not has(s.statement.text, "CONCURRENTLY"):
        for ref in s.index_builds or s.rewrites or s.scans:
            time, severity = stall(s)
            yield Finding(
                f"{waiting(s, ref)} stop {time} while the indexes of {show(ref)} ({s.ground.extent(ref)}) are rebuilt.",
                f"Rebuild while the application goes on:\nREINDEX TABLE CONCURRENTLY {qualified(ref)};",
                severity,
            )


def _refresh(s: Situation) -> Iterator[Finding]:
    if s.statement.kind == "RefreshMatViewStmt" and not has(s.statement.text, "CONCURRENTLY"):
        for ref, mode in s.stopped():
            if isinstance(s.was(ref), View) and locks.stops_reads(mode):
                yield Finding(
                    f"Reads of {show(ref)} stop while it is computed anew; how long its query takes is not known here.",
                    "With a unique index on it, readers can go on:\n"
                    f"REFRESH MATERIALIZED VIEW CONCURRENTLY {qualified(ref)};",
                )


def _detach(s: Situation) -> Iterator[Finding]:
    for ref in s.altered("table"):
        old, new = s.was(ref), s.becomes(ref)
        if not (isinstance(old, Table) and isinstance(new, Table) and old.partition_of and not new.partition_of):
            continue
        parent = old.partition_of
        if s.mode(parent) != "AccessExclusiveLock":
            continue
        siblings = [s.was(child) for child in s.ground.partitions.get(parent, ())]
        default = any(isinstance(child, Table) and child.partition_bound == "DEFAULT" for child in siblings)
        yield Finding(
            f"Reads and writes of {show(parent)} wait for a moment while {show(ref)} is taken out.",
            f"DETACH … CONCURRENTLY is no way out: {show(parent)} has a default partition. " + _RETRIED
            if default
            else f"Take it out without the lock:\n"
            f"ALTER TABLE {qualified(parent)} DETACH PARTITION {qualified(ref)} CONCURRENTLY;",
        )


def _trigger(s: Situation) -> Iterator[Finding]:
    if s.created("trigger") or s.altered("trigger") or s.dropped("trigger"):
        touched = [ref for ref, _ in _others(s, *s.dropped("table"))]
        if touched and s.statement.kind in ("CreateTrigStmt", "AlterTableStmt", "DropStmt", "DoStmt"):
            yield Finding(
                f"Writes of {listed(map(show, touched))} wait for a moment while the trigger changes, and from then on "
                "every write runs under the new rule.",
                _RETRIED,
            )


def _explicit(s: Situation) -> Iterator[Finding]:
    if s.statement.kind == "LockStmt":
        for ref, mode in s.stopped():
            yield Finding(
                f"{locks.blocks(mode).capitalize()} of {show(ref)} wait from this LOCK TABLE to the end of "
                "the transaction.",
                "Leave the statement out: every step takes the lock that it needs.",
            )


def _kept(s: Situation, code: str) -> Iterator[Finding]:
    """Locks are kept to the end of a transaction: slow work after one makes it long."""
    validates = has(s.statement.text, "VALIDATE", "CONSTRAINT")
    slow = duration.slow(s) or (validates and bool(s.scans))
    if not s.held or not slow or (code == "validate-same-tx") != validates:
        return
    kept = s.locked.first(s.held, _SHOWN)
    more = s.locked.held[s.held - 1].relations - len(kept)
    time, severity = stall(s)
    groups = [
        f"{what} of {listed([show(ref) for ref, held in kept.items() if locks.blocks(held.mode) == what])}"
        for what in dict.fromkeys(locks.blocks(held.mode) for held in kept.values())
    ]
    waits = f"{' and '.join(groups)}{f' and {more} more tables' if more else ''}"
    since = s.locked.held[0].since
    if all(held.ours for held in kept.values()):
        why = f"keeping the data locks what it copies (statement {since}) to the end of the transaction"
        remedy = "Run it when nobody uses the table."
    else:
        why = f"the locks of statement {since} are kept to the end of the transaction"
        remedy = f"Put statement {s.statement.number} into a migration of its own, applied after this one."
    yield Finding(
        f"{waits[0].upper()}{waits[1:]} stop {time} more: {why}, and statement {s.statement.number} works through rows "
        "meanwhile.",
        remedy,
        severity,
    )


def _validate_too_early(s: Situation) -> Iterator[Finding]:
    yield from _kept(s, "validate-same-tx")


def _work_under_lock(s: Situation) -> Iterator[Finding]:
    yield from _kept(s, "ddl-after-access-exclusive")


RULES: tuple[Rule, ...] = (
    Rule("create-table-fk-locks-parent", "LOW", "a foreign key briefly locks the table it points to", _fk_parent),
    Rule("drop-child-locks-parent", "LOW", "dropping a foreign key locks the table it points to", _dropped_child),
    Rule("type-change-locks-fk-peer", "MEDIUM", "a type change locks a neighbouring table too", _type_peer),
    Rule("idx-drop-blocking", "LOW", "dropping an index locks its table", _drop_index),
    Rule("reindex-blocking", "MEDIUM", "rebuilding indexes blocks writes", _reindex),
    Rule("matview-refresh-blocking", "MEDIUM", "a refresh blocks readers", _refresh),
    Rule("partition-detach-blocking", "MEDIUM", "detaching a partition locks its parent", _detach),
    Rule("trigger-lock", "LOW", "a trigger's change blocks writes for a moment", _trigger),
    Rule("validate-same-tx", "MEDIUM", "VALIDATE runs while locks of its transaction are held", _validate_too_early),
    Rule("ddl-after-access-exclusive", "MEDIUM", "slow work follows a lock in one transaction", _work_under_lock),
    Rule("explicit-lock", "MEDIUM", "the migration locks a table by hand", _explicit),
)
