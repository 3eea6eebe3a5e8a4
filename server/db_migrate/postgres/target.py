"""A database as planning and status see it: read-only, in one snapshot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

import anyio
import asyncpg

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection, Unreachable, connect, one_row
from db_migrate.postgres.dsn import Dsn, display_host, parse
from db_migrate.postgres.failures import LOST
from db_migrate.postgres.identity import read_identity
from db_migrate.postgres.journal import read_history, read_unfinished
from db_migrate.postgres.session import read_settings
from db_migrate.postgres.stamp import read_stamp
from db_migrate_tools.evidence import AppliedMigration, Env, Identity, OfferedExtension, TableSize, TargetFacts
from db_migrate_tools.ports import Refused
from db_migrate_tools.schema.ddl.quote import ident
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog, Ref

_SIZES = """
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind = 'm' AS materialized,
       sum(CASE WHEN leaf.reltuples >= 0 AND leaf.relkind <> 'p' THEN leaf.reltuples END)::bigint AS rows,
       coalesce(sum(pg_total_relation_size(leaf.oid)), 0)::bigint AS bytes,
       coalesce(sum(pg_relation_size(leaf.oid)), 0)::bigint AS heap,
       bool_and(c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
                AND NOT row_security_active(c.oid)) AS countable
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT c.oid WHERE c.relkind <> 'p'
                    UNION ALL SELECT relid FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p') AS part (oid)
JOIN pg_catalog.pg_class leaf ON leaf.oid = part.oid
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'db_migrate', 'supabase_migrations')
GROUP BY 1, 2, 3
"""
_LONG = """
SELECT count(*) FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
  AND xact_start < clock_timestamp() - interval '60 seconds'
"""
_HISTORY_IN_FACTS = 1000
_COUNTED_BYTES = 8 * 1024 * 1024
_COUNTED_TABLES = 100

_CONNECTIONS = """
SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
       current_setting('max_connections')::int AS most
"""
_ACTS_AS = "SELECT rolname::text FROM pg_catalog.pg_roles WHERE pg_has_role(current_user, oid, 'USAGE') ORDER BY 1"
# Hosts let a role that is no superuser do some of what needs one: Supabase by a library, others by a role of theirs.
_POWERS = """
SELECT power FROM pg_catalog.pg_roles r, LATERAL (VALUES
    ('createrole', r.rolcreaterole),
    ('createdb', r.rolcreatedb),
    ('subscriptions', EXISTS (SELECT FROM pg_catalog.pg_roles p
                              WHERE p.rolname = 'pg_create_subscription' AND pg_has_role(r.oid, p.oid, 'USAGE'))),
    ('platform', coalesce(current_setting('supautils.privileged_role', true), '') <> '' OR EXISTS (
        SELECT FROM pg_catalog.pg_roles p WHERE p.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin',
            'alloydbsuperuser', 'neon_superuser', 'supabase_privileged_role') AND pg_has_role(r.oid, p.oid, 'USAGE')))
) AS has (power, granted)
WHERE r.rolname = current_user AND has.granted
"""
_ADMINISTERS = """
SELECT rolname::text FROM pg_catalog.pg_roles
WHERE NOT rolname = current_user AND pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')
"""
_ROLES = "SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY 1"

# Supabase's library names there what its ordinary roles may create all the same.
_OFFERED = """
SELECT name::text, version::text,
       NOT superuser OR trusted OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
       OR name = ANY (string_to_array(replace(current_setting('supautils.privileged_extensions', true), ' ', ''), ','))
           IS TRUE
