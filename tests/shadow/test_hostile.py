"""SQL that means harm, or never ends, and what is left of it."""

from __future__ import annotations

import secrets
from dataclasses import replace

import anyio
import asyncpg
import pytest

from clusters import binaries_of, running
from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate.shadow.roles import Cast, Casting
from db_migrate.shadow.server import settings_of
from db_migrate.shadow.stage import stage
from db_migrate.shadow.sweeping import Sweeper
from db_migrate_tools.evidence import Env, Rehearsal, SessionSettings
from db_migrate_tools.ports import Refused
from db_migrate_tools.schema.kinds import EventTrigger
from db_migrate_tools.schema.model import Catalog
from shadow.rehearser import Rehearser, by_hand, execute, facts_of, seen, silent, statements

SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, age int)"
UNSTOPPABLE = """DO $$ BEGIN
    LOOP
        BEGIN PERFORM pg_sleep(0.001); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP;
END $$"""


@pytest.fixture
async def impatient(server: Cluster) -> ShadowRehearsal:
    async def start(_: int | None) -> Cluster:
        return server

    async def no_dump(_: Env) -> str | None:
        return None

    return ShadowRehearsal(start, no_dump, deadline=0.5)


async def leftovers(server: Cluster, *shadows: ShadowRehearsal) -> list[str]:
    """Databases, roles and sessions of rehearsals that are there, and settings that outlived them, once the shadows
    have swept.
    """
    for shadow in shadows:
        await shadow.settle()
    admin = await server.connect()
    found = await admin.fetch(
        "SELECT datname::text FROM pg_database WHERE datname LIKE 'dbm_run%' "
        "UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'dbm_run%' "
        "UNION ALL SELECT usename FROM pg_stat_activity WHERE usename LIKE 'dbm_run%' "
        "UNION ALL SELECT setconfig::text FROM pg_db_role_setting"
    )
    await admin.close()
    return [str(row[0]) for row in found]


@pytest.mark.parametrize("loop", ["SELECT pg_sleep(1000)", UNSTOPPABLE], ids=["sleep", "survives cancelling"])
async def test_an_endless_statement_ends_at_the_deadline_and_leaves_nothing(
    rehearse: Rehearser, impatient: ShadowRehearsal, server: Cluster, loop: str
) -> None:
    target = await rehearse.target("")
    rehearsal = await impatient.rehearse(target, by_hand("SELECT 1", loop, "SELECT 2"), (), silent)
    first, second, third = rehearsal.observations
    assert rehearsal.ran
    assert first.error is None
    assert second.error is not None
    assert second.error.sqlstate == "57014"
    assert second.error.limit == "time"
    assert second.error.message == "still running after 0.5 s on a copy without rows, so it was stopped"
    assert third.why_not == "Statement 2 failed first."
    assert (rehearsal.after, rehearsal.rollback) == (None, None)
    assert await leftovers(server, impatient) == []


async def test_an_endless_rollback_ends_at_the_deadline(
    rehearse: Rehearser, impatient: ShadowRehearsal, server: Cluster
) -> None:
    target = await rehearse.target("")
    rehearsal = await impatient.rehearse(target, by_hand("SELECT 1"), by_hand("SELECT pg_sleep(1000)"), silent)
    assert rehearsal.after is not None
    assert rehearsal.rollback is not None
    assert rehearsal.rollback.proof == "not-proven"
    assert rehearsal.rollback.why == "The rollback did not end within 0.5 s."
    assert await leftovers(server, impatient) == []


