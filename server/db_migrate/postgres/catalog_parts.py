"""Rows of what hangs on relations, as objects of the catalog: constraints, indexes, sequences, triggers, policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import asyncpg

from db_migrate.postgres.catalog_acl import grants
from db_migrate.postgres.catalog_names import PG_CLASS, PG_CONSTRAINT, PG_POLICY, PG_TRIGGER, Names
from db_migrate_tools.schema.model import (
    Constraint,
    ConstraintType,
    Grant,
    Index,
    Policy,
    Sequence,
    SequenceOptions,
    Trigger,
)
from db_migrate_tools.schema.privileges import default_grants

Rows = list[asyncpg.Record]

PERSISTENCE: Mapping[str, Literal["permanent", "unlogged"]] = {"p": "permanent", "u": "unlogged"}
CONSTRAINT_TYPES: Mapping[str, ConstraintType] = {
    "p": "primary key",
    "u": "unique",
    "f": "foreign key",
    "c": "check",
    "x": "exclude",
    "n": "not null",
}
COMMANDS: Mapping[str, Literal["all", "select", "insert", "update", "delete"]] = {
    "*": "all",
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
}
ENABLED: Mapping[str, Literal["origin", "disabled", "replica", "always"]] = {
    "O": "origin",
    "D": "disabled",
    "R": "replica",
    "A": "always",
}
_AUTOMATIC_NOT_NULL = re.compile(r"_not_null\d*$")


def constraints(rows: Rows, index_names: Mapping[int, str], names: Names) -> Iterator[Constraint]:
    """Constraints of tables. NOT NULL is its column's; it appears here only where the column cannot say it all."""
    for row in rows:
        (oid, name, kind, relation, _, index, target, key, target_key) = row[:9]
        (validated, deferrable, deferred, local, no_inherit, definition) = row[9:]
        if not relation:
            continue
        comment = names.comment(PG_CONSTRAINT, oid)
        plain = validated and not no_inherit and comment is None and _AUTOMATIC_NOT_NULL.search(name)
        if kind == "n" and (plain or not local):
            continue
        ref = names.objects[PG_CONSTRAINT, oid]
        yield Constraint(
            ref=ref,
            comment=comment,
            depends=names.of(ref) | names.relation_set(relation),
            key=(PG_CONSTRAINT, oid),
            type=CONSTRAINT_TYPES[kind],
            definition=definition,
            columns=_column_names(relation, key, names),
            references=names.relation(target) if target else None,
            referenced_columns=_column_names(target, target_key, names),
            validated=validated,
            deferrable=deferrable,
            initially_deferred=deferred,
            index=index_names.get(index) if kind in ("p", "u", "x") else None,
            local=local,
        )


def _column_names(relation: int, numbers: Iterable[int | str] | None, names: Names) -> tuple[str, ...]:
    return tuple(ref.name for number in numbers or () if (ref := names.columns.get((relation, int(number)))))


def indexes(rows: Rows, owners: Mapping[int, str], inherits: dict[int, list[int]], names: Names) -> Iterator[Index]:
    """`owners` names the constraint behind an index, by the index's oid."""
    for row in rows:
        (oid, _, _, table, definition, unique, valid, partial, clustered, replica) = row[:10]
        (key, key_count, tablespace, statistics) = row[10:]
        ref = names.relation(oid)
        relation = names.relation(table)
        if ref is None or relation is None:
            continue
        yield Index(
            ref=ref,
            comment=names.comment(PG_CLASS, oid),
            depends=names.of(ref) | {relation},
            key=(PG_CLASS, oid),
            table=relation,
            definition=definition,
            columns=tuple(
                found.name if (found := names.columns.get((table, int(number)))) else "" for number in key[:key_count]
            ),
            unique=unique,
            valid=valid,
            partial=partial,
            constraint=owners.get(oid),
            clustered=clustered,
            replica_identity=replica,
            partition_of=next((found for up in inherits.get(oid, ()) if (found := names.relation(up))), None),
            tablespace=tablespace,
            statistics=tuple(tuple_of_two(text) for text in sorted(statistics)),
        )


def tuple_of_two(text: str) -> tuple[int, int]:
    """`3:100` → (3, 100): an index column's number and its statistics target."""
    number, _, target = text.partition(":")
    return int(number), int(target)


def identity_sequence(
    row: asyncpg.Record, names: Names
) -> tuple[str, SequenceOptions, tuple[Grant, ...] | None, str | None]:
    """Name, options, ACL (None where it is the default) and comment of the sequence behind an identity."""
    acl = grants(row[4])
    usual = acl is not None and frozenset(acl) == default_grants("sequence", names.role(row[3]))
    return row[2], sequence_options(row), None if usual else acl, names.comment(PG_CLASS, row[0])


def sequence_options(row: asyncpg.Record) -> SequenceOptions:
    (data_type, start, increment, minimum, maximum, cache, cycle) = row[6:13]
    return SequenceOptions(
        data_type=data_type,
        start=start,
        increment=increment,
        minimum=minimum,
        maximum=maximum,
        cache=cache,
        cycle=cycle,
    )


def sequences(rows: Rows, names: Names) -> Iterator[Sequence]:
    """Sequences that are not an identity column's."""
    for row in rows:
        (oid, _, _, owner, acl, persistence) = row[:6]
        (relation, number, dependency) = row[13:]
        ref = names.relation(oid)
        if ref is None or dependency == "i":
            continue
        yield Sequence(
            ref=ref,
            owner=names.role(owner),
            acl=grants(acl),
            comment=names.comment(PG_CLASS, oid),
            depends=names.of(ref),
            key=(PG_CLASS, oid),
            options=sequence_options(row),
            owned_by=names.columns.get((relation, number)) if relation else None,
            persistence=PERSISTENCE[persistence],
        )


def triggers(rows: Rows, names: Names) -> Iterator[Trigger]:
    """Triggers; a partition's copy of its parent's only where it is enabled otherwise."""
    for oid, relation, _, definition, enabled, function, parent, parent_enabled, _ in rows:
        if parent and enabled == parent_enabled:
            continue
        ref = names.objects[PG_TRIGGER, oid]
        yield Trigger(
            ref=ref,
            comment=names.comment(PG_TRIGGER, oid),
            depends=names.of(ref) | names.relation_set(relation),
            key=(PG_TRIGGER, oid),
            definition=definition,
            enabled=ENABLED[enabled],
            function=names.routine(function),
            local=not parent,
        )


def policies(rows: Rows, names: Names) -> Iterator[Policy]:
    for oid, relation, _, command, permissive, roles, using, check in rows:
        ref = names.objects[PG_POLICY, oid]
        yield Policy(
            ref=ref,
            comment=names.comment(PG_POLICY, oid),
            depends=names.of(ref) | names.relation_set(relation),
            key=(PG_POLICY, oid),
            command=COMMANDS[command],
            permissive=permissive,
            roles=tuple(sorted(names.role(role) if role else "public" for role in roles)),
            using=using,
            check=check,
        )
