"""The rows of tables and the places of sequences, read whole."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.server import literal, name
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import LONGEST, Contents, State, held
from db_migrate_tools.rows.places import Counter, advanced, same_now
from db_migrate_tools.schema.model import Ref

# Tables of extensions are in no catalog of ours, but a migration may write to them.
_OUTSIDE = """
SELECT c.oid::int8, n.nspname::text, c.relname::text,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
             ORDER BY a.attnum),
       coalesce((SELECT pg_catalog.json_agg(ARRAY(
                    SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (n, at)
                    JOIN pg_catalog.pg_attribute a
                      ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.=) k.n
                    ORDER BY k.at) ORDER BY i.indisprimary DESC, i.indexrelid)
                 FROM pg_catalog.pg_index i
                 WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique AND i.indexprs IS NULL), '[]')::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) 'r'
  AND (n.nspname::text, c.relname::text) IN (SELECT * FROM ROWS FROM (
        pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])))
"""

AT_ONCE = 100
"""Calls in one query."""

MOST_ROWS = 50_000
"""Of one table; a migration may have put in any number."""

MOST_BYTES = 32_000_000
"""Of one table as text, on the way here; where it is more, the server makes digests of long values."""

MOST_HELD = 64_000_000
"""Bytes of one table that digests may leave at most."""

PATIENCE = "30s"
"""For the server's digests of one table."""


async def read_state(
    connection: Connection,
    book: Book,
    tables: Iterable[Ref],
    now: Book | None = None,
    counters: Iterable[Counter] = (),
) -> State:
    """The rows of the tables, partitions each by itself, as text, and the sequences that belong to them: those that
    the schema has `now`, if that is another. The `counters` too, by the names that they had at first.
    """
    now = now or book
    tables = list(tables)
    columns = {
        leaf: tuple(column.ref.name for column in book.columns_of(leaf))
        for table in tables
        for leaf in book.leaves(table)
    }
    amounts = await _amounts(connection, columns)
    found = {
        leaf: await _contents(connection, leaf, columns[leaf], book.primary_key(leaf), amounts[leaf])
        for leaf in columns
    }
    sequences: dict[Ref, Ref] = {}
    for table in tables:
        own = [*now.sequences[table]]
        own += [
            Ref("sequence", table.schema, column.identity_sequence)
            for column in now.columns_of(table)
            if column.identity and column.identity_sequence
        ]
        sequences |= {ref: ref for ref in own}
    sequences |= {counter.ref: same_now(counter, now.catalog) for counter in counters}
    return State(found, await _places(connection, sequences))


@dataclass(frozen=True, slots=True)
class Outside:
    """Tables that no catalog of ours describes: their rows, and the columns that tell rows apart."""

    tables: Mapping[Ref, Contents] = field(default_factory=dict[Ref, Contents])
    keys: Mapping[Ref, tuple[tuple[str, ...], ...]] = field(default_factory=dict[Ref, tuple[tuple[str, ...], ...]])


async def read_outside(connection: Connection, tables: Sequence[Ref]) -> Outside:
    """The rows of those of the tables that are there."""
    if not tables:
        return Outside()
    found: dict[Ref, Contents] = {}
    keys: dict[Ref, tuple[tuple[str, ...], ...]] = {}
    described = await connection.fetch(_OUTSIDE, [t.schema for t in tables], [t.name for t in tables])
    for _, schema, table, columns, unique in described:
        ref = Ref("table", schema, table)
        listed: list[list[str]] = json.loads(unique)
        keys[ref] = tuple(tuple(key) for key in listed if key)
        names = tuple(columns)
        amount = (await _amounts(connection, {ref: names}))[ref]
        found[ref] = await _contents(connection, ref, names, keys[ref][0] if keys[ref] else (), amount)
    return Outside(found, keys)


