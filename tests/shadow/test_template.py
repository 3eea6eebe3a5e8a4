"""The target's schema on the shadow: where it comes from, what is kept, what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from db_migrate.cluster.shadow import Cluster, ClusterLost, start_shadow
from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.dsn import parse
from db_migrate.shadow.dump import DumpFailed, dump, environment
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate.shadow.restore import fit, owners, populate, restore
from db_migrate.shadow.server import connect, literal, name
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from shadow.rehearser import Rehearser, by_hand, execute, facts_of, seen, silent, statements

SCHEMA = """
CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL DEFAULT 'it''s');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE FUNCTION double(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a * 2';
CREATE VIEW emails WITH (security_invoker = true) AS SELECT email FROM users;
CREATE MATERIALIZED VIEW first_view AS SELECT count(*) FROM users;
CREATE MATERIALIZED VIEW a_second_view AS SELECT * FROM first_view;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id = 1);
GRANT SELECT (email) ON users TO PUBLIC;
COMMENT ON TABLE users IS 'people';
"""


@pytest.fixture
async def empty(server: Cluster) -> AsyncIterator[Connection]:
    """The superuser in an empty database of the shadow."""
    await server.create_database("restored", template="template0")
    connection = await connect(server, "restored")
    yield connection
    connection.terminate()
    await server.drop_database("restored")


async def databases(server: Cluster) -> list[str]:
    admin = await connect(server)
    rows = await admin.fetch("SELECT datname::text FROM pg_database WHERE datname LIKE 'dbm_schema%' ORDER BY oid")
    await admin.close()
    return [str(row[0]) for row in rows]


def shadow_of(server: Cluster, dsn: str | None, *, keep: int = 4) -> ShadowRehearsal:
    async def start(_: int | None) -> Cluster:
        return server

    async def dump_dsn(_: Env) -> str | None:
        return dsn

    return ShadowRehearsal(start, dump_dsn, keep=keep)


async def test_a_dumped_schema_is_the_same_schema(rehearse: Rehearser) -> None:
    target = await rehearse.target(SCHEMA)
    rehearsal = await rehearse(target, "SELECT 1")
    assert (rehearsal.schema_from, rehearsal.notes) == ("pg_dump", ())
    assert rehearsal.after is not None
    assert fingerprint(rehearsal.after) == target.fingerprint


async def test_a_schema_rebuilt_from_the_catalog_is_the_same_schema(rehearse: Rehearser, server: Cluster) -> None:
    target = await rehearse.target(SCHEMA)
    rehearsal = await shadow_of(server, None).rehearse(target, statements("SELECT 1"), (), silent)
    assert (rehearsal.schema_from, rehearsal.notes) == ("catalog", ())
    assert rehearsal.after is not None
    assert describe(diff(target.catalog, rehearsal.after)) == ()


async def test_an_empty_target_needs_neither(rehearse: Rehearser) -> None:
    assert (await rehearse("", "CREATE TABLE t (a int)")).schema_from == "empty"


async def test_our_own_bookkeeping_is_not_copied(rehearse: Rehearser) -> None:
    target = await rehearse.target(
        "CREATE SCHEMA db_migrate; CREATE TABLE db_migrate.j (a int); CREATE SCHEMA supabase_migrations;"
        "CREATE TABLE users (id int)"
    )
    script = by_hand("CREATE SCHEMA db_migrate", "CREATE SCHEMA supabase_migrations")
    rehearsal = await rehearse.shadow.rehearse(target, script, (), silent)
    assert rehearsal.failed_at is None


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("postgresql://nobody:hunter22@127.0.0.1:1/x", "connection to server at"),
        ("mysql://nobody:hunter22@localhost/x", "The database URL begins with mysql://, which is not Postgres."),
    ],
)
async def test_without_pg_dump_the_catalog_serves_and_the_reason_is_told(
    rehearse: Rehearser, server: Cluster, dsn: str, why: str
) -> None:
    target = await rehearse.target("CREATE TABLE users (id int)")
    rehearsal = await shadow_of(server, dsn).rehearse(
        target, statements("ALTER TABLE users ADD COLUMN a int"), (), silent
    )
    assert rehearsal.schema_from == "catalog"
    assert len(rehearsal.notes) == 1
    assert rehearsal.notes[0].startswith("pg_dump could not copy the schema: ")
    assert rehearsal.notes[0].endswith(" It was rebuilt from the catalog instead.")
    assert why in rehearsal.notes[0]
    assert "hunter22" not in rehearsal.notes[0]


async def test_a_dsn_that_is_not_to_be_had_is_told_as_well(rehearse: Rehearser, server: Cluster) -> None:
    async def start(_: int | None) -> Cluster:
        return server

    async def dump_dsn(_: Env) -> str | None:
        raise Refused("PROD_READ_URL is not set.", "Set it.")

    target = await rehearse.target("CREATE TABLE users (id int)")
    rehearsal = await ShadowRehearsal(start, dump_dsn).rehearse(target, statements("SELECT 1"), (), silent)
    assert rehearsal.notes == (
        "pg_dump could not copy the schema: PROD_READ_URL is not set. It was rebuilt from the catalog instead.",
    )


async def test_extensions_that_reach_other_servers_are_left_out(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        "CREATE EXTENSION dblink; CREATE TABLE users (id int); CREATE VIEW far AS SELECT dblink_get_connections()",
        "ALTER TABLE users ADD COLUMN a int",
    )
    assert seen(rehearsal).locks
    assert rehearsal.notes[0] == "The shadow does without the extension dblink: it is not there or must not be."
    assert rehearsal.notes[1].startswith("The shadow could not take over ")
    assert "CREATE VIEW public.far" in rehearsal.notes[1]
    assert rehearsal.notes[2].startswith("The copy on the shadow differs from the target: ")


async def test_a_template_is_built_once_and_the_oldest_goes_first(rehearse: Rehearser, server: Cluster) -> None:
    shadow = shadow_of(server, None, keep=2)
    there = set(await databases(server))
    targets = [await rehearse.target(f"CREATE TABLE keep_{number} (id int)") for number in range(3)]
    made: list[set[str]] = []
    for target in (targets[0], targets[1], targets[0], targets[2]):
        assert (await shadow.rehearse(target, statements("SELECT 1"), (), silent)).ran
        made.append(set(await databases(server)) - there)
    assert [len(names) for names in made] == [1, 2, 2, 2]
    assert made[0] < made[3]
    assert not (made[1] - made[0]) & made[3]


async def test_a_difference_between_copy_and_target_is_told(rehearse: Rehearser) -> None:
    target = await rehearse.target("CREATE TABLE moving (id int)")
    await execute(rehearse.dumps["dsn"], "ALTER TABLE moving ADD COLUMN since int")
    rehearsal = await rehearse(target, "SELECT 1")
    assert rehearsal.notes == ("The copy on the shadow differs from the target: column public.moving.since is new.",)


def test_a_dump_is_fitted_to_the_shadow() -> None:
    sql = (
        "\\restrict abc\nSET transaction_timeout = 0;\nCREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;\n"
        "COMMENT ON EXTENSION vector IS 'v';\nCREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n"
        "SELECT '\\not meta\u2028';\n\\unrestrict abc\n"
    )
    text, missing = fit(sql, {"uuid-ossp"}, 15)
    assert text == ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\nSELECT '\\not meta\u2028';\n")
    assert missing == ["vector"]
    assert "transaction_timeout" in fit(sql, set(), 18)[0]


def test_owners_are_read_from_a_dump() -> None:
    assert owners('ALTER TABLE a OWNER TO app;\nALTER TABLE b OWNER TO "Odd ""one""";\n') == {"app", 'Odd "one"'}


