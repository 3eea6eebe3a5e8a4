"""Which tables get rows, how many, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db_migrate_tools.rows.book import Book, ForeignKey
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Column, Ref, Type
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

EACH = 200
MOST = 100 * EACH
FEWEST = 4
REFERRED = 50
"""Rows of a table that is there only for others to name its rows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Tables in the order in which they are filled (partitioned ones stand for their partitions), rows for each.
    `referred` are there only because others refer to them, and get fewer.
    """

    tables: tuple[Ref, ...]
    each: int
    referred: frozenset[Ref] = frozenset()

    @property
    def short(self) -> bool:
        """Whether there are fewer rows than usual, for there are many tables."""
        return self.each < EACH

    def rows(self, table: Ref) -> int:
        """How many rows a table gets."""
        return min(self.each, REFERRED) if table in self.referred else self.each


def scope_of(book: Book, touched: Iterable[str], written: Iterable[Ref], delta: Delta) -> Scope:
    """The tables that a migration concerns: those that its statements locked (`touched`, as `schema.name`) or whose
    objects or types it changed, those that cascades of `written` ones reach, and all that they refer to.
    """
    by_name = {str(ref): ref for ref in book.tables if ref.schema != KEPT_SCHEMA}
    found = {book.root(by_name[name]) for name in touched if name in by_name}
    found |= {book.root(ref) for ref in _changed(book, delta)}
    for ref in [book.root(ref) for ref in written if ref in book.tables and ref.schema != KEPT_SCHEMA]:
        found.add(ref)
        found |= _reach(ref, book.referrers)
    for ref in list(found):
        found |= {child for child in _reach(ref, book.children) if book.root(child) == child}
    full = set(found)
    parents: dict[Ref, list[Ref]] = {}
    waiting = list(found)
    while waiting:
        table = waiting.pop()
        keys = [key for key in book.foreign_keys(table) if key.to in book.tables]
        parents[table] = [key.to for key in keys]
        single = _single(book, table, keys) - full if table in full else set[Ref]()
        full |= single
        new = [to for to in dict.fromkeys(parents[table]) if to not in found]
        found.update(new)
        waiting += [*new, *(to for to in single if to not in new)]
    ordered = _ordered(sorted(found), parents)
    each = max(FEWEST, min(EACH, MOST // max(1, len(ordered))))
    return Scope(tuple(ordered), each, frozenset(found - full))


def _single(book: Book, table: Ref, keys: Sequence[ForeignKey]) -> set[Ref]:
    """The tables of which each row can be named but once."""
    unique = [set(key.columns) for key in book.keys(table)] if keys else []
    return {key.to for key in keys if any(columns <= set(key.columns) for columns in unique)}


def _changed(book: Book, delta: Delta) -> Iterable[Ref]:
    names = {other: one for one, other in delta.mapping.items()}
    refs = {item.ref for item in delta.dropped} | {rename.before for rename in delta.renamed}
    refs |= {names.get(change.ref, change.ref) for change in delta.altered}
    for item in delta.created:
        relation = item.ref.relation
        if relation is not None:
            refs.add(names.get(relation, relation))
    for ref in refs:
        table = ref if ref.kind == "table" else ref.relation
        if table is not None and table in book.tables:
            yield table
    types = {ref for ref in refs if ref.kind == "type"}
    if types:
        users = _users(book, types)
        yield from (
            Ref("table", schema, name)
            for (schema, name), columns in book.columns.items()
            if any(column.type_ref in users for column in columns) and Ref("table", schema, name) in book.tables
        )


def _users(book: Book, types: set[Ref]) -> set[Ref]:
    """The types and those made of them."""
    every = [item for item in book.catalog if isinstance(item, Type)]
    found = set(types)
    for _ in every:
        more = {
            item.ref
            for item in every
            if item.ref not in found
            and (item.base_type_ref in found or any(c.type_ref in found for c in _attributes(book, item.ref)))
        }
        if not more:
            break
        found |= more
    return found


def _attributes(book: Book, ref: Ref) -> list[Column]:
    return book.columns.get((ref.schema, ref.name), [])


def _reach(start: Ref, edges: dict[Ref, list[Ref]]) -> set[Ref]:
    found: set[Ref] = set()
    waiting = [start]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _ordered(tables: list[Ref], parents: dict[Ref, list[Ref]]) -> list[Ref]:
    """Referred-to tables first; a cycle is cut where it is entered."""
    done: dict[Ref, None] = {}
    entered: set[Ref] = set()
    inside = set(tables)
    for start in tables:
        stack = [(start, False)]
        while stack:
            table, left = stack.pop()
            if left:
                done[table] = None
            elif table not in entered:
                entered.add(table)
                stack.append((table, True))
                stack += [(to, False) for to in parents.get(table, ()) if to in inside and to not in entered]
    return list(done)
