"""What a condition asks of columns: CHECK constraints, domain checks and WHERE clauses, read as far as they can be.

A condition becomes alternatives of which one must hold; what is not understood asks nothing, and Postgres decides.
The present is a fixed day for what lies before it and another, far away, for what comes after it: rows must be the
same on every day, and on every day on the same side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import TypeVar

from db_migrate_tools.rows.atoms import Alternative, Atom
from db_migrate_tools.rows.comparisons import compared, verbatim
from db_migrate_tools.rows.expressions import called, column_of, constant, path_of
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import parse, scan
from db_migrate_tools.sql.text import SqlError, Text

MOST = 24
"""More alternatives than this are cut: any one of them will do."""

T = TypeVar("T")


@lru_cache(4096)
def of_check(definition: str) -> tuple[Alternative, ...]:
    """The alternatives of a constraint as pg_get_constraintdef tells it. In a domain's check the column is `value`."""
    node = statement(f"ALTER TABLE t ADD CONSTRAINT c {definition}")
    for found in node.walk() if node is not None else ():
        if found.kind == "Constraint":
            return read(found.node("raw_expr"), atoms_of)
    return ((),)


@lru_cache(4096)
def of_predicate(definition: str) -> tuple[Alternative, ...]:
    """The alternatives of an index's WHERE, given as pg_get_indexdef tells the index."""
    node = statement(definition)
    return read(node.node("where_clause") if node is not None else None, atoms_of)


# Quoted names stay; strings that no simple rule ends are left alone, and with them the whole text.
_VALUES = re.compile(r"""\"[^\"]*\"|'(?:[^']|'')*'|(?<![\w.$])\d+(?:\.\d+)?(?![\w.])""")
_NOT_SIMPLE = re.compile(r"[eEuUbBxXnN&]'|\$|--|/\*")


def bare(sql: str) -> str:
    """The same statement with other constants, so that thousands of INSERTs have few texts."""
    if _NOT_SIMPLE.search(sql):
        return sql
    return _VALUES.sub(lambda found: found[0] if found[0][0] == '"' else "''" if found[0][0] == "'" else "0", sql)


@lru_cache(maxsize=256)
def statement(sql: str) -> Node | None:
    """The first statement of the text; None where it cannot be read."""
    text = Text(sql)
    try:
        found = parse(text, scan(text))
    except SqlError:
        return None
    return found[0].node if found else None


def read(
    node: Node | None, leaf: Callable[[Node, bool], Iterable[T]], *, holds: bool = True
) -> tuple[tuple[T, ...], ...]:
    """The alternatives under which the expression is true, or with `holds` False under which it is not; `leaf` says
    what its parts ask.
    """
    if node is None:
        return ((),)
    if node.kind == "BoolExpr":
        kind = node.choice("boolop")
        parts = node.nodes("args")
        if kind == "NOT_EXPR":
            return read(parts[0], leaf, holds=not holds)
        if (kind == "AND_EXPR") == holds:
            return _both([read(part, leaf, holds=holds) for part in parts])
        return _merged([found for part in parts for found in read(part, leaf, holds=holds)])[:MOST]
    return (tuple(leaf(node, holds)),)


def _both(parts: Sequence[tuple[tuple[T, ...], ...]]) -> tuple[tuple[T, ...], ...]:
    found: tuple[tuple[T, ...], ...] = ((),)
    for part in parts:
        found = tuple(one + other for one, other in product(found, part))[:MOST]
    return found


def _merged(found: list[tuple[T, ...]]) -> tuple[tuple[T, ...], ...]:
    """`a = 'x' OR a = 'y'` is one list of values."""
    lists = [part[0] for part in found if len(part) == 1]
    atoms = [atom for atom in lists if isinstance(atom, Atom) and atom.asks == "in"]
    if len(found) > 1 and len(atoms) == len(found) and len({(atom.of, atom.column) for atom in atoms}) == 1:
        one = replace(atoms[0], values=tuple(value for atom in atoms for value in atom.values))
        return ((one,),)
    return tuple(dict.fromkeys(found))


def atoms_of(node: Node, holds: bool) -> Iterable[Atom]:
    """What an expression without AND, OR and NOT asks."""
    if node.kind == "NullTest":
        isnull = (node.choice("nulltesttype") == "IS_NULL") == holds
        column, path = column_of(node.node("arg")), path_of(node.node("arg"))
        if path is not None:
            if not isnull:
                yield Atom(path[0].name, "path", path[1], of=path[0].of)
        elif column:
            yield Atom(column.name, "null" if isnull else "not null", of=column.of)
    elif node.kind == "ColumnRef":
        column = column_of(node)
        if column:
            yield Atom(column.name, "in", ("true" if holds else "false",), of=column.of)
    elif node.kind == "BooleanTest":
        column, kind = column_of(node.node("arg")), node.choice("booltesttype")
        if column and kind in {"IS_TRUE", "IS_FALSE"}:
            yield Atom(column.name, "in", ("true" if (kind == "IS_TRUE") == holds else "false",), of=column.of)
    elif node.kind == "FuncCall" and holds:
        yield from _true(node)
    elif node.kind == "A_Expr":
        yield from compared(node, holds=holds)


def _true(node: Node) -> Iterable[Atom]:
    """What a function that must be true asks."""
    arguments = node.nodes("args")
    column = column_of(arguments[0]) if len(arguments) > 1 else None
    value = constant(arguments[1]) if column else None
    if column and value is not None and called(node) == "starts_with":
        yield Atom(column.name, "like", (f"{verbatim(value)}%",), of=column.of)
    elif column and value is not None and called(node) == "regexp_like":
        yield Atom(column.name, "match", (value,), of=column.of)