async def test_a_cancelled_rehearsal_leaves_nothing(rehearse: Rehearser, server: Cluster) -> None:
    target = await rehearse.target(SCHEMA)
    with anyio.CancelScope() as scope:

        async def cancel(text: str) -> None:
            if text.startswith("Rehearsing statement 2"):
                scope.cancel()

        await rehearse.shadow.rehearse(target, by_hand("SELECT 1", "SELECT pg_sleep(1000)"), (), cancel)
    assert scope.cancelled_caught
    assert await leftovers(server, rehearse.shadow) == []


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/pwned'",
        "COPY users FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET work_mem = '1GB'",
        "CREATE ROLE admin SUPERUSER",
        "SET ROLE db_migrate_shadow",
        "SET SESSION AUTHORIZATION db_migrate_shadow",
        "LOAD '/tmp/evil.so'",
        "SELECT lo_import('/etc/passwd')",
        "CREATE EXTENSION dblink",
        "CREATE TABLESPACE mine LOCATION '/tmp'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/evil.so'",
        "CREATE SUBSCRIPTION s CONNECTION 'host=example.org' PUBLICATION p WITH (connect = false)",
        "SET temp_file_limit = -1",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'db_migrate_shadow'",
    ],
)
async def test_what_needs_power_is_denied(rehearse: Rehearser, sql: str) -> None:
    target = await rehearse.target(SCHEMA, superuser=False)
    rehearsal = await rehearse.shadow.rehearse(target, by_hand(sql), (), silent)
    found = rehearsal.observations[0]
    if found.error is None:
        # The target may give its role what the shadow gives none: then it was left out here.
        assert not found.observed
        assert "permission denied" in (found.why_not or "")
        return
    # ALTER SYSTEM is refused for the transaction that it stands in before anyone asks who runs it.
    assert found.error.sqlstate in {"42501", "25001"}


async def test_settings_of_the_role_and_the_database_outlive_nothing(rehearse: Rehearser, server: Cluster) -> None:
    target = await rehearse.target(SCHEMA)
    script = by_hand(
        "ALTER ROLE CURRENT_USER SET search_path = nowhere",
        "ALTER ROLE SESSION_USER SET statement_timeout = 1",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = nowhere', current_database()); END $$",
        "ALTER ROLE CURRENT_USER PASSWORD 'mine'",
    )
    rehearsal = await rehearse.shadow.rehearse(target, script, (), silent)
    assert rehearsal.failed_at is None
    assert rehearsal.rollback is not None
    assert await leftovers(server, rehearse.shadow) == []
    assert seen(await rehearse(target, "ALTER TABLE users ADD COLUMN x int")).locks


async def powerful(server: Cluster) -> list[str]:
    admin = await server.connect()
    found = await admin.fetch(
        "SELECT rolname::text FROM pg_roles WHERE (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication "
        "OR rolbypassrls) AND rolname <> 'db_migrate_shadow'"
    )
    await admin.close()
    return [str(row[0]) for row in found]


def awake(catalog: Catalog | None) -> dict[str, str]:
    """When the event triggers run."""
    assert catalog is not None
    return {item.ref.name: item.enabled for item in catalog if isinstance(item, EventTrigger)}


RISE = """CREATE OR REPLACE FUNCTION rise() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF session_user = 'db_migrate_shadow' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'risen') THEN
        CREATE ROLE risen SUPERUSER;
    END IF;
END $$"""
CLIMBING = f"""
CREATE TABLE users (id int PRIMARY KEY);
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users;
CREATE FUNCTION mighty() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
{RISE};
CREATE EVENT TRIGGER first_of_all ON ddl_command_start EXECUTE FUNCTION rise();
CREATE EVENT TRIGGER last_of_all ON ddl_command_end EXECUTE FUNCTION rise();
ALTER EVENT TRIGGER last_of_all ENABLE ALWAYS;
CREATE EVENT TRIGGER of_replicas ON ddl_command_end EXECUTE FUNCTION rise();
ALTER EVENT TRIGGER of_replicas ENABLE REPLICA;
"""
AT_LOGIN = "CREATE EVENT TRIGGER coming ON login EXECUTE FUNCTION rise(); ALTER EVENT TRIGGER coming ENABLE ALWAYS;"


