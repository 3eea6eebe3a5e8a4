"""MCP resources: plans, history, schemas, features; and the news that one has changed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, cast, get_args

import anyio
import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.subscriptions import SubscriptionBus
from mcp.shared.subscriptions import ResourceUpdated

from db_migrate.binding import CLIENT_GONE, ToolContext
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused, StoredPlan, World
from db_migrate_tools.report.plan import render
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.sql.model import Script
from db_migrate_tools.status import feature_rows, history_row
from db_migrate_tools.wire import PlanOutput, to_wire

FEATURES: Final = "db-migrate://features"
LOOK_EVERY_SECONDS: Final = 2.0


def add_resources(server: MCPServer[World], world: World) -> None:
    """Register every resource."""

    @server.resource("db-migrate://plans/{planId}", mime_type="text/markdown", description="A whole plan, never cut.")
    async def whole_plan(planId: str) -> str:  # noqa: N803 — the URI's own name
        stored = await _stored(world, planId)
        if stored is None:
            return _found(lambda: world.project.read_plan(planId, "md"))
        page = PlanOutput.model_validate_json(stored.page)
        return await world.aside(lambda: render(page, markdown=True, limit=None))

    @server.resource("db-migrate://plans/{planId}/sql", mime_type="text/plain", description="A plan's exact SQL.")
    async def plan_sql(planId: str) -> str:  # noqa: N803
        stored = await _stored(world, planId)
        if stored is None:
            return _found(lambda: world.project.read_plan(planId, "sql"))
        return Script(stored.statements).sql

    @server.resource("db-migrate://history/{env}", mime_type="application/json", description="Applied migrations.")
    async def history(env: str) -> str:
        try:
            target = world.targets.target(_env(env))
            rows = [to_wire(history_row(target.env, m)) for m in await target.history(1000)]
        except Refused as refusal:
            raise ResourceError(str(refusal)) from None
        return json.dumps(rows, ensure_ascii=False, indent=1)

    @server.resource("db-migrate://schema/{env}", mime_type="text/plain", description="An environment's schema as SQL.")
    async def schema(env: str) -> str:
        try:
            facts = await world.targets.target(_env(env)).facts()
        except Refused as refusal:
            raise ResourceError(str(refusal)) from None
        return "".join(f"{statement};\n\n" for statement in ddl(diff(Catalog(), facts.catalog)))

    @server.resource(FEATURES, mime_type="application/json", description="Features and whether their SQL is applied.")
    async def features() -> str:
        return json.dumps([to_wire(row) for row in await feature_rows(world)], ensure_ascii=False, indent=1)


async def _stored(world: World, plan_id: str) -> StoredPlan | None:
    """The plan as the ledger vouches for it: the files under .db-migrate anybody may have written over. None for one
    that has no token and so is not in the ledger.
    """
    try:
        return await world.ledger.by_id(plan_id)
    except Refused as refusal:
        raise ResourceError(str(refusal)) from None


def _found(read: Callable[[], str]) -> str:
    try:
        return read()
    except Refused as refusal:
        raise ResourceNotFoundError(str(refusal)) from None


def _env(name: str) -> Env:
    if name not in get_args(Env):
        raise ResourceNotFoundError(f"{name} is not an environment; there are dev, staging and prod.")
    return cast("Env", name)


async def announce_plan(ctx: ToolContext, plan_id: str) -> None:
    """Tell subscribers of both protocol eras that a plan changed."""
    uri = f"db-migrate://plans/{plan_id}"
    with suppress(*CLIENT_GONE):
        await ctx.notify_resource_updated(uri)
        if ctx.protocol_version is not None and ctx.protocol_version < "2026":
            await ctx.session.send_resource_updated(uri)


@asynccontextmanager
async def watch_features(world: World, bus: SubscriptionBus, every: float = LOOK_EVERY_SECONDS) -> AsyncGenerator[None]:
    """While open, tells subscribers when a feature's SQL file appears, changes or goes."""

    async def watch() -> None:
        seen = await _stamp(world)
        while True:
            await anyio.sleep(every)
            now = await _stamp(world)
            if now is not None and now != seen:
                seen = now
                await bus.publish(ResourceUpdated(uri=FEATURES))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield
        tasks.cancel_scope.cancel()


async def _stamp(world: World) -> frozenset[tuple[str, float]] | None:
    """Which features there are and when they changed; None when that cannot be seen now."""
    try:
        found = await anyio.to_thread.run_sync(world.project.features)
    except (OSError, Refused):
        return None
    return frozenset((feature.path, feature.modified) for feature in found)
