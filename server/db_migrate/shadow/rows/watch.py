"""Which tables and sequences a session writes to, wherever they are: by its locks, by Postgres's counters, by files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

LARGE_OBJECTS = Ref("table", "pg_catalog", "pg_largeobject")

_THERE = """
SELECT c.oid::int8, c.relkind::text, n.nspname::text, c.relname::text, c.relfilenode::int8,
       (pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid)
        + pg_catalog.pg_stat_get_tuples_deleted(c.oid))::int8
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,S}')
  AND (c.oid OPERATOR(pg_catalog.>=) 16384 OR c.oid OPERATOR(pg_catalog.=) ANY ('{2613,2995}'))
  AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
"""

# A statement locks what it writes to before it knows whether there is a row: the lock says more than the counters.
_NOW = """
SELECT l.relation::int8
FROM pg_catalog.pg_locks l
WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.locktype OPERATOR(pg_catalog.=) 'relation'
  AND l.granted AND l.mode OPERATOR(pg_catalog.=) 'RowExclusiveLock'
UNION
SELECT o.oid::int8
FROM pg_catalog.unnest($1::oid[]) AS o (oid)
WHERE (pg_catalog.pg_stat_get_xact_tuples_inserted(o.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(o.oid)
       + pg_catalog.pg_stat_get_xact_tuples_deleted(o.oid)) OPERATOR(pg_catalog.>) 0
"""

_HAND_IN = "SELECT pg_catalog.pg_stat_force_next_flush()"


@dataclass(frozen=True, slots=True)
class Written:
    """Tables and sequences, by the names that they had when the watch began."""

    tables: frozenset[Ref] = frozenset()
    sequences: frozenset[Ref] = frozenset()

    def __or__(self, other: Written) -> Written:
        return Written(self.tables | other.tables, self.sequences | other.sequences)


@dataclass(slots=True)
class Watch:
    """What is there when it begins, and what of that has been written to since. What comes later is not told."""

    connection: Connection
    names: Mapping[int, Ref]
    _files: Mapping[int, int]
    _counted: Mapping[int, int]
    _seen: set[int] = field(default_factory=set[int])

    @classmethod
    async def start(cls, connection: Connection) -> Watch:
        """Begin, outside of any transaction."""
        names: dict[int, Ref] = {}
        files: dict[int, int] = {}
        counted: dict[int, int] = {}
        for oid, kind, schema, relation, file, count in await connection.fetch(_THERE):
            if schema == KEPT_SCHEMA:
                continue
            large = oid < 16384
            names[oid] = LARGE_OBJECTS if large else Ref("sequence" if kind == "S" else "table", schema, relation)
            if kind != "S":
                files[oid] = file
                counted[oid] = count
        return cls(connection, names, files, counted)

    @property
    def tables(self) -> list[int]:
        """The oids of the tables."""
        return list(self._files)

    async def commit(self) -> None:
        """Commit the session's transaction, having looked at what it holds."""
        # What fires at the end writes too.
        await self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._seen.update(row[0] for row in await self.connection.fetch(_NOW, self.tables))
        await self.connection.execute("COMMIT")

    async def written(self) -> Written:
        """All that was written to; asked once, outside of any transaction."""
        if self.connection.get_server_version().major >= 15:
            # What code that commits by itself has written holds no lock any more.
            await self.connection.execute(_HAND_IN)
        for oid, _, _, _, file, count in await self.connection.fetch(_THERE):
            if oid in self._files and (file != self._files[oid] or count > self._counted[oid]):
                self._seen.add(oid)
        refs = {self.names[oid] for oid in self._seen if oid in self.names}
        tables = frozenset(ref for ref in refs if ref.kind == "table")
        return Written(tables, frozenset(refs - tables))
