"""Rows that belong together: what one row of each table must be like for a statement to find something."""

from __future__ import annotations

from dataclasses import dataclass

from db_migrate_tools.rows.atoms import Alternative
from db_migrate_tools.schema.model import Ref


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a story. Columns of all its rows that bear the same mark hold the same value; `orders` compare a
    column with what bears a mark.
    """

    table: Ref
    atoms: Alternative = ()
    marks: tuple[tuple[str, str], ...] = ()
    orders: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Never:
    """No row of `table` holds in `column` the value that bears the mark, nor one of `values`."""

    table: Ref
    column: str
    mark: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """Rows that make one statement (`number`) change something."""

    parts: tuple[Part, ...]
    nevers: tuple[Never, ...] = ()
    number: int = 0