async def _contents(
    connection: Connection, table: Ref, columns: tuple[str, ...], key: tuple[str, ...], amount: tuple[int, int]
) -> Contents:
    """The rows of one table, of which there are so many with so many bytes."""
    count, long = amount
    if not columns:
        return Contents((), (b"",) * count)
    source = _source(table)
    plain = ", ".join(name(column) for column in columns)
    if count <= MOST_ROWS and long <= MOST_BYTES:
        return Contents(columns, await _lines(connection, f"SELECT {plain} FROM {source}"), key)
    async with _patiently(connection):
        if count <= MOST_ROWS and count * len(columns) * LONGEST <= MOST_HELD:
            short = ", ".join(_short(name(column)) for column in columns)
            return Contents(columns, await _lines(connection, f"SELECT {short} FROM {source}"), key)
        (row,) = await connection.fetch(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(pg_catalog.hashtextextended("
            f'ROW({plain})::pg_catalog.text COLLATE pg_catalog."C", 0)::pg_catalog.numeric), 0)::pg_catalog.text '
            f"FROM {source}"
        )
    return Contents(columns, (), key, cut=True, count=int(row[0]), digest=str(row[1]))


def _source(table: Ref) -> str:
    return f"ONLY {name(table.schema)}.{name(table.name)}"


async def _amounts(connection: Connection, columns: Mapping[Ref, Sequence[str]]) -> dict[Ref, tuple[int, int]]:
    """How many rows each table has, counted as far as MOST_ROWS or all where it has no column, and how many bytes as
    text.
    """
    found: dict[Ref, tuple[int, int]] = {}
    tables = list(columns)
    for start in range(0, len(tables), AT_ONCE):
        asked = list(enumerate(tables))[start : start + AT_ONCE]
        rows = await connection.fetch(" UNION ALL ".join(_amount(at, table, columns[table]) for at, table in asked))
        found.update({tables[int(row[0])]: (int(row[1]), int(row[2])) for row in rows})
    return found


def _amount(number: int, table: Ref, columns: Sequence[str]) -> str:
    if not columns:
        return f"SELECT {number}, pg_catalog.count(*), 0::int8 FROM {_source(table)}"
    lengths = " + ".join(f"pg_catalog.octet_length(pg_catalog.concat({name(column)}))::int8" for column in columns)
    return (
        f"SELECT {number}, pg_catalog.count(*), coalesce(pg_catalog.sum(f.long), 0)::int8 "
        f"FROM (SELECT {lengths} FROM {_source(table)} LIMIT {MOST_ROWS + 1}) AS f (long)"
    )


@asynccontextmanager
async def _patiently(connection: Connection) -> AsyncGenerator[None]:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        yield


async def _lines(connection: Connection, query: str) -> tuple[bytes, ...]:
    """The lines of COPY, long values by their digest."""
    lines: list[bytes] = []
    rest: list[bytes] = []

    async def take(data: bytes) -> None:
        first, *others = data.split(b"\n")
        rest.append(first)
        for part in others:
            lines.append(held(b"".join(rest)))
            rest[:] = [part]

    await connection.copy_from_query(query, output=take, format="text")
    return tuple(lines)


def _short(column: str) -> str:
    """A column as its output function writes it, a long value by its digest: what `held` makes of it."""
    text = f"pg_catalog.concat({column})"
    return (
        f"CASE WHEN pg_catalog.num_nulls({column}) OPERATOR(pg_catalog.=) 1 THEN NULL "
        f"WHEN pg_catalog.octet_length({text}) OPERATOR(pg_catalog.>) {LONGEST} "
        f"THEN pg_catalog.concat('md5 ', pg_catalog.md5({text})) ELSE {text} END"
    )


async def _places(connection: Connection, sequences: Mapping[Ref, Ref]) -> Mapping[Ref, tuple[int, bool]]:
    """Where each sequence stands, by the name that stands for its present one. Those that are not there are left
    out.
    """
    if not sequences:
        return {}
    refs = list(sequences)
    names = [f"{name(ref.schema)}.{name(ref.name)}" for ref in sequences.values()]
    there = await connection.fetch(
        "SELECT t.number::int4 FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS t (name, number) "
        "WHERE pg_catalog.to_regclass(t.name) IS NOT NULL",
        names,
    )
    found: dict[Ref, tuple[int, bool]] = {}
    for start in range(0, len(there), AT_ONCE):
        numbers = [int(row[0]) - 1 for row in there[start : start + AT_ONCE]]
        rows = await connection.fetch(
            " UNION ALL ".join(f"SELECT {number}, last_value, is_called FROM {names[number]}" for number in numbers)
        )
        found.update({refs[row[0]]: (int(row[1]), bool(row[2])) for row in rows})
    return found


async def use_up(
    connection: Connection, counters: Sequence[Counter], after: Mapping[Ref, Counter], *, far: bool
) -> None:
    """Let sequences that no row has used stand where used ones may, by their bounds and those that they have `after`
    the migration.
    """
    found = await _places(connection, {counter.ref: counter.ref for counter in counters})
    idle = [counter for counter in counters if counter.ref in found and not found[counter.ref][1]]
    if idle:
        await connection.fetch(
            "SELECT pg_catalog.setval(t.name::pg_catalog.regclass, t.place) "
            "FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::int8[])) AS t (name, place)",
            [f"{name(counter.ref.schema)}.{name(counter.ref.name)}" for counter in idle],
            [advanced(counter, after, far=far) for counter in idle],
        )


async def advance(connection: Connection, tables: Sequence[tuple[Ref, Sequence[tuple[str, int, str]]]]) -> None:
    """Let sequences go on after the values that rows have: of each table the columns, with the highest value and the
    sequence that the default names.
    """
    calls = [
        _setval(table, column, highest, named)
        for table, columns in tables
        for column, highest, named in columns
        if highest > 0
    ]
    # All at once, and one by one where that fails.
    for batch in [calls[at : at + AT_ONCE] for at in range(0, len(calls), AT_ONCE)]:
        if not await _called(connection, batch):
            for call in batch:
                await _called(connection, [call])


def _setval(table: Ref, column: str, highest: int, named: str) -> str:
    relation = literal(f"{name(table.schema)}.{name(table.name)}")
    own = f"pg_catalog.pg_get_serial_sequence({relation}, {literal(column)})::pg_catalog.regclass"
    return (
        f"pg_catalog.setval(coalesce({own}, pg_catalog.to_regclass({literal(named or 'pg_catalog.none')})), {highest})"
    )


async def _called(connection: Connection, calls: Sequence[str]) -> bool:
    try:
        await connection.execute(f"SELECT {', '.join(calls)}")
    except asyncpg.PostgresError as error:
        # A sequence with bounds of its own that the rows do not respect stays where it is.
        if error.sqlstate not in {"22003", "42501"}:
            raise
        return False
    return True
