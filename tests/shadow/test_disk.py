"""A rehearsal that writes without end is stopped before the disk is full."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from db_migrate.cluster import places
from db_migrate.cluster.parameters import MEBIBYTE
from db_migrate.cluster.shadow import Cluster
from db_migrate.shadow.disk import size, watched
from db_migrate.shadow.roles import Cast, Casting
from db_migrate.shadow.stage import stage
from db_migrate_tools.evidence import SessionSettings

MANY_TABLES = """DO $$ BEGIN
    FOR n IN 1..1000000 LOOP
        BEGIN
            EXECUTE format('CREATE TABLE grow_%s AS SELECT repeat(''x'', 1000) FROM generate_series(1, 400)', n);
        EXCEPTION WHEN query_canceled THEN NULL;
        END;
    END LOOP;
END $$"""


def almost_full(_: Path) -> int:
    return 40 * MEBIBYTE


async def test_many_tables_that_fill_the_disk_are_stopped_and_the_shadow_lives(server: Cluster) -> None:
    cast = Cast("dbm_disk_writer")
    async with stage(server, Casting(), cast, SessionSettings("public")) as played:
        connection = await played.connect(await played.copy("template1"))
        async with watched(played, 30 * MEBIBYTE) as disk:
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await connection.execute(MANY_TABLES)
        assert disk.stopped
        assert disk.failure.message == "wrote more than 30 MB on the shadow, so it was stopped"
        assert await played.admin.fetchval("SELECT 1") == 1
    admin = await server.connect()
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'dbm_run%'") == 0
    await admin.execute("DROP ROLE dbm_disk_writer")
    await admin.close()


async def test_half_of_what_is_free_is_the_most_where_little_is_free(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "free_bytes", almost_full)
    cast = Cast("dbm_disk_writer")
    async with stage(server, Casting(), cast, SessionSettings("public")) as played:
        async with watched(played) as disk:
            await played.admin.execute("SELECT 1")
        assert disk.most == 20 * MEBIBYTE
        assert not disk.stopped
    admin = await server.connect()
    await admin.execute("DROP ROLE dbm_disk_writer")
    await admin.close()


def test_what_is_counted_is_what_lies_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "base" / "5").mkdir(parents=True)
    (tmp_path / "base" / "5" / "16384").write_bytes(b"x" * 100_000)
    (tmp_path / "pg_wal").mkdir()
    (tmp_path / "pg_wal" / "0001").write_bytes(b"x" * 50_000)
    (tmp_path / "postmaster.pid").write_bytes(b"x" * 90_000)
    assert 150_000 <= size(tmp_path) < 200_000
