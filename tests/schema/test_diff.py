"""What a delta says of itself: losses, order, renames, words."""

from __future__ import annotations

import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.ddl import UNCHECKED_BODIES, ddl
from db_migrate_tools.schema.ddl.order import Key, Step, ordered
from db_migrate_tools.schema.ddl.quote import ident, literal, qualified
from db_migrate_tools.schema.diff import Delta, describe, diff, lost
from db_migrate_tools.schema.model import Catalog, Extension, Ref, Schema, Table
from db_migrate_tools.schema.renames import Rename

START = """
CREATE TABLE t (id int PRIMARY KEY, name varchar(20) NOT NULL, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE u (id int);
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
"""


async def _delta(work: Connection, change: str, start: str = START) -> Delta:
    await work.execute(start)
    before = await read_catalog(work)
    await work.execute(change)
    return diff(before, await read_catalog(work))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("DROP TABLE u", ["work.u"]),
        ("DROP TABLE t", ["work.t"]),
        ("ALTER TABLE t DROP COLUMN name", ["work.t.name"]),
        ("ALTER TABLE t DROP COLUMN twice", []),
        ("ALTER TABLE t RENAME COLUMN name TO title", []),
        ("ALTER TABLE t RENAME TO w; ALTER TABLE w DROP COLUMN name", ["work.t.name"]),
        ("DROP TABLE t; ALTER TABLE u RENAME TO t", ["work.t"]),
        ("DROP MATERIALIZED VIEW m", []),
        ("DROP TABLE u; CREATE TABLE u (id int) PARTITION BY LIST (id)", ["work.u"]),
        ("ALTER TABLE t DROP COLUMN name, ADD COLUMN name text GENERATED ALWAYS AS ('x') STORED", ["work.t.name"]),
    ],
)
async def test_what_is_lost_is_said(work: Connection, change: str, expected: list[str]) -> None:
    assert [str(ref) for ref in lost(await _delta(work, change))] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("ALTER TABLE t ALTER name TYPE text", "table work.t: column name is now text, was character varying(20)"),
        ("ALTER TABLE t ALTER name DROP NOT NULL", "table work.t: column name is now nullable"),
        ("ALTER TABLE u ALTER id SET NOT NULL", "table work.u: column id is now NOT NULL"),
        ("ALTER TABLE u ALTER id SET DEFAULT 3", "table work.u: column id default is now 3, was none"),
        ("ALTER TABLE u ENABLE ROW LEVEL SECURITY", "table work.u: row security is now on, was off"),
        ("COMMENT ON TABLE u IS 'x'", "table work.u: comment is now x, was none"),
        ("ALTER TABLE u SET (fillfactor = 50)", "table work.u: options is now fillfactor=50, was none"),
        ("GRANT SELECT ON u TO PUBLIC", "table work.u: privileges: PUBLIC gained SELECT"),
        ("DROP TABLE u", "table work.u is gone"),
        ("DROP MATERIALIZED VIEW m", "materialized view work.m is gone"),
        ("CREATE TABLE w (id int PRIMARY KEY)", "table work.w is new"),
        ("ALTER TABLE u RENAME TO w", "table work.u is now called work.w"),
        (
            "ALTER TABLE u ADD COLUMN n int, DROP COLUMN id, ADD COLUMN id int",
            "column work.u.n is new",
        ),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA work GRANT SELECT ON TABLES TO PUBLIC",
            "default privileges of postgres for tables in schema work is new",
        ),
    ],
)
async def test_a_difference_is_told_in_one_line(work: Connection, change: str, expected: str) -> None:
    assert expected in describe(await _delta(work, change))


async def test_privileges_lost_and_grant_options_are_told(work: Connection) -> None:
    start = "CREATE TABLE u (id int); GRANT SELECT, INSERT ON u TO case_reader"
    delta = await _delta(
        work, "REVOKE INSERT ON u FROM case_reader; GRANT SELECT ON u TO case_reader WITH GRANT OPTION", start
    )
    (line,) = describe(delta)
    assert line.removeprefix("table work.u: privileges: ").split("; ") == [
        "case_reader gained SELECT with grant option",
        "case_reader lost INSERT",
        "case_reader lost SELECT",
    ]


