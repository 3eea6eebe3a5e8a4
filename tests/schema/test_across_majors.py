"""A catalog that was read on one major version builds the same schema on another."""

from __future__ import annotations

import asyncpg
import pytest

from clusters import binaries_of, running
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from schema.mutation_run import Bench
from schema.mutations import read

UNLIKE = frozenset({"an index is attached to a partitioned one"})
"""Where a partition is attached, Postgres attaches its fitting indexes, also those that were not."""


async def test_what_was_read_on_15_is_built_on_18(anyio_backend: str) -> None:
    old, new = binaries_of(15), binaries_of(18)
    if old is None or new is None:
        pytest.skip("no binaries of Postgres 15 and 18 on this machine")
    mutations = [m for m in read() if m.name not in UNLIKE and not m.alone and not m.superuser and m.on(15)]
    with running(old) as dsn, running(new) as other:
        source, target = Bench(dsn, old), Bench(other, new)
        await source.prepare()
        await target.prepare()
        await source.fill("schemas", mutations)
        catalog, nothing = await source.catalog("schemas"), await target.catalog("nothing")
        await target.copy("built", "nothing")
        connection = await asyncpg.connect(target.address("built"))
        async with connection.transaction():
            for statement in ddl(diff(nothing, catalog)):
                await connection.execute(statement)
        await connection.close()
        await target.fill("native", mutations)
        left = describe(diff(await target.catalog("native"), await target.catalog("built")))
        # GRANT ALL means one privilege more on 17 and later; default privileges keep what 15 meant.
        assert [line for line in left if not (line.startswith("default privileges") and "MAINTAIN" in line)] == []
