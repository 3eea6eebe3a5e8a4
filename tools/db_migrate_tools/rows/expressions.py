"""What single expressions of SQL name and hold: columns, constants, lists of them, paths into documents."""

from __future__ import annotations

from dataclasses import dataclass

from db_migrate_tools.sql.node import Node

NOW = "now"
"""The present, as a constant."""

_SAME = frozenset({"btrim", "trim", "ltrim", "rtrim", "lower", "upper", "abs", "date", "coalesce"})
_CALLS_NOW = frozenset({"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp"})


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


def called(node: Node) -> str:
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
    if found.kind == "FuncCall" and called(found) in _SAME:
        arguments = found.nodes("args")
        return column_of(arguments[0]) if arguments else None
    return None


def path_of(node: Node | None) -> tuple[Named, tuple[str, ...]] | None:
    """The column and the keys of `column -> 'a' ->> 'b'`."""
    keys: list[str] = []
    found = bare(node)
    while found is not None and found.kind == "FuncCall" and called(found) in _SAME and found.nodes("args"):
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
    return next((path for part in node.walk() if part.kind == "A_Expr" and (path := path_of(part))), None)


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
        if called(found) == "date_trunc" and len(arguments) > 1:
            return constant(arguments[1])
        return NOW if called(found) in _CALLS_NOW else None
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
