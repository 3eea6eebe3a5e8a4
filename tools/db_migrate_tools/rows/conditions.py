"""What a condition asks of columns: CHECK constraints, domain checks and WHERE clauses, read as far as they can be.

A condition becomes alternatives of which one must hold; what is not understood asks nothing, and Postgres decides.
The present is a fixed day for what lies before it and another, far away, for what comes after it: rows must be the
same on every day, and on every day on the same side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeVar

from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import parse, scan
from db_migrate_tools.sql.text import SqlError, Text

Asks = Literal[
    "in",
    "not in",
    "compare",
    "length",
    "match",
    "like",
    "null",
    "not null",
    "json",
    "case",
    "pair",
    "count",
    "path",
    "holds",
]
MOST = 24
"""More alternatives than this are cut: any one of them will do."""

NOW = "now"
LONG_AGO = "2001-01-01"
FAR_OFF = "2190-01-01"
"""What the present counts as for values before it, and for values after it."""

T = TypeVar("T")

_COMPARED = frozenset({"<", "<=", ">", ">=", "=", "<>"})
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
_LENGTHS = frozenset({"length", "char_length", "character_length", "octet_length"})
_SAME = frozenset({"btrim", "trim", "ltrim", "rtrim", "lower", "upper", "abs", "date", "coalesce"})
_CALLS_NOW = frozenset({"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp"})


@dataclass(frozen=True, slots=True)
class Atom:
    """One demand on `column`. `op` and `values[0]` for a comparison, a length and a count; `other` is a second
    column, `values` for a count the columns counted after the number. A `path` leads into a JSON object, to the value
    in `op` where there is one; what `holds` is an element or a part. `of` and `other_of` are the names that qualify
    the columns.
    """

    column: str
    asks: Asks
    values: tuple[str, ...] = ()
    op: str = ""
    other: str = ""
    of: str = ""
    other_of: str = ""


Alternative = tuple[Atom, ...]


def of_check(definition: str) -> tuple[Alternative, ...]:
    """The alternatives of a constraint as pg_get_constraintdef tells it. In a domain's check the column is `value`."""
    node = statement(f"ALTER TABLE t ADD CONSTRAINT c {definition}")
    for found in node.walk() if node is not None else ():
        if found.kind == "Constraint":
            return read(found.node("raw_expr"), atoms_of)
    return ((),)


def of_predicate(definition: str) -> tuple[Alternative, ...]:
    """The alternatives of an index's WHERE, given as pg_get_indexdef tells the index."""
    node = statement(definition)
    return read(node.node("where_clause") if node is not None else None, atoms_of)


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
        column, path = column_of(node.node("arg")), _path(node.node("arg"))
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
    elif node.kind == "A_Expr":
        yield from _compared(node, holds=holds)


def _compared(node: Node, *, holds: bool) -> Iterable[Atom]:
    left, right, op, kind = (
        node.node("lexpr"),
        node.node("rexpr"),
        "".join(node.names("name")[-1:]),
        node.choice("kind"),
    )
    column = column_of(left)
    if kind in {"AEXPR_OP_ANY", "AEXPR_IN", "AEXPR_OP_ALL"}:
        yield from _listed(left, right, op, holds=holds)
        return
    if kind in {"AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN"}:
        values = list_of(right)
        if column and len(values) == 2 and (kind == "AEXPR_BETWEEN") == holds:
            yield Atom(column.name, "compare", (_side(values[0], ">="),), ">=", of=column.of)
            yield Atom(column.name, "compare", (_side(values[1], "<="),), "<=", of=column.of)
        return
    if op in {"~", "~*", "~~", "~~*"}:
        value = constant(right)
        if column and value is not None and holds:
            yield Atom(column.name, "match" if op in {"~", "~*"} else "like", (value,), of=column.of)
        return
    if op in {"?", "@>", "&&", "?|", "?&"}:
        yield from _holding(left, right, op, holds=holds)
        return
    if kind == "AEXPR_DISTINCT":
        op = "<>"
    elif kind == "AEXPR_NOT_DISTINCT":
        op = "="
    if op not in _COMPARED:
        return
    if not holds:
        op = _DENIED[op]
    value, turned = constant(right), op
    if value is None and constant(left) is not None:
        left, right, value, turned = right, left, constant(left), _TURNED.get(op, op)
    if value is not None:
        yield from _with_constant(left, turned, value)
        return
    one, other = column_of(left), column_of(right)
    if one and other and one == other:
        wrapped = next((n for n in (bare(left), bare(right)) if n is not None and n.kind == "FuncCall"), None)
        if wrapped is not None and op in {"=", "<>"}:
            yield Atom(one.name, "case", (_called(wrapped) if op == "=" else f"not {_called(wrapped)}",), of=one.of)
    elif one and other:
        yield Atom(one.name, "pair", (), op, other.name, of=one.of, other_of=other.of)


