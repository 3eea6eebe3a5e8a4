"""The rollback of a migration that keeps data: DDL of the reversed delta, with rows put back where they fit in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.shadow.server import RAISED
from db_migrate.shadow.stage import Stage
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.kept.way_back import halfway, quiet
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.model import Catalog

OnTarget = Callable[[Catalog], Catalog]
"""A copy's catalog as the target's would be: with the settings that only the target has."""


async def way_back(stage: Stage, database: str, before: Catalog, kept: WayBack, there: OnTarget) -> tuple[str, ...]:
    """All statements, found by going the way once on a copy of the migrated `database`, to which nobody else may be
    connected. Where Postgres refuses one, those up to it: running them shows why.
    """
    connection = await stage.connect(await stage.copy(database))
    try:
        return await _found(connection, before, kept, there)
    finally:
        await stage.leave(connection)


async def _found(connection: Connection, before: Catalog, kept: WayBack, there: OnTarget) -> tuple[str, ...]:
    done = list(kept.first)
    if not await _run(connection, kept.first):
        return tuple(done)
    for step in (_schema, _rows):
        now = there(await _catalog(connection, before))
        statements = step(now, before, kept)
        done += statements
        if not await _run(connection, statements):
            return tuple(done)
    return (*done, *ddl(diff(there(await _catalog(connection, before)), before)), *kept.last)


def _schema(now: Catalog, before: Catalog, kept: WayBack) -> tuple[str, ...]:
    del kept
    return ddl(diff(now, halfway(now, before)))


def _rows(now: Catalog, before: Catalog, kept: WayBack) -> tuple[str, ...]:
    del before
    return (*quiet(now, kept.filled), *kept.fill)


async def _catalog(connection: Connection, before: Catalog) -> Catalog:
    # A copy is the same schema down to its oids, but another database: renames are seen all the same.
    return replace(await read_catalog(connection), origin=before.origin)


async def _run(connection: Connection, statements: Sequence[str]) -> bool:
    try:
        for statement in statements:
            await connection.execute(statement)
    except RAISED:
        return False
    return True
