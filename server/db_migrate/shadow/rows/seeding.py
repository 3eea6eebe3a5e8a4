"""Synthetic rows put into a copy of the schema; what Postgres refuses is left out, and told where nothing is left."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.rows.state import advance
from db_migrate.shadow.server import RAISED, literal, name
from db_migrate_tools.rows.asked import Ask, Board, Row
from db_migrate_tools.rows.book import Book, ForeignKey
from db_migrate_tools.rows.copytext import encoded
from db_migrate_tools.rows.making import Maker
from db_migrate_tools.rows.scope import Scope
from db_migrate_tools.schema.model import Ref

ROUNDS = 4
"""How often more candidates are made where Postgres refuses most of them."""

SHORT = 4
"""Less than one row in so many of those asked for is worth a word."""

CLEANINGS = 5
AT_ONCE = 100
"""Questions in one query."""

# Each row in a subtransaction of its own, so that Postgres itself says which ones its constraints let in.
_ONE_BY_ONE = """
DO $dbm_rows$
DECLARE
    statement text;
    refused jsonb := '[]';
    number int := 0;
    rule text;
BEGIN
    FOR statement IN SELECT value FROM pg_catalog.jsonb_array_elements_text({texts}::pg_catalog.jsonb) LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
            refused := refused || pg_catalog.jsonb_build_array(
                pg_catalog.jsonb_build_array(number, coalesce(nullif(rule, ''), SQLERRM)));
        END;
        number := number + 1;
    END LOOP;
    PERFORM pg_catalog.set_config('dbm.refused', refused::text, false);
