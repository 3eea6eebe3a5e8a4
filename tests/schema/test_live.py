"""A live catalog, after whatever statement, is what reading everything again would give."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from clusters import binaries_of, running
from db_migrate.postgres.catalog import read_whole
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.live import LiveCatalog, Refreshed
from db_migrate.postgres.prepared import Prepared
from db_migrate_tools.schema.diff import Delta, diff
from db_migrate_tools.schema.model import Ref
from schema.cases import Case
from schema.cases import read as read_cases
from schema.mutations import Mutation
from schema.mutations import read as read_mutations

RICH = (Path(__file__).parent / "rich.sql").read_text()
ROLES = ("reader", "writer", "keeper", "owner", "case_reader", "case_writer", "supabase_admin", "supabase_auth_admin")


class Follower:
    """Runs statements on a connection and holds each refresh against a full read."""

    def __init__(self, connection: Connection, live: LiveCatalog) -> None:
        self.connection, self.live = connection, live

    async def run(self, sql: str) -> Refreshed:
        await self.execute(sql)
        return await self.look()

    async def execute(self, sql: str) -> None:
        if self.connection.is_in_transaction():
            await self.connection.execute("SAVEPOINT follower")
            try:
                await self.connection.execute(sql)
            except asyncpg.PostgresError:
                await self.connection.execute("ROLLBACK TO SAVEPOINT follower")
                raise
            finally:
                await self.connection.execute("RELEASE SAVEPOINT follower")
        else:
            await self.connection.execute(sql)

    async def look(self) -> Refreshed:
        before = self.live.catalog
        found = await self.live.refresh()
        everything = (await read_whole(self.connection)).catalog
        now = found.catalog
        assert now.objects.keys() == everything.objects.keys()
        assert [item for ref, item in now.objects.items() if item != everything.objects[ref]] == []
        assert {r: o.key for r, o in now.objects.items()} == {r: o.key for r, o in everything.objects.items()}
        assert now == everything
        refs = before.objects.keys() | now.objects.keys()
        assert {ref for ref in refs if before.get(ref) != now.get(ref)} <= found.touched
        assert all(now.get(ref) is before.get(ref) for ref in refs - found.touched)
        whole, part = diff(before, now), diff(before, now, only=found.touched)
        assert _content(part) == _content(whole)
        return found


def _content(delta: Delta) -> tuple[object, ...]:
    return delta.created, delta.dropped, delta.altered, delta.renamed, delta.reordered, dict(delta.mapping), delta.base


newest = pytest.mark.parametrize("server", [18], indirect=True)


@pytest.fixture(scope="module", params=[15, 18])
async def server(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[str]:
    binaries = binaries_of(request.param)
    if binaries is None:
        pytest.skip(f"no binaries of Postgres {request.param} on this machine")
    with running(binaries) as dsn:
        connection = await asyncpg.connect(dsn)
        for role in ROLES:
            await connection.execute(f"CREATE ROLE {role}")
        await connection.execute('CREATE ROLE "odd ""role"')
        await connection.close()
        yield dsn


@pytest.fixture
async def follower(server: str) -> AsyncIterator[Follower]:
    """On a fresh database, between transactions."""
    admin = await asyncpg.connect(server)
    await admin.execute("DROP DATABASE IF EXISTS live WITH (FORCE)")
    await admin.execute("CREATE DATABASE live")
    connection = await asyncpg.connect(server.replace("/postgres?", "/live?"))
    yield Follower(connection, await LiveCatalog.start(connection))
    await connection.close()
    await admin.close()


async def _all(follower: Follower, setup: list[str], blocks: list[tuple[str, list[str]]]) -> None:
    """Each block in a transaction of its own that is taken back; what the server refuses is left out. Held against
    a full read are a block's second statement and, of every fourth block, those after it.
    """
    ran = 0
    for block, (name, statements) in enumerate(blocks):
        await follower.connection.execute("BEGIN; SAVEPOINT follower")
        for number, sql in enumerate([*setup, *statements]):
            try:
                if number == 1 or (number and not block % 4):
                    await follower.run(sql)
                else:
                    await follower.execute(sql)
                    await follower.live.refresh()
                ran += 1
            except asyncpg.PostgresError:
                break
            except AssertionError as error:
                error.add_note(f"{name}: {sql}")
                raise
        await follower.connection.execute("ROLLBACK")
    assert ran > len(blocks)


@newest
async def test_every_mutation_of_one_object_is_followed(follower: Follower) -> None:
    def block(mutation: Mutation) -> tuple[str, list[str]]:
        made = f"CREATE SCHEMA {mutation.schema}; SET search_path = {mutation.schema}"
        return mutation.name, [
            f"{made}; {mutation.before}",
            mutation.then,
            f"DROP SCHEMA {mutation.schema} CASCADE",
        ]

    await _all(follower, [], [block(mutation) for mutation in read_mutations()])


@newest
async def test_every_case_of_a_difference_is_followed(follower: Follower) -> None:
    def block(case: Case) -> tuple[str, list[str]]:
        return case.name, [f"CREATE SCHEMA work; SET search_path = work; {case.setup}", case.change]

    await _all(follower, [], [block(case) for case in read_cases()])


STORY = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN mail AS text CHECK (value LIKE '%@%');
CREATE TABLE a (id int PRIMARY KEY, m mood DEFAULT 'ok', e mail, s serial, CONSTRAINT big CHECK (id > 0));
CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int REFERENCES a (id), ms mood[]);
CREATE VIEW v AS SELECT a.id, b.id AS other FROM a JOIN b ON b.a = a.id WHERE a.m = 'ok';
CREATE VIEW w AS SELECT * FROM v;
CREATE VIEW u AS SELECT id FROM a;
CREATE VIEW uu AS SELECT id FROM u;
CREATE OR REPLACE VIEW u AS SELECT DISTINCT id FROM a;
CREATE FUNCTION f(m mood) RETURNS int LANGUAGE sql AS 'select 1';
CREATE FUNCTION g(r a) RETURNS int LANGUAGE sql AS 'select 1';
ALTER TYPE mood RENAME TO feeling;
ALTER TYPE feeling RENAME VALUE 'ok' TO 'fine';
ALTER TYPE feeling ADD VALUE 'great' BEFORE 'sad';
ALTER TABLE a RENAME COLUMN id TO key;
ALTER TABLE a RENAME TO z;
ALTER TABLE z RENAME CONSTRAINT a_pkey TO z_key;
ALTER SEQUENCE a_s_seq OWNED BY NONE;
ALTER SEQUENCE a_s_seq OWNED BY b.id;
ALTER TABLE z ADD COLUMN other int;
ALTER TABLE b ALTER COLUMN id DROP IDENTITY;
ALTER TABLE b ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START 10);
CREATE SCHEMA two;
ALTER TABLE b SET SCHEMA two;
ALTER TYPE feeling SET SCHEMA two;
ALTER SCHEMA two RENAME TO three;
COMMENT ON COLUMN z.key IS 'The key';
COMMENT ON TABLE z IS 'A table';
COMMENT ON CONSTRAINT big ON z IS 'Big';
COMMENT ON SCHEMA three IS 'Third';
COMMENT ON COLUMN z.key IS NULL;
COMMENT ON SCHEMA three IS NULL;
GRANT SELECT (key) ON z TO reader;
GRANT ALL ON SCHEMA three TO writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA three GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA three REVOKE SELECT ON TABLES FROM reader;
ALTER TABLE z OWNER TO keeper;
CREATE ROLE newcomer;
GRANT SELECT ON z TO newcomer;
ALTER ROLE newcomer RENAME TO oldtimer;
REVOKE ALL ON z FROM oldtimer;
DROP ROLE oldtimer;
CREATE TABLE p (k int, t text) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (k int, t text);
CREATE INDEX p_t ON p (t);
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER watch AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION fired();
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
ALTER TABLE ONLY p DISABLE TRIGGER watch;
ALTER TABLE p1 ENABLE ALWAYS TRIGGER watch;
ALTER INDEX p_t RENAME TO p_text;
ALTER TABLE p RENAME TO parted;
ALTER TABLE parted DETACH PARTITION p1;
ALTER TRIGGER watch ON parted RENAME TO watching;
ALTER FUNCTION fired() RENAME TO has_fired;
CREATE TABLE kid () INHERITS (z);
ALTER TABLE kid NO INHERIT z;
ALTER TABLE z ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON z TO reader USING (EXISTS (SELECT FROM three.b WHERE b.a = z.key));
ALTER TABLE three.b RENAME COLUMN a TO z;
ALTER POLICY mine ON z RENAME TO ours;
CREATE RULE quiet AS ON DELETE TO z DO INSTEAD NOTHING;
ALTER TABLE z RENAME COLUMN e TO email;
DROP RULE quiet ON z;
CREATE EXTENSION citext;
ALTER TABLE z ADD COLUMN c citext;
DROP EXTENSION citext CASCADE;
CREATE TABLE one (i int); CREATE TABLE two (i int); ALTER TABLE one RENAME TO x; ALTER TABLE two RENAME TO one;
DO $$ BEGIN FOR i IN 1..5 LOOP EXECUTE format('CREATE TABLE loop_%s (id serial, a int REFERENCES z)', i);
  END LOOP; END $$;
DO $$ BEGIN BEGIN CREATE TABLE lost (i int); DROP TABLE one; RAISE 'no'; EXCEPTION WHEN others THEN
  CREATE TABLE kept (i int); END; END $$;
DO $$ BEGIN CREATE TABLE half (i int); BEGIN ALTER TABLE half ADD j int; RAISE 'no'; EXCEPTION WHEN others THEN NULL;
  END; END $$;
ALTER TABLE half ADD COLUMN k int;
CREATE TABLE temporary_no (i int); DROP TABLE temporary_no;
CREATE TEMP TABLE fleeting (i int);
CREATE MATERIALIZED VIEW mv AS SELECT key FROM z WITH NO DATA;
REFRESH MATERIALIZED VIEW mv;
CREATE STATISTICS st ON key, s FROM z;
CREATE PUBLICATION pub FOR TABLE z;
ALTER TABLE z RENAME COLUMN key TO id;
ALTER TABLE z ALTER COLUMN s TYPE bigint;
ALTER DOMAIN mail ADD CONSTRAINT short CHECK (length(value) < 100);
ALTER DOMAIN mail RENAME CONSTRAINT short TO not_long;
ALTER DOMAIN mail DROP CONSTRAINT not_long;
ALTER DOMAIN mail RENAME TO address;
CREATE TYPE pair AS (x int, y text);
CREATE TABLE pairs (p pair, ps pair[]);
ALTER TYPE pair RENAME ATTRIBUTE x TO first CASCADE;
ALTER TYPE pair ADD ATTRIBUTE z int CASCADE;
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE spans (s span);
ALTER TYPE span RENAME TO stretch;
CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int);
ALTER AGGREGATE total(int) RENAME TO sum_up;
SET search_path = three;
SELECT 1;
RESET search_path;
DROP TABLE z CASCADE;
DROP SCHEMA three CASCADE;
"""


