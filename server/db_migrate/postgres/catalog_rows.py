"""The rows that a catalog is made of: of everything, or of a few objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from db_migrate.postgres import catalog_sql as sql
from db_migrate.postgres.catalog_extra import extra_query
from db_migrate.postgres.prepared import Prepared

Rows = list[asyncpg.Record]
_NONE = list[asyncpg.Record]


@dataclass(slots=True)
class Snapshot:
    """The rows of every query."""

    version: int = 0
    search_path: str = ""
    origin: str = ""
    roles: Rows = field(default_factory=_NONE)
    comments: Rows = field(default_factory=_NONE)
    members: Rows = field(default_factory=_NONE)
    schemas: Rows = field(default_factory=_NONE)
    extensions: Rows = field(default_factory=_NONE)
    relations: Rows = field(default_factory=_NONE)
    columns: Rows = field(default_factory=_NONE)
    inherits: Rows = field(default_factory=_NONE)
    constraints: Rows = field(default_factory=_NONE)
    indexes: Rows = field(default_factory=_NONE)
    sequences: Rows = field(default_factory=_NONE)
    routines: Rows = field(default_factory=_NONE)
    aggregates: Rows = field(default_factory=_NONE)
    triggers: Rows = field(default_factory=_NONE)
    policies: Rows = field(default_factory=_NONE)
    types: Rows = field(default_factory=_NONE)
    default_acls: Rows = field(default_factory=_NONE)
    rewrites: Rows = field(default_factory=_NONE)
    dependencies: Rows = field(default_factory=_NONE)
    extra: Rows = field(default_factory=_NONE)


@dataclass(slots=True)
class Scope:
    """The oids of the objects that are to be read. Whatever hangs on a relation is read with it, save sequences."""

    relations: set[int] = field(default_factory=set[int])
    sequences: set[int] = field(default_factory=set[int])
    types: set[int] = field(default_factory=set[int])
    routines: set[int] = field(default_factory=set[int])

    def __len__(self) -> int:
        return len(self.relations) + len(self.sequences) + len(self.types) + len(self.routines)


async def read_all(connection: asyncpg.Connection[asyncpg.Record], left_out: Sequence[str]) -> Snapshot:
    """Everything but the schemas of these names. Changes settings of the transaction."""
    fetch = connection.fetch
    (server,) = await fetch(sql.SERVER)
    await connection.execute(sql.SESSION)
    schemas = await fetch(sql.SCHEMAS, list(left_out))
    inside = [row[0] for row in schemas]
    return Snapshot(
        version=server[0],
        search_path=server[1],
        origin=server[2],
        roles=await fetch(sql.ROLES),
        comments=await fetch(sql.COMMENTS),
        members=await fetch(sql.MEMBERS),
        schemas=schemas,
        extensions=await fetch(sql.EXTENSIONS),
        relations=await fetch(sql.RELATIONS, inside),
        columns=await fetch(sql.COLUMNS, inside),
        inherits=await fetch(sql.INHERITS),
        constraints=await fetch(sql.CONSTRAINTS, inside),
        indexes=await fetch(sql.INDEXES, inside),
        sequences=await fetch(sql.SEQUENCES, inside),
        routines=await fetch(sql.ROUTINES, inside),
        aggregates=await fetch(sql.AGGREGATES, inside),
        triggers=await fetch(sql.TRIGGERS, inside),
        policies=await fetch(sql.POLICIES, inside),
        types=await fetch(sql.TYPES, inside),
        default_acls=await fetch(sql.DEFAULT_ACLS, inside),
        rewrites=await fetch(sql.REWRITES),
        dependencies=await fetch(sql.DEPENDENCIES),
        extra=await fetch(extra_query(server[0]), inside),
    )


async def read_some(reader: Prepared, scope: Scope, inside: Sequence[int], snapshot: Snapshot) -> None:
    """Add the rows of some objects to `snapshot`; `inside` are the oids of the schemas that are read. The settings of
    `read_all` must hold.
    """
    relations, types = list(scope.relations), list(scope.types)
    sequences, routines = list(scope.sequences), list(scope.routines)
    (
        snapshot.relations,
        snapshot.columns,
        snapshot.inherits,
        of_tables,
        of_domains,
        snapshot.indexes,
        snapshot.triggers,
        snapshot.policies,
        snapshot.rewrites,
        snapshot.types,
        snapshot.sequences,
        snapshot.routines,
        snapshot.aggregates,
    ) = await reader.row(sql.SOME, list(inside), relations, types, sequences, routines)
    snapshot.constraints = of_tables + of_domains
    seen = {*relations, *sequences, *types, *routines}
    for rows in (snapshot.indexes, snapshot.triggers, snapshot.policies, snapshot.rewrites, snapshot.constraints):
        seen.update(row[0] for row in rows)
    seen.update(row[6] for row in snapshot.columns if row[6])
    if seen:
        snapshot.comments, snapshot.dependencies = await reader.row(sql.SOME_WORDS, list(seen))
