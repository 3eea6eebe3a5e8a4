"""The binding: strict arguments, redacted answers, and progress that never stops the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent, ToolAnnotations

from db_migrate.binding import Handled, ToolContext, bind, progress_of
from db_migrate_tools.ports import Progress, Refused
from db_migrate_tools.wire import Input, Output

PAGE = "1 │ UPDATE u SET password = 'x'; -- postgres://u:canary@h/d"


class Asked(Input):
    word: str


class Step(Output):
    sql: str


class Answered(Output):
    reason: str
    steps: list[Step]


def server_of(handler: Callable[[Asked, ToolContext, Progress], Any]) -> MCPServer[Any]:
    return MCPServer("t", tools=[bind("say", "Say", Asked, Answered, handler, ToolAnnotations())])


async def call(handler: Callable[[Asked, ToolContext, Progress], Any], **arguments: object) -> CallToolResult:
    async with Client(server_of(handler)) as client:
        return await client.call_tool("say", arguments or {"word": "x"})


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def leak(request: Asked, ctx: ToolContext, progress: Progress) -> Handled:
    """Answer with secrets."""
    del request, ctx, progress
    step = Step(sql="UPDATE u SET password = 'x'; SELECT 'postgres://u:canary@h/d'")
    return Answered(reason="password=canary at postgres://u:canary@h/d", steps=[step]), PAGE


async def test_every_string_of_an_answer_is_redacted_and_sql_stays_legible() -> None:
    result = await call(leak)
    assert not result.is_error
    assert text_of(result) == PAGE.replace("canary", "•••")
    assert result.structured_content == {
        "reason": "password=••• at postgres://u:•••@h/d",
        "steps": [{"sql": "UPDATE u SET password = 'x'; SELECT 'postgres://u:•••@h/d'"}],
    }


async def test_unknown_and_missing_arguments_are_named_and_their_values_not_repeated() -> None:
    result = await call(leak, speech="canary")
    assert result.is_error
    assert "word: this field is needed" in text_of(result)
    assert "speech: there is no such field" in text_of(result)
    assert "canary" not in text_of(result)


async def test_a_refusal_is_an_answer_without_its_secrets() -> None:
    async def refuse(request: Asked, ctx: ToolContext, progress: Progress) -> Handled:
        del request, ctx, progress
        raise Refused("postgres://u:canary@h/d does not answer.", "Start it.")

    result = await call(refuse)
    assert result.is_error
    assert text_of(result) == "postgres://u:•••@h/d does not answer.\nStart it."


async def test_an_error_of_the_tool_itself_is_not_swallowed_with_those_of_the_client() -> None:
    async def fail(request: Asked, ctx: ToolContext, progress: Progress) -> Handled:
        del request, ctx
        await progress("working")
        raise ConnectionResetError("canary")

    result = await call(fail)
    assert result.is_error
    assert "did not expect (ConnectionResetError)" in text_of(result)
    assert "canary" not in text_of(result)


class Gone:
    """A context whose client is gone: each report raises, and is counted."""

    def __init__(self, error: Exception, enough: int) -> None:
        self.error = error
        self.reports = 0
        self.enough = enough
        self.reached = anyio.Event()

    async def report_progress(self, progress: float, total: float | None, message: str | None) -> None:
        del progress, total, message
        self.reports += 1
        if self.reports >= self.enough:
            self.reached.set()
        raise self.error


GONE = [
    anyio.ClosedResourceError(),
    anyio.BrokenResourceError(),
    BrokenPipeError(),
    MCPError(code=-32000, message="Connection closed"),
]


@pytest.mark.parametrize("error", GONE, ids=lambda error: type(error).__name__)
async def test_a_client_that_is_gone_does_not_stop_the_work(error: Exception) -> None:
    gone = Gone(error, enough=3)
    done = False
    async with progress_of(cast("ToolContext", gone), heartbeat=0.001) as progress:
        await progress("working")
        # The first report is ours, the others are the heartbeat's.
        await gone.reached.wait()
        done = True
    assert done
    assert gone.reports >= 3


class Listening:
    """A context that keeps what is reported, and says when the heartbeat has begun."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.beaten = anyio.Event()

    async def report_progress(self, progress: float, total: float | None, message: str) -> None:
        del progress, total
        self.heard.append(message)
        if len(self.heard) > 1:
            self.beaten.set()


async def test_what_takes_long_is_told_with_its_time() -> None:
    client = Listening()
    async with progress_of(cast("ToolContext", client), heartbeat=0.001) as progress:
        await progress("Rehearsing statement 1 of 1")
        await client.beaten.wait()
    assert client.heard[:2] == ["Rehearsing statement 1 of 1", "Rehearsing statement 1 of 1 (0 s)"]


async def test_a_mistake_in_reporting_is_no_client_that_is_gone() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        async with progress_of(cast("ToolContext", Gone(TypeError("x"), enough=1))) as progress:
            await progress("working")
    assert caught.group_contains(TypeError)
