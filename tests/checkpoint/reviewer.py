"""`review` as a process of its own, over a real ledger and a runner that only notes.  reviewer.py LEDGER LOG [PLAN]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import anyio

from db_migrate.checkpoint.terminal import Terminal
from db_migrate.cli.review import review
from db_migrate.ledger.store import SqlLedger
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Project, Shadow, StoredPlan, Targets, Types, World
from db_migrate_tools.wire import ApproveOutput, Credentials, MigrationName
from ledger.samples import HandClock


class OpenTargets:
    """Environments whose connections lie open."""

    def credentials(self, env: Env) -> Credentials:
        del env
        return "open"

    def refusal(self, env: Env) -> None:
        del env


def world_over(ledger: SqlLedger, approvals: dict[Env, int] | None = None) -> World:
    """A world in which only the ledger, the clock and the credentials are there."""
    nothing = object()
    return World(
        targets=cast("Targets", OpenTargets()),
        shadow=cast("Shadow", nothing),
        ledger=ledger,
        project=cast("Project", nothing),
        types=cast("Types", nothing),
        clock=HandClock(),
        requester="a test",
        new_id=lambda: "id",
        new_token=lambda: "token",
        approvals=approvals or {},
    )


class Runner:
    """Applies a plan as far as the ledger is concerned, and notes that it did."""

    def __init__(self, ledger: SqlLedger, log: Path) -> None:
        self._ledger = ledger
        self._log = log

    async def execute(self, plan: StoredPlan) -> ApproveOutput:
        assert plan.decision is not None
        if plan.state == "approved":
            assert await self._ledger.move(plan.plan_id, ("approved",), "executing", version="20270115080000")
        with self._log.open("a") as log:
            log.write(f"{plan.plan_id} {plan.decision.decision} {plan.decision.channel}\n")
        output = ApproveOutput(
            plan_id=plan.plan_id,
            env=plan.env,
            status="applied",
            reason="It is applied.",
            migration=MigrationName(version="20270115080000", name="notes"),
        )
        await self._ledger.move(plan.plan_id, ("executing",), "applied", outcome=output.model_dump_json(by_alias=True))
        return output


def page_of(output: ApproveOutput) -> str:
    return f"{output.status.upper()}: {output.reason} {output.migration.version if output.migration else ''}"


async def main(path: Path, log: Path, plan: str | None) -> int:
    ledger = SqlLedger.at(path, HandClock())
    try:
        return await review(
            world_over(ledger),
            plan,
            terminal=Terminal.standard(),
            execute=Runner(ledger, log).execute,
            as_json=False,
            page_of=page_of,
        )
    finally:
        ledger.close()


if __name__ == "__main__":
    sys.exit(anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
