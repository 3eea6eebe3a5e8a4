"""How much a page shows, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from db_migrate_tools.wire import PlanOutput

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much a page shows; None is everything. `lines` are lines of SQL a statement; `steps` are the rollback's."""

    operations: int | None
    lines: int | None
    remedies: bool
    others: int | None
    steps: int | None = None


WHOLE: Final = Detail(None, None, remedies=True, others=None)


def first(items: Sequence[T], most: int | None) -> tuple[Sequence[T], int]:
    shown = items if most is None else items[:most]
    return shown, len(items) - len(shown)


def some(items: Sequence[str], most: int | None, what: str) -> list[str]:
    """The first of the items, and how many more; `what` names several of them."""
    shown, rest = first(items, most)
    return [*shown, *([f"… and {rest} more {what.removesuffix('s') if rest == 1 else what}"] if rest else [])]


def counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def where(plan: PlanOutput) -> str:
    return f"the file {plan.file} and the resource {plan.resource}" if plan.file else f"the resource {plan.resource}"


def shortened(sql: str, lines: int | None) -> str:
    every = sql.split("\n")
    if lines is None or len(every) <= lines:
        # Long lines fold: what counts is how much is seen.
        most = None if lines is None else lines * 100
        return sql if most is None or len(sql) <= most else f"{sql[:most]}\n⟨{len(sql) - most:,} more characters⟩"
    kept = "\n".join(every[:lines])[: lines * 100]
    return f"{kept}\n⟨{len(every) - lines:,} more lines⟩"
