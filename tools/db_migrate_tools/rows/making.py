"""Rows of one table: candidates that meet what could be read of its constraints, the same ones every time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from db_migrate_tools.rows import numbers
from db_migrate_tools.rows.book import Book, ForeignKey, Key, Slot
from db_migrate_tools.rows.conditions import Atom
from db_migrate_tools.rows.demands import FREE, Demand, demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.stories import Part, Story
from db_migrate_tools.rows.values import TEXTS, merged, value
from db_migrate_tools.schema.model import Column, Ref

Row = dict[str, str | None]
"""Values by column, as text; None is NULL."""

TRIES = 6
"""How often a row that is not unique is made anew before it is left out."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What rows should be like beyond the schema: `stories` that the migration's statements look for, told by one row
    in `every`, `also` another catalog whose constraints must hold too, `plain` without values that conversions
    stumble over. `after` is the schema to which values of documents go.
    """

    stories: tuple[Story, ...] = ()
    also: Book | None = None
    plain: bool = False
    every: int = 4
    after: Book | None = None


@dataclass(slots=True)
class Board:
    """What the rows of a story have in common, noted by the first one of them. `never` are values that no row of a
    table holds in a column.
    """

    marks: dict[tuple[int, int, str], str] = field(default_factory=dict[tuple[int, int, str], str])
    never: dict[tuple[Ref, str], set[str]] = field(default_factory=dict[tuple[Ref, str], set[str]])

    def bar(self, table: Ref, column: str, values: Sequence[str]) -> None:
        self.never.setdefault((table, column), set()).update(values)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Atoms sorted by what they decide about a row."""

    demands: Mapping[str, Demand]
    nulls: frozenset[str]
    required: frozenset[str]
    counts: tuple[Atom, ...]
    pairs: tuple[Atom, ...]