async def test_what_the_shadow_refuses_is_skipped_and_told(empty: Connection) -> None:
    restored = await restore(
        empty,
        "CREATE TABLE public.a (id int);\n-- a comment\nCREATE TABLE public.b (id nowhere);\n"
        "GRANT SELECT ON public.a TO a_new_role;\nCREATE TABLE public.c (id int);\n-- the end\n",
        major=18,
    )
    (note,) = restored.notes
    assert note == (
        'The shadow could not take over a statement of the schema: CREATE TABLE public.b (id nowhere): type "nowhere" '
        "does not exist."
    )
    catalog = await read_catalog(empty)
    assert [table.ref.name for table in catalog.tables()] == ["a", "c"]
    assert "a_new_role" in catalog.roles
    await empty.execute("DROP OWNED BY a_new_role; DROP ROLE a_new_role")


async def test_a_statement_that_does_not_end_is_given_up_and_told(empty: Connection) -> None:
    restored = await restore(
        empty,
        "CREATE TABLE public.a (id int);\nSELECT pg_sleep(600);\nCREATE TABLE public.b ();\n",
        major=18,
        seconds=0.5,
    )
    (note,) = restored.notes
    assert "SELECT pg_sleep(600): it did not end in time; CREATE TABLE public.b (): there was no time left" in note
    assert [table.ref.name for table in (await read_catalog(empty)).tables()] == ["a"]


