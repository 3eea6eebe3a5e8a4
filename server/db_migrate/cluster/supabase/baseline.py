"""The embedded database of a Supabase project: what Supabase brings itself, made once and mended when it is missing."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import asyncpg

from db_migrate.cluster.supabase.stand_ins import STAND_INS, body, describe, grants

LOCK = 0x64626D6465760001
"""Advisory lock of two processes that both find the database unprepared."""

_ROLES = """
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN NOINHERIT;
GRANT anon, authenticated, service_role TO authenticator;
CREATE ROLE {application} LOGIN CREATEDB CREATEROLE BYPASSRLS PASSWORD {password};
GRANT anon, authenticated, service_role TO {application};
GRANT pg_monitor, pg_read_all_data, pg_signal_backend TO {application};
ALTER DATABASE postgres OWNER TO {application};
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
"""

AREAS = ("auth", "storage", "realtime", "supabase_functions", "graphql_public")
"""Schemas with a file of their own, in this order."""

OF_EXTENSIONS = {"cron": "pg_cron", "net": "pg_net", "pgmq": "pgmq"}
"""Schemas of extensions that migrations often take for given; CREATE EXTENSION finds them there."""

INSTALLED = {
    "pg_stat_statements": "extensions",
    "pgcrypto": "extensions",
    "uuid-ossp": "extensions",
    "pg_graphql": "graphql",
    "supabase_vault": "vault",
}
"""Extensions that a new Supabase project has, and where."""

PLATFORM_OWNER = "supabase_admin"
_MARK_BEARER = "supabase_read_only_user"

_OWNED = """
SELECT nspname::text AS name, pg_get_userbyid(nspowner)::text AS owner FROM pg_catalog.pg_namespace
WHERE nspname = ANY ($1::text[])
"""


async def prepare(connection: asyncpg.Connection, application: str, password: str) -> None:
    """Make the API roles and hand the database `postgres` to `application`; once, all or nothing.

    `application` is no superuser, as on Supabase: it owns the database and bypasses row security.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        if await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", application):
            return
        name = await connection.fetchval("SELECT quote_ident($1)", application)
        secret = await connection.fetchval("SELECT quote_literal($1)", password)
        await connection.execute(_ROLES.format(application=name, password=secret))


async def complete(connection: asyncpg.Connection, application: str) -> tuple[str, ...]:
    """Give the database what a Supabase project finds in its own; returns what a person should know about it.

    Run as the superuser, who must be Supabase's (`supabase_admin`). What is there already stays as it is, and a schema
    of one of these names that somebody else owns is theirs.
    """
    failed: tuple[str, ...] = ()
    async with connection.transaction():
        # The superuser runs this in a database where others make functions: none of theirs may be found.
        await connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        theirs = await _theirs(connection)
        if await _mark(connection) != digest():
            await connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '10s'")
            failed = await _fill(connection, application, theirs)
        stand_ins = await _stand_ins(connection)
    return (*notes_of(theirs, stand_ins), *failed)


async def _fill(connection: asyncpg.Connection, application: str, theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Make what is missing, part by part; returns what could not be made, in sentences."""
    name = str(await connection.fetchval("SELECT quote_ident($1)", application))
    failed: list[str] = []
    for part in ("roles", "public", "extensions", *INSTALLED, *OF_EXTENSIONS, *AREAS):
        if part in theirs:
            continue
        try:
            async with connection.transaction():
                await _make(connection, part, name, theirs)
        except asyncpg.PostgresError as error:
            failed.append(f"What Supabase has as {part} could not be made whole in the embedded database: {error}.")
    # A server that an earlier version has started, and that still runs, does not offer the stand-ins.
    if not failed and ("graphql" in theirs or await _answers_graphql(connection)):
        await connection.execute(f"COMMENT ON ROLE {_MARK_BEARER} IS 'db-migrate baseline {digest()}'")
    return tuple(failed)


async def _make(connection: asyncpg.Connection, part: str, name: str, theirs: tuple[str, ...]) -> None:
    """Make one part: an area, an extension, or the schema of one."""
    if part in INSTALLED:
        await _install(connection, part, INSTALLED[part], theirs)
    elif part in OF_EXTENSIONS:
        if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", part):
            item = STAND_INS[OF_EXTENSIONS[part]]
            schema = "" if item.makes else f"CREATE SCHEMA {part};\n"
            await connection.execute(schema + body(item.name) + grants(item.name, part))
    elif part != "graphql_public" or await _answers_graphql(connection):
        await connection.execute(area(part, name))


async def _answers_graphql(connection: asyncpg.Connection) -> bool:
    found = await connection.fetchval("SELECT to_regprocedure('graphql.resolve(text,jsonb,text,jsonb)') IS NOT NULL")
    return bool(found)


async def _install(connection: asyncpg.Connection, extension: str, schema: str, theirs: tuple[str, ...]) -> None:
    """Install what is to be had and not there yet."""
    offered = await connection.fetchval(
        "SELECT true FROM pg_catalog.pg_available_extensions WHERE name = $1 AND installed_version IS NULL", extension
    )
    if not offered or schema in theirs:
        return
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    await connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{extension}" WITH SCHEMA "{schema}"')
    if schema != "extensions":
        await connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO postgres, service_role')


async def _theirs(connection: asyncpg.Connection) -> tuple[str, ...]:
    """Schemas that bear one of our names and belong to somebody else."""
    names = [*AREAS, *OF_EXTENSIONS, *INSTALLED.values()]
    rows = await connection.fetch(_OWNED, names)
    return tuple(sorted(row["name"] for row in rows if row["owner"] != PLATFORM_OWNER))


async def _mark(connection: asyncpg.Connection) -> str:
    """Of which baseline the database has everything; empty for none."""
    found = await connection.fetchval(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles WHERE rolname = $1", _MARK_BEARER
    )
    return str(found or "").removeprefix("db-migrate baseline ")


async def _stand_ins(connection: asyncpg.Connection) -> set[str]:
    """Installed extensions whose objects are ours: those that have no library."""
    rows = await connection.fetch(
        """
        SELECT extname::text AS name FROM pg_catalog.pg_extension e
        WHERE extname = ANY ($1::text[]) AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang
            WHERE d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND l.lanname = 'c')
        """,
        sorted(STAND_INS),
    )
    return {str(row["name"]) for row in rows}


def notes_of(theirs: tuple[str, ...], stand_ins: set[str]) -> tuple[str, ...]:
    """What a person should know about such a database."""
    about = (
        "The embedded database has db-migrate's own version of what Supabase brings (auth, storage, realtime, cron, "
        "net and so on): nothing in it sends, schedules or signs anyone in."
    )
    notes = [about]
    said = describe(stand_ins)
    if said is not None:
        notes.append(said)
    if theirs:
        notes.append(
            f"It left alone what it found under a name of Supabase's and another owner: schema {', '.join(theirs)}."
        )
    return tuple(notes)


def area(name: str, application: str) -> str:
    """The SQL of one part of the baseline; `application` is a quoted identifier."""
    text = files(__package__ or "").joinpath("areas", f"{name}.sql").read_text("utf-8")
    return text.replace("{application}", application).replace("{role}", "'" + application.replace("'", "''") + "'")


def digest() -> str:
    """Stands for the whole baseline: another one is applied when it differs."""
    parts = [area(name, "") for name in ("roles", "public", "extensions", *AREAS)]
    parts += [body(item.name) for item in STAND_INS.values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
