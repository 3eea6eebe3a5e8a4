"""The embedded database of a Supabase project: what it gets, what it leaves alone, what it does not pretend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from mcp.client import Client

from cluster.helpers import Watch
from db_migrate.app import create_server
from db_migrate.cluster.dev import DevDatabase, ensure_dev
from db_migrate.settings import Settings
from e2e_site import Person, data, fills, text
from rooms import room

MINE = "CREATE SCHEMA storage; CREATE TABLE storage.shelf (id int); CREATE TABLE kept AS SELECT 42 AS answer"


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that Postgres may pass through."""
    with room() as path:
        yield path


async def opened(place: Path, *, supabase: bool = True) -> DevDatabase:
    state = place / "shop" / ".db-migrate"
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return await ensure_dev(state, location=place / "dev", supabase=supabase)


async def stopped(*databases: DevDatabase) -> None:
    watch = Watch(databases[0].home)
    for database in databases:
        await database.close()
    watch.until_ended()


async def run(dsn: str, *statements: str) -> object:
    """Run them all; the value of the last."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.fixture
async def dev(place: Path) -> AsyncIterator[DevDatabase]:
    database = await opened(place)
    yield database
    await stopped(database)


async def test_a_project_that_is_not_supabase_s_gets_nothing_of_it(place: Path) -> None:
    database = await opened(place, supabase=False)
    assert database.notes == ()
    schemas = await run(
        database.dsn, "SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'"
    )
    assert schemas == ["public"]
    assert await run(database.dsn, "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_net'") == 0
    assert await run(database.dsn, "SELECT count(*) FROM pg_publication") == 0
    await stopped(database)


async def test_a_database_that_was_there_gains_what_it_lacks_and_keeps_what_it_has(place: Path) -> None:
    before = await opened(place, supabase=False)
    await run(before.dsn, "ALTER ROLE postgres SET search_path = shop, public", MINE, "SELECT 1")
    # While it still runs as it was started, the stand-ins are not to be had: it is joined all the same.
    joined = await opened(place)
    assert await run(joined.dsn, "SELECT auth.uid()") is None
    assert await run(joined.dsn, "SELECT to_regnamespace('graphql_public')") is None
    await stopped(before, joined)
    again = await opened(place)
    assert any("schema storage" in note for note in again.notes)
    assert await run(again.dsn, "SELECT graphql_public.graphql(query := '{a}') ->> 'data'") is None
    assert await run(again.dsn, "SELECT extensions.uuid_nil()::text") == "00000000-0000-0000-0000-000000000000"
    assert await run(again.dsn, "SELECT answer FROM kept") == 42
    tables = "SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'storage'::regnamespace"
    assert await run(again.dsn, tables) == ["shelf"]
    assert await run(again.dsn, "SELECT has_table_privilege('anon', 'kept', 'SELECT')") is False
    assert await run(again.dsn, "SHOW search_path") == "shop, public"
    await stopped(again)


async def test_what_cannot_be_made_is_told_and_everything_else_is_there(place: Path) -> None:
    database = await opened(place)
    await run(
        database.admin_dsn,
        "ALTER TABLE auth.users DROP COLUMN instance_id CASCADE",
        "DROP TABLE storage.objects; DROP TABLE realtime.subscription",
        "COMMENT ON ROLE supabase_read_only_user IS NULL",
        "SELECT 1",
    )
    for _ in range(2):
        other = await opened(place)
        assert other.notes[-1] == (
            "What Supabase has as auth could not be made whole in the embedded database: "
            'column "instance_id" does not exist.'
        )
        await other.close()
    missing = (
        "SELECT count(*) FROM unnest('{storage.objects,realtime.subscription}'::text[]) t WHERE to_regclass(t) IS NULL"
    )
    assert await run(database.dsn, missing) == 0
    await stopped(database)


async def test_nothing_that_lasts_seems_to_be_encrypted(dev: DevDatabase) -> None:
    if not any("pgcrypto does not encrypt" in note for note in dev.notes):
        pytest.skip("these programs have pgcrypto itself")
    for call in ("pgp_sym_encrypt('x', 'k')", "encrypt('x', 'k', 'aes')", "pgp_pub_encrypt('x', 'k')"):
        with pytest.raises(asyncpg.FeatureNotSupportedError, match="cannot encrypt here") as refused:
            await run(dev.dsn, f"SELECT {call}")
        assert "URL of its own" in str(refused.value.as_dict()["hint"])
    # A setting of ours that anybody may set opens nothing.
    with pytest.raises(asyncpg.FeatureNotSupportedError):
        await run(dev.dsn, "SET db_migrate.durable = 'off'", "SELECT pgp_sym_encrypt('x', 'k')")
    hashed = str(await run(dev.dsn, "SELECT crypt('word', gen_salt('bf'))"))
    assert hashed.startswith("*")
    assert await run(dev.dsn, f"SELECT crypt('word', '{hashed}') = '{hashed}'") is False
    assert len(str(await run(dev.dsn, "SELECT encode(hmac('a', 'k', 'sha256'), 'hex')"))) == 64
    kept = "SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'key'"
    assert await run(dev.dsn, "SELECT vault.create_secret('s3cret', 'key')", kept) is None
    assert await run(dev.dsn, "SELECT count(*) FROM vault.secrets s WHERE s::text LIKE '%s3cret%'") == 0


@pytest.fixture
def project(place: Path) -> Path:
    """A Supabase project without a database of its own."""
    root = place / "shop"
    (root / "supabase" / "migrations").mkdir(parents=True)
    return root


def client_of(project: Path, place: Path) -> Client:
    settings = Settings.model_validate({"embedded_dir": place / "dev"})
    return Client(create_server(project, settings), elicitation_callback=Person(*[fills("approve", "dev")] * 2))


def sql(statements: str) -> dict[str, object]:
    return {"source": {"from": "sql", "name": "change", "sql": statements}}


async def test_a_plan_says_what_stands_in_and_what_it_promises_comes_true(project: Path, place: Path) -> None:
    wanted = (
        "CREATE TABLE note (id int PRIMARY KEY, author uuid REFERENCES auth.users (id));"
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON note USING (author = auth.uid());"
        "CREATE EXTENSION pgmq; SELECT pgmq.create('mail');"
        "SELECT cron.schedule('nightly', '0 3 * * *', $$SELECT 1$$);"
    )
    async with client_of(project, place) as client:
        answer = await client.call_tool("plan", sql(wanted))
        planned = data(answer)
        page = text(answer)
        assert "db-migrate's own version of what Supabase brings" in page
        assert "Stand-ins of db-migrate were used" in page
        assert "pg_cron runs no job" not in page, "no extension of that name is installed"
        assert planned["approval"], planned["checks"]
        done = data(await client.call_tool("approve", {"token": planned["approval"]["token"], "env": "dev"}))
        assert done["status"] == "applied", done
        if "pgcrypto does not encrypt" in page:
            refused = data(await client.call_tool("plan", sql("CREATE TABLE s AS SELECT pgp_sym_encrypt('x', 'k');")))
            assert refused["approval"] is None
            assert any("cannot encrypt here" in check["detail"] for check in refused["checks"])
            assert not any("differs" in note or "could not" in note for note in refused["proof"]["notes"])


async def test_a_plan_of_another_project_says_nothing_of_it_and_fails_without_it(place: Path) -> None:
    root = place / "shop"
    root.mkdir()
    async with client_of(root, place) as client:
        answer = await client.call_tool("plan", sql("CREATE TABLE note (author uuid DEFAULT auth.uid());"))
    assert data(answer)["approval"] is None
    assert 'schema "auth" does not exist' in text(answer)
    assert "Supabase" not in text(answer)
    assert "Stand-ins" not in text(answer)
