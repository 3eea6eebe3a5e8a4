"""How an applied migration can be taken back, or which ones can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.status import history_blocks
from db_migrate_tools.wire import RollbackPlanOutput

LIMIT: Final = 40


def render(output: RollbackPlanOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page; with a limit, so many steps and rows and a count of the rest."""
    return write(_page(output, limit), markdown=markdown)


def _page(output: RollbackPlanOutput, limit: int | None) -> Iterator[Block]:
    if output.migration is None:
        yield Title(f"🔙 Rollback options on {output.env}")
    else:
        yield Title(f"🔙 Rollback of {output.migration.version} {output.migration.name} on {output.env}")
    yield Strong("Nothing has been changed. A rollback is a migration: it is planned, and a person approves it.")
    if output.migration is not None:
        yield from _steps(output, limit)
    if output.history or output.migration is None:
        yield from history_blocks(output.history, limit)
        options = [f"{row.version} {row.name}: {row.rollback_option}" for row in output.history if row.rollback_option]
        if options:
            shown = options if limit is None else options[:limit]
            yield Bullets(shown)
    if output.call:
        yield Heading("✋ To run it")
        yield Code([output.call], language="text")
    yield Heading("👉 Next steps")
    yield Bullets(output.next_steps)


def _steps(output: RollbackPlanOutput, limit: int | None) -> Iterator[Block]:
    if output.proof is not None:
        yield Text(words.PROOF[output.proof])
    if output.why:
        yield Text(output.why)
    yield Heading("🧾 Steps")
    if output.steps:
        shown = output.steps if limit is None else output.steps[:limit]
        yield Code(
            [f"{step.sql.rstrip().removesuffix(';')};" for step in shown],
            numbers=[str(i) for i in range(1, len(shown) + 1)],
        )
        if len(output.steps) > len(shown):
            yield Text(f"… and {len(output.steps) - len(shown)} more steps")
        by_hand = [i for i, step in enumerate(shown, start=1) if not step.automatic]
        if by_hand:
            yield Text(f"By hand: step {', '.join(map(str, by_hand))}.")
        notes = [f"Step {i}: {step.note}" for i, step in enumerate(shown, start=1) if step.note]
        if notes:
            yield Bullets(notes)
    else:
        yield Text("There is no SQL to run.")
    if output.local:
        yield Text("Then, in the project:")
        yield Bullets(output.local)
    yield Heading("📉 Data that would be lost")
    yield Bullets(output.data_lost) if output.data_lost else Text("None that is known.")
    if output.estimated_duration:
        yield Text(f"Estimated time: {output.estimated_duration}")
