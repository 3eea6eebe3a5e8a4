"""How far a reading saw: what a later look at the same database, or at a copy of it, counts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from db_migrate.postgres import live_sql as sql
from db_migrate.postgres.catalog_extra_sql import CATALOGS as RARER


@dataclass(frozen=True, slots=True)
class Marks:
    """`horizon`: whatever transaction of this server begins to write from now on has this number or a higher one.
    `catalogs` are the system catalogs' oids by name, `others` how many rows those have whose changes are not told
    apart, `links` how many objects belong to extensions.
    """

    horizon: int
    links: int
    catalogs: Mapping[str, int]
    others: Mapping[str, int]


async def read_marks(connection: asyncpg.Connection[asyncpg.Record]) -> Marks:
    """To be read in the snapshot of the reading itself."""
    (first,) = await connection.fetch(sql.FIRST)
    rows = await connection.fetch(sql.CATALOGS)
    apart = [name for _, name, readable in rows if readable and name not in {*sql.CHANGED, *sql.IGNORED, *RARER}]
    counted = await connection.fetch(sql.others(apart), 0, [])
    return Marks(
        horizon=int(first[0]),
        links=first[1],
        catalogs={name: oid for oid, name, _ in rows},
        others={name: number for name, number, _ in counted},
    )