def _listed(left: Node | None, right: Node | None, op: str, *, holds: bool) -> Iterable[Atom]:
    column, values = column_of(left), list_of(right)
    inside = (op == "=") == holds
    if column and values:
        yield Atom(column.name, "in" if inside else "not in", values, of=column.of)
        return
    within, element = column_of(right), constant(left)
    if within and element is not None and inside:
        yield Atom(within.name, "holds", (element,), of=within.of)
        return
    path = _path(left)
    if path is not None and values and inside:
        yield Atom(path[0].name, "path", path[1], values[0], of=path[0].of)
        return
    row, first = bare(left), next(iter(right.nodes("items")), None) if right is not None else None
    if row is not None and row.kind == "RowExpr" and first is not None and first.kind == "RowExpr" and inside:
        for part, value in zip(row.nodes("args"), first.nodes("args"), strict=False):
            yield from _with_constant(part, "=", constant(value) or "")


def _holding(left: Node | None, right: Node | None, op: str, *, holds: bool) -> Iterable[Atom]:
    column, value = column_of(left), constant(right)
    if not column or not holds:
        return
    if op == "?" and value is not None:
        yield Atom(column.name, "path", (value,), of=column.of)
    elif op in {"?|", "?&"}:
        for key in list_of(right):
            yield Atom(column.name, "path", (key,), of=column.of)
    elif op == "@>" and value is not None and value[:1] == "{" and ":" in value:
        yield Atom(column.name, "in", (value,), of=column.of)
    elif op in {"@>", "&&"}:
        parts = list_of(right) or ((value,) if value is not None and value[:1] not in {"{", "["} else ())
        if parts:
            yield Atom(column.name, "holds", parts, of=column.of)
        elif value is not None:
            yield Atom(column.name, "in", (value,), of=column.of)


def _with_constant(node: Node | None, op: str, value: str) -> Iterable[Atom]:
    found = bare(node)
    if found is None:
        return
    path = _path(found)
    if path is not None:
        if op != "<>":
            yield Atom(path[0].name, "path", path[1], _meeting(op, value), of=path[0].of)
        return
    if found.kind == "FuncCall":
        name, arguments = _called(found), found.nodes("args")
        if name in {"num_nonnulls", "num_nulls"} and value.isdigit():
            columns = [column_of(argument) for argument in arguments]
            if all(columns):
                count = int(value) if name == "num_nonnulls" else len(columns) - int(value)
                turned = op if name == "num_nonnulls" else _TURNED.get(op, op)
                names = [column.name for column in columns if column]
                yield Atom(names[0], "count", (str(count), *names), turned)
            return
        column = column_of(arguments[0]) if arguments else None
        if column and name in _LENGTHS | {"array_length", "cardinality", "jsonb_array_length"} and value.isdigit():
            yield Atom(column.name, "length", (value,), op, of=column.of)
            return
        if column and name in {"jsonb_typeof", "json_typeof"} and op == "=":
            yield Atom(column.name, "json", (value,), of=column.of)
            return
    column = column_of(found)
    if not column:
        return
    if found.kind == "CoalesceExpr" and op == "=" and value in [constant(part) for part in found.nodes("args")[1:]]:
        yield Atom(column.name, "null", of=column.of)
    elif op in {"=", "<>"} and value != NOW:
        yield Atom(column.name, "in" if op == "=" else "not in", (value,), of=column.of)
    elif op not in {"=", "<>"}:
        yield Atom(column.name, "compare", (_side(value, op),), op, of=column.of)


def _side(value: str, op: str) -> str:
    """The present, as a day that lies on the side asked for whatever day it is."""
    return value if value != NOW else LONG_AGO if op[0] == "<" else FAR_OFF