def _asked_by(atoms: Sequence[Atom], always: set[str]) -> _Asked:
    by_column: dict[str, list[Atom]] = defaultdict(list)
    nulls: set[str] = set()
    required = set(always)
    counts: list[Atom] = []
    pairs: list[Atom] = []
    for atom in atoms:
        if atom.asks == "null":
            nulls.add(atom.column)
        elif atom.asks == "count":
            counts.append(atom)
        else:
            required.add(atom.column)
            if atom.asks == "pair":
                required.add(atom.other)
                pairs.append(atom)
            elif atom.asks != "not null":
                by_column[atom.column].append(atom)
    demands = {column: demand(found) for column, found in by_column.items()}
    return _Asked(demands, frozenset(nulls - always), frozenset(required), tuple(counts), tuple(pairs))


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
        self.slots = self.book.slots(self.table)
        self.columns = tuple(slot.name for slot in self.slots)
        names = set(self.columns)
        twin = self.ask.also if self.ask.also is not None and self.table in self.ask.also.tables else None
        self._checks = [alternatives for _, alternatives in self.book.checks(self.table)]
        self._required: set[str] = set()
        self._shapes = {slot.name: slot.shape for slot in self.slots}
        keys = self.book.keys(self.table)
        if twin is not None:
            self._checks += [alternatives for _, alternatives in twin.checks(self.table)]
            keys += twin.keys(self.table)
            for slot in twin.slots(self.table):
                if slot.name in names:
                    self._shapes[slot.name] = _narrower(self._shapes[slot.name], slot.shape)
                    if not slot.nullable:
                        self._required.add(slot.name)
        self._keys = [key for key in dict.fromkeys(keys) if set(key.columns) <= names]
        self._seen: list[set[tuple[str | None, ...]]] = [set() for _ in self._keys]
        keys_to = self.book.foreign_keys(self.table)
        if twin is not None:
            known = {key.columns for key in keys_to}
            more = [k for k in twin.foreign_keys(self.table) if k.columns not in known and set(k.columns) <= names]
            keys_to = keys_to + [key for key in more if key.to in self.made]
        self.own = [key for key in keys_to if key.to == self.table]
        self.later = [key for key in keys_to if key.to != self.table and key.to not in self.made]
        self._parents = [key for key in keys_to if key.to in self.made]
        waiting = {column for key in (*self._parents, *self.own) for column in key.columns}
        self._filled = [slot for slot in self.slots if slot.name not in waiting]
        self._foreign = waiting
        self._alone = {key.columns[0] for key in self._keys if len(key.columns) == 1} | self.book.excluded(self.table)
        # In a key of several columns of our own one of them has to differ.
        for columns in (key.columns for key in self._keys):
            free = [c for c in columns if c not in waiting]
            if len(columns) > 1 and free and not self._alone & set(columns):
                self._alone.add(max(free, key=lambda c: _room(self._shapes[c].base)))
        self._delayed = {column for key in self.later for column in key.columns}
        accepted = self.book.accepted(self.table) if self.book.tables[self.table].partition_by else {}
        self._pools = {column: Demand(inside=values) for column, values in accepted.items() if values}
        self._parts = [
            (number, part, at)
            for number, story in enumerate(self.ask.stories)
            for at, part in enumerate(story.parts)
            if part.table in {self.table, *self.book.leaves(self.table)}
        ]
        for story in self.ask.stories:
            for never in story.nevers:
                if never.table == self.table and never.values:
                    self._board.bar(self.table, never.column, never.values)
        self._dice = Dice(f"{seed}/{table}")
        self._rows: list[Row] = []
        self._index = 0
        self._plans: dict[tuple[int, ...], _Asked] = {}
        self._references = (*self._parents, *self.own)
        nullable = {slot.name for slot in self.slots if slot.nullable}
        self._optional = {key: nullable.issuperset(key.columns) for key in (*self._references, *self.later)}

    def candidates(self, count: int) -> list[Row]:
        """Up to `count` rows; fewer where no more can be told apart."""
        found: list[Row] = []
        misses = 0
        while len(found) < count and misses < TRIES * 4:
            row = self._distinct()
            if row is None:
                misses += 1
                continue
            found.append(row)
        return found

    def _distinct(self) -> Row | None:
        for _ in range(TRIES):
            index, self._index = self._index, self._index + 1
            row = self._row(index)
            if row is None:
                continue
            marks = [tuple(row[column] for column in key.columns) for key in self._keys]
            counts = [_counts(key, mark, row) for mark, key in zip(marks, self._keys, strict=True)]
            if any(c and mark in seen for c, mark, seen in zip(counts, marks, self._seen, strict=True)):
                continue
            for counted, mark, seen in zip(counts, marks, self._seen, strict=True):
                if counted:
                    seen.add(mark)
            self._rows.append(row)
            self._tell(index, row)
            return row
        return None

    def _row(self, index: int) -> Row | None:
        asked = self._asked(index)
        nulls, required = asked.nulls, asked.required
        if asked.counts:
            nulls, required = self._counted(asked)
        row: Row = {}
        for place, slot in enumerate(self._filled):
            row[slot.name] = self._value(place, slot, asked, index, nulls, required)
        for key in self._references:
            if not self._refer(key, row, index, asked, nulls, required):
                return None
        for atom in asked.pairs:
            self._arrange(row, atom.column, atom.op, atom.other)
        return row

    def _turn(self, index: int) -> tuple[int, int, Part] | None:
        """The story that a row of this number tells, how often it was told before, and the part of it."""
        if not self._parts or index % self.ask.every != 1:
            return None
        turn = index // self.ask.every
        number, part, _ = self._parts[turn % len(self._parts)]
        return number, turn // len(self._parts), part

    def _asked(self, index: int) -> _Asked:
        """What a row of this number must be like: of each check one alternative, and now and then a story's part."""
        turn = self._turn(index)
        chosen = tuple((index + index // (number + 2)) % len(check) for number, check in enumerate(self._checks))
        key = (-1 if turn is None else (index // self.ask.every) % len(self._parts), *chosen)
        plain = turn is None or not (turn[2].marks or turn[2].orders)
        found = self._plans.get(key) if plain else None
        if found is None:
            atoms = list(self._told(*turn, index)) if turn is not None else []
            for check, number in zip(self._checks, chosen, strict=True):
                atoms += check[number]
            found = self._plans[key] = _asked_by(atoms, self._required)
        return found

    def _told(self, number: int, again: int, part: Part, index: int) -> Iterator[Atom]:
        """A part's atoms, with the values that the other rows of the story have already."""
        for atom in part.atoms:
            goes_to = self._shape_of(atom.other) if atom.asks == "path" and not atom.op else None
            if goes_to is not None:
                fitting = value(goes_to, FREE, index, self._dice, plain=True)
                yield replace(atom, op=fitting)
            elif atom.column in self._shapes:
                yield atom
        for column, mark in part.marks:
            known = self._board.marks.get((number, again, mark))
            if column in self._shapes:
                yield Atom(column, "in", (known,)) if known is not None else Atom(column, "not null")
        for column, op, mark in part.orders:
            known = self._board.marks.get((number, again, mark))
            if column in self._shapes:
                yield Atom(column, "not null") if known is None else _against(column, op, known)

    def _shape_of(self, column: str) -> Shape | None:
        """The shape of one of our columns, also of one that the migration adds."""
        if column in self._shapes or self.ask.after is None:
            return self._shapes.get(column)
        found = self.ask.after.catalog.get(Ref("column", self.table.schema, column, self.table.name))
        return self.ask.after.shapes.of(found) if isinstance(found, Column) else None

    def _tell(self, index: int, row: Row) -> None:
        """Note what the rest of the story must have in common with the row."""
        turn = self._turn(index)
        if turn is None:
            return
        number, again, part = turn
        for column, mark in part.marks:
            held = row.get(column)
            if held is not None:
                self._board.marks.setdefault((number, again, mark), held)
        for never in self.ask.stories[number].nevers:
            held = self._board.marks.get((number, again, never.mark))
            if held is not None:
                self._board.bar(never.table, never.column, (held,))

    def _counted(self, asked: _Asked) -> tuple[frozenset[str], frozenset[str]]:
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
        return frozenset(nulls - self._required), frozenset(required)

    def _value(
        self, place: int, slot: Slot, asked: _Asked, index: int, nulls: frozenset[str], required: frozenset[str]
    ) -> str | None:
        name = slot.name
        if slot.nullable and (
            name in nulls or name in self._delayed or (name not in required and self._dice.one_in(8))
        ):
            return None
        wanted = asked.demands.get(name, FREE)
        if name in self._pools:
            wanted = merged(self._pools[name], wanted)
        barred = self._board.never.get((self.table, name))
        if barred:
            wanted = replace(wanted, outside=wanted.outside | barred)
        shape = self._shapes[name]
        if slot.counted and wanted is FREE and shape.base in numbers.WHOLE:
            return str(index + 1)
        distinct = slot.counted or name in self._alone
        # In a unique column an unusual value may stand once; columns with few values must not take turns together.
        return value(
            shape,
            wanted,
            index if distinct else index + place,
            self._dice,
            distinct=distinct,
            plain=self.ask.plain or distinct,
        )

    def _refer(
        self,
        key: ForeignKey,
        row: Row,
        index: int,
        asked: _Asked,
        nulls: frozenset[str],
        required: frozenset[str],
    ) -> bool:
        nullable = self._optional[key]
        wanted = nullable and bool(nulls & set(key.columns))
        if wanted or (nullable and not required & set(key.columns) and self._dice.one_in(8)):
            for column in key.columns:
                row.setdefault(column, None)
            return True
        inside = {
            column: demanded.inside
            for column in key.columns
            if (demanded := asked.demands.get(column, FREE)).inside is not None
        }
        rows = self._rows if key.to == self.table else self.made[key.to]
        rows = self._allowed(key, rows, inside)
        fixed = [(c, to) for c, to in zip(key.columns, key.to_columns, strict=True) if row.get(c) is not None]
        for attempt in range(TRIES if rows else 0):
            # A key of its own takes the parents one after the other.
            alone = len(key.columns) == 1 and key.columns[0] in self._alone
            parent = rows[(index + attempt) % len(rows)] if alone else self._dice.pick(rows)
            values = [parent.get(column) for column in key.to_columns]
            if None in values or any(parent.get(to) != row[c] for c, to in fixed):
                continue
            row.update(zip(key.columns, values, strict=True))
            return True
        for to_match in rows if fixed else ():
            values = [to_match.get(column) for column in key.to_columns]
            if None not in values and all(to_match.get(to) == row[c] for c, to in fixed):
                row.update(zip(key.columns, values, strict=True))
                return True
        if nullable:
            for column in key.columns:
                row.setdefault(column, None)
            return True
        if key.to == self.table and not rows and set(key.to_columns) <= row.keys():
            row.update({c: row[to] for c, to in zip(key.columns, key.to_columns, strict=True)})
            return True
        return False

    def _allowed(
        self, key: ForeignKey, rows: Sequence[Row], inside: Mapping[str, tuple[str, ...] | None]
    ) -> Sequence[Row]:
        """The rows that may be named: those asked for, if there are any, without those that must not be."""
        to = dict(zip(key.columns, key.to_columns, strict=True))
        if inside:
            asked = [row for row in rows if all(row.get(to[c]) in (allowed or ()) for c, allowed in inside.items())]
            rows = asked or rows
        never = [(to[c], barred) for c in key.columns if (barred := self._board.never.get((self.table, c)))]
        if never:
            rows = [row for row in rows if not any(row.get(c) in barred for c, barred in never)]
        return rows

    def _arrange(self, row: Row, one: str, op: str, other: str) -> None:
        """Bring two columns into the order that a check asks for."""
        first, second = row.get(one), row.get(other)
        if first is None or second is None or {one, other} & self._foreign:
            return
        keys = numbers.comparable(self._shapes[one], [first, second])
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
                if not parents or (self._optional[key] and self._dice.one_in(8)):
                    continue
                parent = self._dice.pick(parents)
                change.update({c: parent.get(to) for c, to in zip(key.columns, key.to_columns, strict=True)})
            if change:
                yield row, change


def _counts(key: Key, mark: tuple[str | None, ...], row: Row) -> bool:
    """Whether the key tells this row from others."""
    if None in mark and not key.nulls:
        return False
    return any(all(_may_hold(atom, row) for atom in alternative) for alternative in key.when)


def _may_hold(atom: Atom, row: Row) -> bool:
    """Whether a row may meet a demand: only what is certain counts against it."""
    held = row.get(atom.column)
    if atom.asks == "null":
        return held is None
    return not (held is None or (atom.asks == "in" and held not in atom.values))


def _against(column: str, op: str, known: str) -> Atom:
    """The column compared with a value."""
    return Atom(column, "not in", (known,)) if op == "<>" else Atom(column, "compare", (known,), op)


def _room(base: str) -> int:
    """How many values a type has, roughly."""
    return {"boolean": 0, "enum": 1, "smallint": 3}.get(base, 4)


def _narrower(before: Shape, after: Shape) -> Shape:
    """Of a column's two types the one whose values, as text, are values of both."""
    if before.base in TEXTS:
        if after.base not in TEXTS:
            return after
        return after if (after.size or 1 << 30) < (before.size or 1 << 30) else before
    counted = numbers.WHOLE.keys() | numbers.FRACTIONAL
    if before.base in counted and after.base in counted:
        scale, _, most = numbers.limits(before)
        other, _, least = numbers.limits(after)
        return after if least // 10**other < most // 10**scale else before
    if before.base == "enum" and after.base == "enum":
        return replace(before, labels=tuple(label for label in before.labels if label in after.labels))
    return before
