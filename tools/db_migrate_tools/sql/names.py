"""Names and types as a person reads them: quoted only where Postgres needs it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.words import word_set

_SIMPLE: Final = re.compile(r"[a-z_][a-z0-9_$]*\Z")
# Words that Postgres does not take as a plain table or column name.
_RESERVED: Final = word_set(
    """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
    unique user using variadic verbose when where window with"""
)
_TYPES: Final = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}


def quoted(name: str) -> str:
    """One identifier as SQL needs it: `users`, `"User"`, `"order"`."""
    if _SIMPLE.match(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def dotted(parts: Sequence[str]) -> str:
    """A qualified name: `public.users`."""
    return ".".join(quoted(part) for part in parts)


def relation(node: Node | None) -> str:
    """A RangeVar as written: with its schema where the text has one."""
    if node is None:
        return ""
    return dotted([part for part in (node.text("catalogname"), node.text("schemaname"), node.text("relname")) if part])


def type_name(node: Node | None) -> str:
    """A TypeName in Postgres's own long spelling: `timestamp with time zone`, `text[]`, `numeric(10,2)`."""
    if node is None:
        return ""
    parts = list(node.names("names"))
    if len(parts) == 2 and parts[0] == "pg_catalog":
        parts = parts[1:]
    bare = len(parts) == 1
    shown = _TYPES[parts[0]] if bare and parts[0] in _TYPES else dotted(parts)
    size = ",".join(str(_integer(mod)) for mod in node.nodes("typmods")) if parts[-1:] != ["interval"] else ""
    if size and shown.startswith(("timestamp", "time ")):
        first, _, rest = shown.partition(" ")
        shown, size = f"{first}({size}) {rest}", ""
    if shown == "character" and size == "1":
        size = ""
    of = "setof " if node.flag("setof") else ""
    return of + shown + (f"({size})" if size else "") + "[]" * len(node.nodes("array_bounds"))


def _integer(node: Node) -> int:
    value = node.node("ival")
    return value.number("ival") if value is not None else 0


def object_name(node: Node | None) -> tuple[str, ...]:
    """The name parts of what DROP, COMMENT or ALTER … OWNER points at, in whichever shape the tree holds it."""
    if node is None:
        return ()
    if node.kind == "String":
        return (node.text("sval"),)
    if node.kind == "List":
        return tuple(part for item in node.nodes("items") for part in object_name(item))
    if node.kind == "TypeName":
        return node.names("names")
    if node.kind == "ObjectWithArgs":
        return node.names("objname")
    if node.kind == "RangeVar":
        return tuple(part for part in (node.text("schemaname"), node.text("relname")) if part)
    return ()


def routine_name(node: Node | None) -> str:
    """An ObjectWithArgs with its argument types: `add(integer, integer)`; without them where none are written."""
    if node is None:
        return ""
    name = dotted(object_name(node))
    if node.kind != "ObjectWithArgs" or node.flag("args_unspecified"):
        return name
    return f"{name}({', '.join(type_name(argument) for argument in node.nodes('objargs'))})"