def _story() -> list[str]:
    return [text.removesuffix(";") for text in STORY.replace("\n  ", " ").strip().split("\n")]


async def test_a_long_transaction_is_followed_statement_by_statement(follower: Follower) -> None:
    await follower.connection.execute("BEGIN")
    left_out: list[str] = []
    for sql in _story():
        try:
            await follower.run(sql)
        except asyncpg.PostgresError as error:
            left_out.append(f"{sql}: {error}")
        except AssertionError as error:
            error.add_note(sql)
            raise
    await follower.connection.execute("COMMIT")
    await follower.look()
    assert left_out == []


async def test_statements_that_commit_by_themselves_are_followed(follower: Follower) -> None:
    for sql in (*_story(), "CREATE TABLE c (i int)", "CREATE INDEX CONCURRENTLY ci ON c (i)", "VACUUM"):
        try:
            await follower.run(sql)
        except AssertionError as error:
            error.add_note(sql)
            raise


async def test_going_back_behind_a_look_is_noticed(follower: Follower) -> None:
    await follower.run("CREATE TABLE stays (i int)")
    await follower.connection.execute("BEGIN; SAVEPOINT back")
    await follower.run("DROP TABLE stays")
    await follower.connection.execute("ROLLBACK TO SAVEPOINT back")
    await follower.look()
    await follower.run("ALTER TABLE stays ADD j int")
    await follower.connection.execute("ROLLBACK")
    await follower.look()


