"""The relations of a copy before a migration touches it: what later readings are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.model import Ref

FIRST_USER_OID = 16384
TABLES = frozenset("rpmf")
ROWS = frozenset("rpf")
INDEXES = frozenset("iI")

_RELATIONS = f"""
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relfilenode::int8,
       coalesce(i.indrelid, 0)::int8
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= {FIRST_USER_OID} AND c.relkind IN ('r', 'p', 'm', 'f', 'v', 'S', 'i', 'I')
  AND n.nspname <> 'pg_toast' AND n.nspname !~ '^pg_(toast_)?temp_'
"""

# Transaction ids of a shadow never come round.
_NEWER = f"{_RELATIONS} AND c.xmin::text::int8 >= $1"

_CATALOGS = f"SELECT oid::int8 FROM pg_catalog.pg_class WHERE oid < {FIRST_USER_OID} AND relkind = 'r'"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the schema as it was before the migration. `table` is an index's table, else 0."""

    oid: int
    ref: Ref
    kind: str
    file: int
    table: int

    @property
    def display(self) -> str:
        return str(self.ref)


@dataclass(frozen=True, slots=True)
class Relations:
    """All relations of a database at one moment; copies of a database have the same. `catalogs` are Postgres's
    own tables, `bare` the relations' names without their schemas.
    """

    by_oid: Mapping[int, Relation]
    catalogs: tuple[int, ...]
    files: frozenset[int]
    bare: frozenset[str]

    def names(self, oids: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted({self.by_oid[oid].display for oid in oids if oid in self.by_oid}))


async def read_relations(connection: Connection) -> Relations:
    """Every relation of the database but Postgres's own, TOAST and temporary ones."""
    found = _relations(await connection.fetch(_RELATIONS))
    return Relations(
        found,
        catalogs=tuple(int(row[0]) for row in await connection.fetch(_CATALOGS)),
        files=frozenset(relation.file for relation in found.values()),
        bare=frozenset(relation.ref.name for relation in found.values()),
    )


async def next_transaction(connection: Connection) -> int:
    """Every transaction that begins to write from now on has this number or a higher one."""
    return int(
        await connection.fetchval(
            "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 & 4294967295"
        )
    )


async def relations_since(connection: Connection, transaction: int) -> dict[int, Relation]:
    """Relations made or changed by that transaction or a later one."""
    return _relations(await connection.fetch(_NEWER, transaction))


def _relations(rows: Iterable[asyncpg.Record]) -> dict[int, Relation]:
    # A Ref of kind table names any relation here: what is wanted is its schema and name.
    return {
        oid: Relation(oid, Ref("index" if kind in INDEXES else "table", schema, relname), kind, file, table)
        for oid, schema, relname, kind, file, table in rows
    }
