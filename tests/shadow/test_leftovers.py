"""What is left of migrations of every kind once they have been rehearsed: nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env
from shadow.rehearser import Rehearser, by_hand, silent, statements

SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, age int); CREATE TABLE posts (id int, user_id int REFERENCES users)"
UNSTOPPABLE = """DO $$ BEGIN LOOP
    BEGIN PERFORM pg_sleep(0.001); EXCEPTION WHEN query_canceled THEN NULL; END;
END LOOP; END $$"""
ORDINARY = (
    "ALTER TABLE users ADD COLUMN a int; CREATE INDEX CONCURRENTLY ON users (a); DROP TABLE posts",
    "CREATE SCHEMA s; CREATE TABLE s.t (id serial); INSERT INTO s.t DEFAULT VALUES; CREATE VIEW v AS TABLE s.t",
)
NASTY = (
    ("CREATE TEMP TABLE mine (a int)", "PREPARE p AS SELECT 1", "LISTEN news", "SELECT pg_advisory_lock(1)"),
    ("SELECT lo_create(0)", "CREATE UNLOGGED TABLE u (a int)", "DECLARE c CURSOR WITH HOLD FOR SELECT 1"),
    ("SET ROLE NONE", "CREATE TABLE of_the_login (a int)", "ALTER ROLE CURRENT_USER SET statement_timeout = 1"),
    ("SELECT pg_terminate_backend(pg_backend_pid())",),
    ("CREATE TABLE half (a int)", "SELECT nobody"),
    ("COMMIT", "CREATE TABLE outside (a int)"),
    ("VACUUM nobody",),
)


@pytest.fixture
async def own(rehearse: Rehearser) -> AsyncIterator[tuple[ShadowRehearsal, list[Cluster]]]:
    """A shadow of this test alone."""
    started: list[Cluster] = []

    async def start(_: int | None) -> Cluster:
        started.append(await start_shadow())
        return started[-1]

    async def dump_dsn(_: Env) -> str | None:
        return rehearse.dumps["dsn"]

    shadow = ShadowRehearsal(start, dump_dsn, deadline=1.0, keep=1)
    yield shadow, started
    await shadow.close()


async def left(server: Cluster) -> list[str]:
    """Everything in a server that neither Postgres nor we keep on purpose."""
    admin = await server.connect()
    rows = await admin.fetch(
        "SELECT 'database ' || datname FROM pg_database "
        "WHERE datname !~ '^(postgres|template[01]|dbm_(schema|spare)_.*)$' "
        "UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname LIKE 'dbm_run%' "
        "UNION ALL SELECT 'session ' || usename FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
        "UNION ALL SELECT 'setting' FROM pg_db_role_setting UNION ALL SELECT gid FROM pg_prepared_xacts "
        "UNION ALL SELECT 'membership' FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
        "WHERE r.rolname NOT LIKE 'pg_%'"
    )
    await admin.close()
    return [str(row[0]) for row in rows]


def processes(home: Path) -> list[str]:
    """Processes that were started with this directory on their command line."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(home) in line:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


async def test_migrations_of_every_kind_leave_nothing(
    rehearse: Rehearser, own: tuple[ShadowRehearsal, list[Cluster]]
) -> None:
    shadow, started = own
    target = await rehearse.target(SCHEMA)
    for sql in ORDINARY:
        assert (await shadow.rehearse(target, statements(sql), (), silent)).failed_at is None
    for script in NASTY:
        outside = script[0].startswith("VACUUM")
        await shadow.rehearse(target, by_hand(*script, transactional=not outside), (), silent)
    assert (await shadow.rehearse(target, by_hand(UNSTOPPABLE), (), silent)).failed_at is not None
    for moment in ("Copying", "Rehearsing statement 2", "Rehearsing the rollback"):
        with anyio.CancelScope() as scope:

            async def cancel(text: str, moment: str = moment, scope: anyio.CancelScope = scope) -> None:
                if text.startswith(moment):
                    scope.cancel()

            await shadow.rehearse(target, by_hand("SELECT 1", "CREATE TABLE t (a int)"), (), cancel)
        assert scope.cancelled_caught
    await shadow.settle()
    assert len(started) == 1
    assert await left(started[0]) == []
    await shadow.close()
    assert not started[0].home.path.exists()
    assert processes(started[0].home.path) == []


async def test_a_shadow_that_is_killed_while_it_rehearses_leaves_nothing(
    rehearse: Rehearser, own: tuple[ShadowRehearsal, list[Cluster]]
) -> None:
    shadow, started = own
    target = await rehearse.target(SCHEMA)

    async def kill(text: str) -> None:
        if text.startswith("Rehearsing statement 2"):
            os.kill(int((started[0].home.data / "postmaster.pid").read_text("ascii").split()[0]), signal.SIGKILL)

    found = await shadow.rehearse(target, by_hand("CREATE TABLE t (a int)", "SELECT pg_sleep(60)"), (), kill)
    assert found.failed_at is not None or not found.ran
    again = await shadow.rehearse(target, by_hand("SELECT 1"), (), silent)
    assert again.ran
    assert len(started) == 2
    await shadow.close()
    for server in started:
        assert not server.home.path.exists()
        assert processes(server.home.path) == []


async def test_spare_copies_are_used_and_go_with_their_template(
    rehearse: Rehearser, own: tuple[ShadowRehearsal, list[Cluster]]
) -> None:
    async def spares() -> set[str]:
        admin = await started[0].connect()
        rows = await admin.fetch("SELECT datname::text FROM pg_database WHERE datname LIKE 'dbm_spare%'")
        await admin.close()
        return {str(row[0]) for row in rows}

    shadow, started = own
    first = await rehearse.target(SCHEMA)
    await shadow.rehearse(first, statements("ALTER TABLE users ADD COLUMN a int"), (), silent)
    await shadow.settle()
    made = await spares()
    assert made
    found = await shadow.rehearse(first, statements("ALTER TABLE users ADD COLUMN a int"), (), silent)
    assert found.failed_at is None
    await shadow.settle()
    assert made - await spares()
    kept = await spares()
    second = await rehearse.target("CREATE TABLE other (a int)")
    await shadow.rehearse(second, statements("DROP TABLE other"), (), silent)
    await shadow.settle()
    assert not kept & await spares()
