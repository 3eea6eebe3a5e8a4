"""Opens connections; whatever goes wrong becomes a sentence that says what to check."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import anyio
import asyncpg

from db_migrate.postgres.dsn import Dsn, display_host, parse, redact, refuse_transaction_pooler, transaction_pooler
from db_migrate_tools.ports import Refused

if TYPE_CHECKING:
    from typing import TypeAlias

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

OLDEST: Final = 14
CONNECT_TIMEOUT: Final = 10.0
_PID: Final = "SELECT pg_backend_pid()"


class Unreachable(Refused):
    """The database could not be asked at all, so nothing is known about it."""


class NotLetIn(Unreachable):
    """The database answered, or would, and what the URL says is wrong: trying again does not help, correcting does."""


@asynccontextmanager
async def connect(
    dsn: str | Dsn,
    *,
    timeout: float = CONNECT_TIMEOUT,  # noqa: ASYNC109 - part of the connection, as in asyncpg
    read_only: bool = False,
    application_name: str = "db-migrate",
) -> AsyncGenerator[Connection]:
    """A connection that is closed at the end, within two seconds even when the server hangs.

    Raises:
        Unreachable: With what to check, for every way in which connecting fails.
        Refused: A pooler in transaction mode by its address, or a server older than 14.
    """
    parsed = parse(dsn) if isinstance(dsn, str) else dsn
    refuse_transaction_pooler(parsed)
    connection = await _open(parsed, timeout=timeout, application_name=application_name)
    try:
        refuse_old_server(connection.get_server_version().major)
        if read_only:
            await connection.execute("SET default_transaction_read_only = on")
        yield connection
    finally:
        with anyio.CancelScope(shield=True):
            await _close(connection)


async def _close(connection: Connection) -> None:
    try:
        await connection.close(timeout=2)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        connection.terminate()  # InternalClientError: a query that was cancelled a moment ago has not ended yet


async def _open(dsn: Dsn, *, timeout: float, application_name: str) -> Connection:  # noqa: ASYNC109
    parameters = dict(dsn.parameters)
    limit = parameters.pop("connect_timeout", "")
    if limit.isdigit() and int(limit):
        timeout = float(limit)
    settings = {"application_name": application_name}
    if "options" in parameters:
        settings["options"] = parameters.pop("options")
    try:
        return await asyncpg.connect(
            f"postgresql://?{urlencode(parameters)}" if parameters else None,
            host=[host for host, _ in dsn.hosts] or None,
            port=[port for _, port in dsn.hosts] or None,
            user=dsn.user,
            password=dsn.password.reveal() if dsn.password else None,
            database=dsn.database,
            timeout=timeout,
            statement_cache_size=0,
            server_settings=settings,
        )
    except (OSError, TimeoutError, asyncio.CancelledError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, asyncio.CancelledError):
            raise
        raise explained(error, dsn, timeout) from None
    except ValueError:
        raise NotLetIn(
            f"The parameters of the database URL for {display_host(dsn)} are not valid.", "Correct them."
        ) from None


async def one_row(connection: Connection, query: str, *args: object) -> asyncpg.Record:
    """The first row of a query that always has one."""
    row = await connection.fetchrow(query, *args)
    if row is None:
        raise LookupError(query)
    return row


def refuse_old_server(major: int) -> None:
    """Raises Refused below the oldest supported version."""
    if major < OLDEST:
        raise Refused(
            f"This server runs Postgres {major}; db-migrate supports {OLDEST} to 18.",
            "Upgrade the server; Postgres stops supporting a version five years after its release.",
        )


async def refuse_transaction_pooling(connection: Connection, dsn: Dsn) -> None:
    """Raises Refused where a pooler shares one backend between clients.

    A direct connection tells its backend's pid at the start; a pooler tells one of its own making. Only behind
    such a pooler is a second connection opened: with one backend behind both, or a changing one, it pools
    transactions.
    """
    first = await connection.fetchval(_PID, timeout=CONNECT_TIMEOUT)
    if first == connection.get_server_pid():
        return
    async with connect(dsn) as other:
        second = await other.fetchval(_PID, timeout=CONNECT_TIMEOUT)
        again = await connection.fetchval(_PID, timeout=CONNECT_TIMEOUT)
    if first == second or first != again:
        raise transaction_pooler(display_host(dsn))


def explained(error: Exception, dsn: Dsn, timeout: float) -> Unreachable:
    """The refusal for an error of connecting: what happened, and what to check."""
    where, role = display_host(dsn), dsn.user or "the default role"
    supabase = dsn.host.endswith((".supabase.co", ".supabase.com"))
    paused = " On Supabase, look whether the project is paused." if supabase else ""
    said = redact(str(error), dsn).rstrip(".")
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"{where} did not answer within {timeout:g} s.", f"Check the VPN, the firewall, host and port.{paused}"
        )
    if isinstance(error, socket.gaierror):
        direct = " Its direct address needs IPv6: over IPv4 use the session pooler." if supabase else ""
        return Unreachable(
            f"The name {dsn.host} cannot be resolved.", f"Check its spelling, DNS and the VPN.{direct}{paused}"
        )
    if isinstance(error, ssl.SSLError) or "SSL upgrade" in said:
        return Unreachable(
            f"No TLS connection to {where} could be made.",
            "Check sslmode and sslrootcert in the URL: the server may offer no TLS, or its certificate is not trusted.",
        )
    if isinstance(error, asyncpg.InvalidPasswordError):
        return NotLetIn(
            f"{where} rejects the password of {role}.", "Check the password in the database URL; percent-encode it."
        )
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        if "no encryption" in said:
            return NotLetIn(
                f"{where} does not take unencrypted connections from here.", "Add sslmode=require to the database URL."
            )
        return NotLetIn(
            f"{where} does not let {role} in: {said}.", "Check the role's name, and pg_hba.conf for this client."
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return NotLetIn(f"{where} has no database {dsn.database or role}.", "Check the last part of the database URL.")
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return Unreachable(
            f"{where} has no free connection.", "Close idle clients or raise max_connections, then try again."
        )
    if isinstance(error, asyncpg.CannotConnectNowError):
        return Unreachable(f"{where} does not take connections now: {said}.", "Try again once it has started.")
    if "enant or user not found" in said:
        return Unreachable(
            f"The pooler at {where} does not know {role}.",
            "Its role is spelled postgres.PROJECT_REF, and the region in its host must be the project's.",
        )
    if isinstance(error, ConnectionRefusedError | FileNotFoundError) or "ultiple exceptions" in said:
        return Unreachable(
            f"Nothing answers at {where}.", f"Check that Postgres runs there, the port, and the VPN.{paused}"
        )
    return Unreachable(f"{where} could not be reached: {said}.", f"Check host, port, network and VPN.{paused}")
