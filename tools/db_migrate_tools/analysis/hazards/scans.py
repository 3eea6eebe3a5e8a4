"""Tables that are read to the end, or get an index, while the application waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from db_migrate_tools.analysis.hazards.base import Finding, Rule, stall, waiting
from db_migrate_tools.analysis.names import qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Column, Constraint, Index, Ref, Table

_INDEX: Final = re.compile(r"\ACREATE (UNIQUE )?INDEX ")


def _new_constraints(s: Situation, ref: Ref, *types: str) -> Iterator[Constraint]:
    for made in s.created("constraint"):
        constraint = s.becomes(made)
        if s.part_of(made, ref) and isinstance(constraint, Constraint) and constraint.type in types:
            yield constraint


def _set_not_null(s: Situation, ref: Ref) -> list[str]:
    names: list[str] = []
    for column in s.altered("column"):
        old, new = s.was(column), s.becomes(column)
        if s.part_of(column, ref) and isinstance(old, Column) and isinstance(new, Column):
            names += [column.name] if old.nullable and not new.nullable else []
    return names


def _not_null_remedy(s: Situation, table: str, column: str) -> str:
    name, check = quote(column), quote(f"{column}_not_null")
    if s.target.identity.major >= 18:
        return (
            "Two steps that let the application go on, the second in a migration of its own:\n"
            f"ALTER TABLE {table} ADD CONSTRAINT {check} NOT NULL {name} NOT VALID;\n"
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {check};"
        )
    return (
        "Prove it first without blocking, VALIDATE in a migration of its own; SET NOT NULL then needs no scan:\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID;\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {check};\n"
        f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {check};"
    )


def _scan_set_not_null(s: Situation) -> Iterator[Finding]:
    for ref in s.scans:
        for column in _set_not_null(s, ref) if s.stopped() else ():
            time, severity = stall(s)
            yield Finding(
                f"{waiting(s, ref)} stop {time} while every row of {show(ref)} ({s.ground.extent(ref)}) is checked "
                f"for NULL in {quote(column)}. One NULL makes the step fail; the rows were not looked at.",
                _not_null_remedy(s, qualified(ref), column),
                severity,
            )


def _constraint_finding(s: Situation, ref: Ref, constraint: Constraint) -> Finding:
    table, name = qualified(ref), quote(constraint.ref.name)
    time, severity = stall(s)
    kind = "foreign key" if constraint.type == "foreign key" else "check"
    return Finding(
        f"{waiting(s, ref)} stop {time} while every row of {show(ref)} ({s.ground.extent(ref)}) is held against the "
        f"{kind} {name}. One row that breaks it makes the step fail; the rows were not looked at.",
        "Add it for new rows first; check the old ones without blocking, in a migration of its own:\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint.definition.removesuffix(' NOT VALID')} NOT VALID;\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        severity,
    )


def _on_new_column(s: Situation, constraint: Constraint) -> bool:
    fresh = {column.name for column in s.created("column") if column.parent == constraint.ref.parent}
    return bool(constraint.columns) and set(constraint.columns) <= fresh


def _scan_constraint(s: Situation) -> Iterator[Finding]:
    for ref in s.scans:
        for constraint in _new_constraints(s, ref, "check", "foreign key") if s.stopped() else ():
            if not _on_new_column(s, constraint):
                yield _constraint_finding(s, ref, constraint)


def _add_column_check(s: Situation) -> Iterator[Finding]:
    for ref in s.scans:
        for constraint in _new_constraints(s, ref, "check", "foreign key") if s.stopped() else ():
            if _on_new_column(s, constraint):
                yield _constraint_finding(s, ref, constraint)


def _attach(s: Situation) -> Iterator[Finding]:
    attached = [
        table
        for table in s.altered("table")
        if isinstance(old := s.was(table), Table)
        and isinstance(new := s.becomes(table), Table)
        and new.partition_of
        and not old.partition_of
    ]
    made = [table for table in s.created("table") if isinstance(t := s.becomes(table), Table) and t.partition_of]
    for ref in s.scans if s.stopped() else ():
        if attached or made:
            time, severity = stall(s)
            yield Finding(
                f"{waiting(s, ref)} stop {time} while every row of {show(ref)} ({s.ground.extent(ref)}) is held "
                "against the partition's bounds.",
                "Prove the bounds first with a CHECK of the same condition, added NOT VALID and then validated, on the "
                "partition and on the default partition.",
                severity,
            )


def _build(s: Situation, kind: str) -> Iterator[tuple[Ref, Constraint, str]]:
    for made in s.created("constraint") if s.stopped() else ():
        constraint, ref = s.becomes(made), s.old(made.relation) if made.relation else None
        if not isinstance(constraint, Constraint) or constraint.type != kind or not constraint.local:
            continue
        if ref is not None and s.indexed(ref) and ref not in s.rewrites:
            yield ref, constraint, ", ".join(map(quote, constraint.columns))


def _using_index(ref: Ref, constraint: Constraint, columns: str, clause: str) -> str:
    table, name = qualified(ref), quote(constraint.ref.name)
    return (
        "Build the index without blocking, then only attach it:\n"
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns});\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {clause} USING INDEX {name};"
    )


def _unique(s: Situation) -> Iterator[Finding]:
    for ref, constraint, columns in _build(s, "unique"):
        time, severity = stall(s)
        yield Finding(
            f"{waiting(s, ref)} stop {time} while the unique index on {show(ref)} ({columns}; {s.ground.extent(ref)}) "
            "is built.",
            _using_index(ref, constraint, columns, "UNIQUE"),
            severity,
        )


def _primary(s: Situation) -> Iterator[Finding]:
    for ref, constraint, columns in _build(s, "primary key"):
        time, severity = stall(s)
        yield Finding(
            f"{waiting(s, ref)} stop {time} while the primary key's index on {show(ref)} ({s.ground.extent(ref)}) is "
            "built.",
            _using_index(ref, constraint, columns, "PRIMARY KEY"),
            severity,
        )


def _exclude(s: Situation) -> Iterator[Finding]:
    for ref, constraint, _ in _build(s, "exclude"):
        time, severity = stall(s)
        yield Finding(
            f"{waiting(s, ref)} stop {time} while the exclusion constraint {quote(constraint.ref.name)} on {show(ref)} "
            f"({s.ground.extent(ref)}) is built.",
            "Postgres has no form of this that lets writes go on: run it when nobody uses the table.",
            severity,
        )


def _index(s: Situation) -> Iterator[Finding]:
    made = [index for ref in s.created("index") if isinstance(index := s.becomes(ref), Index) and not index.constraint]
    for index in made if s.stopped() else ():
        ref = s.old(index.table)
        if ref is None or index.partition_of or not s.indexed(ref):
            continue
        time, severity = stall(s)
        if ref in s.ground.partitions:
            remedy = (
                "CONCURRENTLY does not work on a partitioned table. Make the index ON ONLY the parent, build it "
                "CONCURRENTLY on each partition and attach each:\nALTER INDEX … ATTACH PARTITION …;"
            )
        else:
            concurrent = _INDEX.sub(lambda m: f"CREATE {m[1] or ''}INDEX CONCURRENTLY ", index.definition)
            remedy = f"Build it while writes go on:\n{concurrent};"
        yield Finding(
            f"{waiting(s, ref)} stop {time} while the index {quote(index.ref.name)} on {show(ref)} "
            f"({s.ground.extent(ref)}) is built.",
            remedy,
            severity,
        )


def _domain(s: Situation) -> Iterator[Finding]:
    for ref in s.scans:
        if s.altered("type") and s.stopped():
            time, severity = stall(s)
            yield Finding(
                f"{waiting(s, ref)} stop {time} while every row of {show(ref)} ({s.ground.extent(ref)}) is held "
                f"against the domain {show(s.altered('type')[0])}.",
                "Add the domain's rule NOT VALID, then validate it in a step of its own:\n"
                "ALTER DOMAIN … ADD CONSTRAINT … CHECK (…) NOT VALID;\nALTER DOMAIN … VALIDATE CONSTRAINT …;",
                severity,
            )


RULES: tuple[Rule, ...] = (
    Rule("scan-set-not-null", "HIGH", "SET NOT NULL reads a whole table under a lock", _scan_set_not_null),
    Rule("scan-constraint", "HIGH", "a new constraint reads a whole table under a lock", _scan_constraint),
    Rule("add-column-check-scan", "HIGH", "a new column's rule reads a whole table under a lock", _add_column_check),
    Rule("partition-attach-scan", "HIGH", "a partition's rows are checked under a lock", _attach),
    Rule("build-unique", "HIGH", "a unique constraint builds its index under a lock", _unique),
    Rule("build-pk", "HIGH", "a primary key builds its index under a lock", _primary),
    Rule("build-exclude", "HIGH", "an exclusion constraint builds its index under a lock", _exclude),
    Rule("idx-create-blocking", "MEDIUM", "an index build blocks writes", _index),
    Rule("domain-constraint", "HIGH", "a domain's rule reads whole tables under a lock", _domain),
)
