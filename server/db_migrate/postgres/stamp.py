"""Whether a database's catalog is still the one that was read, told without reading it again."""

from __future__ import annotations

from hashlib import sha256

import asyncpg

from db_migrate.postgres import live_sql
from db_migrate.postgres.catalog import BOOKKEEPING_SCHEMAS
from db_migrate.postgres.catalog_extra import extra_query
from db_migrate.postgres.catalog_extra_sql import CATALOGS as RARER
from db_migrate.postgres.catalog_sql import ROLES, SCHEMAS, SERVER

_SAVEPOINT = "db_migrate_stamp"
_READ = sorted({*live_sql.CHANGED, *RARER, "pg_extension", "pg_tablespace"})
_WHO = """
SELECT current_user::text, (SELECT timeline_id FROM pg_control_checkpoint()), pg_postmaster_start_time()::text
"""
_READABLE = """
SELECT relname::text FROM pg_class WHERE oid < 16384 AND relnamespace = 'pg_catalog'::regnamespace
  AND relname = ANY ($1::text[]) AND has_table_privilege(oid, 'SELECT') ORDER BY 1
"""
_ROWS = "SELECT '{0}', count(*), sum(hashtidextended(r.ctid, r.xmin::text::int8))::text FROM pg_catalog.{0} r"


async def read_stamp(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    """Equal for two moments only if a catalog read at both is equal; to be called in the snapshot of the reading.

    A row of a system catalog never changes in place what a catalog is made of: a change is another row version, with
    another place or another transaction. So for every system catalog that is read the stamp holds the number of its
    row versions and the sum of a hash of each one's place and transaction; further the rarer kinds and the roles as
    they read, and who asks which server since when. It errs to another stamp only: after a restart, after VACUUM
    FULL of a catalog, and where a change was taken back by a second one.
    """
    await connection.execute(f"SAVEPOINT {_SAVEPOINT}; SET LOCAL search_path = ''; SET LOCAL jit = off")
    try:
        return await _stamp(connection)
    finally:
        await connection.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE SAVEPOINT {_SAVEPOINT}")


async def _stamp(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    fetch = connection.fetch
    (server,) = await fetch(SERVER)
    schemas = [row[0] for row in await fetch(SCHEMAS, list(BOOKKEEPING_SCHEMAS))]
    names = [row[0] for row in await fetch(_READABLE, _READ)]
    rows = [
        server,
        *await fetch(_WHO),
        *await fetch("\nUNION ALL\n".join(_ROWS.format(name) for name in names)),
        *sorted(await fetch(ROLES), key=tuple),
    ]
    rarer = sorted(repr(tuple(row)) for row in await fetch(extra_query(server[0]), schemas))
    return sha256(repr(([tuple(row) for row in rows], rarer)).encode()).hexdigest()
