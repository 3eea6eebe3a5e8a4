"""Rows of relations and of what hangs on them, as objects of the catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import asyncpg

from db_migrate.postgres.catalog_acl import grants
from db_migrate.postgres.catalog_names import PG_CLASS, PG_CONSTRAINT, PG_POLICY, PG_TRIGGER, Names
from db_migrate_tools.schema.model import (
    Column,
    Constraint,
    ConstraintType,
    Grant,
    Index,
    Object,
    Policy,
    Ref,
    Sequence,
    SequenceOptions,
    Table,
    Trigger,
    View,
)
from db_migrate_tools.schema.privileges import default_grants

Rows = list[asyncpg.Record]

PERSISTENCE: Mapping[str, Literal["permanent", "unlogged"]] = {"p": "permanent", "u": "unlogged"}
REPLICA_IDENTITY = {"d": "default", "n": "nothing", "f": "full", "i": "index"}
GENERATED: Mapping[str, Literal["", "stored", "virtual"]] = {"": "", "s": "stored", "v": "virtual"}
IDENTITY: Mapping[str, Literal["", "always", "by default"]] = {"": "", "a": "always", "d": "by default"}
STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
COMPRESSION = {"p": "pglz", "l": "lz4"}
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


def parents(rows: Rows) -> dict[int, list[int]]:
    """Inheritance, of tables and of indexes: child oid → parent oids in their order."""
    found: dict[int, list[int]] = defaultdict(list)
    for child, parent in rows:
        found[child].append(parent)
    return found


def relations(
    rows: Rows, columns: Mapping[int, tuple[str, ...]], inherits: dict[int, list[int]], names: Names
) -> Iterator[Object]:
    """Tables and views. Composite types come from `catalog_types`."""
    for row in rows:
        (oid, _, _, kind, owner, acl, _, persistence, rls, forced, options, identity, method, tablespace) = row[:14]
        (partition_by, bound, populated, definition, updatable, server, foreign_options) = row[14:]
        ref = names.relation(oid)
        if ref is None or kind == "c":
            continue
        common: dict[str, Any] = {
            "ref": ref,
            "owner": names.role(owner),
            "acl": grants(acl),
            "comment": names.comment(PG_CLASS, oid),
            "depends": names.of(ref),
            "key": (PG_CLASS, oid),
            "columns": columns.get(oid, ()),
            "options": tuple(sorted(options)),
        }
        if kind in ("v", "m"):
            yield View(
                **common,
                definition=definition.rstrip().removesuffix(";"),
                materialized=kind == "m",
                populated=populated,
                insertable=bool(updatable & 8),
                updatable=updatable & 20 == 20,
                access_method=method if kind == "m" else None,
                tablespace=tablespace,
            )
            continue
        above = [found for parent in inherits.get(oid, ()) if (found := names.relation(parent))]
        yield Table(
            **common,
            persistence=PERSISTENCE[persistence],
            partition_by=partition_by,
            partition_of=above[0] if bound and above else None,
            partition_bound=bound,
            inherits=() if bound else tuple(above),
            row_security=rls,
            force_row_security=forced,
            replica_identity="default" if server else REPLICA_IDENTITY[identity],
            access_method=method or "heap",
            tablespace=tablespace,
            foreign_server=server,
            foreign_options=tuple(sorted(foreign_options)) if server else (),
        )


def not_null_names(rows: Rows, names: Names) -> dict[tuple[int, int], str]:
    """Names of NOT NULL constraints (Postgres 18) that are not the ones it would choose, by column."""
    found: dict[tuple[int, int], str] = {}
    for row in rows:
        if row[2] != "n" or not row[3] or not row[7]:
            continue
        column = names.columns.get((row[3], row[7][0]))
        if column is not None and row[1] != f"{column.parent}_{column.name}_not_null":
            found[row[3], row[7][0]] = row[1]
    return found


def columns(
    rows: Rows,
    identities: Mapping[tuple[int, int], tuple[str, SequenceOptions, tuple[Grant, ...] | None]],
    not_nulls: Mapping[tuple[int, int], str],
    names: Names,
) -> Iterator[Column]:
    """Columns of tables, views and composite types, `position` counted from 1 without gaps."""
    relation, position = 0, 0
    for row in rows:
        (oid, number, _, type_text, type_oid, not_null, _, default, generated, identity) = row[:10]
        (collation, storage, compression, statistics, options, acl, local) = row[10:]
        relation, position = oid, position + 1 if oid == relation else 1
        sequence, sequence_settings, sequence_acl = identities.get((oid, number), (None, None, None))
        ref = names.columns[oid, number]
        yield Column(
            ref=ref,
            acl=grants(acl),
            comment=names.comment(PG_CLASS, oid, number),
            depends=names.of(ref) | _relation(names, oid),
            key=(PG_CLASS, oid, number),
            position=position,
            type=type_text,
            type_ref=names.type(type_oid),
            is_array=type_oid in names.arrays or type_text.endswith("[]"),
            nullable=not not_null,
            default=default,
            generated=GENERATED[generated],
            identity_options=sequence_settings,
            identity_sequence=sequence,
            identity_acl=sequence_acl,
            not_null_name=not_nulls.get((oid, number)),
            identity=IDENTITY[identity],
            collation=collation,
            storage=STORAGE[storage] if storage else None,
            compression=COMPRESSION.get(compression, compression),
            statistics=statistics,
            local=local,
            options=tuple(sorted(options or ())),
        )


def _relation(names: Names, oid: int) -> frozenset[Ref]:
    ref = names.relation(oid)
    return frozenset() if ref is None else frozenset((ref,))


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
            depends=names.of(ref) | _relation(names, relation),
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


def _column_names(relation: int, numbers: Iterable[int] | None, names: Names) -> tuple[str, ...]:
    return tuple(ref.name for number in numbers or () if (ref := names.columns.get((relation, number))))


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
                found.name if (found := names.columns.get((table, number))) else "" for number in key[:key_count]
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


def identity_sequence(row: asyncpg.Record, names: Names) -> tuple[str, SequenceOptions, tuple[Grant, ...] | None]:
    """Name, options and ACL (None where it is the default) of the sequence behind an identity."""
    acl = grants(row[4])
    usual = acl is not None and frozenset(acl) == default_grants("sequence", names.role(row[3]))
    return row[2], sequence_options(row), None if usual else acl


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
            depends=names.of(ref) | _relation(names, relation),
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
            depends=names.of(ref) | _relation(names, relation),
            key=(PG_POLICY, oid),
            command=COMMANDS[command],
            permissive=permissive,
            roles=tuple(sorted(names.role(role) if role else "public" for role in roles)),
            using=using,
            check=check,
        )
