"""The MCP server: five tools, one prompt, the resources."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools.base import Tool
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp_types import ToolAnnotations
from pydantic import Field

from db_migrate.binding import Handled, ToolContext, bind
from db_migrate.checkpoint.form import FormHuman, Rounds, can_show_form
from db_migrate.resources import add_resources, announce_plan, watch_features
from db_migrate.settings import Settings
from db_migrate.world import open_world
from db_migrate_tools import approve, generate_only, plan, prompt, rollback_plan, status
from db_migrate_tools.ports import Progress, World
from db_migrate_tools.report.generated import render as generated_page
from db_migrate_tools.report.outcome import render as outcome_page
from db_migrate_tools.report.plan import render as plan_page
from db_migrate_tools.report.rollback import render as rollback_page
from db_migrate_tools.report.shorten import (
    shorten,
    shorten_generated,
    shorten_outcome,
    shorten_rollback,
    shorten_status,
)
from db_migrate_tools.report.status import render as status_page
from db_migrate_tools.wire import (
    ApproveInput,
    ApproveOutput,
    GenerateOnlyInput,
    GenerateOutput,
    PlanInput,
    PlanOutput,
    RollbackPlanInput,
    RollbackPlanOutput,
    StatusInput,
    StatusOutput,
)

NAME: Final = "db-migrate"
INSTRUCTIONS: Final = """\
Plans and runs Postgres migrations. Begin with status. plan shows what a migration would do, proven on a copy of the
schema, and changes nothing; show its page to the person. approve, with the token from plan, asks the person; only
their decision executes it. A refusal or a missing answer is not an obstacle to go round: do not retry, do not
rephrase, do not run the SQL by other means. There is no override."""


class Tools:
    """The five tools over one World."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._lifetime = settings.approval.minutes * 60
        self._rounds = Rounds()

    async def plan(self, request: PlanInput, ctx: ToolContext, progress: Progress) -> Handled:
        """Show what a migration would do: locks, rewrites, data loss, risk, rollback, tried on a copy of the schema.
        Changes nothing. At level preview it returns a token for approve. Show the page to the person.
        """
        output = await plan.plan(
            request,
            replace(self._world, requester=requester(ctx)),
            progress,
            client_has_form=can_show_form(ctx),
            lifetime_seconds=self._lifetime,
        )
        if output.approval:
            await announce_plan(ctx, output.plan_id)
        return shorten(output), plan_page(output, markdown=True)

    async def approve(self, request: ApproveInput, ctx: ToolContext, progress: Progress) -> Handled:
        """Ask the person to decide about a plan and, if they approve, execute exactly that plan. Needs the token from
        plan. Only the person decides; calling again does not change their answer, but tells the outcome.
        awaiting_human means: tell the person where to decide, and wait.
        """
        human = FormHuman(ctx, self._world.clock, self._rounds, progress=progress)
        output = await approve.approve(request, self._world, human, progress)
        if human.input_required is not None:
            return human.input_required
        if output.plan_id:
            await announce_plan(ctx, output.plan_id)
        return shorten_outcome(output), outcome_page(output, markdown=True)

    async def status(self, request: StatusInput, ctx: ToolContext, progress: Progress) -> Handled:
        """Environments and their health, plans that wait for a person, applied migrations, features with SQL not yet
        applied; with sync, how the environments' schemas differ. Changes nothing.
        """
        del ctx
        output = await status.status(request, self._world, progress)
        return shorten_status(output), status_page(output, markdown=True)

    async def generate_only(self, request: GenerateOnlyInput, ctx: ToolContext, progress: Progress) -> Handled:
        """Generate the TypeScript types from a database's schema as it is, and compile the application. Writes
        generated files only.
        """
        del ctx
        output = await generate_only.generate_only(request, self._world, progress)
        return shorten_generated(output), generated_page(output, markdown=True)

    async def rollback_plan(self, request: RollbackPlanInput, ctx: ToolContext, progress: Progress) -> Handled:
        """The steps that undo an applied migration, tried on a copy of today's schema, and the data that would be lost;
        with history, one row for each applied migration. Executes nothing.
        """
        del ctx
        output = await rollback_plan.rollback_plan(request, self._world, progress)
        return shorten_rollback(output), rollback_page(output, markdown=True)

    def bound(self) -> list[Tool]:
        """The tools as MCP serves them, in the order in which a person meets them."""
        reads = ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        )
        applies = ToolAnnotations(
            read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
        )
        writes = ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        )
        return [
            bind("plan", "Plan a migration", PlanInput, PlanOutput, self.plan, reads),
            bind("approve", "Ask the person, then apply", ApproveInput, ApproveOutput, self.approve, applies),
            bind("status", "Status of databases and plans", StatusInput, StatusOutput, self.status, reads),
            bind(
                "generate-only",
                "Generate TypeScript types",
                GenerateOnlyInput,
                GenerateOutput,
                self.generate_only,
                writes,
            ),
            bind(
                "rollback-plan",
                "How to undo a migration",
                RollbackPlanInput,
                RollbackPlanOutput,
                self.rollback_plan,
                reads,
            ),
        ]


def requester(ctx: ToolContext) -> str:
    """Who asks, as far as the client says; nobody vouches for it."""
    params = ctx.session.client_params
    info = params.client_info if params is not None else None
    return f"MCP client {info.name} {info.version} (unverified)" if info else "MCP client (unverified)"


def create_server(root: Path, settings: Settings) -> MCPServer[World]:
    """The server for the project at `root`. Databases and the shadow are opened when first needed."""
    world, close = open_world(root, settings)
    bus = InMemorySubscriptionBus()

    @asynccontextmanager
    async def lifespan(_: MCPServer[World]) -> AsyncGenerator[World]:
        async with close, watch_features(world, bus):
            yield world

    server: MCPServer[World] = MCPServer(
        NAME,
        title="db-migrate",
        description="Postgres and Supabase migrations with a human checkpoint.",
        instructions=INSTRUCTIONS,
        version=version("db-migrate-mcp"),
        tools=Tools(world, settings).bound(),
        lifespan=lifespan,
        subscriptions=bus,
        log_level="WARNING",
    )
    add_resources(server, world)

    @server.prompt(
        name=NAME, description="The /db-migrate command: flags as you would type them, e.g. --env prod --plan-only"
    )
    def command(
        options: Annotated[str, Field(description="The flags; empty previews the active feature.")] = "",
    ) -> str:
        return prompt.message(options)

    return server
