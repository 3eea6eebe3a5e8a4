"""The roles of a Supabase project, so that grants and policies written for one work on a plain Postgres."""

from __future__ import annotations

import asyncpg

LOCK = 0x64626D6465760001
"""Advisory lock of two processes that both find the database unprepared."""

ROLES = """
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


async def prepare(connection: asyncpg.Connection, application: str, password: str) -> None:
    """Make the roles and hand the database `postgres` to `application`; once, all or nothing.

    `application` is no superuser, as on Supabase: it owns the database and bypasses row security.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        if await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", application):
            return
        name = await connection.fetchval("SELECT quote_ident($1)", application)
        secret = await connection.fetchval("SELECT quote_literal($1)", password)
        await connection.execute(ROLES.format(application=name, password=secret))
