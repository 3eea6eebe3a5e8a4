"""Migrations that say or write more than is worth keeping."""

from __future__ import annotations

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.shadow.rows import state as reading
from db_migrate.shadow.rows.state import read_state
from db_migrate.shadow.session import Session
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import LONGEST, Contents, State, compare
from db_migrate_tools.schema.model import Ref
from shadow.rehearser import Rehearser

T = Ref("table", "public", "t")
KINDS = """
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (id int PRIMARY KEY, b bool, c char(5), d bytea, e text[], f pair, g jsonb, h text);
INSERT INTO t VALUES
    (1, true, 'x', '\\x00ff', ARRAY['a', NULL, E'b\\t\\n'], ROW(NULL, NULL), '{"a": 1}', E'tab\\tline\\n\\\\'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, false, '', '', '{}', ROW(1, ''), 'null', ''),
    (4, false, 'y', convert_to(repeat('z', 4000), 'UTF8'), array_fill('é'::text, ARRAY[700]),
     ROW(1, repeat('p', 5000)), to_jsonb(repeat('j', 3000)), repeat(E'\\t\\\\ü', 1000));
"""


async def state_of(connection: asyncpg.Connection[asyncpg.Record], book: Book) -> Contents:
    return (await read_state(connection, book, [T])).tables[T]


async def test_what_is_read_is_the_same_whoever_shortens_long_values(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(KINDS)
    book = Book(await read_catalog(connection))
    here = await state_of(connection, book)
    monkeypatch.setattr(reading, "MOST_BYTES", 8_000)
    server = await state_of(connection, book)
    assert server == here
    assert not here.cut
    assert max(map(len, here.lines)) < 8 * LONGEST
    # And where even that is too much, there is a count and one digest.
    monkeypatch.setattr(reading, "MOST_HELD", 100)
    cut = await state_of(connection, book)
    assert (cut.cut, cut.rows, cut.lines) == (True, 4, ())
    assert not compare(State({T: cut}), State({T: await state_of(connection, book)}))
    await connection.execute("UPDATE t SET h = 'other' WHERE id = 1")
    (difference,) = compare(State({T: cut}), State({T: await state_of(connection, book)}))
    assert (difference.untold, difference.missing, difference.extra) == (True, 0, 0)
    await connection.close()


async def test_more_rows_than_are_read_are_counted(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 40)")
    book = Book(await read_catalog(connection))
    before = await read_state(connection, book, [T])
    monkeypatch.setattr(reading, "MOST_ROWS", 50)
    await connection.execute("INSERT INTO t SELECT generate_series(41, 60)")
    (difference,) = compare(before, await read_state(connection, book, [T]))
    assert (difference.rows, difference.missing, difference.extra, difference.untold) == (40, 0, 20, True)
    await connection.close()


async def test_too_many_rows_to_compare_are_not_proven(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        "CREATE TABLE t (id int, note text)", "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 60000) g"
    )
    assert rehearsal.rollback is not None
    assert (rehearsal.rollback.proof, rehearsal.rollback.lost) == ("not-proven", ())
    assert "60000 rows of public.t" in (rehearsal.rollback.why or "")
    assert "too many rows of public.t to be compared one by one" in (rehearsal.rollback.why or "")


async def test_long_values_are_compared(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        "CREATE TABLE t (id int PRIMARY KEY, note text)", "UPDATE t SET note = repeat('x', 250000)"
    )
    assert rehearsal.rollback is not None
    assert rehearsal.rollback.proof == "proven-with-data-loss"
    assert rehearsal.rollback.lost == (Ref("column", "public", "note", "t"),)


async def test_rows_that_cannot_be_read_are_not_proven(rehearse: Rehearser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", "1ms")
    rehearsal = await rehearse(
        "CREATE TABLE t (id int PRIMARY KEY, note text)", "UPDATE t SET note = repeat('x', 250000)"
    )
    assert rehearsal.ran
    assert rehearsal.rollback is not None
    assert rehearsal.rollback.proof == "not-proven"
    assert "The rows could not be read after the rollback (canceling statement" in (rehearsal.rollback.why or "")


async def test_only_what_postgres_says_of_relations_is_kept(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    session = Session(connection)
    await connection.execute("CREATE TABLE t (id int)")
    await session.begin()
    ran = await session.guarded(
        "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE DEBUG '%', repeat('x', 100000); END LOOP; "
        "ALTER TABLE t ALTER id TYPE bigint; END $$"
    )
    assert ran.lines == ('rewriting table "t"',)
    await session.rollback()
    await connection.close()


async def test_a_migration_cannot_say_in_postgres_s_name_what_happened(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    session = Session(connection)
    await connection.execute("CREATE TABLE t (id int)")
    await session.begin()
    ran = await session.guarded(
        "DO $$ BEGIN RAISE DEBUG 'rewriting table \"t\"'; RAISE DEBUG 'verifying table \"t\"'; "
        'RAISE DEBUG \'building index "i" on table "t" serially\'; END $$'
    )
    assert ran.lines == ()
    await session.rollback()
    await connection.close()


async def test_of_very_many_lines_only_the_first_are_kept(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db_migrate.shadow.session.MOST_LINES", 3)
    connection = await asyncpg.connect(dsn)
    session = Session(connection)
    await connection.execute("CREATE TABLE t (id int)")
    await session.begin()
    ran = await session.guarded(
        "DO $$ BEGIN FOR i IN 1..3 LOOP ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE t ALTER id TYPE int; "
        "END LOOP; END $$"
    )
    assert ran.lines == ('rewriting table "t"',) * 3
    await session.rollback()
    await connection.close()
