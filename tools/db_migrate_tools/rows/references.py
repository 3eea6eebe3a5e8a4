"""Foreign keys: which rows of the tables filled before the rows of this one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from db_migrate_tools.rows.asked import Asked, Board, Row
from db_migrate_tools.rows.book import ForeignKey
from db_migrate_tools.rows.demands import FREE
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.layout import Layout
from db_migrate_tools.rows.pools import NULLS, drawn, gaps, noise
from db_migrate_tools.schema.model import Ref

Named = tuple[str | None, ...]

TRIES = 6
"""How often another row is tried, where it does not go with what a row holds already."""


class References:
    """The choice of rows to name. `made` has those of the tables filled before, `own` the table's."""

    def __init__(
        self, layout: Layout, made: Mapping[Ref, Sequence[Row]], own: Sequence[Row], board: Board, dice: Dice
    ) -> None:
        self._layout = layout
        self._made = made
        self._own = own
        self._board = board
        self._dice = dice
        self._found: dict[tuple[ForeignKey, tuple[str, ...]], dict[Named, list[Row]]] = {}

    def columns(
        self, key: ForeignKey, asked: Asked, order: int, start: int, count: int
    ) -> dict[str, list[str | None]] | None:
        """The key's columns for so many rows from `start` on, which ask the same; None where there is nothing to
        name.
        """
        optional, unnamed = key in self._layout.optional, [None] * count
        if optional and asked.nulls & set(key.columns):
            return {column: list(unnamed) for column in key.columns}
        rows = self._allowed(key, self._made[key.to], _inside(key, asked))
        named = [named for row in rows if None not in (named := tuple([row.get(c) for c in key.to_columns]))]
        if not named:
            return {column: list(unnamed) for column in key.columns} if optional else None
        if self.alone(key):
            numbers: Sequence[int] = range(start, start + count)
        else:
            numbers = drawn(noise(), order, start * (order + 1), count)
        taken = [named[number % len(named)] for number in numbers]
        if optional and not asked.required & set(key.columns):
            nothing = (None,) * len(key.columns)
            empty = drawn(gaps(), order, start, count)
            taken = [nothing if gap else found for gap, found in zip(empty, taken, strict=True)]
        return {column: list(held) for column, held in zip(key.columns, zip(*taken, strict=True), strict=True)}

    def alone(self, key: ForeignKey) -> bool:
        """Whether each row must name another one."""
        return len(key.columns) == 1 and key.columns[0] in self._layout.alone

    def refer(self, key: ForeignKey, row: Row, index: int, asked: Asked) -> bool:
        """Let one row name another; False where it must and cannot."""
        optional, columns = key in self._layout.optional, set(key.columns)
        wanted = optional and bool(asked.nulls & columns)
        if wanted or (optional and not asked.required & columns and self._dice.one_in(NULLS)):
            return _unnamed(key, row)
        rows = self._own if key.to == self._layout.table else self._made[key.to]
        rows = self._allowed(key, rows, _inside(key, asked))
        fixed = [(c, to) for c, to in zip(key.columns, key.to_columns, strict=True) if row.get(c) is not None]
        if fixed:
            rows = self._matching(key, rows, fixed, row)
            rows = [found for found in rows if all(found.get(to) is not None for to in key.to_columns)]
        alone = self.alone(key)
        for attempt in range(TRIES if rows else 0):
            # A key of its own takes the rows one after the other.
            parent = rows[(index + attempt) % len(rows)] if alone else self._dice.pick(rows)
            values = [parent.get(column) for column in key.to_columns]
            if None not in values:
                row.update(zip(key.columns, values, strict=True))
                return True
        if optional:
            return _unnamed(key, row)
        if key.to == self._layout.table and not rows and set(key.to_columns) <= row.keys():
            row.update({c: row[to] for c, to in zip(key.columns, key.to_columns, strict=True)})
            return True
        return False

    def _matching(
        self, key: ForeignKey, rows: Sequence[Row], fixed: Sequence[tuple[str, str]], row: Row
    ) -> Sequence[Row]:
        """The rows that go with the columns that another key has filled already."""
        if rows is not self._made.get(key.to):
            return [found for found in rows if all(found.get(to) == row[c] for c, to in fixed)]
        columns = tuple(to for _, to in fixed)
        by_value = self._found.get((key, columns))
        if by_value is None:
            by_value = self._found[key, columns] = {}
            for found in rows:
                by_value.setdefault(tuple([found.get(to) for to in columns]), []).append(found)
        return by_value.get(tuple([row[c] for c, _ in fixed]), ())

    def _allowed(
        self, key: ForeignKey, rows: Sequence[Row], inside: Mapping[str, tuple[str, ...] | None]
    ) -> Sequence[Row]:
        """The rows that may be named: those asked for, if there are any, without those that must not be."""
        to = dict(zip(key.columns, key.to_columns, strict=True))
        if inside:
            asked = [row for row in rows if all(row.get(to[c]) in (allowed or ()) for c, allowed in inside.items())]
            rows = asked or rows
        never = [(to[c], barred) for c in key.columns if (barred := self._board.never.get((key.table, c)))]
        if never:
            rows = [row for row in rows if not any(row.get(c) in barred for c, barred in never)]
        return rows


def _inside(key: ForeignKey, asked: Asked) -> dict[str, tuple[str, ...] | None]:
    """The values that are asked of the key's columns."""
    found = {column: asked.demands.get(column, FREE).inside for column in key.columns}
    return {column: inside for column, inside in found.items() if inside is not None}


def _unnamed(key: ForeignKey, row: Row) -> bool:
    for column in key.columns:
        row.setdefault(column, None)
    return True