async def test_a_statement_without_a_savepoint_is_followed(follower: Follower) -> None:
    await follower.connection.execute("BEGIN")
    for sql in ("CREATE TABLE t (i int)", "ALTER TABLE t ADD j int", "ALTER TABLE t ADD k int; DROP TABLE t"):
        await follower.connection.execute(sql)
        await follower.look()
    await follower.connection.execute("ROLLBACK")


@newest
async def test_a_rich_schema_is_followed(follower: Follower) -> None:
    await follower.connection.execute("BEGIN")
    await follower.run(RICH)
    schemas = [item.ref.name for item in follower.live.catalog if item.ref.kind == "schema"]
    for schema in schemas:
        await follower.run(f'ALTER SCHEMA "{schema}" RENAME TO "{schema} x"')
        await follower.run(f'DROP SCHEMA "{schema} x" CASCADE')
    await follower.connection.execute("ROLLBACK")


async def test_a_small_change_reads_few_rows_and_no_change_reads_none(follower: Follower) -> None:
    await follower.connection.execute("BEGIN")
    for number in range(30):
        await follower.connection.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, name text)")
    await follower.look()
    asked: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        asked.append(record.query)

    follower.connection.add_query_logger(note)
    assert (await follower.live.refresh()).touched == frozenset()
    quiet = len(asked)
    await follower.connection.execute("ALTER TABLE t3 ADD COLUMN more int")
    found = await follower.live.refresh()
    follower.connection.remove_query_logger(note)
    assert quiet <= 4
    assert not found.whole
    assert {str(ref) for ref in found.touched} == {"public.t3", "public.t3.more"}
    assert len(asked) < 45