async def test_a_login_trigger_that_the_migration_rewrites_never_meets_the_superuser(
    rehearse: Rehearser, server: Cluster
) -> None:
    harmless = "CREATE FUNCTION rise() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
    target = await rehearse.target(f"{SCHEMA}; {harmless}; {AT_LOGIN}")
    script = statements(f"{RISE}; VACUUM users")
    rehearsal = await rehearse.shadow.rehearse(target, script, (), silent)
    assert seen(rehearsal, 2).locks
    assert await powerful(server) == []


async def test_event_triggers_of_the_target_do_not_run_while_its_schema_is_copied(
    rehearse: Rehearser, server: Cluster
) -> None:
    target = await rehearse.target(CLIMBING + AT_LOGIN)
    rehearsal = await rehearse(target, "ALTER TABLE users ADD COLUMN x int")
    assert awake(rehearsal.after) == awake(target.catalog)
    assert await powerful(server) == []


@pytest.mark.parametrize("dumped", [True, False], ids=["pg_dump", "catalog"])
async def test_event_triggers_of_an_older_target_do_not_run_while_its_schema_is_copied(*, dumped: bool) -> None:
    binaries = binaries_of(15)
    if binaries is None:
        pytest.skip("no binaries of Postgres 15 on this machine")
    with running(binaries) as dsn:
        async with await start_shadow(major=15) as server:

            async def start(_: int | None) -> Cluster:
                return server

            async def dump_dsn(_: Env) -> str | None:
                return dsn if dumped else None

            await execute(dsn, CLIMBING)
            shadow = ShadowRehearsal(start, dump_dsn)
            script = statements("ALTER TABLE users ADD COLUMN x int; VACUUM users")
            target = await facts_of(dsn)
            rehearsal = await shadow.rehearse(target, script, (), silent)
            assert rehearsal.schema_from == ("pg_dump" if dumped else "catalog")
            assert rehearsal.failed_at is None
            # On the copy they are awake again, those for replicas included.
            assert awake(rehearsal.after) == awake(target.catalog)
            assert await powerful(server) == []
            await shadow.settle()


async def test_what_a_role_sets_for_another_as_whom_it_acts_outlives_nothing(
    rehearse: Rehearser, server: Cluster
) -> None:
    target = await rehearse.target(SCHEMA, superuser=False, role="climber")
    script = by_hand(
        "SET ROLE second_owner",
        "ALTER ROLE second_owner SET search_path = evil",
        "ALTER ROLE second_owner PASSWORD 'mine'",
        "ALTER ROLE second_owner IN DATABASE postgres SET search_path = evil",
    )
    rehearsal = await rehearse.shadow.rehearse(replace(target, acts_as=("second_owner",)), script, (), silent)
    assert rehearsal.failed_at is None
    assert await leftovers(server, rehearse.shadow) == []
    admin = await server.connect()
    found = await admin.fetch("SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL OR rolcanlogin")
    member = await admin.fetchval("SELECT pg_has_role('climber', 'second_owner', 'MEMBER')")
    await admin.close()
    assert [row[0] for row in found] == ["db_migrate_shadow"]
    assert member is False


async def test_a_role_that_came_to_power_loses_it_before_and_after_it_acts(
    rehearse: Rehearser, server: Cluster
) -> None:
    target = await rehearse.target(SCHEMA, superuser=False, role="riser")
    target = replace(target, acts_as=("second_riser",))
    assert (await rehearse(target, "SELECT 1")).failed_at is None
    await server.execute(
        "ALTER ROLE riser SUPERUSER CREATEROLE CREATEDB REPLICATION BYPASSRLS LOGIN; ALTER ROLE second_riser SUPERUSER"
    )
    rehearsal = await rehearse.shadow.rehearse(target, by_hand("SELECT pg_read_file('PG_VERSION')"), (), silent)
    assert rehearsal.failed_at is not None
    assert await powerful(server) == []


