"""Every way in which connecting fails, in words that say what to check, and never with the password."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from db_migrate.postgres import connect as module
from db_migrate.postgres.connect import Unreachable, connect, refuse_old_server
from db_migrate.postgres.dsn import parse
from db_migrate_tools.ports import Refused
from execution.pooler import transaction_pooler
from execution.support import PASSWORD, execute, order, session, target, value

SECRET = quote(PASSWORD, safe="")


async def refusal(dsn: str, seconds: float = 5.0) -> Refused:
    with pytest.raises(Refused) as caught:
        async with connect(dsn, timeout=seconds):
            pass
    for text in (str(caught.value), repr(caught.value), caught.value.reason, caught.value.remedy):
        assert PASSWORD not in text
        assert SECRET not in text
    assert caught.value.__cause__ is None
    return caught.value


async def test_a_migration_runs_over_tcp_with_a_password_and_keeps_it_to_itself(scram: str) -> None:
    dsn = f"postgresql://owner:{SECRET}@{scram}/app"
    wanted = await order(dsn, "CREATE TABLE a (id int)", "DO $$ BEGIN RAISE 'said %', 'k4nARY/p@ss'; END $$")
    done = await execute(dsn, wanted)
    assert done.status == "rolled_back"
    assert done.steps[1].error is not None
    assert done.steps[1].error.message == "said •••"
    assert PASSWORD not in (done.reason or "")
    good = await order(dsn, "CREATE TABLE a (id int)", "CREATE INDEX CONCURRENTLY a_id ON a (id)")
    assert (await execute(dsn, good)).status == "applied"
    assert await value(dsn, "SELECT count(*) FROM db_migrate.migrations") == 1
    facts = await target(dsn).facts()
    assert facts.identity.major == 15
    assert not facts.identity.superuser
    assert PASSWORD not in repr(facts)


async def test_a_wrong_password_names_the_role(scram: str) -> None:
    found = await refusal(f"postgresql://owner:wrong{SECRET}@{scram}/app")
    assert f"{scram} rejects the password of owner" in found.reason
    assert isinstance(found, Unreachable)


async def test_an_unknown_database_is_named(scram: str) -> None:
    assert "has no database nowhere" in (await refusal(f"postgresql://owner:{SECRET}@{scram}/nowhere")).reason


async def test_a_server_that_wants_tls_says_so(scram: str) -> None:
    found = await refusal(f"postgresql://tls_only:{SECRET}@{scram}/app?sslmode=disable")
    assert "unencrypted" in found.reason
    assert "sslmode=require" in found.remedy


async def test_a_server_without_tls_is_told_apart(scram: str) -> None:
    found = await refusal(f"postgresql://owner:{SECRET}@{scram}/app?sslmode=require")
    assert "No TLS connection" in found.reason
    assert "sslmode" in found.remedy


async def test_too_many_connections_is_said(scram: str) -> None:
    assert "no free connection" in (await refusal(f"postgresql://crowded:{SECRET}@{scram}/app")).reason


async def test_a_role_that_may_not_enter_is_named(dsn: str) -> None:
    found = await refusal(dsn.replace("postgres@", "nobody_here@"))
    assert "nobody_here" in found.reason


async def test_nothing_listening_is_said_with_what_to_check() -> None:
    found = await refusal("postgresql://u@127.0.0.1:1/d")
    assert "Nothing answers at 127.0.0.1:1" in found.reason
    assert "VPN" in found.remedy
    assert "Nothing answers" in (await refusal("postgresql://u@localhost:1/d")).reason


async def test_a_name_that_does_not_resolve_is_said() -> None:
    found = await refusal("postgresql://u@no-such-host.invalid/d")
    assert found.reason == "The name no-such-host.invalid cannot be resolved."


@pytest.fixture
async def silent() -> AsyncGenerator[str]:
    """A server that takes connections and never says a word."""
    stay = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stay.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    stay.set()
    server.close()


async def test_a_silent_server_is_given_up_after_the_timeout(silent: str) -> None:
    assert f"{silent} did not answer within 0.1 s" in (await refusal(f"postgresql://u@{silent}/d", 0.1)).reason


async def test_the_url_s_own_timeout_wins(silent: str) -> None:
    assert "within 1 s" in (await refusal(f"postgresql://u@{silent}/d?connect_timeout=1", 60)).reason


async def test_parameters_that_make_no_sense_are_refused() -> None:
    assert "sslmode" in (await refusal("postgresql://u@h/d?sslmode=sometimes")).reason
    assert "TLSv9" in (await refusal("postgresql://u@h/d?sslmode=require&ssl_min_protocol_version=TLSv9")).reason


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (asyncpg.CannotConnectNowError("the database system is starting up"), "does not take connections now", "again"),
        (asyncpg.InternalServerError("Tenant or user not found"), "does not know u", "PROJECT_REF"),
        (ssl.SSLError("certificate verify failed"), "No TLS connection", "sslrootcert"),
        (OSError(101, "Network is unreachable"), "could not be reached", "paused"),
    ],
)
def test_rarer_failures_have_their_words_too(error: Exception, reason: str, remedy: str) -> None:
    found = module.explained(error, parse("postgresql://u:x@db.abc.supabase.co/postgres"), 1.0)
    assert reason in found.reason
    assert remedy in found.remedy


def test_versions_below_14_are_refused() -> None:
    refuse_old_server(14)
    with pytest.raises(Refused, match="runs Postgres 13"):
        refuse_old_server(13)


async def test_a_read_only_connection_cannot_write_and_takes_the_url_s_options(dsn: str) -> None:
    async with connect(dsn + "&options=-c%20work_mem%3D7MB", read_only=True, application_name="probe") as connection:
        assert await connection.fetchval("SHOW work_mem") == "7MB"
        assert await connection.fetchval("SHOW application_name") == "probe"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("CREATE TABLE a ()")


async def test_a_connection_that_died_is_still_left(dsn: str) -> None:
    async with connect(dsn) as connection, session(dsn) as other:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        await other.fetchval("SELECT pg_terminate_backend($1)", pid)
    assert connection.is_closed()


async def test_a_pooler_in_transaction_mode_is_recognised_and_refused(dsn: str, cluster: str) -> None:
    wanted = await order(dsn, "CREATE TABLE a ()")
    directory, name = Path(cluster.split("host=")[1]), dsn.split("@/")[1].split("?", maxsplit=1)[0]
    async with transaction_pooler(directory / ".s.PGSQL.5432", name) as place:
        done = await execute(f"postgresql://postgres@/{name}?host={place}", wanted)
    assert done.status == "refused"
    assert "pooler in transaction mode" in (done.reason or "")
    assert "session pooler" in (done.remedy or "")