async def test_a_column_that_comes_back_last_is_only_a_matter_of_order(work: Connection) -> None:
    delta = await _delta(work, "ALTER TABLE t DROP COLUMN name; ALTER TABLE t ADD COLUMN name varchar(20) NOT NULL")
    assert delta.only_order
    assert not delta.empty
    assert delta.reordered == (Ref("table", "work", "t"),)
    assert describe(delta) == ("table work.t: column name is now last",)
    assert ddl(delta) == ()


async def test_many_moves_are_listed_in_full(work: Connection) -> None:
    start = "CREATE TABLE t (a int, b int, c int, d int)"
    delta = await _delta(work, "DROP TABLE t; CREATE TABLE t (d int, c int, b int, a int)", start)
    assert describe(delta) == ("table work.t: its columns now stand as d, c, b, a",)
    await work.execute("DROP TABLE t; CREATE TABLE t (a int, c int, b int, d int)")
    assert describe(diff(delta.before, await read_catalog(work))) == ("table work.t: column b is now after c",)
    await work.execute("DROP TABLE t; CREATE TABLE t (d int, a int, b int, c int)")
    assert describe(diff(delta.before, await read_catalog(work))) == ("table work.t: column d is now first",)


async def test_renames_are_undone_by_renames(work: Connection) -> None:
    delta = await _delta(work, "ALTER TABLE t RENAME TO w; ALTER TABLE w RENAME COLUMN name TO title")
    assert delta.renamed == (
        Rename(Ref("column", "work", "name", "t"), Ref("column", "work", "title", "w")),
        Rename(Ref("table", "work", "t"), Ref("table", "work", "w")),
    )
    assert not delta.altered
    assert ddl(diff(delta.after, delta.before)) == (
        "ALTER TABLE work.w RENAME TO t",
        "ALTER TABLE work.t RENAME COLUMN title TO name",
    )


async def test_nothing_but_the_change_is_touched(work: Connection) -> None:
    delta = await _delta(work, "ALTER TABLE t ADD COLUMN n int; CREATE INDEX i ON u (id)")
    assert ddl(delta) == ("ALTER TABLE work.t ADD COLUMN n integer", "CREATE INDEX i ON work.u USING btree (id)")
    assert ddl(diff(delta.after, delta.before)) == ("DROP INDEX work.i", "ALTER TABLE work.t DROP COLUMN n")


