"""What a statement leaves behind in Postgres's own books: locks, new files, scans; read and compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from db_migrate.postgres import catalog_sql
from db_migrate.postgres.connect import Connection
from db_migrate_tools.evidence import Lock
from db_migrate_tools.schema.model import Ref

FIRST_USER_OID = 16384
TABLES = frozenset("rpmf")
ROWS = frozenset("rpf")
INDEXES = frozenset("iI")

_RELATIONS = f"""
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relfilenode::int8,
       coalesce(i.indrelid, 0)::int8, pg_catalog.pg_stat_get_xact_numscans(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= {FIRST_USER_OID} AND c.relkind IN ('r', 'p', 'm', 'f', 'v', 'S', 'i', 'I')
  AND n.nspname <> 'pg_toast' AND n.nspname !~ '^pg_(toast_)?temp_'
"""

_TOUCHED = f"""
SELECT l.relation::int8, l.mode, coalesce(c.relkind::text, ''), coalesce(c.relfilenode, 0)::int8,
       coalesce(i.indrelid, 0)::int8, pg_catalog.pg_stat_get_xact_numscans(l.relation)
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
  AND l.relation >= {FIRST_USER_OID}
"""

# Every change of the catalogs is counted like a change of any table: no difference, nothing to read again.
_CATALOG_WRITES = f"""
SELECT coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
                  + pg_catalog.pg_stat_get_xact_tuples_updated(oid)
                  + pg_catalog.pg_stat_get_xact_tuples_deleted(oid)), 0)::int8
FROM pg_catalog.pg_class WHERE oid < {FIRST_USER_OID} AND relkind = 'r'
"""

_SAID = re.compile(
    r"rewriting table |verifying table |building index |validating foreign key constraint "
    r"|existing constraints on column |partition constraint for |updated partition constraint for "
)
_QUOTED = re.compile(r'"([^"]+)"')


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
    """All relations of a database at one moment, with the counters of scans of the reading session."""

    by_oid: Mapping[int, Relation]
    scans: Mapping[int, int]

    def names(self, oids: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted({self.by_oid[oid].display for oid in oids if oid in self.by_oid}))


@dataclass(frozen=True, slots=True)
class Touched:
    """What the session's transaction holds: modes by relation, and the present state of those relations."""

    modes: frozenset[tuple[int, str]] = frozenset()
    files: Mapping[int, int] = field(default_factory=dict[int, int])
    indexes: Mapping[int, int] = field(default_factory=dict[int, int])
    scans: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class Traces:
    """What one statement did to relations that were there before the migration. `writes` are tables whose rows
    it may change, `truncated` those that it empties.
    """

    locks: frozenset[Lock] = frozenset()
    rewrites: frozenset[str] = frozenset()
    scans: frozenset[str] = frozenset()
    index_builds: frozenset[str] = frozenset()
    writes: frozenset[Ref] = frozenset()
    truncated: frozenset[Ref] = frozenset()

    def __or__(self, other: Traces) -> Traces:
        return Traces(
            self.locks | other.locks,
            self.rewrites | other.rewrites,
            self.scans | other.scans,
            self.index_builds | other.index_builds,
            self.writes | other.writes,
            self.truncated | other.truncated,
        )


async def read_relations(connection: Connection) -> Relations:
    """Every relation of the database but Postgres's own, TOAST and temporary ones."""
    found: dict[int, Relation] = {}
    scans: dict[int, int] = {}
    for oid, schema, relname, kind, file, table, scanned in await connection.fetch(_RELATIONS):
        # A Ref of kind table names any relation here: what is wanted is its schema and name.
        ref = Ref("index" if kind in INDEXES else "table", schema, relname)
        found[oid] = Relation(oid, ref, kind, file, table)
        scans[oid] = scanned
    return Relations(found, scans)


async def read_touched(connection: Connection) -> Touched:
    """The locks that the session's transaction holds on relations, and the state of those relations."""
    modes: set[tuple[int, str]] = set()
    files: dict[int, int] = {}
    indexes: dict[int, int] = {}
    scans: dict[int, int] = {}
    for oid, mode, kind, file, table, scanned in await connection.fetch(_TOUCHED):
        modes.add((oid, mode))
        files[oid] = file
        scans[oid] = scanned
        if kind == "i":
            indexes[oid] = table
    return Touched(frozenset(modes), files, indexes, scans)


