"""A target's catalog is read again when, and only when, something in it may be another."""

from __future__ import annotations

import asyncpg
import pytest

from db_migrate.postgres.target import PostgresTarget

CHANGES = (
    "ALTER TABLE t ADD COLUMN b int",
    "COMMENT ON TABLE t IS 'a table'",
    "COMMENT ON TABLE t IS NULL",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1",
    "GRANT SELECT ON t TO PUBLIC",
    "DROP POLICY p ON t",
    "ALTER TYPE mood ADD VALUE 'c'",
    "ALTER SEQUENCE s OWNED BY t.a",
    "CREATE PUBLICATION news FOR TABLE t",
    "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "CREATE EXTENSION citext",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "ALTER FUNCTION f() COST 7",
    "DROP TABLE t CASCADE",
)


@pytest.fixture
async def target(dsn: str) -> PostgresTarget:
    async def url() -> str:
        return dsn

    return PostgresTarget("dev", url)


async def test_it_is_read_again_after_every_change_and_not_otherwise(dsn: str, target: PostgresTarget) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE TABLE t (a int); CREATE POLICY p ON t; CREATE TYPE mood AS ENUM ('a', 'b'); CREATE SEQUENCE s; "
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    last = await target.facts()
    for sql in CHANGES:
        await connection.execute("INSERT INTO t VALUES (1); ANALYZE t" if "DROP TABLE" not in sql else "SELECT 1")
        assert (await target.facts()).catalog is last.catalog
        await connection.execute(sql)
        now = await target.facts()
        assert now.catalog is not last.catalog, sql
        assert now.fingerprint != last.fingerprint, sql
        last = now
    await connection.close()
