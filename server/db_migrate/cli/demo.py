"""demo: the whole way once, with a real client over stdio, on the example application."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import asyncpg
from mcp import StdioServerParameters
from mcp.client import Client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent

from db_migrate.cluster.dev import ensure_dev
from db_migrate.project.root import is_supabase
from db_migrate_tools.ports import Refused

NEXT: Final = """\
Three things to try with your own assistant:
  1. In your project: db-migrate-mcp init
     It writes .mcp.json, so that Claude Code, Cursor or VS Code can start the server.
  2. Ask the assistant: "Use db-migrate: what is the status of this project?"
  3. Let it write a feature's database-schema.md or a .sql file, then ask: "Plan that migration with db-migrate."
     You will see such a page, and you will be asked before anything runs."""


async def demo(*, keep: bool) -> int:
    """Play the demo; 0 when the migration was applied."""
    home = Path(tempfile.mkdtemp(prefix="db-migrate-demo-"))
    home.chmod(0o711)  # for root, Postgres runs as another user and must reach its data
    project = home / "app"
    shutil.copytree(example_app(), project)
    state = project / ".db-migrate"
    state.mkdir(mode=0o700)
    try:
        database = await ensure_dev(state, location=home / "database", supabase=is_supabase(project))
        try:
            await _existing_database(database.dsn, project / "database.sql")
            return await _play(project)
        finally:
            await database.close()
    finally:
        if keep:
            print(f"\nThe demo's project is in {home}.")
        else:
            shutil.rmtree(home, ignore_errors=True)


def example_app() -> Path:
    """The example application: in the wheel beside the package, in a checkout under fixtures."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "example_app", package.parent.parent / "fixtures" / "app"):
        if place.is_dir():
            return place
    raise Refused("The example application is missing from this installation.", "Install db-migrate-mcp again.")


async def _existing_database(dsn: str, path: Path) -> None:
    """The application's database as it is before the feature."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(path.read_text("utf-8"))
    finally:
        await connection.close()


async def _play(project: Path) -> int:
    person = AtTerminal() if sys.stdin.isatty() and sys.stdout.isatty() else Scripted()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "db_migrate", "serve", "--project", str(project)],
        env={"PATH": os.environ.get("PATH", os.defpath)},
    )
    async with Client(server, elicitation_callback=person.answer) as client:
        _step("status: what there is")
        _page(await client.call_tool("status", {}))
        _step("plan: what the feature's database-schema.md would do")
        planned = _page(await client.call_tool("plan", {"env": "dev", "source": {"from": "feature"}}))
        approval = _data(planned)["approval"]
        if not approval:
            print("\nThe plan gave no token, so there is nothing to approve.")
            return 1
        _step(f"approve: the person decides ({person.who})")
        applied = _page(await client.call_tool("approve", {"token": approval["token"], "env": "dev"}))
        outcome = _data(applied)["status"]
        if outcome != "applied":
            print(f"\nThe migration was not applied: {outcome}.")
            return 0 if outcome in ("declined", "unanswered") else 1
        _step("status: afterwards")
        _page(await client.call_tool("status", {"env": "dev"}))
        _step("rollback-plan: how to undo it")
        _page(await client.call_tool("rollback-plan", {"env": "dev"}))
    print(f"\n{'═' * 100}\n{NEXT}")
    return 0


def _step(title: str) -> None:
    print(f"\n{'═' * 100}\n▶ {title}\n{'═' * 100}\n", flush=True)


def _page(result: CallToolResult) -> CallToolResult:
    for block in result.content:
        if isinstance(block, TextContent):
            print(block.text, flush=True)
    return result


def _data(result: CallToolResult) -> dict[str, Any]:
    """What the tool answered. Raises Refused when it refused."""
    if result.is_error or result.structured_content is None:
        raise Refused("The demo cannot go on: a tool refused, see above.", "Run db-migrate-mcp doctor.")
    return dict(result.structured_content)


class Scripted:
    """Stands in for a person where there is no terminal, and says so on the screen."""

    who = "scripted: there is no terminal here, so a script answers in a person's place"

    async def answer(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        del context
        if not isinstance(params, ElicitRequestFormParams):
            return ElicitResult(action="cancel")
        print(params.message)
        content: dict[str, str | int | float | bool | list[str] | None] = {"decision": "approve", "confirm": "dev"}
        print("\n[scripted person] decision: approve · confirm: dev", flush=True)
        return ElicitResult(action="accept", content=content)


class AtTerminal:
    """Shows the form at the terminal."""

    who = "you, here at the terminal"

    def __init__(self, read: Callable[[str], str] = input) -> None:
        self._read = read

    async def answer(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        del context
        if not isinstance(params, ElicitRequestFormParams):
            return ElicitResult(action="cancel")
        print(params.message, flush=True)
        decision = await anyio.to_thread.run_sync(self._read, "\nDecision (approve or reject; empty to leave it): ")
        if not decision.strip():
            return ElicitResult(action="cancel")
        confirm = await anyio.to_thread.run_sync(self._read, "Type the environment's name (dev) to confirm: ")
        return ElicitResult(action="accept", content={"decision": decision.strip(), "confirm": confirm.strip()})
