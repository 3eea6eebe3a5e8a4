"""What the reader reads, and what it leaves out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.catalog_acl import grants
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint, object_digest
from db_migrate_tools.schema.model import Column, Constraint, Grant, Index, Ref, Routine, Table, Type, View
from db_migrate_tools.schema.semantics import platform_schemas, visible


def table(name: str) -> Ref:
    return Ref("table", "work", name)


def column(relation: str, name: str) -> Ref:
    return Ref("column", "work", name, relation)


async def test_bookkeeping_temporary_and_extension_objects_are_left_out(work: Connection) -> None:
    before = await read_catalog(work)
    await work.execute(
        """
        CREATE SCHEMA db_migrate; CREATE TABLE db_migrate.journal (a int);
        CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations (version text);
        CREATE TEMP TABLE t (a int);
        """
    )
    assert describe(diff(before, await read_catalog(work))) == ()
    await work.execute("CREATE EXTENSION hstore SCHEMA work")
    after = await read_catalog(work)
    assert describe(diff(before, after)) == ("extension hstore is new",)
    assert Ref("extension", "", "plpgsql") not in after


async def test_dependencies_lead_through_views_defaults_policies_and_types(work: Connection) -> None:
    await work.execute(
        """
        CREATE TYPE mood AS ENUM ('a');
        CREATE FUNCTION f(mood) RETURNS mood LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE TABLE t (id serial PRIMARY KEY, m mood[], n mood DEFAULT f('a'));
        CREATE TABLE u (t int REFERENCES t);
        CREATE VIEW v AS SELECT f(n) AS x FROM t;
        CREATE POLICY p ON t USING (EXISTS (SELECT FROM u WHERE u.t = id));
        CREATE INDEX i ON t (f(n));
        """
    )
    catalog = await read_catalog(work)
    mood, function = Ref("type", "work", "mood"), Ref("routine", "work", "f(work.mood)")

    def needs(ref: Ref) -> frozenset[Ref]:
        return catalog.objects[ref].depends

    assert {function, column("t", "n")} <= needs(Ref("view", "work", "v"))
    assert mood in needs(column("t", "m"))
    assert function in needs(column("t", "n"))
    assert Ref("sequence", "work", "t_id_seq") in needs(column("t", "id"))
    assert {table("t"), column("u", "t")} <= needs(Ref("policy", "work", "p", "t"))
    assert {function, column("t", "n")} <= needs(Ref("index", "work", "i"))
    assert {column("u", "t"), column("t", "id")} <= needs(Ref("constraint", "work", "u_t_fkey", "u"))
    assert mood in needs(function)
    many = catalog.objects[column("t", "m")]
    assert isinstance(many, Column)
    assert (many.type, many.type_ref, many.is_array) == ("work.mood[]", mood, True)


async def test_every_role_that_is_named_is_known(work: Connection) -> None:
    await work.execute(
        """
        CREATE TABLE t (a int);
        GRANT SELECT ON t TO case_reader;
        CREATE POLICY p ON t TO case_writer USING (true);
        GRANT SELECT (a) ON t TO "odd ""role" WITH GRANT OPTION;
        """
    )
    catalog = await read_catalog(work)
    assert {"case_reader", "case_writer", "postgres", 'odd "role'} <= set(catalog.roles)
    assert catalog.objects[column("t", "a")].acl == (Grant('odd "role', "SELECT", "postgres", True),)


async def test_what_others_need_to_know_of_a_table_is_there(work: Connection) -> None:
    await work.execute(
        """
        CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int, name varchar(5) UNIQUE);
        ALTER TABLE t DROP COLUMN gone;
        CREATE TABLE u (id int, t int REFERENCES t (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
        CREATE INDEX i ON u (t, lower(id::text)) INCLUDE (id) WHERE t > 0;
        CREATE VIEW v AS SELECT id FROM u;
        CREATE VIEW w AS SELECT count(*) AS n FROM u;
        CREATE FUNCTION f(a int, b text DEFAULT 'x', OUT c int, OUT d t) LANGUAGE sql AS 'SELECT 1, NULL::work.t';
        """
    )
    catalog = await read_catalog(work)
    assert [c.ref.name for c in catalog.columns_of(table("t"))] == ["id", "name"]
    assert [c.position for c in catalog.columns_of(table("t"))] == [1, 2]
    key = catalog.objects[Ref("constraint", "work", "u_t_fkey", "u")]
    assert isinstance(key, Constraint)
    assert (key.columns, key.references, key.referenced_columns) == (("t",), table("t"), ("id",))
    assert (key.deferrable, key.initially_deferred) == (True, True)
    index = catalog.objects[Ref("index", "work", "i")]
    assert isinstance(index, Index)
    assert (index.columns, index.partial, index.unique) == (("t", ""), True, False)
    simple, grouped = catalog.objects[Ref("view", "work", "v")], catalog.objects[Ref("view", "work", "w")]
    assert isinstance(simple, View)
    assert isinstance(grouped, View)
    assert (simple.insertable, simple.updatable, grouped.insertable) == (True, True, False)
    routine = catalog.objects[Ref("routine", "work", "f(integer, text)")]
    assert isinstance(routine, Routine)
    assert [(a.name, a.mode, a.has_default) for a in routine.arguments] == [
        ("a", "in", False),
        ("b", "in", True),
        ("c", "out", False),
        ("d", "out", False),
    ]
    assert routine.arguments[3].type_ref == table("t")
    assert [t.ref.name for t in catalog.tables() if t.ref.schema == "work"] == ["t", "u"]


async def test_definitions_do_not_depend_on_the_session(work: Connection) -> None:
    await work.execute("CREATE TABLE t (at timestamptz DEFAULT '2020-01-01 00:00+00', d date DEFAULT '2020-12-31')")
    first = await read_catalog(work)
    await work.execute(
        "SET LOCAL TimeZone = 'Asia/Tokyo'; SET LOCAL DateStyle = 'German'; SET LOCAL search_path = work"
    )
    assert fingerprint(await read_catalog(work)) == fingerprint(first)


async def test_an_invalid_index_is_told_apart(work: Connection) -> None:
    await work.execute("CREATE TABLE t (a int); CREATE INDEX i ON t (a)")
    before = await read_catalog(work)
    await work.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass")
    assert describe(diff(before, await read_catalog(work))) == ("index work.i: valid is now off, was on",)


async def test_a_fingerprint_knows_neither_oids_nor_order(make_database: Callable[[], Awaitable[str]]) -> None:
    parts = [
        "CREATE TABLE a (id int PRIMARY KEY, t text)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE m AS ENUM ('x', 'y')",
        "CREATE TABLE b (m text[]); ALTER TABLE b ADD CHECK (m <> '{}'); ALTER TABLE b ENABLE ROW LEVEL SECURITY",
    ]
    found: set[str] = set()
    for order in (parts, parts[::-1]):
        connection = await asyncpg.connect(await make_database())
        for sql in order:
            await connection.execute(sql)
        found.add(fingerprint(await read_catalog(connection)))
        await connection.close()
    assert len(found) == 1


async def test_a_default_acl_that_is_spelled_out_is_the_default(work: Connection) -> None:
    await work.execute("CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = await read_catalog(work)
    await work.execute("GRANT SELECT ON t TO case_reader; REVOKE SELECT ON t FROM case_reader")
    await work.execute("REVOKE ALL ON FUNCTION f() FROM PUBLIC; GRANT EXECUTE ON FUNCTION f() TO PUBLIC")
    after = await read_catalog(work)
    assert before.objects[table("t")].acl is None
    assert after.objects[table("t")].acl is not None
    assert fingerprint(before) == fingerprint(after)
    assert diff(before, after).empty


def test_maintain_is_no_difference_to_a_server_that_does_not_know_it() -> None:
    words = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    old = tuple(sorted(Grant(role, word, "o") for role in ("o", "r") for word in words))
    new = tuple(sorted((*old, Grant("o", "MAINTAIN", "o"), Grant("r", "MAINTAIN", "o"))))
    ref = Ref("table", "s", "t")
    one, other = Table(ref=ref, owner="o", acl=old), Table(ref=ref, owner="o", acl=new)
    assert object_digest(one, 150000) == object_digest(other, 180000)
    assert object_digest(one, 180000) != object_digest(other, 180000)


def test_access_privileges_are_parsed() -> None:
    assert grants(None) is None
    assert grants([]) == ()
    assert grants(["=r/o", 'a=r*w/"o d"', '"x ""y"=X/o']) == (
        Grant("", "SELECT", "o"),
        Grant("a", "SELECT", "o d", True),
        Grant("a", "UPDATE", "o d"),
        Grant('x "y', "EXECUTE", "o"),
    )


@pytest.mark.parametrize("owner", ["postgres", "supabase_admin"])
async def test_a_schema_is_the_platforms_only_where_its_owner_is(work: Connection, owner: str) -> None:
    before = await read_catalog(work)
    await work.execute(f"CREATE SCHEMA auth; ALTER SCHEMA auth OWNER TO {owner}; CREATE TABLE auth.users (id int)")
    after = await read_catalog(work)
    platform = owner == "supabase_admin"
    assert platform_schemas(after) == ({"auth"} if platform else set())
    assert diff(before, after).empty == platform
    assert (fingerprint(before) == fingerprint(after)) == platform
    assert not diff(before, after, platform=True).empty
    assert fingerprint(before, platform=True) != fingerprint(after, platform=True)


async def test_what_users_hang_on_the_platforms_tables_is_theirs(work: Connection) -> None:
    await work.execute(
        """
        CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin; CREATE TABLE auth.users (id int);
        CREATE FUNCTION auth.own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE FUNCTION work.welcome() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE TRIGGER own AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION auth.own();
        CREATE TRIGGER on_sign_up AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION work.welcome();
        CREATE POLICY mine ON auth.users USING (true);
        ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA work GRANT SELECT ON TABLES TO case_reader;
        """
    )
    found = {str(ref) for ref in visible(await read_catalog(work)) if ref.schema == "auth" or ref.kind == "default-acl"}
    assert found == {"auth.users.on_sign_up", "auth.users.mine"}


async def test_a_composite_types_columns_are_columns(work: Connection) -> None:
    await work.execute("CREATE TYPE pair AS (a int, b text)")
    catalog = await read_catalog(work)
    pair = catalog.objects[Ref("type", "work", "pair")]
    assert isinstance(pair, Type)
    assert pair.columns == ("a", "b")
    assert [c.type for c in catalog.columns_of(pair.ref)] == ["integer", "text"]
