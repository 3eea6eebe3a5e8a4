"""Data that a reversible migration keeps, and what is removed of it for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from db_migrate_tools.analysis import duration, locks
from db_migrate_tools.analysis.hazards.base import OVERWRITES, Effect, Finding, Rule, stall
from db_migrate_tools.analysis.names import show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.kept.names import kept, mentioned
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

_SHOWN: Final = 1_000
_OF_OURS: Final = frozenset({"fails-on-rehearsal", "not-observed", "keeping-takes-time"})
_PURGE: Final = 'When nobody missed it, remove it for good by a plan of its own: plan(source: {"from": "kept"}).'


def seen(rule: Rule, finding: Finding, s: Situation) -> tuple[Finding, frozenset[Effect]]:
    """The finding and its effects. What a statement takes away is not lost while it is kept."""
    effects = rule.effects if finding.effects is None else finding.effects
    if not s.statement.kept or "loses" not in effects or rule.code == "kept-purge":
        return finding, effects
    breaks = effects - {"loses"}
    subject = f"{finding.subject}: " if finding.subject else ""
    title = rule.title if subject else rule.title[0].upper() + rule.title[1:]
    told = f"{subject}{title}; the data are kept in {s.statement.kept} for the rollback."
    if breaks:
        told += " Whatever asks for it fails."
    return Finding(told, _PURGE, "MEDIUM"), breaks


def concerning(rules: Iterable[Rule], s: Situation) -> Iterator[Rule]:
    """The rules for a statement that keeping data adds. Nobody wished for it: what counts of it is only what it takes
    away in place of the user's own statement, and what it costs.
    """
    survives = any(ref.relation in s.after for ref in s.dropped("constraint") if s.after is not None and ref.relation)
    for rule in rules:
        replaces = bool(s.statement.kept) and "loses" in rule.effects
        if rule.code in _OF_OURS or replaces or (rule.code == "drop-constraint" and survives):
            yield rule


def _cost(s: Situation) -> Iterator[Finding]:
    """Copying under a lock."""
    if s.statement.kind != "CreateTableAsStmt" or not duration.slow(s):
        return
    locked = s.locked.first(s.held, _SHOWN)
    time, severity = stall(s)
    for ref in s.named()[:1]:
        held = locked.get(ref)
        waits = f"{locks.blocks(held.mode)} of {show(ref)} stop".capitalize() if held is not None else "This takes"
        yield Finding(
            f"{waits} {time if held is not None else time.removeprefix('for ')}: {s.ground.extent(ref)} are copied to "
            f"{s.statement.kept}, so that the rollback can bring them back.",
            "Run it when nobody uses the table; or plan without `reversible`, if the data are safe elsewhere.",
            severity,
        )


def _purge(s: Situation) -> Iterator[Finding]:
    if s.statement.kind != "DropStmt" or s.statement.kept:
        return
    for name in mentioned([s.statement.text]):
        ref = Ref("table", KEPT_SCHEMA, name)
        yield Finding(
            f"What is kept in {kept(name)} is gone for good: {s.ground.extent(ref)}. The rollback of the migration "
            "that kept it can no longer run.",
            "Make sure that nobody wants it back.",
            "HIGH" if not s.ground.empty(ref) else "LOW",
        )


ONLY_OURS: Final = (Rule("keeping-takes-time", "MEDIUM", "rows are copied, to be kept, under a lock", _cost),)
RULES: Final = (Rule("kept-purge", "HIGH", "kept data are removed", _purge, OVERWRITES), *ONLY_OURS)
