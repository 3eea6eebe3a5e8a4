"""review: opens the project's world for the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from db_migrate.checkpoint.terminal import Terminal
from db_migrate.cli.review import review
from db_migrate.settings import Settings
from db_migrate.world import open_world
from db_migrate_tools import carry_out
from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.report.outcome import render
from db_migrate_tools.wire import ApproveOutput


async def decide(root: Path, settings: Settings, plan: str | None, *, as_json: bool) -> int:
    """List, show, decide and execute at this terminal; returns the exit status."""
    world, closing = open_world(root, settings)
    terminal = Terminal.standard()

    async def tell(message: str) -> None:
        terminal.show(f"… {message}")

    async def execute(stored: StoredPlan) -> ApproveOutput:
        return await carry_out.execute(stored, world, tell)

    async with closing:
        return await review(
            replace(world, requester="terminal"),
            plan,
            terminal=terminal,
            execute=execute,
            as_json=as_json,
            page_of=lambda output: render(output, markdown=False, limit=None),
        )
