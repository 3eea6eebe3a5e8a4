"""Binds a pure tool to MCP: strict arguments, progress, pages as text, refusals as results."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools.base import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from db_migrate.secrets import redact, redact_exact, redact_json
from db_migrate_tools.ports import Progress, Refused
from db_migrate_tools.wire import Output, to_wire

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS: Final = 5.0
CLIENT_GONE: Final = (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError, MCPError)

ToolContext = Context[Any, Any]
Handled = tuple[Output, str] | InputRequiredResult


_I = TypeVar("_I", bound=BaseModel)
Handler = Callable[[_I, ToolContext, Progress], Awaitable[Handled]]


def bind(
    name: str,
    title: str,
    arguments: type[_I],
    output: type[Output],
    handler: Handler[_I],
    annotations: ToolAnnotations,
) -> Tool:
    """An MCP tool whose input schema is `arguments` (unknown fields refused) and whose output schema is `output`.
    The handler's docstring is what the assistant reads.
    """

    async def run(ctx: ToolContext, given: dict[str, Any]) -> CallToolResult | InputRequiredResult:
        try:
            request = _validated(arguments, given)
            async with progress_of(ctx) as progress:
                handled = await handler(request, ctx, progress)
        except Refused as refusal:
            return _refusal(_told(refusal))
        except BaseExceptionGroup as group:
            refusals, others = group.split(Refused)
            if others is not None or refusals is None:
                return _unexpected(name, others or group)
            return _refusal(_told(_first(refusals)))
        except Exception as error:  # noqa: BLE001 — the boundary: logged in full, and told to the caller
            return _unexpected(name, error)
        if isinstance(handled, InputRequiredResult):
            return handled
        result, page = handled
        return CallToolResult(
            content=[TextContent(type="text", text=redact_exact(page))],
            structured_content=cast("dict[str, Any]", redact_json(cast("JsonValue", to_wire(result)))),
        )

    return Tool(
        fn=run,
        name=name,
        title=title,
        description=" ".join((handler.__doc__ or "").split()),
        parameters=arguments.model_json_schema(by_alias=True),
        fn_metadata=FuncMetadata(arg_model=_Given, output_model=output),
        is_async=True,
        context_kwarg="ctx",
        annotations=annotations,
    )


class _Given(ArgModelBase):
    """Lets every argument through to `run`, which validates: the SDK's own error would print rejected values."""

    model_config = ConfigDict(extra="allow")

    def model_dump_one_level(self) -> dict[str, Any]:
        return {"given": dict(self.model_extra or {})}


def _validated(model: type[_I], given: dict[str, Any]) -> _I:
    """The arguments as the tool's model. Some hosts send objects as JSON text: those are read.

    Raises:
        Refused: An argument is missing, unknown or of the wrong kind; names each.
    """
    try:
        return model.model_validate({key: _unquoted(value) for key, value in given.items()})
    except ValidationError as error:
        problems = [
            f"- {_place(e['loc'])}: {_SAID.get(e['type'], e['msg'])}" for e in error.errors(include_input=False)
        ]
        raise Refused(
            "\n".join(["The arguments are not understood:", *problems]),
            f"The fields are: {', '.join(model.model_fields)}.",
        ) from None


def _unquoted(value: object) -> object:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return cast("object", json.loads(value))
        except ValueError:
            return value
    return value


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "arguments"


_SAID: Final = {"extra_forbidden": "there is no such field", "missing": "this field is needed"}


def _told(refusal: BaseException) -> str:
    return f"{refusal.reason}\n{refusal.remedy}".strip() if isinstance(refusal, Refused) else str(refusal)


def _refusal(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=redact(text))], is_error=True)


def _unexpected(name: str, error: BaseException) -> CallToolResult:
    logger.error("%s failed unexpectedly: %s", name, redact(repr(error)), exc_info=error)
    return _refusal(
        f"db-migrate met an error in {name} that it did not expect ({type(_first(error)).__name__}).\n"
        "The server's log has the details. Call status to see what the databases recorded before trying again."
    )


def _first(error: BaseException) -> BaseException:
    """What really happened: the task group around every tool wraps it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


@asynccontextmanager
async def progress_of(ctx: ToolContext, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncGenerator[Progress]:
    """Progress notifications; while nothing new happens the last message is repeated with how long that is, so that
    hosts keep waiting and people see that something takes its time. A client that is gone hears nothing, and the work
    goes on.
    """
    count = 0
    last = ""
    since = anyio.current_time()

    async def report(message: str) -> None:
        nonlocal count
        count += 1
        with suppress(*CLIENT_GONE):
            await ctx.report_progress(count, None, message)

    async def send(message: str) -> None:
        nonlocal last, since
        last, since = redact(message), anyio.current_time()
        await report(last)

    async def beat() -> None:
        while True:
            await anyio.sleep(heartbeat)
            if last:
                await report(f"{last} ({anyio.current_time() - since:.0f} s)")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat)
        yield send
        tasks.cancel_scope.cancel()
