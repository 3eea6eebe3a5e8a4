"""Names of objects as SQL and people write them."""

from __future__ import annotations

from collections.abc import Iterable

from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.names import quoted as quote

__all__ = ["counted", "listed", "qualified", "quote", "show", "size"]

_AS_SQL = frozenset({"routine", "cast", "operator", "operator-class", "operator-family", "transform", "setting"})
"""Kinds whose references have names as SQL writes them."""


def qualified(ref: Ref) -> str:
    """The relation's name with its schema, for SQL."""
    return ".".join(quote(part) for part in (ref.schema, ref.name) if part)


def show(ref: Ref) -> str:
    """The object's name for a sentence: without `public`, with its table; a routine keeps its arguments."""
    schema = "" if ref.schema == "public" else ref.schema
    name = ref.name if ref.kind in _AS_SQL else quote(ref.name)
    return ".".join([quote(part) for part in (schema, ref.parent) if part] + [name])


def listed(items: Iterable[str], limit: int = 6) -> str:
    """`a, b and c`, with a count of what does not fit."""
    every = list(items)
    shown, rest = every[:limit], len(every) - limit
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 table`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes in a unit that a person reads."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
