"""How an applied migration can be taken back, or which ones can."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.scissors import PAGE, fitting, left_out, weight
from db_migrate_tools.report.shorten import LIMIT, cut_rollback
from db_migrate_tools.report.status import history_blocks
from db_migrate_tools.wire import RollbackPlanOutput


def render(output: RollbackPlanOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page; with a limit it stays small, shows the first steps and rows and counts the rest."""

    def page(shown: RollbackPlanOutput) -> str:
        return write(_page(shown), markdown=markdown)

    if limit is None:
        return page(output)
    return fitting(lambda size: page(cut_rollback(output, size)), weight, PAGE, limit)


def _page(output: RollbackPlanOutput) -> Iterator[Block]:
    if output.migration is None:
        yield Title(f"🔙 Rollback options on {output.env}")
    else:
        yield Title(f"🔙 Rollback of {output.migration.version} {output.migration.name} on {output.env}")
    yield Strong("Nothing has been changed. A rollback is a migration: it is planned, and a person approves it.")
    if output.migration is not None:
        yield from _steps(output)
    if output.history or output.migration is None:
        yield from history_blocks(output.history, output.omitted.get("history", 0))
        options = [f"{row.version} {row.name}: {row.rollback_option}" for row in output.history if row.rollback_option]
        if options:
            yield Bullets(options)
    if output.omitted:
        yield Text(left_out(output.omitted, _whole(output)))
    if output.call:
        yield Heading("✋ To run it")
        yield Code([output.call], language="text")
    yield Heading("👉 Next steps")
    yield Bullets(output.next_steps)


def _whole(output: RollbackPlanOutput) -> str:
    if output.call:
        return "Its plan at level plan-only has every step in a file."
    return f"The whole is in db-migrate://history/{output.env}."


def _steps(output: RollbackPlanOutput) -> Iterator[Block]:
    if output.proof is not None:
        yield Text(words.PROOF[output.proof])
    if output.why:
        yield Text(output.why)
    yield Heading("🧾 Steps")
    rest = output.omitted.get("steps", 0)
    if output.steps or rest:
        yield Code(
            [f"{step.sql.rstrip().removesuffix(';')};" for step in output.steps],
            numbers=[str(i) for i in range(1, len(output.steps) + 1)],
        )
        if rest:
            yield Text(f"… and {rest} more steps")
        by_hand = [i for i, step in enumerate(output.steps, start=1) if not step.automatic]
        if by_hand:
            yield Text(f"By hand: step {', '.join(map(str, by_hand))}.")
        notes = [f"Step {i}: {step.note}" for i, step in enumerate(output.steps, start=1) if step.note]
        if notes:
            yield Bullets(notes)
    else:
        yield Text("There is no SQL to run.")
    if output.local:
        yield Text("Then, in the project:")
        yield Bullets(output.local)
    yield Heading("📉 Data that would be lost")
    yield Bullets(output.data_lost) if output.data_lost else Text("None that is known.")
    if output.kept:
        yield Heading("📦 Kept, and put back by these steps")
        yield Bullets(output.kept)
    if output.estimated_duration:
        yield Text(f"Estimated time: {output.estimated_duration}")
