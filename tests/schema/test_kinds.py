"""The rarer kinds where a copy of the database cannot show it: secrets, subscriptions, who may read, whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog, Ref
from db_migrate_tools.schema.semantics import visible

SECRET = "correct-horse-battery"


@pytest.fixture
async def base(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def _applied(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        await connection.execute(statement)


async def _there_and_back(connection: Connection, change: str) -> tuple[Catalog, Catalog, tuple[str, ...]]:
    """Make a change, unmake it by DDL, and expect the catalog to be as before."""
    before = await read_catalog(connection)
    await connection.execute(change)
    after = await read_catalog(connection)
    assert fingerprint(before) != fingerprint(after)
    await _applied(connection, ddl(diff(after, before)))
    assert describe(diff(before, await read_catalog(connection))) == ()
    forward = ddl(diff(before, after))
    await _applied(connection, forward)
    return before, after, forward


async def test_secrets_stand_nowhere_and_the_ddl_says_what_it_cannot_restore(base: Connection) -> None:
    told: list[str] = []
    base.add_log_listener(lambda _, message: told.append(str(message)))
    await base.execute(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h');"
        "CREATE USER MAPPING FOR PUBLIC SERVER s"
    )
    before, after, forward = await _there_and_back(
        base,
        f"""
        ALTER SERVER s OPTIONS (ADD password '{SECRET}', SET host 'g');
        ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (ADD user 'u', ADD anything '{SECRET}');
        ALTER ROLE CURRENT_USER IN DATABASE {await base.fetchval("SELECT quote_ident(current_database())")}
          SET "app.jwt_secret" = '{SECRET}';
        """,
    )
    seen = describe(diff(before, after))
    for text in (repr(after), *forward, *seen, fingerprint(after)):
        assert SECRET not in text
    assert any("server s" in line and "password [hidden" in line for line in seen)
    assert any("user mapping public@s" in line and "anything [hidden" in line for line in seen)
    left = describe(diff(after, await read_catalog(base)))
    assert len(left) == 3, left
    assert all("hidden" in line or "app.jwt_secret" in line for line in left)
    assert sum("must be set again by hand" in message for message in told) == 3
    other = await _with_password(base, "another")
    assert fingerprint(other) != fingerprint(await _with_password(base, SECRET))


async def _with_password(connection: Connection, password: str) -> Catalog:
    word = await connection.fetchval(
        "SELECT CASE WHEN srvoptions::text LIKE '%password%' THEN 'SET' ELSE 'ADD' END FROM pg_foreign_server"
    )
    await connection.execute(f"ALTER SERVER s OPTIONS ({word} password '{password}')")
    return await read_catalog(connection)


async def test_a_subscription_is_known_without_its_connection(base: Connection) -> None:
    begin = (
        f"CREATE SUBSCRIPTION kinds_sub CONNECTION 'host=nowhere password={SECRET}' PUBLICATION a, b "
        "WITH (connect = false, slot_name = NONE, enabled = false, binary = true, streaming = off)"
    )
    try:
        _, after, forward = await _there_and_back(base, begin)
        assert SECRET not in repr(after)
        assert SECRET not in "".join(forward)
        assert diff(after, await read_catalog(base)).empty
        await _there_and_back(
            base,
            "ALTER SUBSCRIPTION kinds_sub SET PUBLICATION c WITH (refresh = false);"
            "ALTER SUBSCRIPTION kinds_sub SET (synchronous_commit = local, binary = false, slot_name = 'x');"
            "COMMENT ON SUBSCRIPTION kinds_sub IS 'from afar'",
        )
        back = ddl(diff(await read_catalog(base), Catalog(origin="elsewhere")))
        assert "ALTER SUBSCRIPTION kinds_sub SET (slot_name = NONE)" in back
        await _applied(base, tuple(text for text in back if "kinds_sub" in text))
    finally:
        await base.execute("DROP SUBSCRIPTION IF EXISTS kinds_sub")


EVERY = """
CREATE TABLE t (id int PRIMARY KEY, a text, b text); ALTER TABLE t OWNER TO kinds_role;
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE STATISTICS st ON a, b FROM t;
CREATE PUBLICATION p FOR TABLE t WHERE (id > 1);
CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION et();
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h');
CREATE USER MAPPING FOR kinds_role SERVER s OPTIONS (user 'u', password 'x');
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
CREATE COLLATION co (PROVIDER = libc, LOCALE = 'C');
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 ===, FUNCTION 1 hashint4(int);
ALTER ROLE kinds_role SET statement_timeout = '3s'; ALTER ROLE kinds_other SET statement_timeout = '4s';
"""


async def test_who_may_do_nothing_reads_the_same(base: Connection) -> None:
    await base.execute("CREATE ROLE kinds_role; CREATE ROLE kinds_other")
    try:
        await base.execute(EVERY)
        whole = await read_catalog(base)
        await base.execute("SET ROLE kinds_other")
        theirs = await read_catalog(base)
        await base.execute("RESET ROLE")
        assert fingerprint(theirs) == fingerprint(whole)
        assert diff(whole, theirs).empty
        assert Ref("setting", "", "role kinds_role/statement_timeout") in whole
        assert Ref("setting", "", "role kinds_other/statement_timeout") not in whole
        assert "kinds_role" in whole.roles
    finally:
        await base.execute("DROP TABLE t; DROP SERVER s CASCADE; DROP ROLE kinds_role; DROP ROLE kinds_other")


async def test_what_the_platform_owns_is_kept_apart(base: Connection) -> None:
    for role in ("supabase_admin", "kinds_app"):
        if not await base.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", role):
            await base.execute(f"CREATE ROLE {role}")
    before = await read_catalog(base)
    await base.execute(
        """
        CREATE SCHEMA realtime AUTHORIZATION supabase_admin; CREATE TABLE realtime.messages (id int);
        ALTER TABLE realtime.messages OWNER TO supabase_admin; ALTER ROLE supabase_admin SET lock_timeout = '1s';
        CREATE FUNCTION realtime.seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER theirs ON sql_drop EXECUTE FUNCTION realtime.seen();
        CREATE PUBLICATION theirs FOR TABLE realtime.messages; ALTER PUBLICATION theirs OWNER TO supabase_admin;
        """
    )
    # Only a superuser may own an event trigger.
    catalog = await read_catalog(base)
    theirs = catalog.objects[Ref("event-trigger", "", "theirs")]
    catalog = replace(catalog, objects={**catalog.objects, theirs.ref: replace(theirs, owner="supabase_admin")})
    assert visible(catalog) == visible(before)
    await base.execute("ALTER ROLE supabase_admin RESET ALL")
    await base.execute(
        "CREATE TABLE public.mine (id int PRIMARY KEY); CREATE PUBLICATION supabase_realtime FOR TABLE public.mine"
    )
    seen = visible(await read_catalog(base))
    assert Ref("publication-table", "public", "supabase_realtime", "mine") in seen
    assert Ref("publication", "", "supabase_realtime") in seen


async def test_a_label_is_on_the_object_that_bears_it(base: Connection) -> None:
    """No provider is to be had here, so the row is written as one would write it."""
    await base.execute(
        """
        CREATE TABLE labelled (a int); SET allow_system_table_mods = on;
        INSERT INTO pg_seclabel SELECT 'labelled'::regclass, 'pg_class'::regclass, 0, 'anon', 'TABLESAMPLE';
        INSERT INTO pg_seclabel SELECT 'labelled'::regclass, 'pg_class'::regclass, 1, 'anon', 'MASKED WITH VALUE 1';
        """
    )
    found = await read_catalog(base)
    assert found.objects[Ref("table", "public", "labelled")].security_labels == (("anon", "TABLESAMPLE"),)
    column = found.objects[Ref("column", "public", "a", "labelled")]
    assert column.security_labels == (("anon", "MASKED WITH VALUE 1"),)