END
$dbm_rows$
"""


@dataclass(frozen=True, slots=True)
class Seeded:
    """How many rows stand in each table of the scope, and why there are none where there are none. `few` is why a
    table has far fewer than it could have.
    """

    counts: dict[Ref, int] = field(default_factory=dict[Ref, int])
    empty: dict[Ref, str] = field(default_factory=dict[Ref, str])
    few: dict[Ref, str] = field(default_factory=dict[Ref, str])

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def tables(self) -> int:
        return sum(1 for count in self.counts.values() if count)


async def seed(
    connection: Connection,
    book: Book,
    scope: Scope,
    *,
    fingerprint: str,
    ask: Ask,
    without: frozenset[Ref] = frozenset(),
) -> Seeded:
    """Fill the tables of the scope, all but those `without` rows. The same schema gets the same rows.

    The session is a RowLogin's. Every constraint of the schema holds afterwards.
    """
    made: dict[Ref, list[Row]] = {}
    empty: dict[Ref, str] = {}
    reasons: dict[Ref, str] = {}
    makers: list[Maker] = []
    board = Board()
    for table in scope.tables:
        if table in without:
            made[table] = []
            continue
        if book.tables[table].foreign_server is not None:
            empty[table] = "it is a foreign table"
            continue
        if not book.leaves(table):
            empty[table] = "it has no partition"
            continue
        maker = Maker(book, table, fingerprint, ask, made, board)
        rows, reason = await _fill(connection, maker, scope.rows(table))
        made[table] = rows
        makers.append(maker)
        if not rows:
            empty[table] = reason
        elif not maker.full(rows):
            reasons[table] = reason
    for maker in makers:
        await _complete(connection, maker, made[maker.table])
    await _clean(connection, book, [m.table for m in makers])
    await advance(connection, [_places(maker, made[maker.table]) for maker in makers])
    counts = await _counts(connection, [m.table for m in makers])
    for table, count in counts.items():
        if not count and table not in empty:
            empty[table] = "the rows that could be made name rows of other tables that could not"
    few = {t: reasons[t] for t, count in counts.items() if t in reasons and 0 < count * SHORT < scope.rows(t)}
    return Seeded(counts, empty, few)


async def _fill(connection: Connection, maker: Maker, count: int) -> tuple[list[Row], str]:
    """As many rows as Postgres takes, all at once where it can; else the reason why there is none."""
    rows = maker.candidates(count)
    if not rows:
        return [], "no row could be made that names rows of the tables that it refers to"
    try:
        await connection.copy_to_table(
            maker.table.name,
            schema_name=maker.table.schema,
            columns=list(maker.columns),
            source=_source(encoded([[row[column] for column in maker.columns] for row in rows])),
            format="text",
        )
    except asyncpg.QueryCanceledError:
        return [], "filling it took too long"
    except asyncpg.InsufficientPrivilegeError as error:
        return [], f"the shadow may not write to it: {error.message}"
    except asyncpg.PostgresError:
        return await _search(connection, maker, rows, count)
    return rows, "no more could be made that differ in the columns of its keys"


async def _source(data: bytes) -> AsyncGenerator[bytes]:
    yield data


async def _search(connection: Connection, maker: Maker, rows: list[Row], count: int) -> tuple[list[Row], str]:
    taken: list[Row] = []
    refusals: Counter[str] = Counter()
    for _ in range(ROUNDS):
        try:
            refused = await _one_by_one(connection, [_insert(maker.table, row) for row in rows])
        except RAISED as error:
            return taken, f"filling it was given up: {str(error).partition(chr(10))[0]}"
        refusals.update(refused.values())
        taken += [row for number, row in enumerate(rows) if number not in refused]
        if len(taken) >= count // 2:
            break
        rows = maker.candidates(count)
        if not rows:
            break
    # More than were asked for may have got in; they are as good as the others.
    worst = ", ".join(rule for rule, _ in refusals.most_common(3))
    count = refusals.total()
    which = f"{count} of {count + len(taken)}" if taken else f"all of {count}"
    return taken, f"Postgres refused {which} rows: {worst}"


async def _one_by_one(connection: Connection, statements: Sequence[str]) -> dict[int, str]:
    """Run each statement by itself; the numbers of those refused, with the constraint or the error."""
    await connection.execute(_ONE_BY_ONE.replace("{texts}", literal(json.dumps(statements))))
    found: list[tuple[int, str]] = json.loads(await connection.fetchval("SELECT current_setting('dbm.refused')"))
    return dict(found)


def _qualified(table: Ref) -> str:
    return f"{name(table.schema)}.{name(table.name)}"


def _insert(table: Ref, row: Row) -> str:
    columns = ", ".join(map(name, row))
    values = ", ".join("NULL" if value is None else literal(value) for value in row.values())
    if not row:
        return f"INSERT INTO {_qualified(table)} DEFAULT VALUES"
    return f"INSERT INTO {_qualified(table)} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})"


async def _complete(connection: Connection, maker: Maker, rows: list[Row]) -> None:
    """Set what refers to tables that were filled later: the cut edge of a cycle."""
    key = maker.book.primary_key(maker.table)
    if not maker.later or not key:
        return
    changes = list(maker.updates(rows))
    statements = [
        f"UPDATE {_qualified(maker.table)} SET "
        + ", ".join(f"{name(c)} = {'NULL' if v is None else literal(v)}" for c, v in change.items())
        + " WHERE "
        + " AND ".join(f"{name(c)} = {literal(row[c] or '')}" for c in key)
        for row, change in changes
    ]
    if statements:
        refused = await _one_by_one(connection, statements)
        for number, (row, change) in enumerate(changes):
            if number not in refused:
                row.update(change)


async def _clean(connection: Connection, book: Book, tables: Sequence[Ref]) -> None:
    """Take out rows whose foreign keys name nothing: while rows were put in, nothing checked them."""
    keys = [key for table in tables for key in book.foreign_keys(table) if key.to in book.tables]
    for _ in range(CLEANINGS):
        if not keys:
            return
        broken: list[int] = []
        queries = [f"SELECT {number} WHERE EXISTS (SELECT FROM {_orphans(key)})" for number, key in enumerate(keys)]
        for start in range(0, len(queries), AT_ONCE):
            rows = await connection.fetch(" UNION ALL ".join(queries[start : start + AT_ONCE]))
            broken += [int(row[0]) for row in rows]
        if not broken:
            return
        for number in broken:
            await connection.execute(f"DELETE FROM {_orphans(keys[number])}")


def _orphans(key: ForeignKey) -> str:
    named = " AND ".join(f"child.{name(column)} IS NOT NULL" for column in key.columns)
    joined = " AND ".join(
        f"parent.{name(to)} = child.{name(column)}" for column, to in zip(key.columns, key.to_columns, strict=True)
    )
    return (
        f"{_qualified(key.table)} AS child WHERE {named} "
        f"AND NOT EXISTS (SELECT FROM {_qualified(key.to)} AS parent WHERE {joined})"
    )


def _places(maker: Maker, rows: Sequence[Row]) -> tuple[Ref, list[tuple[str, int, str]]]:
    """A table's counted columns, with the highest value that its rows have and the sequence that the default names."""
    return maker.table, [(s.name, _highest(rows, s.name), s.sequence) for s in maker.slots if s.counted and rows]


def _highest(rows: Sequence[Row], column: str) -> int:
    values = [row[column] or "" for row in rows]
    return max((int(value) for value in values if value.isdigit()), default=0)


async def _counts(connection: Connection, tables: Sequence[Ref]) -> dict[Ref, int]:
    found: dict[Ref, int] = {}
    queries = [f"SELECT {number}, count(*) FROM {_qualified(table)}" for number, table in enumerate(tables)]
    for start in range(0, len(queries), AT_ONCE):
        rows = await connection.fetch(" UNION ALL ".join(queries[start : start + AT_ONCE]))
        found.update({tables[int(row[0])]: int(row[1]) for row in rows})
    return found