ENDING = (
    "statement_timeout = 1",
    "idle_session_timeout = 1",
    "transaction_timeout = 1",
    "local_preload_libraries = 'nothing'",
)
MISLEADING = (
    "application_name = 'somebody'",
    "client_min_messages = error",
    "default_table_access_method = heap_two",
    "default_tablespace = pg_default",
    "default_transaction_deferrable = on",
    "default_transaction_isolation = serializable",
    "default_transaction_read_only = on",
    "exit_on_error = on",
    "idle_in_transaction_session_timeout = 1",
    "lock_timeout = 1",
    "quote_all_identifiers = on",
    "role = second_owner",
    "row_security = off",
    "search_path = evil",
    "temp_tablespaces = nowhere",
)


async def test_a_login_of_a_rehearsal_has_few_sessions(server: Cluster) -> None:
    async with stage(server, Casting(), Cast("setting_owner"), SessionSettings("public"), Sweeper(server)) as played:
        database = await played.copy("template1")
        for _ in range(5):
            await played.connect(database)
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await played.connect(database)


def current(setting: str) -> str:
    return f"pg_catalog.current_setting('{setting}')"


async def test_no_setting_of_a_migrated_database_holds_in_our_own_sessions(
    rehearse: Rehearser, server: Cluster
) -> None:
    cast = Cast("setting_owner", frozenset({"second_owner"}))
    async with stage(server, Casting(), cast, SessionSettings("public"), Sweeper(server)) as played:
        database = await played.copy("template1")
        await (await played.watch(database)).execute(
            "CREATE ACCESS METHOD heap_two TYPE TABLE HANDLER heap_tableam_handler"
        )
        owner = await played.connect(database)

        names = [setting.partition(" ")[0] for setting in (*ENDING, *MISLEADING)]
        assert {*settings_of(server.major, superuser=False), "search_path", "role"} == set(names)

        async def ours() -> list[list[str]]:
            found: list[list[str]] = []
            for session in (await played.watch(database), await played.connect(database)):
                row = await session.fetchrow(f"SELECT current_user::text, {', '.join(map(current, names))}")
                assert row is not None
                found.append([str(value) for value in row])
                await played.leave(session)
            return found

        before = await ours()
        for setting in (*ENDING, *MISLEADING):
            await owner.execute(f'ALTER DATABASE "{database}" SET {setting}')
            assert await ours() == before, setting
            await owner.execute(f'ALTER DATABASE "{database}" RESET ALL')


@pytest.mark.parametrize("setting", ENDING)
async def test_what_a_migration_sets_for_its_database_does_not_end_the_rehearsal(
    rehearse: Rehearser, setting: str
) -> None:
    target = await rehearse.target(SCHEMA, superuser=False, role="setter")
    target = replace(target, acts_as=("second_owner", "postgres"))
    told = setting.replace("'", "''")
    script = by_hand(
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {told}', current_database()); END $$",
        "ALTER TABLE users ADD COLUMN x int",
    )
    vacuum = replace(by_hand("VACUUM users", kind="VacuumStmt", transactional=False)[0], number=3)
    rehearsal = await rehearse.shadow.rehearse(target, (*script, vacuum), (), silent)
    assert rehearsal.ran, rehearsal.why_not
    assert rehearsal.failed_at is None
    assert rehearsal.rollback is not None
    assert "Postgres" not in (rehearsal.rollback.why or "")


async def test_nobody_but_the_superuser_enters_the_databases_that_all_rehearsals_share(
    rehearse: Rehearser, server: Cluster
) -> None:
    assert (await rehearse(SCHEMA, "SELECT 1")).ran
    secret = secrets.token_hex(8)
    await server.execute(f"CREATE ROLE passer_by LOGIN PASSWORD '{secret}'")
    for database in ("postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await server.connect(database, user="passer_by", password=secret)
    await server.execute("DROP ROLE passer_by")


async def test_operators_of_the_migration_do_not_blind_the_observer(rehearse: Rehearser) -> None:
    target = await rehearse.target(SCHEMA)
    script = by_hand(
        "CREATE SCHEMA evil",
        "CREATE FUNCTION evil.no(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        "CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.no)",
        "SET search_path = evil, pg_catalog, public",
        "ALTER TABLE users ADD COLUMN x int",
    )
    found = seen(await rehearse.shadow.rehearse(target, script, (), silent), 5)
    assert [lock.mode for lock in found.locks] == ["AccessExclusiveLock"]
    assert found.created