async def test_no_function_keeps_the_superusers_power(empty: Connection) -> None:
    await restore(
        empty, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';", major=18
    )
    assert await empty.fetchval("SELECT prosecdef FROM pg_proc WHERE proname = 'f'") is False


async def test_views_that_cannot_be_filled_stay_empty(empty: Connection) -> None:
    await empty.execute(
        "CREATE MATERIALIZED VIEW public.bad AS SELECT 1 / 0 AS x WITH NO DATA;"
        "CREATE MATERIALIZED VIEW public.good AS SELECT 1 AS x WITH NO DATA;"
        "CREATE MATERIALIZED VIEW public.mighty AS SELECT 1 AS x WITH NO DATA;"
        "CREATE ROLE filler; GRANT CREATE ON SCHEMA public TO filler;"
        "ALTER MATERIALIZED VIEW public.bad OWNER TO filler; ALTER MATERIALIZED VIEW public.good OWNER TO filler"
    )
    await populate(empty, ['"public"."bad"', '"public"."good"', '"public"."mighty"'])
    rows = await empty.fetch("SELECT relname::text, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1")
    # What belongs to the superuser would run its code with the superuser's power.
    assert [tuple(row) for row in rows] == [("bad", False), ("good", True), ("mighty", False)]
    await empty.execute("DROP OWNED BY filler CASCADE; DROP ROLE filler")


async def test_pg_dump_says_why_it_cannot() -> None:
    nowhere = "postgresql://me:hunter22@127.0.0.1:1/x"
    with pytest.raises(DumpFailed, match=r"There is no pg_dump for Postgres 99 on this machine."):
        await dump(nowhere, 99)
    with pytest.raises(DumpFailed, match=r"pg_dump was still running after 0 s."):
        await dump(nowhere, 18, patience=0)
    # The embedded pg_dump speaks no TLS; where another one is installed, that one fails to connect.
    with pytest.raises(DumpFailed, match=r"TLS|Connection refused") as failed:
        await dump(f"{nowhere}?sslmode=require", 18)
    assert "hunter22" not in str(failed.value)


async def test_a_stopped_shadow_says_so() -> None:
    server = await start_shadow()
    await server.close()
    with pytest.raises(ClusterLost):
        await connect(server)


def test_the_whole_address_goes_to_pg_dump_by_its_environment() -> None:
    found = environment(
        parse("postgresql://me:s%40cret@one:5433,two:5434/db?sslmode=require&connect_timeout=3"),
        {"PATH": "/bin", "PGHOST": "elsewhere"},
    )
    assert found == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PGHOST": "one,two",
        "PGPORT": "5433,5434",
        "PGUSER": "me",
        "PGPASSWORD": "s@cret",
        "PGDATABASE": "db",
        "PGSSLMODE": "require",
        "PGCONNECT_TIMEOUT": "3",
    }
    assert environment(parse("postgresql:///"), {})["PGCONNECT_TIMEOUT"] == "10"


async def test_names_and_texts_are_quoted(empty: Connection) -> None:
    assert name('a"b') == '"a""b"'
    for text in ("plain", "it's", "back\\slash 'n quote"):
        for setting in ("on", "off"):
            await empty.execute(f"SET standard_conforming_strings = {setting}")
            assert await empty.fetchval(f"SELECT {literal(text)}") == text


async def test_a_target_of_facts_reads_the_same_twice(rehearse: Rehearser) -> None:
    target = await rehearse.target(SCHEMA)
    assert (await facts_of(rehearse.dumps["dsn"])).fingerprint == target.fingerprint
