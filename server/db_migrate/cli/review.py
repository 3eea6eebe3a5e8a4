"""`review`: a person lists the plans that wait, reads one whole, decides, and sees it run."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from db_migrate.checkpoint.terminal import Terminal, environment_word, plan_text
from db_migrate_tools.approve import refuse_if_weak
from db_migrate_tools.envelope import load, short_code
from db_migrate_tools.lifecycle import PENDING
from db_migrate_tools.ports import Decision, Refused, StoredPlan, World
from db_migrate_tools.report.question import plain, utc
from db_migrate_tools.status import pending_row
from db_migrate_tools.wire import ApproveOutput, PlanOutput, to_wire

Execute = Callable[[StoredPlan], Awaitable[ApproveOutput]]
DONE, REFUSED = 0, 1
_SEARCHED = 1000


class NoSuchPlan(Refused):
    """No plan in the ledger has this id or code, or its row is one of the `damaged` and its code cannot be trusted."""

    def __init__(self, wanted: str, damaged: tuple[str, ...] = ()) -> None:
        super().__init__(
            "\n".join([f"The ledger of this project has no plan {plain(wanted)}.", *map(plain, damaged)]),
            "`db-migrate-mcp review` lists the plans that wait; it looks in the project of the working directory.",
        )


class AmbiguousCode(Refused):
    """Several plans share the beginning that was given."""

    def __init__(self, wanted: str, ids: list[str]) -> None:
        super().__init__(f"{plain(wanted)} fits several plans: {', '.join(ids)}.", "Give the whole plan id.")


class NoTerminal(Refused):
    """Somebody tried to decide through a pipe."""

    def __init__(self) -> None:
        super().__init__(
            "This is no terminal: piped input cannot approve or reject a plan.",
            "Run the command in a terminal, with neither its input nor its output redirected.",
        )


@dataclass(frozen=True, slots=True)
class _Desk:
    """What deciding needs."""

    world: World
    terminal: Terminal
    execute: Execute
    page_of: Callable[[ApproveOutput], str]


async def review(
    world: World,
    plan: str | None,
    *,
    terminal: Terminal,
    execute: Execute,
    as_json: bool,
    page_of: Callable[[ApproveOutput], str],
) -> int:
    """List the waiting plans, or show `plan` (an id or its short code), take the decision and execute.

    `page_of` makes the outcome readable.
    Returns the exit status: 0 listed, applied or rejected; 1 refused, failed or left undecided.
    """
    try:
        if plan is None:
            _list(world, terminal, await world.ledger.pending(), as_json=as_json)
            if not as_json:
                for damage in await world.ledger.damaged():
                    terminal.show(plain(f"Left out of this list: {damage}"))
            return DONE
        found = await _find(world, plan)
        page = PlanOutput.model_validate_json(found.page)
        if as_json:
            terminal.show(json.dumps({**to_wire(page), "state": found.state, "outcome": found.outcome}, indent=2))
            return DONE
        terminal.show(plan_text(found, page, colour=terminal.coloured))
        return await _decide(_Desk(world, terminal, execute, page_of), found)
    except Refused as refusal:
        terminal.show(f"{refusal.reason}\nWhat to do: {refusal.remedy}")
        return REFUSED


async def _decide(desk: _Desk, plan: StoredPlan) -> int:
    if plan.state not in PENDING and plan.state != "executing":
        return _over(desk, plan)
    if not desk.terminal.interactive:
        raise NoTerminal
    if plan.state == "executing":
        desk.terminal.show("A person approved this plan and it began to run. Looking in the database what came of it.")
        return await _run(desk, plan)
    typed = await _typed(desk, plan)
    if typed == "reject":
        return await _reject(desk, plan)
    if typed != plan.env:
        desk.terminal.show("No decision: nothing was run, and the plan still waits.")
        return REFUSED
    refuse_if_weak(plan, desk.world)
    if plan.state != "approved" and not await desk.world.ledger.move(
        plan.plan_id, ("previewed", "awaiting"), "approved", decision=_decision(desk.world, "approve")
    ):
        return await _too_late(desk, plan)
    return await _run(desk, await _find(desk.world, plan.plan_id))


async def _typed(desk: _Desk, plan: StoredPlan) -> str:
    """What the person typed at the prompt, "" for nothing."""
    where = load(plan.envelope).target
    desk.terminal.show(
        f"{environment_word(plan.env, colour=desk.terminal.coloured)} {plain(where.database)} on {plain(where.host)} · "
        f"code {short_code(plan.digest)} · expires {utc(plan.expires_at)}"
    )
    try:
        refuse_if_weak(plan, desk.world)
    except Refused as refusal:
        desk.terminal.show(f"{refusal.reason} {refusal.remedy}\nYou can only reject it.")
        prompt = "Type reject to end this plan, or press Enter to leave it: "
    else:
        prompt = f"Type {plan.env} to approve and run it, reject to end it, or press Enter to leave it: "
    return (await desk.terminal.ask(prompt) or "").strip()


async def _reject(desk: _Desk, plan: StoredPlan) -> int:
    ledger = desk.world.ledger
    if plan.state == "approved" and await ledger.move(plan.plan_id, ("approved",), "voided"):
        desk.terminal.show("The approval was taken back. Nothing was run, and the token is void.")
        return DONE
    no = _decision(desk.world, "reject")
    if await ledger.move(plan.plan_id, ("previewed", "awaiting"), "declined", decision=no):
        desk.terminal.show("Rejected. Nothing was run, and the token is void.")
        return DONE
    return await _too_late(desk, plan)


async def _run(desk: _Desk, plan: StoredPlan) -> int:
    desk.terminal.show("Running.")
    output = await desk.execute(plan)
    desk.terminal.show(desk.page_of(output))
    return DONE if output.status == "applied" else REFUSED


async def _too_late(desk: _Desk, plan: StoredPlan) -> int:
    desk.terminal.show("Somebody else was first, or the plan expired while you read it. Your answer changed nothing.")
    return _over(desk, await _find(desk.world, plan.plan_id))


def _over(desk: _Desk, plan: StoredPlan) -> int:
    """Show what became of a plan that cannot be decided any more."""
    desk.terminal.show(f"This plan is {plan.state}; there is nothing to decide.")
    if plan.decision is not None:
        desk.terminal.show(f"{plan.decision.decision} by {plain(plan.decision.by)}, {utc(plan.decision.at)}")
    if plan.outcome is not None:
        try:
            desk.terminal.show(desk.page_of(ApproveOutput.model_validate_json(plan.outcome)))
        except ValidationError:
            desk.terminal.show(plain(plan.outcome))
    return DONE if plan.state == "applied" else REFUSED


async def _find(world: World, wanted: str) -> StoredPlan:
    """The plan with this id, or the one whose digest begins with it (six characters at least)."""
    if (exact := await world.ledger.by_id(wanted)) is not None:
        return exact
    code = wanted.lower().replace("-", "")
    if len(code) < 6:
        raise NoSuchPlan(wanted)
    fitting = [p for p in await world.ledger.recent(None, _SEARCHED) if p.digest.startswith(code)]
    if len(fitting) > 1:
        raise AmbiguousCode(wanted, [p.plan_id for p in fitting])
    if not fitting:
        raise NoSuchPlan(wanted, await world.ledger.damaged())
    return fitting[0]


def _decision(world: World, word: str) -> Decision:
    return Decision(
        decision="approve" if word == "approve" else "reject",
        by=f"{_user()} at a terminal (unverified)",
        channel="terminal",
        strength="client-attested",
        at=world.clock.now(),
    )


def _user() -> str:
    """The account that runs this process; the environment's own claim only where the system keeps no accounts."""
    try:
        import pwd
    except ImportError:
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _list(world: World, terminal: Terminal, waiting: tuple[StoredPlan, ...], *, as_json: bool) -> None:
    rows = [pending_row(plan, world) for plan in waiting]
    if as_json:
        terminal.show(json.dumps([to_wire(row) for row in rows], indent=2))
        return
    if not rows:
        terminal.show("No plan waits for a decision.")
        return
    table = Table("code", "env", "migration", "risk", "SQL", "state", "asked by", "expires")
    for plan, row in zip(waiting, rows, strict=True):
        cells = (
            row.short_code,
            row.env.upper(),
            plain(row.name),
            f"{row.risk}/100",
            str(len(plan.statements)),
            row.state,
            plain(plan.requester),
            utc(plan.expires_at),
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console(file=terminal.stdout, highlight=False).print(table)
    terminal.show(f"Read and decide one: db-migrate-mcp review {rows[0].short_code}")
