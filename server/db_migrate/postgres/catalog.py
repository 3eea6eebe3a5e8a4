"""Reading a database's catalog, in one snapshot."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import asyncpg

from db_migrate.postgres import catalog_parts, catalog_relations, catalog_types
from db_migrate.postgres.catalog_extra import extra_objects, name_extra, read_extra, with_labels
from db_migrate.postgres.catalog_names import (
    PG_ATTRDEF,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_EXTENSION,
    PG_NAMESPACE,
    PG_POLICY,
    PG_PROC,
    PG_REWRITE,
    PG_TRIGGER,
    PG_TYPE,
    Names,
)
from db_migrate.postgres.catalog_parted import Parts, find_parts, roles_of
from db_migrate.postgres.catalog_rows import Snapshot, read_all
from db_migrate.postgres.live_marks import Marks, read_marks
from db_migrate_tools.schema.model import Catalog, Kind, Object, Ref

BOOKKEEPING_SCHEMAS = ("db_migrate", "supabase_migrations")
_SAVEPOINT = "db_migrate_catalog"
_RELATION_KINDS: dict[str, Kind] = {"r": "table", "p": "table", "f": "table", "v": "view", "m": "view", "c": "type"}


@dataclass(frozen=True)
class Reading:
    """A catalog and the oids that led to it, and how far it saw. Both hold for every copy of the database that was
    read.
    """

    catalog: Catalog
    names: Names
    marks: Marks

    @cached_property
    def parts(self) -> Parts:
        """Found once for all copies that are followed."""
        return find_parts(self.catalog)

    @cached_property
    def oids(self) -> dict[int, set[int]]:
        """The oids of all objects, by the system catalog's; not to be changed."""
        found: dict[int, set[int]] = defaultdict(set)
        for catalog, oid in self.names.objects:
            found[catalog].add(oid)
        return found


async def read_catalog(connection: asyncpg.Connection[asyncpg.Record]) -> Catalog:
    """Every object that is not Postgres's own, an extension's, temporary or our bookkeeping.

    Outside a transaction it opens one, repeatable read and read-only. Inside one it reads what the transaction
    sees, and leaves neither a setting nor a lock behind.
    """
    return (await read_whole(connection)).catalog


async def read_whole(connection: asyncpg.Connection[asyncpg.Record]) -> Reading:
    """`read_catalog`, with the oids that a live catalog goes on from."""
    with uncollected():
        return await _read_apart(connection)


