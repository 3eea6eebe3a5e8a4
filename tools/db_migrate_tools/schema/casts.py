"""Which types Postgres surely converts into each other, and which of those it converts without being asked."""

from __future__ import annotations

import re

from db_migrate_tools.schema.model import Column

_TYPE_MODIFIER = re.compile(r"\(\d+(,-?\d+)?\)")
_FAMILIES = {
    "text": frozenset({"text", "character varying", "character", "name"}),
    "number": frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"}),
    "day": frozenset({"date", "timestamp without time zone", "timestamp with time zone"}),
    "json": frozenset({"json", "jsonb"}),
}


def castable(before: Column, after: Column) -> bool:
    """Whether Postgres surely has a cast; where none is known the value goes through text."""
    one, other = _families(before, after)
    return "text" in (one, other) or (one == other and one != "")


def converts(before: Column, after: Column) -> bool:
    """Whether a column becomes of the other type without a USING clause, which a generated one may not have."""
    one, other = _families(before, after)
    return before.type == after.type or (other != "" and other in (one, "text"))


def _families(before: Column, after: Column) -> tuple[str, str]:
    """The kinds of both types, "" where nothing is known."""
    known = before.type and before.type_ref is None and after.type_ref is None
    if not known or before.is_array != after.is_array:
        return "", ""
    return _family(before.type), _family(after.type)


def _family(name: str) -> str:
    plain = _TYPE_MODIFIER.sub("", name).removesuffix("[]")
    return next((family for family, names in _FAMILIES.items() if plain in names), "")
