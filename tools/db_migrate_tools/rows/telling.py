"""One story put together: which columns of which rows are the same, which rows are one, what must not be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.expressions import bare, column_of, constant
from db_migrate_tools.rows.sources import MOST_COPIES, Reader, Source, Sub, Term
from db_migrate_tools.rows.story import Never, Part, Story
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node


def told(
    reader: Reader,
    terms: Sequence[Term],
    number: int,
    also: tuple[Ref, Sequence[tuple[str, Node | None]]] | None = None,
) -> Story:
    """The rows behind one alternative of a query. `also` are a table and what of the query goes to which of its
    columns: a row like that must not be there yet.
    """
    telling = _Telling()
    telling.take(reader, terms)
    nevers = list(telling.nevers)
    for column, value in also[1] if also is not None else ():
        taken = column_of(value)
        at = reader.place(taken.name, taken.of) if taken is not None and bare(value) is not None else None
        if also is not None and at is not None:
            nevers.append(Never(also[0], column, telling.mark(at)))
            break
    for source in reader.sources.values():
        telling.note(source)
    return Story(telling.parts(), tuple(dict.fromkeys(nevers)), number)


class _Telling:
    """One story being put together."""

    def __init__(self) -> None:
        self.sources: dict[int, Source] = {}
        self.atoms: dict[int, list[Atom]] = {}
        self.marks: dict[tuple[int, str], str] = {}
        self.orders: dict[int, list[tuple[str, str, str]]] = {}
        self.nevers: list[Never] = []
        self.missing: set[int] = set()
        self.same: dict[int, Source] = {}

    def note(self, source: Source) -> None:
        if source.table is not None and id(source) not in self.same:
            self.sources.setdefault(id(source), source)

    def place(self, reader: Reader, name: str, of: str) -> tuple[Source, str] | None:
        """Where a column stands, and for sources that are one row, in the first of them."""
        at = reader.place(name, of)
        return (self.same.get(id(at[0]), at[0]), at[1]) if at is not None else None

    def join(self, one: Source, other: Source) -> None:
        """Two sources that share a key are one row."""
        self.same = {key: one if source is other else source for key, source in self.same.items()}
        self.same[id(other)] = one
        self.sources.pop(id(other), None)
        self.sources.setdefault(id(one), one)
        self.atoms.setdefault(id(one), []).extend(self.atoms.pop(id(other), []))
        self.orders.setdefault(id(one), []).extend(self.orders.pop(id(other), []))
        self.marks = {(id(one) if at == id(other) else at, c): mark for (at, c), mark in self.marks.items()}

    def mark(self, at: tuple[Source, str]) -> str:
        self.note(at[0])
        return self.marks.setdefault((id(at[0]), at[1]), f"{len(self.marks)}")

    def take(self, reader: Reader, terms: Sequence[Term]) -> None:
        for source in reader.sources.values():
            self.note(source)
        for term in terms:
            if isinstance(term, Atom) and term.asks == "null":
                at = self.place(reader, term.column, term.of)
                if at is not None and at[0].optional:
                    self.missing.add(id(at[0]))
        for term in terms:
            if isinstance(term, Sub):
                self.sub(reader, term)
            elif term.asks == "pair":
                self.pair(reader, term)
            else:
                at = self.place(reader, term.column, term.of)
                if at is not None and id(at[0]) not in self.missing:
                    self.note(at[0])
                    self.atoms.setdefault(id(at[0]), []).append(replace(term, column=at[1], of=""))

    def pair(self, reader: Reader, term: Atom) -> None:
        one, other = self.place(reader, term.column, term.of), self.place(reader, term.other, term.other_of)
        if one is not None and other is not None:
            self.tie(one, other, term.op)

    def tie(self, one: tuple[Source, str], other: tuple[Source, str], op: str) -> None:
        """Two columns compare so."""
        gone = [at for at in (one, other) if id(at[0]) in self.missing]
        if gone:
            kept = other if gone[0] is one else one
            if op == "=" and gone[0][0].table is not None:
                self.nevers.append(Never(gone[0][0].table, gone[0][1], self.mark(kept)))
        elif one[0] is other[0]:
            if one[1] != other[1]:
                self.atoms.setdefault(id(one[0]), []).append(Atom(one[1], "pair", (), op, other[1]))
            elif one[0].copies > 1:
                self.mark(one)
        elif op == "=" and one[0].table == other[0].table and one[1] == other[1] and one[1] in one[0].keys:
            self.join(one[0], other[0])
        elif op == "=":
            mark = self.mark(one)
            old = self.marks.get((id(other[0]), other[1]))
            self.note(other[0])
            self.marks = {key: mark if value == old else value for key, value in self.marks.items()}
            self.marks[id(other[0]), other[1]] = mark
        else:
            self.orders.setdefault(id(one[0]), []).append((one[1], op, self.mark(other)))
            turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            self.orders.setdefault(id(other[0]), []).append((other[1], turned, self.mark(one)))

    def sub(self, reader: Reader, term: Sub) -> None:
        inner = Reader(reader.columns, reader)
        if inner.depth > MOST_COPIES:
            return
        alternatives = inner.query(term.query)
        terms: list[Term] = list(alternatives[0]) if alternatives else []
        targets = term.query.nodes("target_list")
        selected = column_of(targets[0].node("val")) if targets else None
        within = around = None
        if term.column is not None:
            within = self.place(inner, selected.name, selected.of) if selected is not None else None
            around = self.place(reader, term.column.name, term.column.of)
            value = constant(targets[0].node("val")) if targets else None
            if value is not None and around is not None:
                asked = Atom(around[1], "in" if term.holds else "not in", (value,))
                self.atoms.setdefault(id(around[0]), []).append(asked)
        if term.holds:
            self.take(inner, terms)
            if within is not None and around is not None:
                self.tie(self._now(within), self._now(around), "=")
        elif within is not None and around is not None and within[0].table is not None:
            self.nevers.append(Never(within[0].table, within[1], self.mark(around)))
        else:
            self.absent(inner, terms)

    def _now(self, at: tuple[Source, str]) -> tuple[Source, str]:
        return self.same.get(id(at[0]), at[0]), at[1]

    def absent(self, inner: Reader, terms: Sequence[Term]) -> None:
        """Nothing may match: one equality with what is around, or with a constant, is kept from holding."""
        own = [source for source in inner.sources.values() if source.table is not None]
        for term in terms:
            if not isinstance(term, Atom) or term.asks != "pair" or term.op != "=":
                continue
            one, other = self.place(inner, term.column, term.of), self.place(inner, term.other, term.other_of)
            if one is None or other is None:
                continue
            if not any(one[0] is source for source in own):
                one, other = other, one
            if any(one[0] is s for s in own) and not any(other[0] is s for s in own) and one[0].table is not None:
                self.nevers.append(Never(one[0].table, one[1], self.mark(other)))
                return
        for term in terms:
            if isinstance(term, Atom) and term.asks == "in":
                at = self.place(inner, term.column, term.of)
                if at is not None and at[0].table is not None and any(at[0] is source for source in own):
                    self.nevers.append(Never(at[0].table, at[1], "", term.values))
                    return

    def parts(self) -> tuple[Part, ...]:
        found: list[Part] = []
        for key, source in self.sources.items():
            if key in self.missing or source.table is None:
                continue
            part = Part(
                source.table,
                tuple(dict.fromkeys(self.atoms.get(key, ()))),
                tuple((column, mark) for (at, column), mark in self.marks.items() if at == key),
                tuple(self.orders.get(key, ())),
            )
            found += [part] * source.copies
        if all(not part.atoms and not part.marks and not part.orders for part in found) and not self.nevers:
            return ()
        return tuple(found)
