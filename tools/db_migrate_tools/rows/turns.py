"""Stories told by rows: which row tells which part, and what it has in common with the others of its story."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from db_migrate_tools.rows.asked import Ask, Board, Row
from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.demands import FREE
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.layout import Layout
from db_migrate_tools.rows.story import Part
from db_migrate_tools.rows.values import value
from db_migrate_tools.schema.model import Ref

Turn = tuple[int, int, Part]
"""A story's number, how often it was told before, and the part of it."""


class Turns:
    """The parts of stories that rows of one table tell."""

    def __init__(self, book: Book, layout: Layout, ask: Ask, board: Board, dice: Dice) -> None:
        self._layout = layout
        self._ask = ask
        self._board = board
        self._dice = dice
        held: Set[Ref] = {layout.table, *book.leaves(layout.table)} if ask.stories else frozenset()
        self._parts = [
            (number, part) for number, story in enumerate(ask.stories) for part in story.parts if part.table in held
        ]
        nevers = [never for story in ask.stories for never in story.nevers if never.table == layout.table]
        for never in nevers:
            if never.values:
                board.bar(never.table, never.column, never.values)
        self.barred = frozenset(never.column for never in nevers)
        """Columns in which some values must not stand; which ones may be known only while rows are made."""

    def __bool__(self) -> bool:
        return bool(self._parts)

    def of(self, index: int) -> Turn | None:
        """What a row of this number tells."""
        if not self._parts or index % self._ask.every != 1:
            return None
        turn = index // self._ask.every
        number, part = self._parts[turn % len(self._parts)]
        return number, turn // len(self._parts), part

    def atoms(self, turn: Turn, index: int) -> Iterator[Atom]:
        """A part's atoms, with the values that the other rows of the story have already."""
        number, again, part = turn
        shapes = self._layout.shapes
        for atom in part.atoms:
            goes_to = self._layout.shape_of(atom.other) if atom.asks == "path" and not atom.op else None
            if goes_to is not None:
                yield replace(atom, op=value(goes_to, FREE, index, self._dice, plain=True))
            elif atom.column in shapes:
                yield atom
        for column, mark in part.marks:
            known = self._board.marks.get((number, again, mark))
            if column in shapes:
                yield Atom(column, "in", (known,)) if known is not None else Atom(column, "not null")
        for column, op, mark in part.orders:
            known = self._board.marks.get((number, again, mark))
            if column in shapes:
                yield Atom(column, "not null") if known is None else _against(column, op, known)

    def tell(self, turn: Turn, row: Row) -> None:
        """Note what the rest of the story must have in common with the row."""
        number, again, part = turn
        for column, mark in part.marks:
            held = row.get(column)
            if held is not None:
                self._board.marks.setdefault((number, again, mark), held)
        for never in self._ask.stories[number].nevers:
            held = self._board.marks.get((number, again, never.mark))
            if held is not None:
                self._board.bar(never.table, never.column, (held,))


def _against(column: str, op: str, known: str) -> Atom:
    """The column compared with a value."""
    return Atom(column, "not in", (known,)) if op == "<>" else Atom(column, "compare", (known,), op)
