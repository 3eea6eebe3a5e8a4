"""Rows of relations and of what hangs on them, as objects of the catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import asyncpg

from db_migrate.postgres.catalog_acl import grants
from db_migrate.postgres.catalog_names import PG_CLASS, Names
from db_migrate_tools.schema.ddl.quote import ident, literal
from db_migrate_tools.schema.model import (
    Column,
    Grant,
    Object,
    Ref,
    SequenceOptions,
    Table,
    View,
)
from db_migrate_tools.schema.secrets import masked

Rows = list[asyncpg.Record]

PERSISTENCE: Mapping[str, Literal["permanent", "unlogged"]] = {"p": "permanent", "u": "unlogged"}
REPLICA_IDENTITY = {"d": "default", "n": "nothing", "f": "full", "i": "index"}
GENERATED: Mapping[str, Literal["", "stored", "virtual"]] = {"": "", "s": "stored", "v": "virtual"}
IDENTITY: Mapping[str, Literal["", "always", "by default"]] = {"": "", "a": "always", "d": "by default"}
STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
COMPRESSION = {"p": "pglz", "l": "lz4"}


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
        (partition_by, bound, populated, definition, updatable, server, options_there, of_type) = row[14:]
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
            foreign_options=foreign_options(options_there),
            of_type=names.type(of_type) if of_type else None,
        )


def foreign_options(found: list[str] | None) -> tuple[str, ...]:
    """Options of a foreign table or column as SQL, sorted; a secret's value is its marker."""
    pairs = (text.partition("=") for text in found or ())
    return tuple(sorted(f"{ident(name)} {literal(masked(name, value)).strip()}" for name, _, value in pairs))


def not_null_names(rows: Rows, names: Names) -> dict[tuple[int, int], str]:
    """Names of NOT NULL constraints (Postgres 18) that are not the ones it would choose, by column."""
    found: dict[tuple[int, int], str] = {}
    for row in rows:
        if row[2] != "n" or not row[3] or not row[7]:
            continue
        number = int(row[7][0])
        column = names.columns.get((row[3], number))
        if column is not None and row[1] != f"{column.parent}_{column.name}_not_null":
            found[row[3], number] = row[1]
    return found


def columns(
    rows: Rows,
    identities: Mapping[tuple[int, int], tuple[str, SequenceOptions, tuple[Grant, ...] | None, str | None]],
    not_nulls: Mapping[tuple[int, int], str],
    names: Names,
) -> Iterator[Column]:
    """Columns of tables, views and composite types, `position` counted from 1 without gaps."""
    relation, position = 0, 0
    alone = frozenset[Ref]()
    for row in rows:
        (oid, number, _, type_text, type_oid, not_null, _, default, generated, identity) = row[:10]
        (collation, storage, compression, statistics, options, acl, local, options_there) = row[10:]
        if oid == relation:
            position += 1
        else:
            relation, position, alone = oid, 1, names.relation_set(oid)
        sequence, sequence_settings, sequence_acl, said = identities.get((oid, number), (None, None, None, None))
        ref = names.columns[oid, number]
        yield Column(
            ref=ref,
            acl=grants(acl),
            comment=names.comment(PG_CLASS, oid, number),
            depends=alone | needed if (needed := names.depends.get(ref)) else alone,
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
            identity_comment=said,
            foreign_options=foreign_options(options_there),
            not_null_name=not_nulls.get((oid, number)),
            identity=IDENTITY[identity],
            collation=collation,
            storage=STORAGE[storage] if storage else None,
            compression=COMPRESSION.get(compression, compression),
            statistics=statistics,
            local=local,
            options=tuple(sorted(options or ())),
        )
