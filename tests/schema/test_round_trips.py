"""Every single mutation is seen, and its DDL leads there and back."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog
from schema.cases import read

CASES = {case.name: case for case in read()}


async def _arrives(connection: Connection, start: Catalog, goal: Catalog, leaves: str = "") -> None:
    statements = ddl(diff(start, goal))
    for statement in statements:
        try:
            await connection.execute(statement)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{error}\nin: {statement}\nof:\n" + ";\n".join(statements))
    reached = await read_catalog(connection)
    left = diff(goal, reached)
    if leaves:
        assert describe(left) == (leaves,)
        return
    assert left.empty or left.only_order, f"left: {describe(left)}\nafter:\n" + ";\n".join(statements)
    if left.empty:
        assert fingerprint(reached) == fingerprint(goal)


@pytest.mark.parametrize("name", CASES)
async def test_a_change_is_seen_made_and_undone(work: Connection, name: str) -> None:
    case = CASES[name]
    await work.execute(f"{case.setup}; SAVEPOINT start")
    before = await read_catalog(work)
    await work.execute(f"{case.change}; SAVEPOINT done")
    after = await read_catalog(work)
    delta = diff(before, after)
    assert not delta.empty
    assert fingerprint(before) != fingerprint(after)
    assert describe(delta)
    one, other = replace(before, origin="one"), replace(after, origin="other")
    await _arrives(work, after, before, case.leaves)
    await work.execute("ROLLBACK TO done")
    if delta.renamed:
        await _arrives(work, other, one, case.leaves)
    await work.execute("ROLLBACK TO start")
    await _arrives(work, before, after)
    await work.execute("ROLLBACK TO start")
    if delta.renamed:
        await _arrives(work, one, other)
