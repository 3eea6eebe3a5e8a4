"""Rows and values that are gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from db_migrate_tools.analysis import duration
from db_migrate_tools.analysis.fills import filled
from db_migrate_tools.analysis.hazards.base import BREAKS, HARMLESS, LOSES, OVERWRITES, Finding, Rule, stall
from db_migrate_tools.analysis.names import listed, qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.analysis.text import has, outermost
from db_migrate_tools.schema.model import Column, Constraint, Ref, Table, View
from db_migrate_tools.wire import RiskLevel

_REVERSIBLE: Final = "Plan it with `reversible: true`: then the data are kept, and the rollback brings them back."
_WHOLE: Final = frozenset({"smallint", "integer", "bigint"})
_FRACTIONS: Final = frozenset({"numeric", "real", "double precision"})


def _before(s: Situation, ref: Ref) -> str:
    """What the target calls it, whatever the migration has renamed it to by now."""
    return show(s.moved.get(ref, ref))


def severity(s: Situation, ref: Ref) -> RiskLevel:
    """How bad it is to lose what the table holds."""
    if s.ground.empty(ref):
        return "MEDIUM"
    measured = s.ground.size(ref)
    return "CRITICAL" if measured is not None and measured.rows != 0 and measured.rows is not None else "HIGH"


def _tables(s: Situation) -> Iterator[Ref]:
    for ref in s.dropped("table"):
        old = s.old(ref)
        if old is not None and old in s.before:
            yield old


def _drop_table(s: Situation) -> Iterator[Finding]:
    if s.dropped("schema"):
        return
    for ref in _tables(s):
        table = s.was(ref)
        foreign = isinstance(table, Table) and table.foreign_server
        parked = quote(ref.name + "_parked")
        if s.ground.empty(ref) or foreign:
            yield Finding(
                f"{show(ref)} is gone afterwards; it holds no rows now. Whatever asks for it fails.",
                "Make sure that no release of the application still asks for it.",
                "MEDIUM",
                BREAKS,
                subject=_before(s, ref),
            )
        else:
            yield Finding(
                f"All rows of {show(ref)} are lost: {s.ground.extent(ref)}. Whatever asks for the table fails.",
                f"{_REVERSIBLE} Or park it by hand:\nALTER TABLE {qualified(ref)} RENAME TO {parked};\n"
                f"REVOKE ALL ON {qualified(Ref('table', ref.schema, ref.name + '_parked'))} FROM PUBLIC;",
                severity(s, ref),
                subject=_before(s, ref),
            )


def _drop_column(s: Situation) -> Iterator[Finding]:
    gone = {*s.dropped("table"), *s.dropped("view"), *(Ref("table", v.schema, v.name) for v in s.dropped("view"))}
    for column in s.dropped("column"):
        table = column.relation
        old = s.old(table) if table and table not in gone else None
        if old is None or not isinstance(s.was(old), Table):
            continue
        name, empty = quote(column.name), s.ground.empty(old)
        lost = (
            f"Column {name} of {show(old)} is gone afterwards; the table is empty now."
            if empty
            else f"Every value of {name} in {show(old)} is lost: {s.ground.extent(old)}."
        )
        yield Finding(
            f"{lost} Whatever asks for the column fails.",
            f"Release an application that no longer asks for it. {_REVERSIBLE} Or park the column by hand:\n"
            f"ALTER TABLE {qualified(old)} RENAME COLUMN {name} TO {quote(column.name + '_parked')};",
            severity(s, old),
            BREAKS if empty else LOSES,
            subject=f"{name} of {show(old)}",
        )


def _drop_schema(s: Situation) -> Iterator[Finding]:
    for schema in s.dropped("schema"):
        tables = list(_tables(s))
        held = [f"{show(ref)} ({s.ground.extent(ref)})" for ref in tables if not s.ground.empty(ref)]
        yield Finding(
            f"The schema {quote(schema.name)} goes with everything in it" + (f": {listed(held)}." if held else "."),
            "Drop its objects by name, so that each is seen and none goes by accident.",
            "CRITICAL" if held else "MEDIUM",
            LOSES if held else BREAKS,
        )


def _truncate(s: Situation) -> Iterator[Finding]:
    if s.statement.kind == "TruncateStmt":
        for ref in s.named():
            if not s.ground.empty(ref):
                yield Finding(
                    f"All rows of {show(ref)} are lost: {s.ground.extent(ref)}. Reads and writes wait meanwhile.",
                    f"{_REVERSIBLE} Or swap in an empty copy and drop the old one later:\n"
                    f"CREATE TABLE {qualified(Ref('table', ref.schema, ref.name + '_new'))} "
                    f"(LIKE {qualified(ref)} INCLUDING ALL);",
                    severity(s, ref),
                    subject=show(ref),
                )


def _truncate_cascade(s: Situation) -> Iterator[Finding]:
    if s.statement.kind != "TruncateStmt" or not has(s.statement.text, "CASCADE"):
        return
    emptied, reached = set(s.named()), list(s.named())
    keys = [c for c in s.ground.now.all(Constraint) if c.references and c.ref.relation]
    while reached:
        parent = reached.pop()
        for key in keys:
            child = key.ref.relation
            if key.references == parent and child is not None and child not in emptied:
                emptied.add(child)
                reached.append(child)
    more = sorted(emptied - set(s.named()))
    if more:
        yield Finding(
            f"CASCADE empties tables that the statement does not name: "
            f"{listed(f'{show(ref)} ({s.ground.extent(ref)})' for ref in more)}.",
            "Name every table that shall be emptied and leave CASCADE out.",
            "CRITICAL" if any(not s.ground.empty(ref) for ref in more) else "LOW",
            LOSES if any(not s.ground.empty(ref) for ref in more) else HARMLESS,
        )


def _whole_table(s: Situation, kind: str) -> Ref | None:
    unfiltered = s.statement.kind == kind and " WHERE " not in f"{outermost(s.statement.text)} "
    ref = s.named()[0] if unfiltered and s.named() else None
    return None if ref is None or s.ground.empty(ref) else ref


def _delete_all(s: Situation) -> Iterator[Finding]:
    ref = _whole_table(s, "DeleteStmt")
    if ref is not None:
        yield Finding(
            f"All rows of {show(ref)} are deleted: {s.ground.extent(ref)}. The statement has no WHERE.",
            f"Say which rows. {_REVERSIBLE} Or copy them away first:\n"
            f"CREATE TABLE {qualified(Ref('table', ref.schema, ref.name + '_before'))} AS TABLE {qualified(ref)};",
            severity(s, ref),
            subject=show(ref),
        )


def _update_all(s: Situation) -> Iterator[Finding]:
    ref = _whole_table(s, "UpdateStmt")
    if ref is not None and not filled(s):
        yield Finding(
            f"Every row of {show(ref)} is written anew ({s.ground.extent(ref)}): old values are gone, writers of the "
            "same rows wait, the table grows.",
            _in_batches(ref),
            subject=show(ref),
        )


def _in_batches(ref: Ref) -> str:
    return (
        "Fill in batches of some 10,000 rows, each with its own commit:\n"
        f"UPDATE {qualified(ref)} SET … WHERE id IN (SELECT id FROM {qualified(ref)} WHERE … LIMIT 10000);"
    )


def _fill(s: Situation) -> Iterator[Finding]:
    """Nothing is lost where nothing was: what counts is how long it takes."""
    columns = filled(s)
    ref = s.named()[0] if columns else None
    if ref is not None and duration.slow(s):
        time, severity = stall(s)
        yield Finding(
            f"Up to every row of {show(ref)} ({s.ground.extent(ref)}) is written to fill "
            f"{listed(map(quote, columns))}; no value is overwritten. Writers of the same rows wait {time}.",
            _in_batches(ref),
            severity,
        )


def _cascade(s: Situation) -> Iterator[Finding]:
    if not has(s.statement.text, "CASCADE"):
        return
    gone = set(s.dropped("table"))
    views = [ref for ref in s.dropped("view") if not _is_target(s, ref)]
    routines = [ref for ref in s.dropped("routine") if not _is_target(s, ref)]
    keys = [ref for ref in s.dropped("constraint") if ref.relation not in gone and not _is_target(s, ref)]
    policies = [ref for ref in s.dropped("policy") if ref.relation not in gone and not _is_target(s, ref)]
    triggers = [ref for ref in s.dropped("trigger") if ref.relation not in gone and not _is_target(s, ref)]
    columns = [
        ref
        for ref in s.dropped("column")
        if ref.relation not in gone and not _is_target(s, ref) and isinstance(s.was(ref.relation or ref), Table)
    ]
    more = [*views, *routines, *keys, *policies, *triggers, *columns]
    if more:
        held = any(isinstance(view := s.was(ref), View) and view.materialized for ref in views)
        yield Finding(
            f"CASCADE drops what the statement does not name: {listed(f'{ref.kind} {show(ref)}' for ref in more)}.",
            "Drop each of them by name, or change it first, and leave CASCADE out.",
            "HIGH" if views or routines or policies or columns or held else "MEDIUM",
        )


def _is_target(s: Situation, ref: Ref) -> bool:
    name = ref.name.partition("(")[0]
    return any(name == relation.rpartition(".")[2].strip('"') for relation in s.statement.relations) or (
        name in s.statement.target
    )


def _on_delete_cascade(s: Situation) -> Iterator[Finding]:
    for ref in s.created("constraint"):
        constraint = s.becomes(ref)
        if (
            isinstance(constraint, Constraint)
            and "ON DELETE CASCADE" in constraint.definition
            and constraint.references
        ):
            child = show(ref.relation) if ref.relation else show(ref)
            yield Finding(
                f"From now on, deleting a row of {show(constraint.references)} silently deletes its rows in {child}.",
                "If that is not meant, use ON DELETE RESTRICT or SET NULL.",
            )


def _values(s: Situation) -> Iterator[Finding]:
    lost = s.statement.kind in ("UpdateStmt", "DeleteStmt", "MergeStmt") and " WHERE " in outermost(s.statement.text)
    named = s.named()
    if lost and named and not s.ground.empty(named[0]) and not filled(s):
        what = "Rows are deleted" if s.statement.kind == "DeleteStmt" else "Values are overwritten"
        yield Finding(
            f"{what} in {show(named[0])} ({s.ground.extent(named[0])}); how many match WHERE is not known here.",
            f"Count them on the target before you approve. {_REVERSIBLE}",
            subject=show(named[0]),
        )


def _lossy(old: str, new: str) -> str | None:
    """What a change of type takes away from values, if anything; None also where nobody knows."""
    before, after = old.partition("(")[0], new.partition("(")[0]
    if before in _FRACTIONS and after in _WHOLE:
        return "fractions are rounded away"
    if before.startswith("timestamp") and after == "date":
        return "the time of day is cut off"
    if before == "timestamp with time zone" and after == "timestamp without time zone":
        return "the time zone is dropped, by the zone of the session"
    return "digits after the point are rounded away" if before == after == "numeric" and "(" in new else None


def _cast(s: Situation) -> Iterator[Finding]:
    for ref in s.altered("column"):
        old, new, table = s.was(ref), s.becomes(ref), ref.relation
        if not isinstance(old, Column) or not isinstance(new, Column) or old.type == new.type or table is None:
            continue
        was = s.old(table)
        if was is None or s.ground.empty(was):
            continue
        lost = _lossy(old.type, new.type)
        name = f"{quote(ref.name)} of {show(table)}"
        again = f"{_REVERSIBLE} Count what would change:\nSELECT count(*) FROM {qualified(was)} WHERE …;"
        if lost:
            yield Finding(f"Values of {name} change for good: {lost} ({old.type} to {new.type}).", again, subject=name)
        elif has(s.statement.text, "USING"):
            yield Finding(
                f"Values of {name} become what USING computes; whether they can be had back is not known.",
                again,
                "LOW",
                HARMLESS,
            )


RULES: tuple[Rule, ...] = (
    Rule("drop-table", "CRITICAL", "a table goes", _drop_table, LOSES),
    Rule("drop-column", "CRITICAL", "a column goes", _drop_column, LOSES),
    Rule("drop-schema", "CRITICAL", "a schema goes", _drop_schema, LOSES),
    Rule("truncate", "CRITICAL", "a table is emptied", _truncate, LOSES),
    Rule("truncate-cascade", "CRITICAL", "CASCADE empties further tables", _truncate_cascade, LOSES),
    Rule("delete-no-where", "CRITICAL", "all rows of a table are deleted", _delete_all, LOSES),
    Rule("update-no-where", "HIGH", "every row of a table is written anew", _update_all, OVERWRITES),
    Rule("fill", "MEDIUM", "old rows get a value that they did not have", _fill),
    Rule("dml-row-limit", "MEDIUM", "existing rows are changed or deleted", _values, OVERWRITES),
    Rule("lossy-cast", "HIGH", "a change of type loses values", _cast, OVERWRITES),
    Rule("drop-cascade", "HIGH", "CASCADE drops more than is named", _cascade, BREAKS),
    Rule("on-delete-cascade", "LOW", "deletes will cascade to another table", _on_delete_cascade),
)
