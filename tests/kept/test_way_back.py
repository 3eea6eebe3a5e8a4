"""Rows of a dropped partition come back into it, on every major: what its parent asks for is there half-way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from clusters import binaries_of, running
from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.kept.way_back import halfway, quiet
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.model import Ref

BEFORE = """
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.name := new.name || '!'; RETURN new; END $$;
CREATE TABLE t (id int, at date, name text DEFAULT 'x' CHECK (name <> ''), other text NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE t11 PARTITION OF t1 FOR VALUES IN (1);
CREATE TABLE t12 PARTITION OF t1 DEFAULT;
CREATE TABLE rest PARTITION OF t DEFAULT;
CREATE TRIGGER shout BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER again BEFORE INSERT ON t12 FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO t VALUES (1, '2024-02-02', 'a', 'o'), (2, '2024-02-02', 'b', 'o');
CREATE TABLE aside AS SELECT * FROM t1;
"""


@pytest.fixture(params=[15, 17, 18])
async def server(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Connection]:
    binaries = binaries_of(request.param)
    if binaries is None:
        pytest.skip(f"no binaries of Postgres {request.param} on this machine")
    with running(binaries) as dsn:
        connection = await asyncpg.connect(dsn)
        yield connection
        await connection.close()


async def _there_and_back(server: Connection, gone: str, filled: str) -> None:
    before = await read_catalog(server)
    rows = await server.fetch("SELECT tableoid::regclass::text, t.* FROM t ORDER BY id")
    await server.execute(gone)
    now = await read_catalog(server)
    for statement in ddl(diff(now, halfway(now, before))):
        await server.execute(statement)
    if filled:
        for statement in quiet(await read_catalog(server), [Ref("table", "public", filled)]):
            await server.execute(statement)
        await server.execute(f"INSERT INTO {filled} SELECT * FROM aside")
    for statement in ddl(diff(await read_catalog(server), before)):
        await server.execute(statement)
    left = diff(replace(before, origin="other"), await read_catalog(server))
    assert left.empty, describe(left)
    assert await server.fetch("SELECT tableoid::regclass::text, t.* FROM t ORDER BY id") == rows


async def test_a_partition_comes_back_under_its_parent_with_its_rows_untouched_by_triggers(server: Connection) -> None:
    for gone, filled in (("DROP TABLE t1", "t1"), ("DROP TABLE t", "t"), ("ALTER TABLE t DETACH PARTITION t1", "")):
        await server.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await server.execute(BEFORE)
        await _there_and_back(server, gone, filled)
