"""A table as rows are made for it: its columns, keys, checks and references, with those of the schema after it."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace

from db_migrate_tools.rows import numbers
from db_migrate_tools.rows.asked import Asked, asked_by, named
from db_migrate_tools.rows.atoms import Alternative, Atom
from db_migrate_tools.rows.book import Book, ForeignKey, Key
from db_migrate_tools.rows.demands import Demand
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.texts import TEXTS
from db_migrate_tools.schema.model import Column, Ref

ALL: tuple[Alternative, ...] = ((),)
"""What an index without WHERE asks."""


class Layout:
    """What rows of a table must be like whatever is asked. `made` are the tables filled before; `later` are the keys
    to those filled afterwards, `own` those to itself.
    """

    def __init__(self, book: Book, table: Ref, also: Book | None, after: Book | None, made: Container[Ref]) -> None:
        self.table = table
        self.slots = book.slots(table)
        self.columns = tuple(slot.name for slot in self.slots)
        self.shapes = {slot.name: slot.shape for slot in self.slots}
        self.required: set[str] = set()
        self.checks = [alternatives for _, alternatives in book.checks(table)]
        self._after = after
        names = set(self.columns)
        keys, references = book.keys(table), book.foreign_keys(table)
        if also is not None and table in also.tables:
            self.checks += [alternatives for _, alternatives in also.checks(table)]
            keys += also.keys(table)
            for slot in also.slots(table):
                if slot.name in names:
                    self.shapes[slot.name] = _narrower(self.shapes[slot.name], slot.shape)
                    if not slot.nullable:
                        self.required.add(slot.name)
            known = {key.columns for key in references}
            more = [key for key in also.foreign_keys(table) if key.columns not in known and set(key.columns) <= names]
            references += [key for key in more if key.to in made]
        self.keys = [key for key in dict.fromkeys(keys) if set(key.columns) <= names]
        self.own = [key for key in references if key.to == table]
        self.later = [key for key in references if key.to != table and key.to not in made]
        self.references = (*(key for key in references if key.to in made), *self.own)
        self.foreign = {column for key in self.references for column in key.columns}
        self.filled = [slot for slot in self.slots if slot.name not in self.foreign]
        self.alone = self._alone(book)
        self.delayed = {column for key in self.later for column in key.columns}
        accepted = book.accepted(table) if book.tables[table].partition_by else {}
        self.accepted = {column: Demand(inside=values) for column, values in accepted.items() if values}
        nullable = {slot.name for slot in self.slots if slot.nullable}
        self.optional = {key for key in (*self.references, *self.later) if nullable.issuperset(key.columns)}
        self._steady = [atom for check in self.checks if len(check) == 1 for atom in check[0]]
        self._choices = [(number, check) for number, check in enumerate(self.checks) if len(check) > 1]
        self.always = asked_by(self._steady, self.required)
        """What the checks ask of every row."""
        self.varying = frozenset(
            column for _, check in self._choices for part in check for atom in part for column in named(atom)
        )
        """The columns of which not every row is asked the same."""
        self.uneven = any(atom.asks in {"count", "pair"} for check in self.checks for part in check for atom in part)
        """Whether checks ask something of several columns at once."""
        self._told: dict[tuple[int, ...], Asked] = {}

    def _alone(self, book: Book) -> set[str]:
        """Columns that must differ from row to row."""
        found = {key.columns[0] for key in self.keys if len(key.columns) == 1} | book.excluded(self.table)
        for definition in book.computed(self.table):
            within = [column for column in self.columns if re.search(rf"\b{re.escape(column)}\b", definition)]
            if within and not found & set(within):
                found.add(max(within, key=self._room))
        # In a key of several columns of our own one of them has to differ.
        for columns in (key.columns for key in self.keys):
            free = [column for column in columns if column not in self.foreign]
            if len(columns) > 1 and free and not found & set(columns):
                found.add(max(free, key=self._room))
        return found

    def _room(self, column: str) -> int:
        """How many values a column has, roughly."""
        return {"boolean": 0, "enum": 1, "smallint": 3}.get(self.shapes[column].base, 4)

    def choice(self, index: int) -> tuple[int, ...]:
        """The alternatives that a row of this number meets, of each check that has some."""
        return tuple([(index + index // (number + 2)) % len(check) for number, check in self._choices])

    def atoms(self, choice: tuple[int, ...]) -> list[Atom]:
        """What the checks ask of rows with this choice."""
        parts: list[Alternative] = [check[at] for (_, check), at in zip(self._choices, choice, strict=True)]
        return [*self._steady, *(atom for part in parts for atom in part)]

    def asked(self, choice: tuple[int, ...]) -> Asked:
        if not choice:
            return self.always
        found = self._told.get(choice)
        if found is None:
            found = self._told[choice] = asked_by(self.atoms(choice), self.required)
        return found

    def shape_of(self, column: str) -> Shape | None:
        """The shape of a column, also of one that the migration adds."""
        if column in self.shapes or self._after is None:
            return self.shapes.get(column)
        found = self._after.catalog.get(Ref("column", self.table.schema, column, self.table.name))
        return self._after.shapes.of(found) if isinstance(found, Column) else None


def counts(key: Key, mark: object, row: dict[str, str | None]) -> bool:
    """Whether the key tells this row from others; `mark` is what the row holds in its columns."""
    if not key.nulls and (mark is None or (isinstance(mark, tuple) and None in mark)):
        return False
    return key.when == ALL or any(all(_may_hold(atom, row) for atom in alternative) for alternative in key.when)


def _may_hold(atom: Atom, row: dict[str, str | None]) -> bool:
    """Whether a row may meet a demand: only what is certain counts against it."""
    held = row.get(atom.column)
    if atom.asks == "null":
        return held is None
    return not (held is None or (atom.asks == "in" and held not in atom.values))


def overlapping(keys: tuple[ForeignKey, ...]) -> set[ForeignKey]:
    """The foreign keys that share a column with another."""
    return {key for key in keys for other in keys if key is not other and set(key.columns) & set(other.columns)}


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