async def count_catalog_writes(connection: Connection) -> int:
    """How many catalog rows the session's open transaction has written so far."""
    return int(await connection.fetchval(_CATALOG_WRITES))


def between(known: Relations, before: Touched, after: Touched, *, count_scans: bool) -> Traces:
    """What happened between two readings of one transaction, told of the relations in `known`.

    `count_scans` is False where only the planner chose the scan: on empty tables its choice says nothing.
    """
    locks = {(oid, mode) for oid, mode in after.modes - before.modes if oid in known.by_oid}
    counts = {oid: count - before.scans.get(oid, 0) for oid, count in after.scans.items()}
    scanned = {oid for oid, count in counts.items() if count > 0}
    refiled = {
        oid
        for oid, file in after.files.items()
        if oid in known.by_oid and file and file != before.files.get(oid, known.by_oid[oid].file)
    }
    heaps = {oid for oid in refiled if known.by_oid[oid].kind not in INDEXES | {"S"}}
    files = set(before.files.values())
    # ALTER TYPE makes indexes anew with the old file where the order of values stays: nothing is built then.
    new = Counter(
        table
        for oid, table in after.indexes.items()
        if oid not in before.indexes and after.files[oid] not in files and table in known.by_oid
    )
    renewed = Counter(known.by_oid[oid].table for oid in refiled if known.by_oid[oid].kind == "i")
    through = {known.by_oid[oid].table for oid in scanned if oid in known.by_oid}
    # A new file without a look at the old one is TRUNCATE's. Each index built anew is one look at the new one.
    rewritten = {
        oid for oid in heaps if known.by_oid[oid].kind == "m" or counts.get(oid, 0) > renewed[oid] or oid in through
    }
    truncated = heaps - rewritten
    read = {oid for oid in scanned if counts[oid] > renewed[oid] + new[oid] and oid in known.by_oid}
    validated = {oid for oid in read - rewritten if known.by_oid[oid].kind in TABLES}
    return Traces(
        locks=frozenset(Lock(known.by_oid[oid].display, mode) for oid, mode in locks),
        rewrites=frozenset(known.names(rewritten)),
        # A rewrite and the building of an index read the table too; that is said once, as what it is.
        scans=frozenset(known.names(validated)) if count_scans else frozenset(),
        index_builds=frozenset(known.names({*new, *renewed} - rewritten - truncated)),
        writes=frozenset(
            known.by_oid[oid].ref
            for oid, mode in locks
            if mode == "RowExclusiveLock" and known.by_oid[oid].kind in ROWS
        ),
        truncated=frozenset(known.by_oid[oid].ref for oid in truncated),
    )


def across(known: Relations, before: Relations, after: Relations) -> Traces:
    """What a statement outside a transaction left behind: new files and new indexes. Its locks are watched for."""
    refiled = {
        oid
        for oid, relation in after.by_oid.items()
        if oid in known.by_oid and oid in before.by_oid and relation.file != before.by_oid[oid].file and relation.file
    }
    rewritten = {oid for oid in refiled if known.by_oid[oid].kind in TABLES}
    built = {
        relation.table
        for oid, relation in after.by_oid.items()
        if relation.kind == "i" and (oid not in before.by_oid or oid in refiled) and relation.table in known.by_oid
    }
    return Traces(rewrites=frozenset(known.names(rewritten)), index_builds=frozenset(known.names(built - rewritten)))


def told(known: Relations, lines: Iterable[str]) -> tuple[str, ...]:
    """The lines by which Postgres says what it does to a relation that was there before the migration.

    The line on a foreign key names only the key, so it is always kept.
    """
    names = {relation.ref.name for relation in known.by_oid.values()}

    def concerns(line: str) -> bool:
        quoted = [part for text in _QUOTED.findall(line) for part in (text, text.rpartition(".")[0])]
        return line.startswith("validating foreign key") or not quoted or any(part in names for part in quoted)

    return tuple(line for line in lines if _SAID.match(line) and concerns(line))


async def read_origin(connection: Connection) -> str:
    """What tells this database from every other one, as catalogs name it."""
    row = await connection.fetchrow(catalog_sql.SERVER)
    return str(row[2]) if row is not None else ""
