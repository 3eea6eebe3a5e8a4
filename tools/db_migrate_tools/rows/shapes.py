"""A column's type as far as making values needs it: domains, enums, composites and ranges taken apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from db_migrate_tools.rows.atoms import Alternative
from db_migrate_tools.rows.conditions import of_check
from db_migrate_tools.schema.model import Catalog, Column, Ref, Type

_MODIFIED = re.compile(r"^(.*?)\((-?\d+)(?:,(-?\d+))?\)(.*)$")
_SUBTYPE = re.compile(r"subtype\s*=\s*(.+)$", re.IGNORECASE)
_RANGES = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "tsrange": "timestamp without time zone",
    "tstzrange": "timestamp with time zone",
    "daterange": "date",
}
DEEPEST = 8
"""Types within types beyond this are given up."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`base` is the type's name without schema (of extensions' types) and modifiers; "enum", "composite", "range",
    "multirange" and "array" are ours. `parts` are an array's element, a composite's attributes, a range's subtype.
    `checks` are a domain's, each a choice of alternatives on the column `value`.
    """

    base: str
    size: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    parts: tuple[Shape, ...] = ()
    checks: tuple[tuple[Alternative, ...], ...] = ()
    nullable: bool = True


def type_named(types: Mapping[Ref, Type], name: str) -> Type | None:
    """A type of the catalog by its qualified name as format_type spells it."""
    return next(
        (item for ref, item in types.items() if name in {str(ref), f'{ref.schema}."{ref.name}"', ref.name}), None
    )


class Shapes:
    """The shapes of one catalog's types."""

    def __init__(self, catalog: Catalog, attributes: Mapping[tuple[str, str], list[Column]]) -> None:
        self._types = {item.ref: item for item in catalog if isinstance(item, Type)}
        self._attributes = attributes

    def of(self, column: Column) -> Shape:
        return self._named(column.type, column.type_ref, 0)

    def _named(self, name: str, ref: Ref | None, depth: int) -> Shape:
        if depth > DEEPEST:
            return Shape("unknown")
        if name.endswith("[]"):
            while name.endswith("[]"):
                name = name[:-2]
            return Shape("array", parts=(self._named(name, ref, depth + 1),))
        if ref is not None and ref in self._types:
            return self._own(self._types[ref], depth)
        modified = _MODIFIED.match(name)
        size = scale = None
        if modified:
            name = (modified[1] + modified[4]).strip()
            size = int(modified[2])
            scale = int(modified[3]) if modified[3] else None
        base = name.rpartition(".")[2].strip('"')
        if base in _RANGES:
            return Shape("range", parts=(Shape(_RANGES[base]),))
        if base.endswith("multirange"):
            inner = base.removesuffix("multirange") + "range"
            if inner in _RANGES:
                return Shape("multirange", parts=(Shape("range", parts=(Shape(_RANGES[inner]),)),))
            own = type_named(self._types, name.rpartition(".")[0] + "." + inner) or type_named(self._types, inner)
            if own is not None:
                return Shape("multirange", parts=(self._own(own, depth + 1),))
        if base == "character" and size is None:
            size = 1
        if base == "bit" and size is None:
            size = 1
        return Shape(base, size, scale)

    def _own(self, found: Type, depth: int) -> Shape:
        if found.type == "enum":
            return Shape("enum", labels=found.labels)
        if found.type == "domain":
            inner = self._named(found.base_type or "text", found.base_type_ref, depth + 1)
            checks = tuple(of_check(check.definition) for check in found.checks)
            return replace(inner, checks=(*inner.checks, *checks), nullable=inner.nullable and found.nullable)
        if found.type == "composite":
            columns = self._attributes.get((found.ref.schema, found.ref.name), [])
            return Shape("composite", parts=tuple(self._named(c.type, c.type_ref, depth + 1) for c in columns))
        subtype = next((m[1].strip() for option in found.range_options if (m := _SUBTYPE.match(option.strip()))), "")
        own = type_named(self._types, subtype)
        return Shape("range", parts=(self._named(subtype, own.ref if own else None, depth + 1),))
