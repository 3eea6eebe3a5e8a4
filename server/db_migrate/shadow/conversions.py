"""Columns that change their type: which values are sure to come back when it is changed back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from db_migrate.shadow.wording import listed
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Column, Ref

# Both ways keep every value that was there before the migration.
LOSSLESS = frozenset(
    {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("integer", "bigint"),
        ("real", "double precision"),
        ("integer", "numeric"),
        ("bigint", "numeric"),
        ("smallint", "numeric"),
        ("text", "character varying"),
        ("smallint", "text"),
        ("integer", "text"),
        ("bigint", "text"),
        ("boolean", "text"),
        ("uuid", "text"),
    }
)

_NUMERIC = re.compile(r"numeric(?:\((\d+),(\d+)\))?")


def converted(made: Delta) -> Iterable[str]:
    """Columns whose values are converted, there and back."""
    columns = _conversions(made)
    if columns:
        yield f"The values of {listed(columns)} are converted there and back, which may change them."


def tried_only(made: Delta, known: Set[Ref]) -> Iterable[str]:
    """Conversions that brought back the values that were tried, which are not all that there are."""
    columns = _conversions(made, known)
    if columns:
        yield (
            f"The values of {listed(columns)} are converted there and back; other values than those tried may not "
            "come back."
        )


def _conversions(made: Delta, known: Set[Ref] = frozenset()) -> list[str]:
    """Columns that are converted to a type from which a value may not come back, all but those that are `known`."""
    return [
        f"{change.ref} ({change.before.type} to {change.after.type})"
        for change in made.altered
        if isinstance(change.before, Column)
        and isinstance(change.after, Column)
        and "type" in change.fields
        and (change.before.type, change.after.type) not in LOSSLESS
        and not _widened(change.before.type, change.after.type)
        and not known & {change.before.ref, change.before.ref.relation, change.ref}
    ]


def _widened(before: str, after: str) -> bool:
    """Whether a character type only grew: varchar(50) to varchar(80), to varchar, or to text; or numeric did."""
    one, other_one = _NUMERIC.fullmatch(before), _NUMERIC.fullmatch(after)
    if one is not None and one[1] and other_one is not None:
        digits, scale = int(one[1]), int(one[2])
        if not other_one[1]:
            return True
        return int(other_one[2]) >= scale and int(other_one[1]) - int(other_one[2]) >= digits - scale
    base, _, limit = before.partition("(")
    wider, _, other = after.partition("(")
    if base != "character varying" or wider not in {"character varying", "text"}:
        return False
    return not other or (bool(limit) and int(other.rstrip(")")) >= int(limit.rstrip(")")))
