"""What a run does to a real database, and what it says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import pytest

from db_migrate.postgres.locks import RUNNER
from db_migrate.postgres.runner import PostgresRunner
from db_migrate_tools.evidence import Execution
from db_migrate_tools.ports import Refused
from execution.support import (
    QUICK,
    STEADFAST,
    Said,
    execute,
    order,
    provider,
    rows,
    runner,
    session,
    sql,
    statement,
    target,
    until_waiting,
    value,
)

EXISTS = "SELECT to_regclass($1) IS NOT NULL"


async def test_a_migration_is_applied_with_its_history_in_both_places(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a (id int)", "a: ALTER TABLE a ADD COLUMN b text")
    done = await execute(dsn, wanted)
    assert done.status == "applied"
    assert [s.outcome for s in done.steps] == ["done", "done"]
    assert done.fingerprint_after == (await target(dsn).facts()).fingerprint != wanted.fingerprint
    assert done.total_ms > 0
    (row,) = await rows(
        dsn,
        "SELECT version, name, plan_id, digest, sql, rollback, approved_by, rolled_back_by FROM db_migrate.migrations",
    )
    texts = [s.text for s in wanted.statements]
    assert row == (
        wanted.version,
        "change",
        wanted.plan_id,
        wanted.digest,
        texts,
        ["SELECT 'back'"],
        "Ada",
        None,
    )
    assert await rows(dsn, "SELECT version, statements, name FROM supabase_migrations.schema_migrations") == [
        (wanted.version, texts, "change")
    ]
    assert await value(dsn, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_second_execution_of_an_applied_plan_runs_nothing(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)")
    first = await execute(dsn, wanted)
    again = await execute(dsn, wanted)
    assert again.status == "applied"
    assert again.resumed
    assert {s.outcome for s in again.steps} == {"already-done"}
    assert again.fingerprint_after == first.fingerprint_after
    assert await value(dsn, "SELECT count(*) FROM a") == 1


async def test_a_failing_third_statement_rolls_back_all(dsn: str) -> None:
    wanted = await order(
        dsn,
        "CREATE TABLE a (id int PRIMARY KEY)",
        "INSERT INTO a VALUES (1)",
        "INSERT INTO a VALUES (1)",
        "CREATE TABLE b ()",
    )
    done = await execute(dsn, wanted)
    assert done.status == "rolled_back"
    assert [s.outcome for s in done.steps] == ["rolled_back", "rolled_back", "failed", "not-run"]
    error = done.steps[2].error
    assert error is not None
    assert error.sqlstate == "23505"
    assert "Statement 3" in (done.reason or "")
    assert "duplicate rows" in (done.remedy or "")
    assert done.stands == ()
    assert not await value(dsn, EXISTS, "a")
    assert await rows(dsn, "SELECT state FROM db_migrate.runs") == [("rolled_back",)]
    assert (await target(dsn).facts()).journal_pending is None
    assert await value(dsn, "SELECT count(*) FROM db_migrate.migrations") == 0


async def test_a_violation_that_only_the_commit_finds_rolls_back_all(dsn: str) -> None:
    await sql(
        dsn, "CREATE TABLE p (id int PRIMARY KEY)", "CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
    )
    done = await execute(dsn, await order(dsn, "INSERT INTO c VALUES (7)"))
    assert done.status == "rolled_back"
    assert "The commit failed" in (done.reason or "")
    assert [s.outcome for s in done.steps] == ["rolled_back"]
    assert await value(dsn, "SELECT count(*) FROM c") == 0


async def test_a_rolled_back_plan_runs_when_it_is_executed_again(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
    wanted = await order(dsn, "ALTER TABLE a ADD UNIQUE (id)")
    assert (await execute(dsn, wanted)).status == "rolled_back"
    await sql(dsn, "DELETE FROM a")
    assert (await execute(dsn, wanted)).status == "applied"


async def test_a_concurrent_index_in_the_middle_splits_the_run(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(
        dsn,
        "a: ALTER TABLE a ADD COLUMN b int",
        "CREATE INDEX CONCURRENTLY a_b ON a (b)",
        "CREATE TABLE later ()",
        "DROP INDEX CONCURRENTLY a_b",
    )
    done = await execute(dsn, wanted)
    assert done.status == "applied"
    assert [s.outcome for s in done.steps] == ["done"] * 4
    assert await value(dsn, EXISTS, "later")
    assert not await value(dsn, EXISTS, "a_b")
    assert await value(dsn, "SELECT array_agg(state ORDER BY number) FROM db_migrate.steps") == ["done"] * 4


async def test_what_was_committed_before_a_failure_stands_and_the_same_order_resumes(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
    wanted = await order(
        dsn, "CREATE TABLE first ()", 'CREATE UNIQUE INDEX CONCURRENTLY "a_id" ON a (id)', "CREATE TABLE last ()"
    )
    done = await execute(dsn, wanted)
    assert done.status == "failed"
    assert done.resumable
    assert [s.outcome for s in done.steps] == ["done", "failed", "not-run"]
    assert done.stands == ("Statement 1 (CREATE TABLE first ()) stands.",)
    assert "resumes at statement 2" in (done.remedy or "")
    assert not await value(dsn, EXISTS, "a_id"), "the invalid remains are taken away"
    assert (await target(dsn).facts()).journal_pending == wanted.plan_id

    await sql(dsn, "DELETE FROM a")
    again = await execute(dsn, wanted)
    assert again.status == "applied"
    assert again.resumed
    assert [s.outcome for s in again.steps] == ["already-done", "done", "done"]
    assert (await target(dsn).facts()).journal_pending is None


async def test_a_run_is_not_resumed_over_a_schema_that_someone_changed(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
    wanted = await order(dsn, "CREATE TABLE first ()", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)")
    assert (await execute(dsn, wanted)).status == "failed"
    await sql(dsn, "DELETE FROM a", "CREATE TABLE intruder ()")
    again = await execute(dsn, wanted)
    assert again.status == "failed"
    assert "changed since this run was interrupted" in (again.reason or "")
    assert [s.outcome for s in again.steps] == ["already-done", "not-run"]
    assert again.stands == ("Statement 1 (CREATE TABLE first ()) stands.",)


async def test_a_schema_changed_since_the_preview_is_refused_and_nothing_runs(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    await sql(dsn, "CREATE TABLE intruder ()")
    done = await execute(dsn, wanted)
    assert done.status == "refused"
    assert "changed since the preview" in (done.reason or "")
    assert "Plan again" in (done.remedy or "")
    assert not await value(dsn, EXISTS, "a")
    assert not await value(dsn, "SELECT to_regnamespace('db_migrate') IS NOT NULL")


async def test_another_database_is_refused_by_name(dsn: str, make_database: Callable[[], Awaitable[str]]) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    done = await execute(await make_database(), wanted)
    assert done.status == "refused"
    assert "not the database that was approved" in (done.reason or "")
    assert "database OID" in (done.reason or "")


async def test_another_environment_or_an_empty_plan_is_refused(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    assert (await execute(dsn, replace(wanted, env="prod"))).status == "refused"
    assert "no statements" in ((await execute(dsn, replace(wanted, statements=()))).reason or "")


async def test_a_taken_version_and_a_plan_with_other_content_are_refused(dsn: str) -> None:
    first = await order(dsn, "CREATE TABLE a ()")
    await execute(dsn, first)
    second = await order(dsn, "CREATE TABLE b ()")
    assert "already has a migration 20260101000000" in ((await execute(dsn, second)).reason or "")
    altered = replace(first, digest="other")
    assert "another content" in ((await execute(dsn, altered)).reason or "")


async def test_the_settings_are_the_approved_ones_whatever_the_role_has(dsn: str) -> None:
    await sql(dsn, "CREATE SCHEMA app")
    wanted = await order(dsn, "CREATE TABLE here ()", "CREATE TABLE t AS SELECT current_setting('TimeZone') AS zone")
    wanted = replace(wanted, settings=replace(wanted.settings, search_path="app", timezone="Asia/Tokyo"))
    assert (await execute(dsn, wanted)).status == "applied"
    assert await value(dsn, EXISTS, "app.here")
    assert await value(dsn, "SELECT zone FROM app.t") == "Asia/Tokyo"


async def test_a_read_only_role_and_a_missing_privilege_are_refused_before_anything_runs(dsn: str) -> None:
    name = dsn.split("@/")[1].split("?", maxsplit=1)[0]
    role = f"plain_{name}"
    await sql(dsn, f"CREATE ROLE {role} LOGIN")
    try:
        as_role = dsn.replace("postgres@", f"{role}@")
        wanted = await order(as_role, "SELECT 1")
        done = await execute(as_role, wanted)
        assert done.status == "refused"
        assert "may not create the journal" in (done.reason or "")
        await sql(dsn, f"ALTER ROLE {role} SET default_transaction_read_only = on")
        assert "read-only" in ((await execute(as_role, wanted)).reason or "")
        await sql(dsn, f"ALTER ROLE {role} RESET ALL")
        await execute(dsn, await order(dsn, "CREATE TABLE a ()"))
        wanted = await order(as_role, "SELECT 1")
        assert "may not read the journal" in ((await execute(as_role, wanted)).reason or "")
        facts = await target(as_role).facts()
        assert facts.history == ()
        assert len(facts.notes) == 2
        assert "GRANT USAGE ON SCHEMA db_migrate" in facts.notes[0]
    finally:
        await sql(dsn, f"DROP ROLE {role}")


async def test_the_journal_is_closed_to_roles_that_default_privileges_favour(dsn: str) -> None:
    role = "anon_" + dsn.split("@/")[1].split("?", maxsplit=1)[0]
    await sql(
        dsn,
        f"CREATE ROLE {role}",
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}, PUBLIC",
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO {role}",
    )
    try:
        await execute(dsn, await order(dsn, "CREATE TABLE a ()"))
        for table in ("runs", "steps", "migrations"):
            assert not await value(dsn, "SELECT has_table_privilege($1, $2, 'SELECT')", role, f"db_migrate.{table}")
        assert not await value(dsn, "SELECT has_schema_privilege($1, 'db_migrate', 'USAGE')", role)
        assert "Journal of db-migrate" in str(await value(dsn, "SELECT obj_description('db_migrate'::regnamespace)"))
    finally:
        await sql(dsn, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_an_old_history_table_of_the_supabase_cli_is_completed(dsn: str) -> None:
    await sql(
        dsn,
        "CREATE SCHEMA supabase_migrations",
        "CREATE TABLE supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY)",
        "INSERT INTO supabase_migrations.schema_migrations VALUES ('20250101000000')",
    )
    assert (await execute(dsn, await order(dsn, "CREATE TABLE a ()"))).status == "applied"
    history = await target(dsn).history(10)
    assert [(m.version, m.plan_id is None) for m in history] == [("20260101000000", False), ("20250101000000", True)]


async def test_undoing_goes_forward_a_migration_of_its_own_beside_the_one_that_it_undoes(dsn: str) -> None:
    await execute(dsn, await order(dsn, "CREATE TABLE a ()"))
    back = await order(dsn, "DROP TABLE a", version="20260102000000", undoes="20260101000000")
    assert (await execute(dsn, back)).status == "applied"
    newest, undone = await target(dsn).history(10)
    assert (newest.version, newest.rolled_back_by) == ("20260102000000", None)
    assert (undone.version, undone.rolled_back_by) == ("20260101000000", "20260102000000")
    assert await rows(
        dsn, "SELECT version, statements, name FROM supabase_migrations.schema_migrations ORDER BY 1"
    ) == [
        ("20260101000000", ["CREATE TABLE a ()"], "change"),
        ("20260102000000", ["DROP TABLE a"], "change"),
    ]
    twice = await order(dsn, "SELECT 1", version="20260103000000", undoes="20260101000000")
    assert "already rolled back, by 20260102000000" in ((await execute(dsn, twice)).reason or "")


async def test_a_lock_that_another_session_holds_is_waited_for_and_then_had(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "CREATE TABLE b ()")
    wanted = await order(dsn, "CREATE TABLE first ()", "a: ALTER TABLE a ADD COLUMN c int")
    said = Said()
    patient = replace(QUICK, lock_wait=60.0)
    results: list[Execution] = []
    async with session(dsn, "report job") as blocker, anyio.create_task_group() as group:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("LOCK TABLE a IN ACCESS SHARE MODE")

        async def go() -> None:
            results.append(await execute(dsn, wanted, patient, said))

        group.start_soon(go)
        while not any("is tried again" in m for m in said.messages):
            await blocker.fetchval("SELECT pg_sleep(0.01)")
        await held.commit()
    (done,) = results
    assert done.status == "applied"
    assert done.steps[0].attempts == done.steps[1].attempts > 1
    assert done.steps[0].lock_wait_ms > 0
    assert any("report job" in m and "clear moment" in m for m in said.messages)


async def test_a_run_that_never_gets_its_lock_gives_up_and_names_who_holds_it(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "CREATE TABLE first ()", "a: ALTER TABLE a ADD COLUMN c int")
    async with session(dsn, "report job") as blocker, blocker.transaction():
        await blocker.execute("SELECT 'secret literal' FROM a")
        done = await execute(dsn, wanted)
    assert done.status == "rolled_back"
    assert done.steps[1].outcome == "failed"
    assert done.steps[1].attempts > 1
    assert f"pid {blocker.get_server_pid()} (report job), role postgres" in done.blockers[0]
    assert "could not get its locks after" in (done.reason or "")
    assert "secret literal" not in repr(done)
    assert not await value(dsn, EXISTS, "first")


async def test_an_opaque_statement_s_blocker_is_named_too(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "DO $$ BEGIN ALTER TABLE a ADD COLUMN c int; END $$")
    patience = replace(QUICK, knock_ms=(2000, 2000))
    async with session(dsn, "report job") as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE a IN SHARE MODE")
        done = await execute(dsn, wanted, patience)
    assert done.status == "rolled_back"
    assert "report job" in done.blockers[0]


async def test_a_schema_changed_while_the_run_waited_stops_it(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "a: ALTER TABLE a ADD COLUMN c int")
    said = Said()
    results: list[Execution] = []
    async with session(dsn) as blocker, anyio.create_task_group() as group:

        async def go() -> None:
            results.append(await execute(dsn, wanted, replace(QUICK, lock_wait=60.0), said))

        held = blocker.transaction()
        await held.start()
        await blocker.execute("ALTER TABLE a ADD COLUMN intruder int")
        group.start_soon(go)
        while not said.messages:
            await blocker.fetchval("SELECT pg_sleep(0.01)")
        await held.commit()
    assert results[0].status in ("rolled_back", "refused")
    assert "changed" in (results[0].reason or "")


async def test_a_concurrent_build_that_cannot_finish_names_the_old_transaction(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "CREATE INDEX CONCURRENTLY a_id ON a (id)")
    said = Said()
    async with session(dsn, "nightly dump") as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
        done = await execute(dsn, wanted, QUICK, said)
    assert done.status == "failed"
    assert "nightly dump" in done.blockers[0]
    assert "The invalid index public.a_id is left half-done" in done.stands[0]
    assert any("nightly dump" in m for m in said.messages)
    assert done.steps[0].lock_wait_ms > 0
    assert (await execute(dsn, wanted)).status == "applied"
    assert await value(dsn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass")


async def test_another_runner_is_waited_for_and_named(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    said = Said()
    async with session(dsn, "other replica") as other:
        await other.execute(f"SELECT pg_advisory_lock({RUNNER[0]}, {RUNNER[1]})")
        done = await execute(dsn, wanted, QUICK, said)
    assert (done.status, done.busy) == ("refused", True)
    assert "other replica" in (done.reason or "")
    assert "other replica" in said.messages[0]
    assert (await execute(dsn, wanted)).status == "applied"


async def test_two_executions_at_once_apply_once(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)")
    results: list[Execution] = []

    async def go() -> None:
        results.append(await execute(dsn, wanted, STEADFAST))

    async with anyio.create_task_group() as group:
        group.start_soon(go)
        group.start_soon(go)
    assert [r.status for r in results] == ["applied", "applied"]
    assert sorted(r.steps[0].outcome for r in results) == ["already-done", "done"]
    assert await value(dsn, "SELECT count(*) FROM a") == 1


async def test_a_cancelled_caller_waits_for_the_end(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "a: ALTER TABLE a ADD COLUMN c int")
    results: list[Execution] = []
    async with session(dsn) as blocker, anyio.create_task_group() as group:
        held = blocker.transaction()
        await held.start()
        await blocker.execute("LOCK TABLE a")

        async def go() -> None:
            results.append(await execute(dsn, wanted, STEADFAST))

        group.start_soon(go)
        await until_waiting(dsn, "ALTER TABLE a%")
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await held.commit()
    assert results[0].status == "applied"
    assert await value(dsn, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'c'") == 1


async def test_a_departed_client_does_not_stop_a_run(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")

    async def gone(message: str) -> None:
        raise anyio.ClosedResourceError(message)

    async with session(dsn) as other:
        await other.execute(f"SELECT pg_advisory_lock({RUNNER[0]}, {RUNNER[1]})")
        assert (await runner(dsn).execute(wanted, gone)).busy
    assert (await runner(dsn).execute(wanted, gone)).status == "applied"


async def test_a_run_that_takes_longer_than_allowed_is_cut_and_resolved(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    wanted = await order(dsn, "a: ALTER TABLE a ADD COLUMN c int")
    async with session(dsn) as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE a IN ACCESS SHARE MODE")
        done = await execute(dsn, wanted, replace(STEADFAST, total=0.5))
    assert done.status == "rolled_back"
    assert "longer than" in (done.reason or "")


async def test_an_unreachable_database_decides_nothing(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    done = await execute("postgresql://postgres@/postgres?host=/nowhere", wanted)
    assert (done.status, done.busy) == ("refused", True)
    assert "Nothing answers at /nowhere" in (done.reason or "")


@pytest.mark.parametrize(
    "dsn_now", ["mysql://x", "postgresql://nobody_of_this_name@", "postgresql://postgres@/nowhere?"]
)
async def test_a_url_that_is_wrong_is_refused_and_the_order_stays_open(dsn: str, dsn_now: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    socket_of = dsn.partition("?")[2]
    if "postgresql" in dsn_now:
        dsn_now = f"{dsn_now}{'' if '?' in dsn_now else '/postgres?'}{socket_of}"
    done = await execute(dsn_now, wanted)
    assert (done.status, done.busy, done.resumable) == ("refused", False, True)
    assert (await execute(dsn, wanted)).status == "applied"


async def test_a_variable_that_is_not_set_is_refused_and_not_waited_for(dsn: str) -> None:
    async def unset() -> str:
        raise Refused("DATABASE_URL is not set.", "Set it.")

    wanted = await order(dsn, "CREATE TABLE a ()")
    done = await PostgresRunner("dev", unset).execute(wanted, Said())
    assert (done.status, done.busy, done.resumable, done.remedy) == ("refused", False, True, "Set it.")


async def test_a_statement_s_text_must_be_the_one_in_the_journal(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "INSERT INTO a VALUES (1), (1)")
    wanted = await order(dsn, "CREATE TABLE first ()", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)")
    await execute(dsn, wanted)
    other = replace(wanted, statements=(statement(1, "CREATE TABLE other ()"), wanted.statements[1]))
    done = await execute(dsn, other)
    assert done.status == "failed"
    assert "another text for Statement 1" in (done.reason or "")


async def test_the_own_version_is_recorded_when_none_is_given(dsn: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    await PostgresRunner("dev", provider(dsn)).execute(wanted, Said())
    assert await value(dsn, "SELECT tool_version FROM db_migrate.runs") not in (None, "test")