@contextmanager
def uncollected() -> Generator[None]:
    """Without garbage collection: what is read is all kept, and looking through it again and again takes longest."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


async def _read_apart(connection: asyncpg.Connection[asyncpg.Record]) -> Reading:
    if not connection.is_in_transaction():
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read(connection)
    await connection.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        return await _read(connection)
    finally:
        await connection.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE SAVEPOINT {_SAVEPOINT}")


async def _read(connection: asyncpg.Connection[asyncpg.Record]) -> Reading:
    snapshot = await read_all(connection, BOOKKEEPING_SCHEMAS)
    names = Names()
    name_all(snapshot, names)
    extra = read_extra(snapshot.extra)
    name_extra(extra, names)
    names.link((row[0], row[1], row[2], row[3], row[4], row[5]) for row in snapshot.dependencies)
    objects = {found.ref: found for found in objects_of(snapshot, names)}
    concerned = {role for item in objects.values() for role in roles_of(item)}
    objects.update((found.ref, found) for found in extra_objects(extra, names, concerned))
    with_labels(objects, extra, names)
    catalog = Catalog(
        objects=objects,
        server_version=snapshot.version,
        roles=tuple(sorted({role for item in objects.values() for role in roles_of(item)})),
        search_path=snapshot.search_path,
        origin=snapshot.origin,
    )
    return Reading(catalog, names, await read_marks(connection))


def name_all(snapshot: Snapshot, names: Names) -> None:
    """Give every row its reference. What `names` holds is kept or replaced, so that the rows of a few objects can be
    added to those of the rest.
    """
    names.schemas.update((oid, name) for oid, name, *_ in snapshot.schemas)
    names.roles.update((row[0], row[1]) for row in snapshot.roles)
    names.comments.update(((catalog, oid, sub), text) for catalog, oid, sub, text in snapshot.comments)
    names.arrays.update(row[0] for row in snapshot.types if row[8])
    refs, schema_of = names.objects, names.schemas
    for catalog, oid, extension in snapshot.members:
        if extension != "plpgsql":
            refs[catalog, oid] = Ref("extension", "", extension)
    for oid, name, *_ in snapshot.schemas:
        refs[PG_NAMESPACE, oid] = Ref("schema", "", name)
    for oid, name, *_ in snapshot.extensions:
        refs[PG_EXTENSION, oid] = Ref("extension", "", name)
    for oid, schema, name, kind, _, _, row_type, *_ in snapshot.relations:
        refs[PG_CLASS, oid] = refs[PG_TYPE, row_type] = Ref(_RELATION_KINDS[kind], schema_of[schema], name)
    for row in snapshot.indexes:
        refs[PG_CLASS, row[0]] = Ref("index", schema_of[row[1]], row[2])
    for row in snapshot.columns:
        relation = refs[PG_CLASS, row[0]]
        names.columns[row[0], row[1]] = column = Ref("column", relation.schema, row[2], relation.name)
        if row[6]:
            refs[PG_ATTRDEF, row[6]] = column
    for row in snapshot.sequences:
        owner = names.columns.get((row[13], row[14])) if row[15] == "i" else None
        refs[PG_CLASS, row[0]] = owner or Ref("sequence", schema_of[row[1]], row[2])
    for row in snapshot.routines:
        refs[PG_PROC, row[0]] = Ref("routine", schema_of[row[1]], f"{row[2]}({row[6]})")
    _name_types(snapshot, names)
    hanging: tuple[tuple[int, Kind, list[tuple[int, int, str]]], ...] = (
        (PG_CONSTRAINT, "constraint", [(row[0], row[3], row[1]) for row in snapshot.constraints]),
        (PG_TRIGGER, "trigger", [(row[0], row[1], row[2]) for row in snapshot.triggers]),
        (PG_POLICY, "policy", [(row[0], row[1], row[2]) for row in snapshot.policies]),
    )
    for catalog, kind, found in hanging:
        for oid, table, name in found:
            if (parent := refs.get((PG_CLASS, table))) is not None:
                refs[catalog, oid] = Ref(kind, parent.schema, name, parent.name)
    for row in snapshot.constraints:
        if not row[3] and (domain := refs.get((PG_TYPE, row[4]))) is not None:
            refs[PG_CONSTRAINT, row[0]] = domain
    for row in snapshot.triggers:
        if row[8]:
            refs[PG_CONSTRAINT, row[8]] = refs[PG_TRIGGER, row[0]]
    for oid, relation in snapshot.rewrites:
        if (PG_CLASS, relation) in refs:
            refs[PG_REWRITE, oid] = refs[PG_CLASS, relation]


def _name_types(snapshot: Snapshot, names: Names) -> None:
    refs = names.objects
    arrays: list[tuple[int, int]] = []
    multiranges: list[tuple[int, int]] = []
    for row in snapshot.types:
        oid, schema, name, kind = row[:4]
        if (PG_TYPE, oid) in refs:
            continue
        if row[8]:
            arrays.append((oid, row[7]))
        elif kind == "m":
            multiranges.append((oid, row[16]))
        elif kind in "edr":
            refs[PG_TYPE, oid] = Ref("type", names.schemas[schema], name)
    for oid, behind in multiranges + arrays:
        if (PG_TYPE, behind) in refs:
            refs[PG_TYPE, oid] = refs[PG_TYPE, behind]


def objects_of(snapshot: Snapshot, names: Names) -> Iterator[Object]:
    """The objects that the rows describe."""
    inherits = catalog_relations.parents(snapshot.inherits)
    columns_of: dict[int, list[str]] = {}
    for row in snapshot.columns:
        columns_of.setdefault(row[0], []).append(row[2])
    columns = {oid: tuple(found) for oid, found in columns_of.items()}
    index_names = {row[0]: row[2] for row in snapshot.indexes}
    owners = {row[5]: row[1] for row in snapshot.constraints if row[5] and row[2] in ("p", "u", "x")}
    identities = {
        (row[13], row[14]): catalog_parts.identity_sequence(row, names) for row in snapshot.sequences if row[15] == "i"
    }
    members = {oid: extension for catalog, oid, extension in snapshot.members if catalog == PG_NAMESPACE}
    aggregates = {row[0]: row[1] for row in snapshot.aggregates}
    yield from catalog_types.schemas(snapshot.schemas, members, names)
    yield from catalog_types.extensions(snapshot.extensions, names)
    checks = catalog_types.domain_checks(snapshot.constraints, names)
    yield from catalog_types.types(snapshot.types, checks, columns, names)
    yield from catalog_types.routines(snapshot.routines, aggregates, names)
    yield from catalog_relations.relations(snapshot.relations, columns, inherits, names)
    yield from catalog_relations.columns(
        snapshot.columns, identities, catalog_relations.not_null_names(snapshot.constraints, names), names
    )
    yield from catalog_parts.constraints(snapshot.constraints, index_names, names)
    yield from catalog_parts.indexes(snapshot.indexes, owners, inherits, names)
    yield from catalog_parts.sequences(snapshot.sequences, names)
    yield from catalog_parts.triggers(snapshot.triggers, names)
    yield from catalog_parts.policies(snapshot.policies, names)
    yield from catalog_types.default_acls(snapshot.default_acls, names)