async def test_a_statement_that_ends_the_transaction_is_a_failure_of_its_own(rehearse: Rehearser) -> None:
    target = await rehearse.target(SCHEMA)
    rehearsal = await rehearse.shadow.rehearse(target, by_hand("COMMIT", "SELECT 1"), (), silent)
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.statement == 1


async def test_a_session_that_is_ended_is_a_failure_of_the_statement(rehearse: Rehearser, server: Cluster) -> None:
    target = await rehearse.target(SCHEMA)
    script = by_hand("SET transaction_timeout = 1", "SELECT pg_sleep(1000)")
    rehearsal = await rehearse.shadow.rehearse(target, script, (), silent)
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.error is not None
    assert rehearsal.failed_at.error.sqlstate in {"25P04", "08003", "08006"}
    assert await leftovers(server, rehearse.shadow) == []


async def test_copy_from_standard_input_ends_at_the_deadline_at_the_latest(
    rehearse: Rehearser, impatient: ShadowRehearsal, server: Cluster
) -> None:
    target = await rehearse.target(SCHEMA)
    rehearsal = await impatient.rehearse(target, by_hand("COPY users FROM STDIN"), (), silent)
    assert rehearsal.failed_at is not None
    assert await leftovers(server, impatient) == []


async def test_two_rehearsals_at_once_do_not_disturb_each_other(rehearse: Rehearser, server: Cluster) -> None:
    target = await rehearse.target(SCHEMA)
    ordinary = replace(target, identity=replace(target.identity, superuser=False), acts_as=())
    found: dict[int, Rehearsal] = {}

    async def one(number: int) -> None:
        sql = f"ALTER TABLE users ADD COLUMN c{number} int; CREATE INDEX CONCURRENTLY ON users (c{number})"
        role = target if number % 2 else ordinary
        found[number] = await rehearse.shadow.rehearse(role, statements(sql), (), silent)

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(one, number)
    for number, rehearsal in found.items():
        assert [ref.name for ref in seen(rehearsal, 1).created] == [f"c{number}"]
        assert seen(rehearsal, 2).index_builds == ("public.users",)
        assert rehearsal.rollback is not None
        assert rehearsal.rollback.proof == "proven"
    assert await leftovers(server, rehearse.shadow) == []


async def test_a_shadow_that_is_gone_is_started_again(rehearse: Rehearser) -> None:
    started: list[Cluster] = []

    async def start(_: int | None) -> Cluster:
        started.append(await start_shadow())
        return started[-1]

    async def no_dump(_: Env) -> str | None:
        return None

    shadow = ShadowRehearsal(start, no_dump)
    target = await rehearse.target("")
    assert started == []
    assert (await shadow.rehearse(target, by_hand("SELECT 1"), (), silent)).ran
    await started[0].close()
    assert (await shadow.rehearse(target, by_hand("SELECT 1"), (), silent)).ran
    assert len(started) == 2
    await shadow.close()
    assert not started[1].alive
    await shadow.close()


async def test_without_a_shadow_the_reason_and_the_remedy_are_told(rehearse: Rehearser) -> None:
    async def start(_: int | None) -> Cluster:
        raise Refused("There is no Postgres here.", "Install one.")

    async def no_dump(_: Env) -> str | None:
        return None

    target = await rehearse.target("")
    rehearsal = await ShadowRehearsal(start, no_dump).rehearse(target, by_hand("SELECT 1"), (), silent)
    assert not rehearsal.ran
    assert rehearsal.why_not == "There is no Postgres here. Install one."
    assert rehearsal.observations == ()
