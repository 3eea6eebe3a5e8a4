"""Every single mutation is seen, and its DDL leads there and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog
from schema.cases import Case, read

CASES = read()


@pytest.fixture
async def connection(dsn: str, roles: None) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    opened = await asyncpg.connect(dsn)
    yield opened
    await opened.close()


async def _arrives(connection: asyncpg.Connection[asyncpg.Record], start: Catalog, goal: Catalog) -> None:
    statements = ddl(diff(start, goal))
    number = 0
    try:
        for number, statement in enumerate(statements):
            await connection.execute(statement)
    except asyncpg.PostgresError as error:
        pytest.fail(f"{error}\nin statement {number}:\n" + ";\n".join(statements))
    reached = await read_catalog(connection)
    left = diff(goal, reached)
    assert left.empty or left.only_order, f"left: {describe(left)}\nafter:\n" + ";\n".join(statements)
    if left.empty:
        assert fingerprint(reached) == fingerprint(goal)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("same", [True, False], ids=["in-one-database", "between-two"])
async def test_a_change_is_seen_made_and_undone(
    connection: asyncpg.Connection[asyncpg.Record], case: Case, same: bool
) -> None:
    major = connection.get_server_version().major
    if major < case.since:
        return
    await connection.execute(f"BEGIN; CREATE SCHEMA work; SET LOCAL search_path = work; {case.setup}; SAVEPOINT start")
    before = await read_catalog(connection)
    await connection.execute(case.change)
    after = await read_catalog(connection)
    if not same:
        before, after = replace(before, origin="one"), replace(after, origin="other")
    delta = diff(before, after)
    assert not delta.empty
    assert fingerprint(before) != fingerprint(after)
    assert describe(delta)
    await _arrives(connection, after, before)
    await connection.execute("ROLLBACK TO start")
    await _arrives(connection, before, after)
    await connection.execute("ROLLBACK")
