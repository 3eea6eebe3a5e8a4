"""The example application as end-to-end tests use it: where it is, how to start a server for it, who answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import anyio
import asyncpg
from mcp import StdioServerParameters
from mcp.client import Client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent

from db_migrate.app import create_server
from db_migrate.settings import Settings

APP = Path(__file__).resolve().parents[1] / "fixtures" / "app"
ROLES = ("anon", "authenticated", "service_role")


@dataclass(frozen=True)
class Site:
    """A copy of the example application whose dev environment is the database at `dsn`."""

    root: Path
    dsn: str

    def stdio(self, **extra: str) -> StdioServerParameters:
        """How to start a server for it over stdio."""
        return StdioServerParameters(
            command=sys.executable,
            args=["-m", "db_migrate", "serve", "--project", str(self.root)],
            env={"DB_MIGRATE_ENVIRONMENTS__DEV__URL": self.dsn, "PATH": os.environ["PATH"], **extra},
        )

    def client(self, *, mode: Literal["auto", "legacy"] = "auto", elicitation_callback: Person | None = None) -> Client:
        """A client of a server in this process."""
        settings = Settings.model_validate({"environments": {"dev": {"url": self.dsn}}})
        return Client(create_server(self.root, settings), mode=mode, elicitation_callback=elicitation_callback)

    async def fetch(self, sql: str) -> list[asyncpg.Record]:
        """Rows of the site's database, by a connection of its own."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@asynccontextmanager
async def http_server(site: Site, address: str = "127.0.0.1:0") -> AsyncGenerator[str]:
    """A server on a free loopback port; yields its URL."""
    process = await anyio.open_process(
        [sys.executable, "-m", "db_migrate", "serve", "--http", address, "--project", str(site.root)],
        env={**os.environ, "DB_MIGRATE_ENVIRONMENTS__DEV__URL": site.dsn},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = b""
    while b"/mcp" not in said:
        said += await process.stderr.receive()
    try:
        yield said.decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()
        await process.aclose()


class Person:
    """Answers forms as told, and remembers what was asked."""

    def __init__(self, *answers: ElicitResult) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        return self.answers.pop(0)


def fills(decision: str, confirm: str) -> ElicitResult:
    """A filled-in form."""
    return ElicitResult(action="accept", content={"decision": decision, "confirm": confirm})


def text(result: CallToolResult) -> str:
    """The page of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def data(result: CallToolResult) -> dict[str, Any]:
    """The structured content of a result that is no error."""
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return result.structured_content
