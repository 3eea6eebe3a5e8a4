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
from db_migrate.shadow.sweeping import Sweeper
from db_migrate_tools.evidence import SessionSettings
from shadow.rehearser import Rehearser, by_hand, silent

MANY_TABLES = """DO $$ BEGIN
    FOR n IN 1..400 LOOP
        BEGIN
            EXECUTE format('CREATE TABLE grow_%s AS SELECT repeat(''x'', 1000) FROM generate_series(1, 400)', n);
        EXCEPTION WHEN query_canceled THEN NULL;
        END;
    END LOOP;
END $$"""


def almost_full(_: Path) -> int:
    return 40 * MEBIBYTE


async def test_many_tables_that_fill_the_disk_are_stopped_and_the_shadow_lives(server: Cluster) -> None:
    cast, sweeper = Cast("dbm_disk_writer"), Sweeper(server)
    async with stage(server, Casting(), cast, SessionSettings("public"), sweeper) as played:
        connection = await played.connect(await played.copy("template1"))
        async with watched(played, 30 * MEBIBYTE) as disk:
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await connection.execute(MANY_TABLES)
        assert disk.stopped
        assert disk.failure.message == "wrote more than 30 MB on the shadow, so it was stopped"
        assert await played.admin.fetchval("SELECT 1") == 1
    await sweeper.settle()
    admin = await server.connect()
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'dbm_run%'") == 0
    await admin.execute("DROP ROLE dbm_disk_writer")
    await admin.close()


async def test_a_rehearsal_that_fills_the_disk_is_stopped_and_says_so(
    rehearse: Rehearser, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await rehearse.target("")
    monkeypatch.setattr(places, "free_bytes", almost_full)
    rehearsal = await rehearse.shadow.rehearse(target, by_hand(MANY_TABLES, "SELECT 1"), (), silent)
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.error is not None
    assert rehearsal.failed_at.error.sqlstate == "53100"
    assert rehearsal.failed_at.error.limit == "space"
    assert rehearsal.failed_at.error.message == "wrote more than 20 MB on the shadow, so it was stopped"


async def test_half_of_what_is_free_is_the_most_where_little_is_free(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "free_bytes", almost_full)
    cast = Cast("dbm_disk_writer")
    async with stage(server, Casting(), cast, SessionSettings("public"), Sweeper(server)) as played:
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
