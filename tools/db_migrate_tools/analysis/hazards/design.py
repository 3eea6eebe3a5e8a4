"""What works today and hurts later."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.analysis.hazards.base import Finding, Rule
from db_migrate_tools.analysis.names import qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Constraint, Index, Table


def _fk_index(s: Situation) -> Iterator[Finding]:
    if s.after is None:
        return
    for ref in s.created("constraint"):
        key, table = s.after.get(ref), ref.relation
        if not isinstance(key, Constraint) or key.type != "foreign key" or table is None or not key.references:
            continue
        wanted = set(key.columns)
        supported = any(
            index.valid and not index.partial and set(index.columns[: len(wanted)]) == wanted
            for index in s.ground.then.of(table, Index)
        )
        if not supported:
            old = s.old(table)
            concurrently = "CONCURRENTLY " if old is not None and old in s.before else ""
            columns = ", ".join(map(quote, key.columns))
            yield Finding(
                f"Deleting a row of {show(key.references)} reads all of {show(table)}: no index begins with {columns}.",
                f"Add one:\nCREATE INDEX {concurrently}ON {qualified(table)} ({columns});",
            )


def _no_key(s: Situation) -> Iterator[Finding]:
    if s.after is None:
        return
    for ref in s.created("table"):
        table = s.after.get(ref)
        if not isinstance(table, Table) or table.partition_of or table.foreign_server:
            continue
        if not any(constraint.type == "primary key" for constraint in s.ground.then.of(ref, Constraint)):
            yield Finding(
                f"Rows of {show(ref)} cannot be told apart: it has no primary key. Replication, Realtime and most "
                "ORMs need one.",
                "Add one:\n"
                f"ALTER TABLE {qualified(ref)} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;",
            )


RULES: tuple[Rule, ...] = (
    Rule("fk-missing-index", "LOW", "a foreign key has no index behind it", _fk_index),
    Rule("no-primary-key", "MEDIUM", "a new table has no primary key", _no_key),
)