def _meeting(op: str, value: str) -> str:
    """A value that compares so with a constant."""
    if op == "=":
        return value
    if value == NOW:
        return _side(value, op)
    if value.lstrip("-").isdigit():
        return str(int(value) + (op[0] == ">") - (op[0] == "<"))
    return value if "=" in op else f"{value}z" if op[0] == ">" else ""


@dataclass(frozen=True, slots=True)
class Named:
    """A column as an expression names it: `of` qualifies it."""

    name: str
    of: str = ""


def bare(node: Node | None) -> Node | None:
    """The expression without casts and collations."""
    while node is not None and node.kind in {"TypeCast", "CollateClause"}:
        node = node.node("arg")
    return node


def _called(node: Node) -> str:
    return "".join(node.names("funcname")[-1:])


def column_of(node: Node | None) -> Named | None:
    """The column that an expression speaks of, through casts and functions that leave values what they are."""
    found = bare(node)
    if found is None:
        return None
    if found.kind == "ColumnRef":
        names = found.names("fields")
        return Named(names[-1], "".join(names[-2:-1])) if names else None
    if found.kind == "CoalesceExpr":
        return column_of(next(iter(found.nodes("args")), None))
    if found.kind == "FuncCall" and _called(found) in _SAME:
        arguments = found.nodes("args")
        return column_of(arguments[0]) if arguments else None
    return None


def _path(node: Node | None) -> tuple[Named, tuple[str, ...]] | None:
    """The column and the keys of `column -> 'a' ->> 'b'`."""
    keys: list[str] = []
    found = bare(node)
    while found is not None and found.kind == "FuncCall" and _called(found) in _SAME and found.nodes("args"):
        found = bare(found.nodes("args")[0])
    while found is not None and found.kind == "A_Expr" and found.names("name")[-1:] in {("->",), ("->>",)}:
        key = constant(found.node("rexpr"))
        if key is None:
            return None
        keys.insert(0, key)
        found = bare(found.node("lexpr"))
    column = column_of(found) if keys else None
    return (column, tuple(keys)) if column else None


def path_in(node: Node) -> tuple[Named, tuple[str, ...]] | None:
    """The first path into a JSON column within an expression."""
    return next((path for part in node.walk() if part.kind == "A_Expr" and (path := _path(part))), None)


def constant(node: Node | None) -> str | None:
    """The text of a constant; NOW for the present, also with some time added or taken off."""
    found = bare(node)
    if found is None:
        return None
    if found.kind == "A_Const":
        return _literal(found)
    if found.kind == "SQLValueFunction":
        return NOW if "DATE" in found.choice("op") or "TIME" in found.choice("op") else None
    if found.kind == "FuncCall":
        arguments = found.nodes("args")
        if _called(found) == "date_trunc" and len(arguments) > 1:
            return constant(arguments[1])
        return NOW if _called(found) in _CALLS_NOW else None
    if found.kind == "A_Expr" and found.names("name") in {("-",), ("+",)}:
        left, right = found.node("lexpr"), constant(found.node("rexpr"))
        sign = found.names("name")[0]
        if left is None and right is not None:
            return f"-{right}" if sign == "-" else right
        return NOW if left is not None and constant(left) == NOW else None
    return None


def _literal(node: Node) -> str | None:
    for field in ("sval", "fval", "bsval"):
        inner = node.node(field)
        if inner is not None:
            return inner.text(field)
    inner = node.node("ival")
    if inner is not None:
        return str(inner.number("ival"))
    inner = node.node("boolval")
    return None if inner is None else "true" if inner.flag("boolval") else "false"


def list_of(node: Node | None) -> tuple[str, ...]:
    """The texts of a list of constants, an ARRAY or an array's literal; empty where there is another."""
    found = bare(node)
    if found is None:
        return ()
    if found.kind == "A_Const":
        text = _literal(found) or ""
        plain = text.startswith("{") and text.endswith("}") and not set(text) & {'"', "\\", ":"}
        return tuple(text[1:-1].split(",")) if plain else ()
    items = found.nodes("elements") if found.kind in {"A_ArrayExpr", "AArrayExpr"} else found.nodes("items")
    values = [constant(item) for item in items]
    return tuple(value for value in values if value is not None) if all(v is not None for v in values) else ()
