"""Rows for tables that nobody thought of beforehand: Postgres takes them, and they are the same each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db_migrate.postgres.catalog import read_catalog
from db_migrate.shadow.rows.seeding import Seeded, seed
from db_migrate.shadow.rows.state import read_state
from db_migrate_tools.rows.asked import Ask
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import State
from db_migrate_tools.rows.scope import Scope, scope_of
from db_migrate_tools.schema.diff import diff

COLUMNS = {
    "int": ("{c} > 10", "{c} BETWEEN -5 AND 500", "{c} <> 7", "{c} % 3 = 0"),
    "smallint": ("{c} >= 0",),
    "numeric(8,3)": ("{c} < 100", "{c} IN (1.5, 2.5, 3)"),
    "text": (
        "length({c}) > 3",
        "{c} ~ '^[a-z]{{2,6}}-[0-9]+$'",
        "{c} <> ''",
        "{c} IN ('a', 'b', 'c')",
        "{c} = lower({c})",
    ),
    "varchar(12)": ("{c} LIKE 'x%'", "char_length({c}) <= 8"),
    "date": ("{c} >= '2001-01-01'", "{c} < '1999-12-31'"),
    "timestamptz": ("{c} < '2030-01-01'",),
    "boolean": (),
    "uuid": (),
    "jsonb": ("jsonb_typeof({c}) = 'object'",),
    "int[]": ("cardinality({c}) > 1",),
    "mood": ("{c} <> 'sad'",),
    "interval": (),
    "inet": (),
}


@st.composite
def tables(draw: st.DrawFn) -> str:
    """One to four tables that may refer to the ones before them, and to themselves."""
    made = ["CREATE TYPE mood AS ENUM ('sad', 'fine', 'happy')"]
    for number in range(draw(st.integers(1, 4))):
        lines = [f"id {draw(st.sampled_from(['int', 'bigint', 'uuid', 'text', 'serial']))} PRIMARY KEY"]
        names: list[str] = []
        for column in range(draw(st.integers(0, 5))):
            kind = draw(st.sampled_from(sorted(COLUMNS)))
            name = f"c{column}"
            names.append(name)
            null = draw(st.sampled_from(["", " NOT NULL"]))
            checks = COLUMNS[kind]
            checked = bool(checks) and draw(st.booleans())
            check = f" CHECK ({draw(st.sampled_from(checks)).format(c=name)})" if checked else ""
            lines.append(f"{name} {kind}{null}{check}")
        if len(names) > 1 and draw(st.booleans()):
            lines.append(f"CHECK (num_nonnulls({names[0]}, {names[1]}) >= 1)")
        if len(names) > 1 and draw(st.booleans()):
            lines.append(f"UNIQUE ({names[0]}, {names[-1]})")
        made.append(f"CREATE TABLE t{number} ({', '.join(lines)})")
        if draw(st.booleans()):
            to = draw(st.integers(0, number))
            null = draw(st.sampled_from(["", " NOT NULL"])) if to != number else ""
            made.append(f"CREATE TABLE likes{number} AS SELECT id FROM t{to} LIMIT 0")
            made.append(f"DROP TABLE likes{number}")
            made.append(REFER.format(number=number, to=to, null=null))
    return ";\n".join(made)


# A column with the type of the other table's key, whatever that is.
REFER = """DO $$ BEGIN EXECUTE format('ALTER TABLE t{number} ADD COLUMN ref %s{null} REFERENCES t{to}',
    (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't{to}'::regclass AND attname = 'id'));
END $$"""


async def rows(connection: asyncpg.Connection, sql: str) -> tuple[Scope, Seeded, State]:
    await connection.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {sql}")
    catalog = await read_catalog(connection)
    book = Book(catalog)
    scope = scope_of(book, [str(ref) for ref in book.tables], [], diff(catalog, catalog))
    scope = Scope(scope.tables, 40)
    found = await seed(connection, book, scope, fingerprint="f", ask=Ask())
    return scope, found, await read_state(connection, book, scope.tables)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
async def test_rows_for_random_tables_are_taken_and_are_the_same_each_time(
    make_database: Callable[[], Awaitable[str]], sql: str
) -> None:
    connection = await asyncpg.connect(await make_database())
    try:
        await connection.execute("SET session_replication_role = replica; SET client_min_messages = warning")
        one = await rows(connection, sql)
        assert one[1].empty == {}
        assert all(count >= 3 for count in one[1].counts.values()), one[1].counts
        assert await rows(connection, sql) == one
    finally:
        await connection.close()
