"""The catalog followed statement by statement, and the whole reading at the end that it must equal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog, read_whole
from db_migrate.shadow.following import Following, since
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.model import Ref


@pytest.fixture
async def connection(make_database: Callable[[], Awaitable[str]]) -> asyncpg.Connection[asyncpg.Record]:
    opened: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(await make_database())
    await opened.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int)")
    return opened


async def test_each_change_is_told_once_and_the_whole_agrees(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    follows = await Following.start(connection, await read_whole(connection))
    await connection.execute("ALTER TABLE a ADD COLUMN n int")
    assert [item.ref for item in (await follows.changes()).created] == [Ref("column", "public", "n", "a")]
    await connection.execute("ALTER TABLE b RENAME TO c")
    assert [(r.before.name, r.after.name) for r in (await follows.changes()).renamed] == [("b", "c")]
    assert (await follows.changes()).empty
    assert follows.touched is not None
    assert Ref("column", "public", "n", "a") in follows.touched
    whole, note = await follows.whole()
    assert note is None
    assert diff(whole, await read_catalog(connection)).empty
    await connection.close()


async def test_where_the_whole_says_otherwise_it_counts_and_that_is_told(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    follows = await Following.start(connection, await read_whole(connection))
    await connection.execute("ALTER TABLE a ADD COLUMN n int")
    whole, note = await follows.whole()
    assert Ref("column", "public", "n", "a") in whole
    assert note is not None
    assert "public.a.n is new" in note
    await connection.close()


async def test_a_large_schema_is_looked_through_once_more_instead_of_read(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    reading = await read_whole(connection)
    follows = await Following.start(connection, reading, small=0)
    await connection.execute("ALTER TABLE a ADD COLUMN n int")
    await follows.changes()
    await connection.execute("DROP TABLE b; CREATE VIEW v AS SELECT n FROM a")
    await follows.changes()
    assert await follows.whole() == (await read_catalog(connection), None)
    await connection.execute("CREATE TABLE c (id int)")
    _, note = await follows.whole()
    assert note is not None
    assert "public.c is new" in note
    found = await since(connection, reading, small=0)
    assert found.catalog == await read_catalog(connection)
    assert not found.whole
    await connection.execute("DROP VIEW v; DROP TABLE c; ALTER TABLE a DROP COLUMN n; CREATE TABLE b (id int)")
    back = await since(connection, reading, small=0)
    assert diff(reading.catalog, back.catalog, only=back.touched).empty
    await connection.close()
