"""Words that verdicts share: lists that are cut, statements by their numbers, rows by their count."""

from __future__ import annotations

from collections.abc import Sequence

from db_migrate_tools.schema.model import Ref

SHOWN = 4


def called(ref: Ref) -> str:
    return f"{ref.kind} {ref}"


def statements(numbers: Sequence[str]) -> str:
    return f"Statement {numbers[0]}" if len(numbers) == 1 else f"Statements {listed(numbers)}"


def listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def counted(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