async def test_bodies_go_unchecked_only_where_there_are_any(work: Connection) -> None:
    delta = await _delta(work, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert ddl(delta)[0] == UNCHECKED_BODIES
    assert UNCHECKED_BODIES not in ddl(diff(delta.after, delta.before))


async def test_a_dropped_extension_comes_back_in_its_version(work: Connection) -> None:
    delta = await _delta(work, "CREATE EXTENSION hstore SCHEMA work VERSION '1.4'")
    assert ddl(delta) == ("CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA work VERSION '1.4'",)
    await work.execute("ALTER EXTENSION hstore UPDATE")
    newer = await read_catalog(work)
    assert ddl(diff(newer, delta.after)) == ("ALTER EXTENSION hstore UPDATE TO '1.4'",)
    assert any(s.endswith("hstore WITH SCHEMA work") for s in ddl(diff(Catalog(), newer)))


def test_an_extensions_own_schema_comes_and_goes_with_it() -> None:
    extension = Extension(ref=Ref("extension", "", "q"), version="1", installed_in="q")
    schema = Schema(ref=Ref("schema", "", "q"), extension="q", depends=frozenset((extension.ref,)))
    table = Table(ref=Ref("table", "q", "t"), owner="o", depends=frozenset((schema.ref,)))
    catalog = Catalog({item.ref: item for item in (schema, table, extension)})
    assert ddl(diff(Catalog(), catalog, platform=True)) == (
        "CREATE EXTENSION IF NOT EXISTS q",
        "CREATE TABLE q.t ()",
        "ALTER TABLE q.t OWNER TO o",
    )
    assert ddl(diff(catalog, Catalog(), platform=True)) == ("DROP TABLE q.t", "DROP EXTENSION q")
    assert ddl(diff(Catalog(), catalog)) == ("CREATE EXTENSION IF NOT EXISTS q",)


async def test_rows_survive_there_and_back(work: Connection) -> None:
    start = """
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TABLE t (id int, m mood DEFAULT 'ok', n varchar(9), l mood[]);
        CREATE VIEW v AS SELECT m, n FROM t;
        INSERT INTO t VALUES (1, 'sad', '7', '{sad,ok}');
        """
    delta = await _delta(
        work,
        """
        DROP VIEW v;
        ALTER TYPE mood ADD VALUE 'happy';
        ALTER TABLE t RENAME COLUMN id TO key;
        ALTER TABLE t ALTER COLUMN n TYPE int USING n::int;
        ALTER TABLE t RENAME TO u;
        CREATE VIEW v AS SELECT m, n FROM u;
        """,
        start,
    )
    assert lost(delta) == lost(diff(delta.after, delta.before)) == ()
    for statement in ddl(diff(delta.after, delta.before)):
        await work.execute(statement)
    assert diff(delta.before, await read_catalog(work)).empty
    (row,) = await work.fetch("SELECT id, m, n, l FROM t")
    assert tuple(row) == (1, "sad", "7", ["sad", "ok"])


def test_a_circle_without_a_stub_still_ends() -> None:
    one, other = Ref("view", "s", "one"), Ref("view", "s", "other")
    steps: dict[Key, Step] = {
        ("create", one): Step(("create", one), ["one"], (1, 0, "one"), {("create", other)}),
        ("create", other): Step(("create", other), ["other"], (1, 0, "other"), {("create", one)}),
    }
    assert ordered(steps) == ["one", "other"]


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("users", "users"), ("Users", '"Users"'), ("select", '"select"'), ('a"b', '"a""b"'), ("1a", '"1a"')],
)
def test_identifiers_are_quoted_where_needed(name: str, quoted: str) -> None:
    assert ident(name) == quoted


async def test_literals_survive_any_setting_of_standard_conforming_strings(work: Connection) -> None:
    for setting in ("on", "off"):
        await work.execute(f"SET LOCAL escape_string_warning = off; SET LOCAL standard_conforming_strings = {setting}")
        for text in ("it's", "back\\slash", "a\nb", "\\'"):
            assert await work.fetchval(f"SELECT {literal(text)}") == text


def test_a_routines_arguments_stand_outside_the_quotes() -> None:
    assert qualified(Ref("routine", "s", "Odd(integer)")) == 's."Odd"(integer)'
    assert qualified(Ref("routine", "s", "f()")) == "s.f()"


HUGE = "repeat('lorem ipsum ', 100000)"


async def test_what_is_monstrous_is_compared_whole_and_described_by_its_beginning(work: Connection) -> None:
    start = f"""
        CREATE TABLE t (id int); CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN d AS text;
        DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', {HUGE} || 'x');
        EXECUTE format('CREATE FUNCTION f() RETURNS text LANGUAGE sql AS %L', 'SELECT ''' || {HUGE} || ''''); END $$;
    """
    change = f"""
        DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', {HUGE} || 'y');
        EXECUTE format('CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql AS %L',
            'SELECT 1 || ''' || {HUGE} || '''');
        EXECUTE format('ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE <> %L)', {HUGE});
        FOR n IN 1..300 LOOP EXECUTE format('ALTER TYPE mood ADD VALUE %L', 'label_' || n); END LOOP; END $$;
    """
    told = describe(await _delta(work, change, start))
    assert sorted(line.partition(": ")[0] for line in told) == [
        "routine work.f()",
        "table work.t",
        "type work.d",
        "type work.mood",
    ]
    assert max(map(len, told)) < 700
    assert any(line.endswith("was a") and "and 281 more" in line for line in told), told
