"""The rows of tables and the places of sequences, read whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.server import literal, name
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import Contents, State
from db_migrate_tools.schema.model import Ref

MOST_ROWS = 50_000
"""Of one table; a migration may have put in any number."""


async def read_state(connection: Connection, book: Book, tables: Iterable[Ref], now: Book | None = None) -> State:
    """The rows of the tables, partitions each by itself, as text, and the sequences that belong to them: those that
    the schema has `now`, if that is another.
    """
    now = now or book
    found: dict[Ref, Contents] = {}
    sequences: list[Ref] = []
    for table in tables:
        for leaf in book.leaves(table):
            columns = tuple(column.ref.name for column in book.columns_of(leaf))
            found[leaf] = await _contents(connection, leaf, columns, book.primary_key(leaf))
        sequences += now.sequences[table]
        sequences += [
            Ref("sequence", table.schema, column.identity_sequence)
            for column in now.columns_of(table)
            if column.identity and column.identity_sequence
        ]
    return State(found, await _places(connection, sequences))


async def _contents(connection: Connection, table: Ref, columns: tuple[str, ...], key: tuple[str, ...]) -> Contents:
    if not columns:
        count = int(await connection.fetchval(f"SELECT count(*) FROM ONLY {name(table.schema)}.{name(table.name)}"))
        return Contents((), (b"",) * count)
    chunks: list[bytes] = []

    async def take(data: bytes) -> None:
        chunks.append(data)

    listed = ", ".join(name(column) for column in columns)
    query = f"SELECT {listed} FROM ONLY {name(table.schema)}.{name(table.name)} LIMIT {MOST_ROWS + 1}"
    await connection.copy_from_query(query, output=take, format="text")
    lines = b"".join(chunks).split(b"\n")[:-1]
    return Contents(columns, tuple(lines), key, cut=len(lines) > MOST_ROWS)


async def _places(connection: Connection, sequences: list[Ref]) -> Mapping[Ref, tuple[int, bool]]:
    if not sequences:
        return {}
    queries = (
        f"SELECT {number}, last_value, is_called FROM {name(ref.schema)}.{name(ref.name)}"
        for number, ref in enumerate(sequences)
    )
    rows = await connection.fetch(" UNION ALL ".join(queries))
    return {sequences[row[0]]: (int(row[1]), bool(row[2])) for row in rows}


async def advance(connection: Connection, table: Ref, highest: Mapping[str, int]) -> None:
    """Let the sequences behind a table's columns go on after the values that its rows have."""
    relation = literal(f"{name(table.schema)}.{name(table.name)}")
    calls = [
        f"pg_catalog.setval(pg_catalog.pg_get_serial_sequence({relation}, {literal(column)}), {value})"
        for column, value in highest.items()
        if value > 0
    ]
    if not calls:
        return
    try:
        await connection.execute(f"SELECT {', '.join(calls)}")
    except asyncpg.PostgresError as error:
        # A sequence with bounds of its own that the rows do not respect stays where it is.
        if error.sqlstate not in {"22003", "42501"}:
            raise
