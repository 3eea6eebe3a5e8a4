"""Rows of one table: candidates that meet what could be read of its constraints, the same ones every time.

They are made column by column, out of pools of values. Only what depends on other rows, or on what a story asks, is
made for a row by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from db_migrate_tools.rows import numbers
from db_migrate_tools.rows.asked import Ask, Asked, Board, Row, Taken, asked_by
from db_migrate_tools.rows.book import Book, Key, Slot
from db_migrate_tools.rows.demands import FREE, Demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.layout import ALL, Layout, counts, overlapping
from db_migrate_tools.rows.pools import FEW, NULLS, ORDERS, different, drawn, gaps, pool
from db_migrate_tools.rows.references import References
from db_migrate_tools.rows.turns import Turn, Turns
from db_migrate_tools.rows.values import merged, value
from db_migrate_tools.schema.model import Ref

WASTED = 150
"""So many rows, and once more as many as were asked for, may turn out to be doubles before no more are made."""

_BATCH = 256


class Maker:
    """Makes candidates for one table. `made` has the rows of the tables that were filled before."""

    def __init__(
        self,
        book: Book,
        table: Ref,
        seed: str,
        ask: Ask,
        made: Mapping[Ref, Sequence[Row]],
        board: Board | None = None,
    ) -> None:
        self._board = board or Board()
        self.book = book
        self.table = table
        self.ask = ask
        self.made = made
        self._dice = Dice(f"{seed}/{table}")
        self._order = self._dice.below(ORDERS)
        self._layout = Layout(book, table, ask.also, ask.after, made)
        self.slots = self._layout.slots
        self.columns = self._layout.columns
        self.later = self._layout.later
        self._turns = Turns(book, self._layout, ask, self._board, self._dice)
        self._rows: list[Row] = []
        self._references = References(self._layout, made, self._rows, self._board, self._dice)
        self._index = 0
        self._keys: list[tuple[Key, Callable[[Row], object], set[object]]] = [
            (key, _marker(key.columns), _taken(ask.taken, key, table)) for key in self._layout.keys
        ]
        self._slots = {slot.name: slot for slot in self.slots}
        # What is not known before the row's turn.
        barred = self._turns.barred
        self._single = [slot for slot in self._layout.filled if slot.name in barred]
        mixed = overlapping(self._layout.references)
        self._by_row = [
            key for key in self._layout.references if key in mixed or key.to == table or barred & set(key.columns)
        ]

        self._unfinished = bool(self._single or self._by_row or self._layout.uneven)

    def candidates(self, count: int) -> list[Row]:
        """Up to `count` rows; fewer where no more can be told apart."""
        found: list[Row] = []
        tried = 0
        while len(found) < count and tried < 2 * count + WASTED:
            wanted = min(count, max(count - len(found), FEW))
            start, self._index = self._index, self._index + wanted
            for at, row in enumerate(self._block(start, wanted), start):
                if len(found) == count:
                    break
                if self._take(row, at):
                    found.append(row)
            tried += wanted
        return found

    def full(self, rows: Sequence[Row]) -> bool:
        """Whether a key of the table has no value left that the rows do not hold."""
        single = [key.columns[0] for key in self._layout.keys if len(key.columns) == 1 and key.when == ALL]
        return any(len(rows) >= room for column in single if (room := self._room(column)) is not None)

    def _room(self, column: str) -> int | None:
        """How many values a column may hold, where that is known."""
        shape, inside = self._layout.shapes[column], self._wanted(column, self._layout.always).inside
        keys = [key for key in self._layout.references if key.columns == (column,) and key.to != self.table]
        known = [len(set(inside))] if inside is not None else []
        known += [len(self.made[key.to]) for key in keys]
        known += [len(shape.labels)] if shape.base == "enum" else [2] if shape.base == "boolean" else []
        return min(known, default=None)

    def _block(self, start: int, count: int) -> list[Row]:
        """So many rows, as far as they can be made column by column; none where a key has nothing to name."""
        choices = [self._layout.choice(index) for index in range(start, start + count)]
        columns: dict[str, Sequence[str | None]] = {}
        for order, slot in enumerate(self._layout.filled, self._order):
            made = {
                choice: self._column(slot, self._layout.asked(choice), order, start, count)
                for choice in (dict.fromkeys(choices) if slot.name in self._layout.varying else choices[:1])
            }
            columns[slot.name] = _by_choice(made, choices)
        for order, key in enumerate(self._layout.references, self._order):
            if key in self._by_row:
                continue
            varying = not self._layout.varying.isdisjoint(key.columns)
            taken = {
                choice: self._references.columns(key, self._layout.asked(choice), order, start, count)
                for choice in (dict.fromkeys(choices) if varying else choices[:1])
            }
            if None in taken.values():
                return []
            for column in key.columns:
                made = {choice: found[column] for choice, found in taken.items() if found is not None}
                columns[column] = _by_choice(made, choices)
        if not columns:
            return [{} for _ in range(count)]
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _column(self, slot: Slot, asked: Asked, order: int, start: int, count: int) -> Sequence[str | None]:
        """A column's values for so many rows from `start` on that all ask the same."""
        name, shape = slot.name, self._layout.shapes[slot.name]
        wanted = self._wanted(name, asked)
        if slot.nullable and (name in asked.nulls or name in self._layout.delayed):
            return (None,) * count
        # What a count asks for is taken away from single rows.
        counted = any(name in atom.values[1:] for atom in asked.counts)
        nulls = slot.nullable and name not in asked.required and not counted
        if slot.counted and wanted is FREE and shape.base in numbers.WHOLE:
            return [str(index + 1) for index in range(start, start + count)]
        if not slot.counted and name not in self._layout.alone and (count >= FEW or wanted is FREE):
            return drawn(pool(shape, wanted, plain=self.ask.plain, nulls=nulls), order, start, count)
        if slot.counted or name in self._layout.alone:
            held = different(shape, wanted, (start + count) // _BATCH * _BATCH + _BATCH)[start : start + count]
            empty = drawn(gaps(), order, start, count) if nulls else ()
            return [None if gap else text for gap, text in zip(empty, held, strict=True)] if nulls else held
        return [
            None if nulls and self._dice.one_in(NULLS) else self._value(slot, wanted, index)
            for index in range(start, start + count)
        ]

    def _wanted(self, name: str, asked: Asked) -> Demand:
        """What a column's value must satisfy."""
        wanted = asked.demands.get(name, FREE)
        if name in self._layout.accepted:
            wanted = merged(self._layout.accepted[name], wanted)
        barred = self._board.never.get((self.table, name))
        return replace(wanted, outside=wanted.outside | barred) if barred else wanted

    def _value(self, slot: Slot, wanted: Demand, index: int) -> str:
        shape = self._layout.shapes[slot.name]
        if slot.counted and wanted is FREE and shape.base in numbers.WHOLE:
            return str(index + 1)
        distinct = slot.counted or slot.name in self._layout.alone
        # In a unique column an unusual value may stand once.
        plain = self.ask.plain or distinct
        return value(shape, wanted, index, self._dice, distinct=distinct, plain=plain)

    def _take(self, row: Row, index: int) -> bool:
        """Finish a row and take it, unless it is another's double."""
        turn = self._turns.of(index) if self._turns else None
        if turn is not None:
            asked = self._told(turn, index)
            if not self._finish(row, index, asked, told=True):
                return False
        elif self._unfinished:
            asked = self._layout.asked(self._layout.choice(index))
            if not self._finish(row, index, asked, told=False):
                return False
        marks: list[tuple[set[object], object]] = []
        for key, mark_of, seen in self._keys:
            mark: object = mark_of(row)
            if not counts(key, mark, row):
                continue
            if mark in seen:
                return False
            marks.append((seen, mark))
        for seen, mark in marks:
            seen.add(mark)
        self._rows.append(row)
        if turn is not None:
            self._turns.tell(turn, row)
        return True

    def _told(self, turn: Turn, index: int) -> Asked:
        atoms = self._layout.atoms(self._layout.choice(index))
        return asked_by([*self._turns.atoms(turn, index), *atoms], self._layout.required)

    def _finish(self, row: Row, index: int, asked: Asked, *, told: bool) -> bool:
        """Make what depends on other rows or on a story; False where a key has nothing to name."""
        keys = self._by_row
        if asked.counts:
            asked = self._counted(asked)
        if told:
            for slot in self._layout.filled:
                if slot.name in asked.columns:
                    row[slot.name] = self._anew(slot, row, asked, index)
            if not asked.columns.isdisjoint(self._layout.foreign):
                keys = list(self._layout.references)
        for slot in self._single:
            row[slot.name] = self._anew(slot, row, asked, index)
        if asked.counts and not told:
            row.update(dict.fromkeys(asked.nulls & self._slots.keys() - self._layout.foreign))
        for key in keys:
            for column in key.columns:
                row.pop(column, None)
        if not all(self._references.refer(key, row, index, asked) for key in keys):
            return False
        for atom in asked.pairs:
            self._arrange(row, atom.column, atom.op, atom.other)
        return True

    def _anew(self, slot: Slot, row: Row, asked: Asked, index: int) -> str | None:
        """A column's value for a row of which something is asked, or must not be."""
        name = slot.name
        if slot.nullable and (name in asked.nulls or name in self._layout.delayed):
            return None
        if slot.nullable and name not in asked.required and row[name] is None:
            return None
        return self._value(slot, self._wanted(name, asked), index)

    def _counted(self, asked: Asked) -> Asked:
        """Of columns that are counted so many are NULL as makes the count right."""
        nulls, required = set(asked.nulls), set(asked.required)
        for atom in asked.counts:
            count, columns = int(atom.values[0]), list(atom.values[1:])
            most = len(columns)
            low = count + (atom.op == ">") if atom.op in {"=", ">", ">="} else 0
            high = count - (atom.op == "<") if atom.op in {"=", "<", "<="} else most
            kept = self._dice.between(low, max(low, min(high, most)))
            while len(columns) > kept:
                nulls.add(columns.pop(self._dice.below(len(columns))))
            required.update(columns)
        return replace(asked, nulls=frozenset(nulls - self._layout.required), required=frozenset(required))

    def _arrange(self, row: Row, one: str, op: str, other: str) -> None:
        """Bring two columns into the order that a check asks for."""
        first, second = row.get(one), row.get(other)
        if first is None or second is None or {one, other} & self._layout.foreign:
            return
        keys = numbers.comparable(self._layout.shapes[one], [first, second])
        if keys is None:
            return
        if (op in {"<", "<="} and keys[0] > keys[1]) or (op in {">", ">="} and keys[0] < keys[1]):
            row[one], row[other] = second, first
        elif op == "=":
            row[other] = first

    def updates(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
        """For keys to tables that were filled later: a row, and the columns to set in it. Needs `made` complete."""
        for row in rows:
            change: Row = {}
            for key in self.later:
                parents = self.made.get(key.to, ())
                if not parents or (key in self._layout.optional and self._dice.one_in(NULLS)):
                    continue
                parent = self._dice.pick(parents)
                change.update({c: parent.get(to) for c, to in zip(key.columns, key.to_columns, strict=True)})
            if change:
                yield row, change


def _marker(columns: Sequence[str]) -> Callable[[Row], object]:
    """What a row holds in the columns of a key."""
    if len(columns) > 1:
        return lambda row: tuple([row[column] for column in columns])
    (column,) = columns
    return lambda row: row[column]


def _taken(every: Iterable[Taken], key: Key, table: Ref) -> set[object]:
    """The keys that the migration gives to rows of its own, told as those of a row are."""
    held = [taken.values for taken in every if taken.table == table and taken.columns == key.columns]
    return {values[0] if len(values) == 1 else values for values in held}


def _by_choice(
    made: Mapping[tuple[int, ...], Sequence[str | None]], choices: Sequence[tuple[int, ...]]
) -> Sequence[str | None]:
    """Of each row the value made for its choice."""
    if len(made) == 1:
        return next(iter(made.values()))
    return [made[choice][at] for at, choice in enumerate(choices)]
