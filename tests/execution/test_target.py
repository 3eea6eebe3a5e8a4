"""What planning reads from a target, and what the probes make of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import anyio
import pytest

from db_migrate.postgres.connect import Unreachable
from db_migrate.postgres.dsn import parse
from db_migrate.postgres.identity import differences, read_identity
from db_migrate.postgres.locks import in_the_way, lock_taken, wanted, watch
from db_migrate.postgres.target import PostgresTarget
from db_migrate_tools.evidence import TableSize
from db_migrate_tools.health import check_facts, validate
from db_migrate_tools.ports import Refused
from db_migrate_tools.schema.model import Ref
from execution.support import QUICK, Said, execute, order, provider, session, sql, statement, target


async def test_facts_hold_catalog_sizes_settings_and_history(dsn: str) -> None:
    name = dsn.split("@/")[1].split("?", maxsplit=1)[0]
    await sql(
        dsn,
        "CREATE TABLE a (id int)",
        "INSERT INTO a SELECT generate_series(1, 500)",
        "CREATE TABLE fresh (id int)",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one",
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)",
        "INSERT INTO parts SELECT generate_series(0, 9)",
        "ANALYZE a",
        "ANALYZE parts",
        f'ALTER DATABASE "{name}" SET search_path = app, public',
        f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'",
    )
    facts = await target(dsn).facts()
    assert Ref("table", "public", "a") in facts.catalog
    assert facts.sizes[Ref("table", "public", "a")].rows == 500
    assert facts.sizes[Ref("table", "public", "a")].bytes > 8192
    assert facts.sizes[Ref("table", "public", "fresh")] == TableSize(rows=0, bytes=0, exact=True)
    assert facts.sizes[Ref("table", "public", "parts")].rows == 10
    assert Ref("view", "public", "m") in facts.sizes
    assert (facts.settings.search_path, facts.settings.timezone) == ("app, public", "Asia/Tokyo")
    assert facts.history == ()
    assert facts.latency_ms > 0
    assert facts.long_transactions == 0
    assert facts.notes == ()
    assert facts.identity == await target(dsn).identity()
    assert facts.identity.system_identifier.isdigit()
    assert facts.identity.database == name


async def test_a_read_only_target_says_so_and_an_embedded_one_names_no_socket(dsn: str) -> None:
    found = await PostgresTarget("prod", provider(dsn), read_only=True, embedded=True).identity()
    assert (found.env, found.host, found.read_only, found.embedded) == ("prod", "embedded", True, True)


async def test_identity_falls_back_where_the_cluster_s_number_is_not_for_this_role(dsn: str) -> None:
    role = "weak_" + dsn.split("@/")[1].split("?", maxsplit=1)[0]
    await sql(dsn, f"CREATE ROLE {role} LOGIN", "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    try:
        as_role = dsn.replace("postgres@", f"{role}@")
        weak = await target(as_role).identity()
        assert weak.system_identifier.startswith("unverified:")
        async with session(dsn) as connection:
            strong = await read_identity(connection, "dev", parse(dsn))
            alike = await read_identity(connection, "dev", parse(dsn), like=weak)
        assert strong.system_identifier.isdigit()
        assert differences(weak, alike) == (f"role {role} was approved, postgres answers",)
        assert differences(replace(weak, read_only=True), alike) == ()
    finally:
        await sql(dsn, f"DROP ROLE {role}", "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")


def test_no_secret_is_in_the_repr_of_a_target() -> None:
    assert "canary" not in repr(PostgresTarget("dev", provider("postgresql://u:canary@h/d")))


async def test_a_table_locked_exclusively_is_told_after_a_while(dsn: str) -> None:
    """Its patience is five seconds; cancelling the waiting backend takes the same path at once."""
    await sql(dsn, "CREATE TABLE a (id int)")
    reader = PostgresTarget("dev", provider(dsn + "&options=-c%20application_name%3Dx"))

    async with session(dsn) as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE a")
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                async with session(dsn, "canceller") as other:
                    while not await other.fetchval(
                        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
                        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ):
                        await other.fetchval("SELECT pg_sleep(0.01)")

            group.start_soon(cancel)
            with pytest.raises(Refused, match="could not be read in time"):
                await reader.facts()


async def test_a_session_that_ends_amid_reading_is_unreachable(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")

    async with session(dsn) as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE a")
        async with anyio.create_task_group() as group:

            async def end() -> None:
                async with session(dsn, "ender") as other:
                    while not await other.fetchval(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ):
                        await other.fetchval("SELECT pg_sleep(0.01)")

            group.start_soon(end)
            with pytest.raises(Refused, match="ended the session"):
                await target(dsn).facts()


async def test_health_warns_of_what_hinders_a_migration(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)", "CREATE INDEX bad ON a (id)")
    await sql(dsn, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass")
    facts = await target(dsn).facts()
    by_name = {c.name: c for c in check_facts(facts)}
    assert by_name["connection"].status == "pass"
    assert by_name["server version"].status == "pass"
    assert by_name["indexes"].status == "warn"
    assert "public.bad" in by_name["indexes"].detail
    assert "does not tell" in by_name["backup"].detail
    worse = replace(
        facts,
        latency_ms=900.0,
        long_transactions=2,
        journal_pending="p1",
        notes=("may not",),
        identity=replace(facts.identity, server_version_num=190001),
    )
    told = {c.name: c for c in check_facts(worse)}
    assert {told[n].status for n in ("connection", "server version", "long transactions", "journal", "privileges")} == {
        "warn"
    }
    assert "p1" in told["journal"].detail
    used, most = facts.connections or (0, 0)
    assert 0 < used < most
    crowded = {c.name: c.status for c in check_facts(replace(facts, connections=(most, most)))}
    assert (by_name["connections"].status, crowded["connections"]) == ("pass", "warn")


async def test_validation_looks_at_schema_indexes_constraints_and_history(dsn: str) -> None:
    await sql(dsn, "CREATE TABLE a (id int)")
    plan = await order(dsn, "ALTER TABLE a ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")
    before = (await target(dsn).facts()).catalog
    missing = {c.name: c.status for c in validate(await target(dsn).facts(), plan)}
    assert missing["history"] == "fail"
    done = await execute(dsn, plan)
    checks = {
        c.name: c for c in validate(await target(dsn).facts(), plan, expected=done.fingerprint_after, before=before)
    }
    assert {n: c.status for n, c in checks.items()} == {
        "connection": "pass",
        "schema": "pass",
        "indexes": "pass",
        "constraints": "warn",
        "history": "pass",
    }
    assert "positive" in checks["constraints"].detail
    await sql(
        dsn, "CREATE INDEX bad ON a (id)", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass"
    )
    after = {c.name: c for c in validate(await target(dsn).facts(), plan, expected="another", before=before)}
    assert after["schema"].status == "warn"
    assert after["indexes"].status == "fail"


def test_the_lock_of_a_statement_follows_from_its_kind() -> None:
    assert lock_taken(statement(1, "ALTER TABLE a ADD COLUMN b int")) == "AccessExclusiveLock"
    assert lock_taken(statement(1, "ALTER TABLE a VALIDATE CONSTRAINT c")) == "ShareUpdateExclusiveLock"
    assert lock_taken(statement(1, "CREATE INDEX i ON a (b)")) == "ShareLock"
    assert lock_taken(statement(1, "DO $$ $$")) is None


async def test_a_reader_is_in_the_way_of_a_rewrite_but_not_of_an_index(dsn: str) -> None:
    await sql(
        dsn,
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)",
    )
    async with session(dsn, "reader") as reader, session(dsn) as other, reader.transaction():
        await reader.execute("LOCK TABLE ONLY parts_1 IN ACCESS SHARE MODE")
        alters = await wanted(other, [statement(1, "ALTER TABLE parts ADD COLUMN x int", "parts")])
        indexes = await wanted(other, [statement(1, "CREATE INDEX i ON parts (id)", "parts")])
        (found,) = await in_the_way(other, alters)
        assert (found.application, found.relation) == ("reader", "parts_1")
        assert await in_the_way(other, indexes) == ()
        none = await wanted(other, [statement(1, "ALTER TABLE a.b.c.d ADD x int", "a.b.c.d")])
        assert none.pairs == ()


async def test_a_transaction_whose_age_is_hidden_is_timed_by_watching(dsn: str) -> None:
    role = "plain_" + dsn.split("@/")[1].split("?", maxsplit=1)[0]
    await sql(dsn, "CREATE TABLE a (id int)", f"CREATE ROLE {role} LOGIN", f"GRANT ALL ON a TO {role}")
    try:
        as_role = dsn.replace("postgres@", f"{role}@")
        async with session(dsn) as blocker, session(as_role) as other, blocker.transaction():
            await blocker.execute("LOCK TABLE a IN ACCESS SHARE MODE")
            needs = await wanted(other, [statement(1, "ALTER TABLE a ADD x int", "a")])
            ticks = iter(range(100))
            ms, old = await watch(other, needs, QUICK, Said(), until=5.0, clock=lambda: float(next(ticks)))
            assert ms >= 1000
            assert [(h.age_ms, h.state) for h in old] == [(None, "state unknown")]
    finally:
        await sql(dsn, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_a_database_that_hangs_is_given_up_with_a_sentence(dsn: str) -> None:
    await execute(dsn, await order(dsn, "CREATE TABLE a ()"))
    hasty = PostgresTarget("dev", provider(dsn), reading=0.3, asking=0.3)
    async with session(dsn) as other, other.transaction():
        await other.execute("LOCK TABLE supabase_migrations.schema_migrations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
            await hasty.history(1)
        with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
            await hasty.facts()


async def test_who_the_database_is_is_not_asked_for_ever(dsn: str) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        hasty = PostgresTarget("dev", provider(f"postgresql://a@{host}:{port}/a?sslmode=disable"), asking=0.3)
        with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
            await hasty.identity()
