"""Which changes of a column's type keep every value, there and back."""

from __future__ import annotations

from typing import Final

_WIDER: Final = frozenset(
    {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("integer", "bigint"),
        ("smallint", "numeric"),
        ("integer", "numeric"),
        ("bigint", "numeric"),
        ("real", "double precision"),
    }
)


def keeps_values(before: str, after: str) -> bool:
    """Whether every value survives; both types in Postgres's long spelling."""
    if before == after or (before, after) in _WIDER:
        return True
    base, _, limit = before.partition("(")
    wider, _, more = after.partition("(")
    if base != "character varying" or wider not in {"character varying", "text"}:
        return False
    return not more or (bool(limit) and int(more.rstrip(")")) >= int(limit.rstrip(")")))