FROM pg_catalog.pg_available_extension_versions v
WHERE version = (SELECT default_version FROM pg_catalog.pg_available_extensions a WHERE a.name = v.name)
ORDER BY 1
"""


class PostgresTarget:
    """Implements ports.Target. `dsn` is asked for at each call, since a dev database starts lazily."""

    def __init__(
        self,
        env: Env,
        dsn: Callable[[], Awaitable[str]],
        *,
        read_only: bool = False,
        embedded: bool = False,
        standing_in: Callable[[], tuple[str, ...]] = tuple,
        connect_timeout: float = 10.0,
        reading: float = 150.0,
        asking: float = 15.0,
    ) -> None:
        self.env: Env = env
        self._dsn = dsn
        self._read_only = read_only
        self._embedded = embedded
        self._standing_in = standing_in
        self._timeout = connect_timeout
        self._reading = reading
        self._asking = asking
        self._last: tuple[str, Catalog, str] | None = None

    async def dsn(self) -> Dsn:
        """The parsed DSN. Raises Refused."""
        return parse(await self._dsn())

    async def identity(self) -> Identity:
        """Who the database says it is. Raises Refused when it cannot be reached."""
        dsn = await self.dsn()
        async with self._connected(dsn, self._asking) as connection:
            try:
                return await self._identity(connection, dsn)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, *LOST) as error:
                raise _unreadable(error, dsn) from None

    async def facts(self) -> TargetFacts:
        """Everything that planning reads, in one read-only repeatable-read transaction. Raises Refused."""
        dsn = await self.dsn()
        async with self._connected(dsn, self._reading) as connection:
            try:
                settings = await read_settings(connection)
                began = perf_counter()
                await connection.fetchval("SELECT 1")
                latency = (perf_counter() - began) * 1000
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.execute(
                        "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '120s'; SET LOCAL jit = off"
                    )
                    catalog, print_ = await self._schema(connection)
                    history, notes = await read_history(connection, _HISTORY_IN_FACTS)
                    return TargetFacts(
                        identity=await self._identity(connection, dsn),
                        catalog=catalog,
                        fingerprint=print_,
                        sizes=await _sizes(connection),
                        settings=settings,
                        history=history,
                        latency_ms=latency,
                        long_transactions=int(await connection.fetchval(_LONG)),
                        journal_pending=await read_unfinished(connection),
                        notes=notes,
                        acts_as=tuple(r["rolname"] for r in await connection.fetch(_ACTS_AS)),
                        connections=await _connections(connection),
                        offered=await _offered(connection),
                        standing_in=self._standing_in(),
                        known_roles=tuple(r["rolname"] for r in await connection.fetch(_ROLES)),
                        administers=frozenset(r["rolname"] for r in await connection.fetch(_ADMINISTERS)),
                        powers=frozenset(r["power"] for r in await connection.fetch(_POWERS)),
                    )
            except (asyncpg.PostgresError, asyncpg.InterfaceError, *LOST) as error:
                raise _unreadable(error, dsn) from None

    async def history(self, limit: int) -> tuple[AppliedMigration, ...]:
        """Applied migrations, newest version first; empty where this role may not read them. Raises Refused."""
        dsn = await self.dsn()
        async with self._connected(dsn, self._reading) as connection:
            try:
                return (await read_history(connection, limit))[0]
            except (asyncpg.PostgresError, asyncpg.InterfaceError, *LOST) as error:
                raise _unreadable(error, dsn) from None

    async def _schema(self, connection: Connection) -> tuple[Catalog, str]:
        """The catalog and its fingerprint, as they were read last where the database's stamp is still the same."""
        path: str = await connection.fetchval("SELECT pg_catalog.current_setting('search_path')")
        stamp = f"{path} {await read_stamp(connection)}"
        last = self._last
        if last is None or last[0] != stamp:
            catalog = await read_catalog(connection)
            last = self._last = (stamp, catalog, fingerprint(catalog))
        return last[1], last[2]

    @asynccontextmanager
    async def _connected(self, dsn: Dsn, seconds: float) -> AsyncGenerator[Connection]:
        """A connection for so long: Postgres's own timeouts do not end what hangs in the network or a pooler."""
        try:
            with anyio.fail_after(seconds):
                async with connect(dsn, timeout=self._timeout, read_only=self._read_only) as connection:
                    yield connection
        except TimeoutError:
            raise Unreachable(
                f"{display_host(dsn)} did not answer within {seconds:g} s.",
                "Look for a session that holds locks on the catalogs, for a network that drops packets, and try again.",
            ) from None

    async def _identity(self, connection: Connection, dsn: Dsn) -> Identity:
        return await read_identity(connection, self.env, dsn, embedded=self._embedded, read_only=self._read_only)


async def _offered(connection: Connection) -> tuple[OfferedExtension, ...]:
    return tuple(OfferedExtension(*row) for row in await connection.fetch(_OFFERED))


async def _connections(connection: Connection) -> tuple[int, int]:
    row = await one_row(connection, _CONNECTIONS)
    return row["used"], row["most"]


async def _sizes(connection: Connection) -> dict[Ref, TableSize]:
    """How much is in each table. Where the estimate is missing or says none, small tables are counted."""
    found: dict[Ref, TableSize] = {}
    doubtful: list[Ref] = []
    for row in await connection.fetch(_SIZES):
        ref = Ref("view" if row["materialized"] else "table", row["schema"], row["name"])
        if row["heap"] == 0:
            found[ref] = TableSize(rows=0, bytes=row["bytes"], exact=True)
            continue
        found[ref] = TableSize(rows=row["rows"] or None, bytes=row["bytes"])
        if not row["rows"] and row["countable"] and row["heap"] <= _COUNTED_BYTES:
            doubtful.append(ref)
    for ref in doubtful[:_COUNTED_TABLES]:
        rows = await connection.fetchval(f"SELECT count(*) FROM ONLY {ident(ref.schema)}.{ident(ref.name)}")
        found[ref] = TableSize(rows=rows, bytes=found[ref].bytes, exact=True)
    return found


def _unreadable(error: Exception, dsn: Dsn) -> Refused:
    where = display_host(dsn)
    if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.QueryCanceledError):
        return Refused(
            f"The schema at {where} could not be read in time: another session holds a table exclusively.",
            "Wait for its migration or VACUUM FULL to end, then try again.",
        )
    if isinstance(error, (*LOST, asyncpg.InterfaceError)):
        return Unreachable(f"{where} ended the session while it was read.", "Try again; look for a restart.")
    return Refused(
        f"The schema at {where} could not be read: {str(error).rstrip('.')}.",
        "Let this role read the catalogs, or use another one.",
    )
