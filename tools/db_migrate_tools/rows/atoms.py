"""One demand on a column, and what may be demanded together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Asks = Literal[
    "in",
    "not in",
    "compare",
    "length",
    "match",
    "like",
    "null",
    "not null",
    "json",
    "case",
    "pair",
    "count",
    "path",
    "holds",
]


@dataclass(frozen=True, slots=True)
class Atom:
    """One demand on `column`. `op` and `values[0]` for a comparison, a length and a count; `other` is a second
    column, `values` for a count the columns counted after the number. A `path` leads into a JSON object, to the value
    in `op` where there is one; what `holds` is an element or a part. `of` and `other_of` are the names that qualify
    the columns.
    """

    column: str
    asks: Asks
    values: tuple[str, ...] = ()
    op: str = ""
    other: str = ""
    of: str = ""
    other_of: str = ""


Alternative = tuple[Atom, ...]
