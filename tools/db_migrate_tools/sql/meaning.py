"""What a statement is to a reader: type, category, target, and one short sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from db_migrate_tools.sql.model import Category, OperationType


@dataclass(frozen=True, slots=True)
class Meaning:
    """One statement, explained. `description` is a sentence without its full stop."""

    type: OperationType
    category: Category
    target: str
    description: str


def counted(number: int, one: str, many: str = "") -> str:
    """`1 column`, `7 columns`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """`a, b and 3 more`."""
    every = list(names)
    if len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[: most - 1])} and {len(every) - most + 1} more"