async def test_a_transaction_that_is_told_of_from_its_beginning_is_followed(follower: Follower) -> None:
    connection = follower.connection
    await connection.execute("CREATE TABLE a (id int PRIMARY KEY, name text); CREATE TABLE b (id int)")
    live = await LiveCatalog.start(connection)
    told = Follower(connection, live)
    await connection.execute("BEGIN")
    await live.begin()
    for sql in (
        "CREATE TABLE c (id int PRIMARY KEY, a_id int REFERENCES a)",
        "ALTER TABLE a ADD COLUMN extra text DEFAULT 'x'",
        # Neither locks its table as DDL does, so only the counters tell that there is more than the probes find.
        "GRANT SELECT (name) ON a TO PUBLIC",
        "COMMENT ON COLUMN b.id IS 'of b'",
        "DROP TABLE b",
    ):
        await told.run(sql)
    await connection.execute("ROLLBACK")
    assert (await told.look()).whole


async def test_what_is_new_is_found_without_going_through_the_largest_catalogs(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    fetch = Prepared.fetch

    async def listening(self: Prepared, query: str, *values: object) -> list[asyncpg.Record]:
        asked.append(query)
        return await fetch(self, query, *values)

    connection = follower.connection
    await connection.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE z (id int)")
    live = await LiveCatalog.start(connection)
    await connection.execute("BEGIN")
    await live.begin()
    monkeypatch.setattr(Prepared, "fetch", listening)
    for sql, ref in (
        ("ALTER TABLE a ADD COLUMN b int", Ref("column", "public", "b", "a")),
        ("CREATE INDEX ON a (b)", Ref("index", "public", "a_b_idx")),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", Ref("constraint", "public", "c", "a")),
    ):
        await connection.execute(f"SAVEPOINT one; {sql}; RELEASE SAVEPOINT one")
        assert ref in (await live.refresh()).touched
    largest = ("FROM pg_attribute r WHERE", "FROM pg_depend r WHERE r.objid >=")
    assert [query for query in asked if any(words in query for words in largest)] == []
    asked.clear()
    await connection.execute("SAVEPOINT one; GRANT SELECT (id) ON z TO PUBLIC; RELEASE SAVEPOINT one")
    assert Ref("column", "public", "id", "z") in (await live.refresh()).touched
    assert any("FROM pg_attribute r WHERE" in query for query in asked)
    await connection.execute("ROLLBACK")
