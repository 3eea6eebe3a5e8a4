"""What a comparison asks of a column: with a constant, with a list, with another column."""

from __future__ import annotations

from collections.abc import Iterable

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.expressions import NOW, bare, called, column_of, constant, list_of, path_of
from db_migrate_tools.sql.node import Node

LONG_AGO = "2001-01-01"
FAR_OFF = "2190-01-01"
"""What the present counts as for values before it, and for values after it."""

_COMPARED = frozenset({"<", "<=", ">", ">=", "=", "<>"})
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
_LENGTHS = frozenset({"length", "char_length", "character_length", "octet_length"})


def compared(node: Node, *, holds: bool) -> Iterable[Atom]:
    """What an operator asks, or what its denial does."""
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
        value = constant(right) or _similar(right)
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
            yield Atom(one.name, "case", (called(wrapped) if op == "=" else f"not {called(wrapped)}",), of=one.of)
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
    path = path_of(left)
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
    path = path_of(found)
    if path is not None:
        if op != "<>":
            yield Atom(path[0].name, "path", path[1], _meeting(op, value), of=path[0].of)
        return
    if found.kind == "FuncCall":
        name, arguments = called(found), found.nodes("args")
        if name in {"num_nonnulls", "num_nulls"} and value.isdigit():
            columns = [column_of(argument) for argument in arguments]
            if all(columns):
                count = int(value) if name == "num_nonnulls" else len(columns) - int(value)
                turned = op if name == "num_nonnulls" else _TURNED.get(op, op)
                names = [column.name for column in columns if column]
                yield Atom(names[0], "count", (str(count), *names), turned)
            return
        column = column_of(arguments[0]) if arguments else None
        if column and len(arguments) == 2:
            inner = constant(arguments[1])
            part = _placed(name, inner, op, value) if inner is not None else None
            if part is not None:
                yield Atom(column.name, "like", (part,), of=column.of)
                return
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


def _similar(node: Node | None) -> str | None:
    """The regular expression of SIMILAR TO."""
    found = bare(node)
    if found is None or found.kind != "FuncCall" or called(found) != "similar_to_escape":
        return None
    value = constant(found.nodes("args")[0])
    return None if value is None else f"^({value.replace('%', '.*').replace('_', '.')})$"


def _placed(name: str, inner: str, op: str, value: str) -> str | None:
    """A LIKE pattern for what a function says of a part of a text."""
    if name in {"left", "right"} and op == "=":
        return f"{verbatim(value)}%" if name == "left" else f"%{verbatim(value)}"
    if name not in {"position", "strpos"} or not value.isdigit():
        return None
    part, at = verbatim(inner), int(value)
    if op == "=" and at:
        return f"{'_' * (at - 1)}{part}%"
    if op in {">", ">="} or (op == "<>" and not at):
        return f"{'_' * (at - 1 if op == '>=' else at)}%{part}%"
    return None


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


def verbatim(text: str) -> str:
    """A text as LIKE takes it for itself."""
    return "".join(f"\\{character}" if character in "%_\\" else character for character in text)
