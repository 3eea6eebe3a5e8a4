"""Reading a database's catalog, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import asyncpg

from db_migrate.postgres import catalog_parts, catalog_relations, catalog_sql, catalog_types
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
from db_migrate_tools.schema.model import Catalog, Kind, Object, Policy, Ref

Rows = list[asyncpg.Record]

BOOKKEEPING_SCHEMAS = ("db_migrate", "supabase_migrations")
_SAVEPOINT = "db_migrate_catalog"
_RELATION_KINDS: dict[str, Kind] = {"r": "table", "p": "table", "f": "table", "v": "view", "m": "view", "c": "type"}


async def read_catalog(connection: asyncpg.Connection[asyncpg.Record]) -> Catalog:
    """Every object that is not Postgres's own, an extension's, temporary or our bookkeeping.

    Outside a transaction it opens one, repeatable read and read-only. Inside one it reads what the transaction
    sees, and leaves neither a setting nor a lock behind.
    """
    if not connection.is_in_transaction():
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read(connection)
    await connection.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        return await _read(connection)
    finally:
        await connection.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE SAVEPOINT {_SAVEPOINT}")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The rows of every query."""

    version: int
    search_path: str
    origin: str
    roles: Rows
    comments: Rows
    members: Rows
    schemas: Rows
    extensions: Rows
    relations: Rows
    columns: Rows
    inherits: Rows
    constraints: Rows
    indexes: Rows
    sequences: Rows
    routines: Rows
    aggregates: Rows
    triggers: Rows
    policies: Rows
    types: Rows
    default_acls: Rows
    rewrites: Rows
    dependencies: Rows


async def _read(connection: asyncpg.Connection[asyncpg.Record]) -> Catalog:
    (server,) = await connection.fetch(catalog_sql.SERVER)
    await connection.execute(catalog_sql.SESSION)
    schemas = await connection.fetch(catalog_sql.SCHEMAS, list(BOOKKEEPING_SCHEMAS))
    inside = [row[0] for row in schemas]
    fetch = connection.fetch
    snapshot = _Snapshot(
        version=server[0],
        search_path=server[1],
        origin=server[2],
        roles=await fetch(catalog_sql.ROLES),
        comments=await fetch(catalog_sql.COMMENTS),
        members=await fetch(catalog_sql.MEMBERS),
        schemas=schemas,
        extensions=await fetch(catalog_sql.EXTENSIONS),
        relations=await fetch(catalog_sql.RELATIONS, inside),
        columns=await fetch(catalog_sql.COLUMNS, inside),
        inherits=await fetch(catalog_sql.INHERITS),
        constraints=await fetch(catalog_sql.CONSTRAINTS, inside),
        indexes=await fetch(catalog_sql.INDEXES, inside),
        sequences=await fetch(catalog_sql.SEQUENCES, inside),
        routines=await fetch(catalog_sql.ROUTINES, inside),
        aggregates=await fetch(catalog_sql.AGGREGATES, inside),
        triggers=await fetch(catalog_sql.TRIGGERS, inside),
        policies=await fetch(catalog_sql.POLICIES, inside),
        types=await fetch(catalog_sql.TYPES, inside),
        default_acls=await fetch(catalog_sql.DEFAULT_ACLS, inside),
        rewrites=await fetch(catalog_sql.REWRITES),
        dependencies=await fetch(catalog_sql.DEPENDENCIES),
    )
    names = _names(snapshot)
    objects = {found.ref: found for found in _objects(snapshot, names)}
    return Catalog(
        objects=objects,
        server_version=snapshot.version,
        roles=tuple(sorted(_roles(objects.values()))),
        search_path=snapshot.search_path,
        origin=snapshot.origin,
    )


def _names(snapshot: _Snapshot) -> Names:
    """Give every row its reference, then read the dependencies between them."""
    names = Names(
        schemas={oid: name for oid, name, *_ in snapshot.schemas},
        roles={row[0]: row[1] for row in snapshot.roles},
        comments={(catalog, oid, sub): text for catalog, oid, sub, text in snapshot.comments},
        arrays={row[0] for row in snapshot.types if row[8]},
    )
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
    names.link((row[0], row[1], row[2], row[3], row[4], row[5]) for row in snapshot.dependencies)
    return names


def _name_types(snapshot: _Snapshot, names: Names) -> None:
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


def _objects(snapshot: _Snapshot, names: Names) -> Iterator[Object]:
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
    yield from catalog_types.types(snapshot.types, catalog_types.domain_checks(snapshot.constraints), columns, names)
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


def _roles(objects: Iterable[Object]) -> set[str]:
    found: set[str] = set()
    for item in objects:
        found.add(item.owner)
        found.update(role for grant in item.acl or () for role in (grant.grantee, grant.grantor))
        if isinstance(item, Policy):
            found.update(role for role in item.roles if role != "public")
    return found - {""}
