"""Data that a reversible migration keeps, and what is removed of it for good."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.analysis.hazards.base import OVERWRITES, Effect, Finding, Rule
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.kept.names import kept, mentioned
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

_PURGE = 'When nobody missed it, remove it for good by a plan of its own: plan(source: {"from": "kept"}).'


def seen(rule: Rule, finding: Finding, s: Situation) -> tuple[Finding, frozenset[Effect]]:
    """The finding and its effects. What a statement takes away is not lost while it is kept."""
    effects = rule.effects if finding.effects is None else finding.effects
    if not s.statement.kept or "loses" not in effects or rule.code == "kept-purge":
        return finding, effects
    breaks = effects - {"loses"}
    title = rule.title[0].upper() + rule.title[1:]
    told = f"{title}; its data are kept in {s.statement.kept} for the rollback."
    if breaks:
        told += " Whatever asks for it fails."
    return Finding(told, _PURGE, "MEDIUM"), breaks


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


RULES: tuple[Rule, ...] = (Rule("kept-purge", "HIGH", "kept data are removed", _purge, OVERWRITES),)
