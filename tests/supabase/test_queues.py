"""Queues whose tables came with the baseline, and queues whose tables came with the extension, on the shadow."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.cluster.supabase import baseline
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env
from shadow.rehearser import execute, facts_of, silent, statements
from supabase.places import PASSWORD

USED = "CREATE EXTENSION IF NOT EXISTS pgmq; SELECT pgmq.create('mail'); SELECT pgmq.send('mail', '{}')"


@pytest.fixture(scope="module")
async def target() -> AsyncIterator[Cluster]:
    """Two databases: `postgres` with the baseline, `bare` without it."""
    async with await start_shadow() as cluster:
        await cluster.execute(f"CREATE ROLE supabase_admin SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        connection = await cluster.connect(user="supabase_admin", password=PASSWORD)
        await baseline.prepare(connection, "postgres", PASSWORD)
        await baseline.complete(connection, "postgres")
        await connection.close()
        await cluster.create_database("bare", owner="postgres")
        for database in ("postgres", "bare"):
            await execute(cluster.dsn(database, "postgres", PASSWORD), USED)
        yield cluster


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Cluster]:
    """The shadow; a rehearsal takes the passwords from roles that it plays."""
    async with await start_shadow() as cluster:
        yield cluster


@pytest.mark.parametrize(("database", "origin"), [("postgres", "catalog"), ("bare", "pg_dump")])
async def test_a_copy_has_the_queues_once(server: Cluster, target: Cluster, database: str, origin: str) -> None:
    dsn = target.dsn(database, "postgres", PASSWORD)

    async def dump_dsn(_: Env) -> str | None:
        return dsn if origin == "pg_dump" else None

    async def same(_: int | None) -> Cluster:
        return server

    shadow = ShadowRehearsal(same, dump_dsn)
    migration = "SELECT pgmq.send('mail', '{}'); SELECT pgmq.create('sms'); DROP EXTENSION pgmq CASCADE;"
    found = await shadow.rehearse(await facts_of(dsn), statements(migration), (), silent)
    assert [observation.error for observation in found.observations] == [None] * 3
    assert found.schema_from == origin
    assert [note for note in found.notes if "differs" in note or "could not" in note] == []
