"""A Postgres type as a TypeScript type."""

from __future__ import annotations

import re

from db_migrate_tools.schema.model import Ref
from db_migrate_tools.typescript.names import quoted
from db_migrate_tools.typescript.relations import Relations
from db_migrate_tools.typescript.shape import Object, Shape, Union, either

_TYPESCRIPT = {
    "boolean": "boolean",
    **dict.fromkeys(("smallint", "integer", "bigint", "real", "double precision", "numeric"), "number"),
    **dict.fromkeys(
        ("bytea", "character", "bpchar", "character varying", "text", "uuid", "date", "interval"), "string"
    ),
    **dict.fromkeys((f"{t} {z} time zone" for t in ("time", "timestamp") for z in ("with", "without")), "string"),
    **dict.fromkeys(("json", "jsonb"), "Json"),
    "void": "undefined",
    "record": "Record<string, unknown>",
}
_EXTENSION_TEXT = {"citext", "vector"}
_MODIFIER = re.compile(r"\([^()]*\)")


def plain(type_text: str) -> str:
    """The type's name without its array brackets and modifiers: `numeric(10,2)[]` is `numeric`."""
    bare = _MODIFIER.sub("", type_text.removeprefix("SETOF ").rstrip("[]")).strip()
    return "interval" if bare.startswith("interval ") else bare


def scalar(relations: Relations, type_text: str, ref: Ref | None, *, is_array: bool, through_domain: bool) -> Shape:
    """The TypeScript type of a value, without its null.

    `through_domain`: a column shows its domain's base type; an argument's or attribute's domain is `unknown`,
    as in the types that Supabase generates.
    """
    element = _element(relations, type_text, ref, through_domain=through_domain and not is_array)
    return array(element) if is_array else element


def array(element: Shape) -> Shape:
    """`element[]`."""
    match element:
        case str():
            return f"{element}[]"
        case Object(properties, is_open, trailer):
            return Object(properties, is_open, f"{trailer}[]")
        case _:
            return f"({_joined(element)})[]"


def nullable(shape: Shape, *, is_nullable: bool) -> Shape:
    """The type with `| null` where it can be null. `Json` holds null itself, so NOT NULL narrows it."""
    if not is_nullable:
        return "NonNullable<Json>" if shape == "Json" else shape
    if shape == "unknown":
        return shape
    return Union((*shape.members, "null")) if isinstance(shape, Union) else Union((shape, "null"))


def _element(relations: Relations, type_text: str, ref: Ref | None, *, through_domain: bool) -> Shape:
    if ref is None:
        return _built_in(type_text)
    found = relations.types.get((ref.schema, ref.name))
    if found is not None and found.type == "domain":
        if not through_domain or found.base_type is None:
            return "unknown"
        return scalar(
            relations,
            found.base_type,
            found.base_type_ref,
            is_array=found.base_type.endswith("[]"),
            through_domain=False,
        )
    here = ref.schema in relations.schemas
    if found is not None and found.type == "enum" and found.labels:
        return _member(ref, "Enums") if here else either([quoted(label) for label in found.labels])
    if found is not None and found.type == "composite" and found.columns:
        return _member(ref, "CompositeTypes") if here else "unknown"
    relation = relations.relations.get((ref.schema, ref.name))
    if relation is not None:
        kind = "Tables" if relation.ref.kind == "table" else "Views"
        return f'{_member(ref, kind)}["Row"]' if here else "unknown"
    return _built_in(type_text)


def _built_in(type_text: str) -> str:
    known = _TYPESCRIPT.get(type_text)
    if known is not None:
        return known
    name = plain(type_text)
    return _TYPESCRIPT.get(name) or ("string" if name.rpartition(".")[2] in _EXTENSION_TEXT else "unknown")


def _member(ref: Ref, kind: str) -> str:
    return f"Database[{quoted(ref.schema)}][{quoted(kind)}][{quoted(ref.name)}]"


def _joined(shape: Shape) -> str:
    return " | ".join(str(m) for m in shape.members) if isinstance(shape, Union) else str(shape)
