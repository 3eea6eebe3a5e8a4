"""What may fail on the target although it ran on the rehearsal's copy, whose tables hold no real rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from db_migrate_tools.analysis.fills import required
from db_migrate_tools.analysis.hazards.base import Finding, Rule
from db_migrate_tools.analysis.names import listed, qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.analysis.text import has, mentions
from db_migrate_tools.schema.model import Column, Constraint, Index, Ref, Type


def _required_column(s: Situation) -> Iterator[Finding]:
    fresh = set(s.created("table"))
    for ref in s.created("column"):
        column, table = s.becomes(ref), ref.relation
        if table is None or table in fresh or not isinstance(column, Column):
            continue
        old = s.old(table)
        filled = column.default is not None or column.identity or column.generated
        if old is None or old not in s.before or s.ground.empty(old):
            continue
        # A later statement may have made it what it is in the end, perhaps once the rows were filled.
        if not (required(s, ref) if s.changes_later(ref) else not (column.nullable or filled)):
            continue
        measured = s.ground.size(old)
        certain = measured is not None and bool(measured.rows)
        name = quote(ref.name)
        yield Finding(
            f"{'This step fails' if certain else 'This step fails if there is any row'}: {show(old)} "
            f"({s.ground.extent(old)}) gets the required column {name}, and old rows have nothing to put there.",
            "Give it a default, or add it in three steps:\n"
            f"ALTER TABLE {qualified(old)} ADD COLUMN {name} {column.type};\n"
            f"-- fill {name} in batches\n"
            f"ALTER TABLE {qualified(old)} ALTER COLUMN {name} SET NOT NULL;",
            "CRITICAL" if certain else "HIGH",
        )


def _duplicates(s: Situation) -> Iterator[Finding]:
    unique: list[tuple[Ref, tuple[str, ...]]] = []
    for ref in s.created("constraint"):
        constraint = s.becomes(ref)
        if isinstance(constraint, Constraint) and constraint.type in ("unique", "primary key") and ref.relation:
            unique.append((ref.relation, constraint.columns))
    for ref in s.created("index"):
        index = s.becomes(ref)
        if isinstance(index, Index) and index.unique and not index.constraint:
            unique.append((index.table, index.columns))
    fresh = {(column.schema, column.parent, column.name) for column in s.created("column")}
    for table, columns in unique:
        old = s.old(table)
        if old is None or old not in s.before or s.ground.empty(old) or not columns:
            continue
        if all((table.schema, table.name, column) in fresh for column in columns):
            continue
        names = ", ".join(map(quote, columns))
        yield Finding(
            f"This step fails if two rows of {show(old)} ({s.ground.extent(old)}) agree in {names}; the rows were not "
            "looked at.",
            "Look first; no row must come back:\n"
            f"SELECT {names}, count(*) FROM {qualified(old)} GROUP BY {names} HAVING count(*) > 1;",
        )


def _orphans(s: Situation) -> Iterator[Finding]:
    for ref in s.created("constraint"):
        constraint, table = s.becomes(ref), ref.relation
        if not isinstance(constraint, Constraint) or constraint.type != "foreign key" or table is None:
            continue
        old, parent = s.old(table), constraint.references
        validated = constraint.validated and not has(s.statement.text, "NOT", "VALID")
        fresh = {column.name for column in s.created("column") if column.parent == table.name}
        if old is None or old not in s.before or s.ground.empty(old) or parent is None or not validated:
            continue
        if s.scans or not set(constraint.columns) <= fresh:
            pairs = list(zip(constraint.columns, constraint.referenced_columns, strict=False))
            match = " AND ".join(f"p.{quote(there)} = c.{quote(here)}" for here, there in pairs)
            filled = " AND ".join(f"c.{quote(here)} IS NOT NULL" for here, _ in pairs)
            yield Finding(
                f"This step fails if a row of {show(old)} ({s.ground.extent(old)}) points to a row that {show(parent)} "
                "does not have; the rows were not looked at.",
                "Look first; the count must be 0:\n"
                f"SELECT count(*) FROM {qualified(old)} c WHERE {filled}\n"
                f"  AND NOT EXISTS (SELECT FROM {qualified(parent)} p WHERE {match});",
            )


def _new_labels(s: Situation) -> Iterator[tuple[Ref, list[str]]]:
    for ref in s.altered("type"):
        old, new = s.was(ref), s.becomes(ref)
        if s.statement.kind == "AlterEnumStmt" and isinstance(old, Type) and isinstance(new, Type):
            added = [label for label in new.labels if label not in old.labels]
            yield ref, [label for label in added if f"'{label.replace(chr(39), chr(39) * 2)}'" in s.statement.text]


def _enum_value(s: Situation) -> Iterator[Finding]:
    for ref, labels in _new_labels(s):
        if labels:
            yield Finding(
                f"Postgres cannot remove a value from an enum: once rows use {listed(map(repr, labels))} of "
                f"{show(ref)}, going back means building the type anew.",
                "Add it before the release that uses it, and only when it is certain.",
            )


def _enum_used(s: Situation) -> Iterator[Finding]:
    for ref, labels in _new_labels(s):
        for label in labels:
            user = next((other.number for other in s.transaction() if f"'{label}'" in other.text), None)
            if user is not None:
                yield Finding(
                    f"Statement {user} uses the new value {label!r} of {show(ref)} in the same transaction; where "
                    "it stores or compares the value, Postgres refuses (55P04).",
                    "Put the ALTER TYPE into a migration of its own, applied before this one.",
                )


def _outside(s: Situation) -> Iterator[Finding]:
    if not s.statement.transactional:
        yield Finding(
            "This step runs outside a transaction: if it breaks off it leaves a half-made object, and the steps before "
            "it stay.",
            "Nothing to change here: the run recognises the half-made object and finishes it. Tools that wrap a file "
            "in BEGIN … COMMIT refuse this statement: keep it in a file of its own.",
        )


def _invalid(s: Situation) -> Iterator[Finding]:
    if s.statement.kind != "IndexStmt" or not has(s.statement.text, "IF", "NOT", "EXISTS"):
        return
    for index in s.ground.now.all(Index):
        if not index.valid and mentions(s.statement.text, index.ref.name):
            name = qualified(Ref("index", index.ref.schema, index.ref.name))
            yield Finding(
                f"Nothing happens: {name} exists, but it is invalid (a concurrent build broke off), and IF NOT EXISTS "
                "leaves it so. Queries do not use it.",
                f"Drop it first, without blocking:\nDROP INDEX CONCURRENTLY {name};",
            )


def _long_names(s: Situation) -> Iterator[Finding]:
    for name in dict.fromkeys(re.findall(r'"((?:[^"]|"")+)"|\b(\w{64,})\b', s.statement.text)):
        written = (name[0] or name[1]).replace('""', '"')
        kept = written.encode()[:63].decode(errors="ignore")
        if len(written.encode()) > 63 and any(ref.name == kept for ref in s.seen.created):
            yield Finding(
                f"Postgres silently cuts the name {written} to {kept}: code that asks for the full name in a catalog "
                "does not find it.",
                "Choose a name of at most 63 bytes.",
            )


RULES: tuple[Rule, ...] = (
    Rule("add-required-column", "HIGH", "a required column has nothing to put into old rows", _required_column),
    Rule("data-dependent-unique", "MEDIUM", "duplicates would make a step fail", _duplicates),
    Rule("row-level-precheck", "LOW", "orphaned rows would make a step fail", _orphans),
    Rule("enum-add-value", "LOW", "an enum value cannot be taken back", _enum_value),
    Rule("enum-used-in-same-tx", "MEDIUM", "a new enum value is used at once", _enum_used),
    Rule("concurrently-in-tx", "LOW", "a step runs outside a transaction", _outside),
    Rule("invalid-index-left", "HIGH", "an invalid index is taken for a good one", _invalid),
    Rule("identifier-too-long", "LOW", "a name is longer than Postgres keeps", _long_names),
)
