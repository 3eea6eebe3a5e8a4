"""Identifiers and literals as SQL text."""

from __future__ import annotations

import re

from db_migrate_tools.schema.model import Object, Ref, Routine, View

_SAFE = re.compile(r"[a-z_][a-z0-9_]*\Z")
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
    case cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
    json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
    only or order out outer overlaps overlay placing position precision primary public real references returning
    right row select session_user setof similar smallint some substring symmetric system_user table tablesample
    then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when
    where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
    xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905
)


def ident(name: str) -> str:
    """One identifier, quoted where Postgres would need it."""
    if _SAFE.match(name) and (name not in _RESERVED or name == "public"):
        return name
    return '"' + name.replace('"', '""') + '"'


def idents(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(ident(name) for name in names)


def role(name: str) -> str:
    """A role's name; "" and `public` are PUBLIC, a role that is really called so is quoted."""
    return "PUBLIC" if name in ("", "public") else ident(name)


def literal(text: str) -> str:
    """A string constant that reads the same whatever standard_conforming_strings says."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return " E" + quoted if "\\" in text else quoted


def qualified(ref: Ref) -> str:
    """The object's name with its schema; for a routine with its arguments."""
    if ref.kind == "routine":
        at = ref.name.index("(", 1)
        return f"{ident(ref.schema)}.{ident(ref.name[:at])}{ref.name[at:]}"
    if ref.kind in ("operator", "operator-class", "operator-family"):
        return f"{ident(ref.schema)}.{ref.name}"
    if ref.kind == "cast":
        return f"({ref.name})"
    if ref.kind == "transform":
        return f"FOR {ref.name}"
    return f"{ident(ref.schema)}.{ident(ref.name)}" if ref.schema else ident(ref.name)


def holder(ref: Ref) -> str:
    """The qualified name of the relation that a column, constraint, trigger or policy is part of."""
    return f"{ident(ref.schema)}.{ident(ref.parent)}"


_WORDS = {"foreign-server": "SERVER"}


def keyword(item: Object) -> str:
    """The word that ALTER, DROP and COMMENT ON use for an object."""
    if isinstance(item, View):
        return "MATERIALIZED VIEW" if item.materialized else "VIEW"
    if isinstance(item, Routine):
        return {"procedure": "PROCEDURE", "aggregate": "AGGREGATE"}.get(item.type, "FUNCTION")
    if item.ref.kind == "type" and getattr(item, "type", "") == "domain":
        return "DOMAIN"
    if item.ref.kind == "table" and getattr(item, "foreign_server", None):
        return "FOREIGN TABLE"
    return _WORDS.get(item.ref.kind) or item.ref.kind.upper().replace("-", " ")


def target(item: Object) -> str:
    """`TABLE public.users`; an aggregate without arguments is written with a star."""
    name = qualified(item.ref)
    if isinstance(item, Routine) and item.type == "aggregate" and name.endswith("()"):
        name = name[:-2] + "(*)"
    return f"{keyword(item)} {name}"
