"""Killed anywhere, a run is applied once, rolled back or resumed; never twice, never unknown."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio

from db_migrate_tools.evidence import Execution
from db_migrate_tools.ports import Order
from execution.support import STEADFAST, Said, execute, order, session, sql, until_gone, until_waiting, value

ROOT = Path(__file__).parents[2]


@contextmanager
def child(dsn: str, wanted: Order) -> Generator[subprocess.Popen[bytes]]:
    """A process that executes the order."""
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "tools", "tests"))
    process = subprocess.Popen(
        [sys.executable, "-m", "execution.run_order"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps((dsn, wanted)))
        process.stdin.close()
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def test_killed_before_the_commit_nothing_stands_and_the_same_order_runs(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "CREATE TABLE first ()", "INSERT INTO a VALUES (1)", "a: ALTER TABLE a ADD COLUMN c int")
    async with session(dsn) as blocker:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
        with child(dsn, wanted) as process:
            pid = await until_waiting(dsn, "ALTER TABLE a%")
            process.send_signal(signal.SIGKILL)
            await until_gone(dsn, pid)
        await held.commit()
    assert not await value(dsn, "SELECT to_regclass('first') IS NOT NULL")
    done = await execute(dsn, wanted)
    assert (done.status, [s.outcome for s in done.steps]) == ("applied", ["done"] * 3)
    assert await value(dsn, "SELECT count(*) FROM a") == 1


async def test_killed_amid_a_concurrent_build_the_invalid_index_is_rebuilt(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a SELECT generate_series(1, 100)")
    wanted = await order(
        dsn,
        "CREATE TABLE first ()",
        "-- fast lookups\nCREATE INDEX CONCURRENTLY a_id ON a (id)",
        "CREATE TABLE last ()",
    )
    async with session(dsn) as blocker:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("INSERT INTO a VALUES (0)")
        with child(dsn, wanted) as process:
            pid = await until_waiting(dsn, "%CREATE INDEX%")
            process.send_signal(signal.SIGKILL)
            await until_gone(dsn, pid)
        await held.commit()
    assert await value(dsn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") is False
    done = await execute(dsn, wanted)
    assert (done.status, done.resumed) == ("applied", True)
    assert [s.outcome for s in done.steps] == ["already-done", "done", "done"]
    assert await value(dsn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") is True


async def test_killed_after_the_last_commit_the_outcome_is_applied_and_nothing_runs_twice(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "INSERT INTO a VALUES (1)", "a: ALTER TABLE a ADD COLUMN c int")
    async with session(dsn) as first, session(dsn) as second:
        held, later = first.transaction(), second.transaction()
        await held.start()
        await first.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
        with child(dsn, wanted) as process:
            await until_waiting(dsn, "ALTER TABLE a%")
            await later.start()
            await second.execute("LOCK TABLE pg_catalog.pg_policy IN ACCESS EXCLUSIVE MODE")
            await held.commit()
            pid = await until_waiting(dsn, "%pg_policy%")
            process.send_signal(signal.SIGKILL)
            await until_gone(dsn, pid)
        await later.commit()
    done = await execute(dsn, wanted)
    assert (done.status, {s.outcome for s in done.steps}) == ("applied", {"already-done"})
    assert done.fingerprint_after is not None
    assert await value(dsn, "SELECT count(*) FROM a") == 1
    assert await value(dsn, "SELECT count(*) FROM db_migrate.migrations") == 1


async def terminated(dsn: str, wanted: Order, at: str, lock: str) -> Execution:
    """Execute, and end the backend while it waits in `at`."""
    results: list[Execution] = []

    async def go() -> None:
        results.append(await execute(dsn, wanted, STEADFAST))

    async with session(dsn) as blocker:
        held = blocker.transaction()
        await held.start()
        await blocker.execute(lock)
        async with anyio.create_task_group() as group:
            group.start_soon(go)
            pid = await until_waiting(dsn, at)
            await blocker.fetchval("SELECT pg_terminate_backend($1)", pid)
            await until_gone(dsn, pid)
        await held.commit()
    return results[0]


async def test_a_terminated_backend_is_told_as_rolled_back(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "CREATE TABLE first ()", "a: ALTER TABLE a ADD COLUMN c int")
    done = await terminated(dsn, wanted, "ALTER TABLE a%", "LOCK TABLE a")
    assert (done.status, [s.outcome for s in done.steps]) == ("rolled_back", ["not-run", "failed"])
    assert "terminating connection due to administrator command" in (done.reason or "")
    assert (await execute(dsn, wanted)).status == "applied"


async def test_an_invalid_index_left_by_a_terminated_build_is_rebuilt(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "CREATE TABLE first ()", "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id)")
    done = await terminated(dsn, wanted, "CREATE INDEX%", "LOCK TABLE a IN ROW EXCLUSIVE MODE")
    assert (done.status, done.resumable) == ("failed", True)
    assert done.stands[0] == "Statement 1 (CREATE TABLE first ()) stands."
    assert "begun outside a transaction" in done.stands[1]
    again = await execute(dsn, wanted)
    assert (again.status, [s.outcome for s in again.steps]) == ("applied", ["already-done", "done"])
    assert await value(dsn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") is True


async def test_a_terminated_drop_of_an_index_is_finished(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "CREATE INDEX a_id ON a (id)")
    wanted = await order(dsn, "DROP INDEX CONCURRENTLY public.a_id")
    done = await terminated(dsn, wanted, "DROP INDEX%", "LOCK TABLE a IN ACCESS SHARE MODE")
    assert done.status == "failed"
    again = await execute(dsn, wanted)
    assert again.status == "applied"
    assert not await value(dsn, "SELECT to_regclass('a_id') IS NOT NULL")


async def test_an_interrupted_reindex_leaves_nothing_behind(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "CREATE INDEX a_id ON a (id)")
    wanted = await order(dsn, "REINDEX INDEX CONCURRENTLY a_id")
    done = await terminated(dsn, wanted, "REINDEX%", "LOCK TABLE a IN ROW EXCLUSIVE MODE")
    assert done.status == "failed"
    assert (await execute(dsn, wanted)).status == "applied"
    assert await value(dsn, "SELECT array_agg(relname::text) FROM pg_class WHERE relname LIKE 'a\\_id%'") == ["a_id"]


async def test_an_interrupted_detach_is_finalized(dsn: str) -> None:
    await sql(
        dsn,
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)",
    )
    wanted = await order(dsn, "ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY")
    done = await terminated(dsn, wanted, "ALTER TABLE parts%", "LOCK TABLE parts IN ACCESS SHARE MODE")
    assert done.status == "failed"
    assert (await execute(dsn, wanted)).status == "applied"
    assert not await value(dsn, "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'parts'::regclass)")


async def test_an_index_finished_before_its_journal_row_is_recognised(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int, t text)")
    wanted = await order(dsn, "CREATE INDEX CONCURRENTLY ON a (id, lower(t)) WHERE id > 0", "CREATE TABLE last ()")
    await terminated(dsn, wanted, "CREATE INDEX%", "LOCK TABLE a IN ROW EXCLUSIVE MODE")
    (name,) = [await value(dsn, "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'a'::regclass")]
    await sql(dsn, f"REINDEX INDEX {name}")
    done = await execute(dsn, wanted)
    assert (done.status, [s.outcome for s in done.steps]) == ("applied", ["already-done", "done"])
    assert await value(dsn, "SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass") == 1


async def test_an_index_of_the_name_with_another_definition_is_not_taken_for_it(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int, t text)")
    wanted = await order(dsn, "CREATE INDEX CONCURRENTLY a_id ON a (id)")
    await terminated(dsn, wanted, "CREATE INDEX%", "LOCK TABLE a IN ROW EXCLUSIVE MODE")
    await sql(dsn, "DROP INDEX a_id", "CREATE INDEX a_id ON a (t)")
    done = await execute(dsn, wanted)
    assert done.status == "failed"
    assert "does not tell whether it is done" in (done.reason or "")
    assert (
        await value(dsn, "SELECT pg_get_indexdef('a_id'::regclass)") == "CREATE INDEX a_id ON public.a USING btree (t)"
    )


async def test_a_vacuum_is_simply_run_again(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "VACUUM (FULL) a")
    done = await terminated(dsn, wanted, "VACUUM%", "LOCK TABLE a IN ACCESS SHARE MODE")
    assert done.status == "failed"
    assert (await execute(dsn, wanted)).status == "applied"


async def test_a_database_that_stays_away_leaves_the_outcome_open(dsn: str) -> None:
    """The database is renamed while the run waits, so that nobody can ask its journal for a time."""
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "a: ALTER TABLE a ADD COLUMN c int")
    elsewhere = dsn.replace(dsn.split("@/")[1].split("?", maxsplit=1)[0], "postgres")
    name = dsn.split("@/")[1].split("?", maxsplit=1)[0]

    results: list[Execution] = []

    async def go() -> None:
        results.append(await execute(dsn, wanted, replace(STEADFAST, reconnect=0.1)))

    async with session(dsn) as blocker, anyio.create_task_group() as group:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("LOCK TABLE a")
        group.start_soon(go)
        pid = await until_waiting(dsn, "ALTER TABLE a%")
        await sql(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await blocker.fetchval("SELECT pg_terminate_backend($1)", pid)
    await sql(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert (results[0].status, results[0].busy) == ("failed", True)
    assert "same token" in (results[0].remedy or "")
    assert (await execute(dsn, wanted)).status == "applied"


async def test_a_session_ended_between_two_statements_is_resolved_too(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
    wanted = await order(dsn, "CREATE TABLE first ()", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)")
    assert (await execute(dsn, wanted)).resumable
    await sql(dsn, "DELETE FROM a")

    class Cut(Said):
        async def __call__(self, message: str) -> None:
            if message.startswith("Resuming"):
                await sql(
                    dsn,
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'db-migrate' AND datname = current_database()",
                )

    cut = await execute(dsn, wanted, said=Cut())
    assert (cut.status, cut.resumable, [s.outcome for s in cut.steps]) == ("failed", True, ["done", "not-run"])
    assert "between two statements" in (cut.reason or "")
    assert (await execute(dsn, wanted)).status == "applied"
