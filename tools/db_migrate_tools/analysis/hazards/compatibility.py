"""Changes that code in use notices: names that go, dependents that break, rules that become looser."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.analysis.hazards.base import BREAKS, Finding, Rule
from db_migrate_tools.analysis.names import listed, qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.analysis.text import mentions
from db_migrate_tools.schema.describe import brief
from db_migrate_tools.schema.model import Column, Constraint, Ref, Routine, Table, Type, View


def _renamed(s: Situation, *kinds: str) -> Iterator[tuple[Ref, Ref]]:
    yield from ((old, new) for old, new in s.renamed if old.kind in kinds)


def _rename_table(s: Situation) -> Iterator[Finding]:
    for old, new in _renamed(s, "table", "view"):
        if s.was(new) is not None:
            yield Finding(
                f"Whatever asks for {show(old)} fails at once: it is called {show(new)} now.",
                "Leave a view under the old name until no release asks for it:\n"
                f"CREATE VIEW {qualified(old)} WITH (security_invoker = true) AS SELECT * FROM {qualified(new)};",
            )


def _rename_column(s: Situation) -> Iterator[Finding]:
    for old, new in _renamed(s, "column"):
        table = old.relation
        if table is not None and s.old(table) is not None:
            yield Finding(
                f"Whatever asks for {quote(old.name)} of {show(table)} fails at once: it is called {quote(new.name)} "
                "now.",
                "Grow the new column beside the old one, write both, change readers over, drop the old one later:\n"
                f"ALTER TABLE {qualified(table)} ADD COLUMN {quote(new.name)} …;",
            )


def _rename_routine(s: Situation) -> Iterator[Finding]:
    for old, new in _renamed(s, "routine", "type"):
        if s.was(new) is not None:
            yield Finding(
                f"Whatever names {show(old)} fails at once: it is called {show(new)} now.",
                "Leave something under the old name until no release asks for it.",
            )


def _rename_value(s: Situation) -> Iterator[Finding]:
    for ref in s.altered("type"):
        old, new = s.was(ref), s.becomes(ref)
        if s.statement.kind == "AlterEnumStmt" and isinstance(old, Type) and isinstance(new, Type):
            gone = [label for label in old.labels if label not in new.labels and f"'{label}'" in s.statement.text]
            if gone:
                yield Finding(
                    f"Code that still writes {listed(map(repr, gone))} into {show(ref)} fails at once.",
                    "Add the new value, change the application over, and leave the old value in place.",
                )


def _lost_names(s: Situation) -> Iterator[tuple[Ref, tuple[str, ...]]]:
    """What is no longer there under its name, with the words that together point to it."""
    gone = set(s.dropped("table"))
    renamed = [old for old, _ in _renamed(s, "table", "view", "routine")]
    for ref in (*gone, *s.dropped("view"), *s.dropped("routine"), *renamed):
        yield ref, (ref.name.partition("(")[0],)
    for ref in (*s.dropped("column"), *(old for old, _ in _renamed(s, "column"))):
        if ref.relation not in gone:
            yield ref, (ref.name, ref.parent)


def _routines(s: Situation) -> Iterator[Finding]:
    """Bodies of functions are text to Postgres: it lets them break."""
    lost = list(_lost_names(s))
    routines = (s.ground.then if s.after is not None else s.ground.now).all(Routine) if lost else []
    for ref, words in lost:
        if ref.kind == "routine" and any(r.base_name == words[0] for r in routines):
            continue
        broken = [r.ref for r in routines if all(mentions(r.definition, word) for word in words)]
        if broken and ref in s.before:
            yield Finding(
                f"{listed(map(show, broken))} {'mentions' if len(broken) == 1 else 'mention'} {show(ref)} and will "
                "probably fail when called; Postgres does not check that.",
                "Read the function, and change it in the same migration if it means this object.",
            )


def _type_changed(s: Situation) -> Iterator[Finding]:
    for ref in s.altered("column"):
        old, new = s.was(ref), s.becomes(ref)
        if isinstance(old, Column) and isinstance(new, Column) and old.type != new.type and ref.relation:
            users = [
                o.ref
                for o in (*s.ground.now.all(View), *s.ground.now.all(Routine))
                if ref in o.depends or ref.relation in o.depends
            ]
            tail = f" The table is used by {listed(map(show, users))}." if users else ""
            yield Finding(
                f"{quote(ref.name)} of {show(ref.relation)} is {new.type} instead of {old.type}: generated types "
                f"change, and code that relies on the old type may fail.{tail}",
                "Generate the types and compile the application against them before you approve.",
            )


def _signature(s: Situation) -> Iterator[Finding]:
    kept = {(ref.schema, ref.name.partition("(")[0]) for ref in s.created("routine")}
    for ref in s.dropped("routine"):
        if ref in s.before and (ref.schema, ref.name.partition("(")[0]) not in kept:
            yield Finding(
                f"Calls of {show(ref)} fail from now on.", "Make sure that no release of the application calls it."
            )


def _views(s: Situation) -> Iterator[Finding]:
    remade = set(s.created("view")) | {ref for ref in s.seen.dropped if ref.kind == "view" and s.becomes(ref)}
    for ref in s.dropped("view"):
        if ref in s.before and ref not in remade:
            yield Finding(
                f"Whatever asks for the view {show(ref)} fails from now on.",
                "Make sure that no release of the application asks for it.",
            )


def _loose(s: Situation) -> Iterator[Finding]:
    for ref in s.altered("column"):
        old, new = s.was(ref), s.becomes(ref)
        if isinstance(old, Column) and isinstance(new, Column) and not old.nullable and new.nullable and ref.relation:
            yield Finding(
                f"{quote(ref.name)} of {show(ref.relation)} may be NULL from now on: code that counts on a value may "
                "fail later.",
                "Compile the application against the new types: the column becomes `… | null`.",
            )


def _drop_constraint(s: Situation) -> Iterator[Finding]:
    gone = set(s.dropped("table"))
    columns = {(ref.schema, ref.parent, ref.name) for ref in s.dropped("column")}
    for ref in s.dropped("constraint"):
        constraint = s.was(ref)
        if not isinstance(constraint, Constraint) or ref.relation in gone or constraint.type == "not null":
            continue
        if any((ref.schema, ref.parent, column) in columns for column in constraint.columns):
            continue
        if isinstance(again := s.becomes(ref), Constraint) and again.definition == constraint.definition:
            continue
        table = show(ref.relation) if ref.relation else ""
        yield Finding(
            f"Nothing keeps rows of {table} to {brief(constraint.definition)} any more; rows that break the rule may "
            "pile up.",
            "Have its successor in place before it goes, or be sure that the application checks it.",
        )


def _identity(s: Situation) -> Iterator[Finding]:
    gone = set(s.dropped("table"))
    for ref in s.dropped("constraint"):
        constraint, table = s.was(ref), s.was(ref.relation) if ref.relation else None
        if (
            isinstance(constraint, Constraint)
            and constraint.type == "primary key"
            and isinstance(table, Table)
            and table.ref not in gone
            and table.replica_identity == "default"
            and not _has_key(s, table.ref)
        ):
            yield Finding(
                f"Without its primary key, UPDATE and DELETE on {show(table.ref)} fail wherever a publication "
                "(logical replication, Supabase Realtime) carries the table.",
                f"Give it another identity first:\nALTER TABLE {qualified(table.ref)} REPLICA IDENTITY USING INDEX …;",
            )


def _has_key(s: Situation, table: Ref) -> bool:
    return any(c.type == "primary key" for c in s.ground.then.of(table, Constraint))


RULES: tuple[Rule, ...] = (
    Rule("rename-table", "HIGH", "a table changes its name", _rename_table, BREAKS),
    Rule("rename-column", "HIGH", "a column changes its name", _rename_column, BREAKS),
    Rule("rename-any", "HIGH", "a function or type changes its name", _rename_routine, BREAKS),
    Rule("rename-enum-value", "HIGH", "an enum value goes or changes its name", _rename_value, BREAKS),
    Rule("dependants-break", "HIGH", "functions mention what goes", _routines, BREAKS),
    Rule("app-types-break", "MEDIUM", "a column changes its type", _type_changed, BREAKS),
    Rule("drop-routine", "MEDIUM", "a function goes", _signature, BREAKS),
    Rule("drop-view", "MEDIUM", "a view goes", _views, BREAKS),
    Rule("drop-not-null", "LOW", "a column may be NULL from now on", _loose, BREAKS),
    Rule("drop-constraint", "MEDIUM", "a rule on rows goes", _drop_constraint),
    Rule("publication-replica-identity", "MEDIUM", "a table loses its identity for replication", _identity),
)
