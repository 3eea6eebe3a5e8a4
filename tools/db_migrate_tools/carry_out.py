"""Carrying out an approved plan: its version, the order, the run, what came of it. Once, whoever calls."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.afterwards import after_applying
from db_migrate_tools.answers import PLAN_AGAIN, answer, refused, spent
from db_migrate_tools.envelope import load
from db_migrate_tools.evidence import Execution
from db_migrate_tools.ports import Order, Progress, StoredPlan, World
from db_migrate_tools.wire import ApproveOutput, ExecutionReport, MigrationName, OperationReport

GIVEN_UP: Final = {
    "reason": "This run was given up: another migration was applied on what it had left. What of it was not changed "
    "since then stands.",
    "remedy": PLAN_AGAIN,
}


async def execute(stored: StoredPlan, world: World, progress: Progress) -> ApproveOutput:
    """Run an approved plan, or resolve one that an earlier process left executing."""
    if stored.decision is None or stored.decision.decision != "approve":
        return refused(stored, "No approval by a person is recorded for this plan.", "Call approve with its token.")
    if stored.state == "approved":
        version = stored.version or await _version(stored, world)
        await world.ledger.move(stored.plan_id, ["approved"], "executing", version=version)
        stored = await reread(stored, world)
    if stored.state != "executing":
        return spent(stored)
    order = _order(stored)
    await progress(f"Executing {len(order.statements)} statements on {stored.env}")
    execution = await world.targets.runner(stored.env).execute(order, progress)
    if execution.busy:
        return answer(
            stored, "executing", execution.reason or "This plan is being executed.", execution.remedy or "", None
        )
    outcome = await _report(stored, order, execution, world, progress)
    if execution.resumable and not await _given_up(stored, execution, world):
        return outcome
    if execution.resumable:
        outcome = outcome.model_copy(update=GIVEN_UP)
    await world.ledger.move(
        stored.plan_id,
        ["executing"],
        "failed" if execution.status == "refused" else execution.status,
        outcome=outcome.model_dump_json(by_alias=True),
    )
    return outcome


async def _version(stored: StoredPlan, world: World) -> str:
    """A version later than every applied one, so that no tool sorts it before them."""
    version = world.clock.version(world.clock.now())
    newest = max((m.version for m in await world.targets.target(stored.env).history(1)), default="")
    if newest.isdecimal() and len(newest) == len(version) and newest >= version:
        return str(int(newest) + 1).zfill(len(version))
    return version


async def _given_up(stored: StoredPlan, execution: Execution, world: World) -> bool:
    """Whether the database itself says that this run is over: its journal no longer holds it as unfinished, because
    a later migration was applied on what it had left.
    """
    if execution.status != "failed":
        return False
    return (await world.targets.target(stored.env).facts()).journal_pending != stored.plan_id


def _order(stored: StoredPlan) -> Order:
    envelope = load(stored.envelope)
    return Order(
        plan_id=stored.plan_id,
        digest=stored.digest,
        env=stored.env,
        identity=envelope.target,
        fingerprint=envelope.schema_fingerprint,
        settings=envelope.settings,
        statements=stored.statements,
        version=stored.version or "",
        name=envelope.name,
        rollback=stored.rollback,
        rollback_proof=stored.rollback_proof,
        approved_by=stored.decision.by if stored.decision else "",
        source=stored.source,
        source_sha256=envelope.source_sha256,
        undoes=stored.undoes,
    )


async def _report(
    stored: StoredPlan, order: Order, execution: Execution, world: World, progress: Progress
) -> ApproveOutput:
    operations = [
        OperationReport(
            sql=step.sql,
            ms=round(step.ms, 1),
            lock_wait_ms=round(step.lock_wait_ms, 1),
            attempts=step.attempts,
            outcome=step.outcome,
        )
        for step in execution.steps
    ]
    report = ExecutionReport(
        operations=operations, types=None, checks=[], total_ms=round(execution.total_ms, 1), next_commands=[]
    )
    channel = stored.decision.channel if stored.decision else None
    if execution.status == "applied":
        report = await after_applying(stored, order, report, world, progress)
        return ApproveOutput(
            plan_id=stored.plan_id,
            env=stored.env,
            status="applied",
            reason=f"{order.version}_{order.name} is applied to {stored.env}.",
            remedy=None,
            channel=channel,
            migration=MigrationName(version=order.version, name=order.name),
            report=report,
        )
    stands = "\n".join(execution.stands)
    reason = "\n".join(part for part in (execution.reason, stands) if part)
    return ApproveOutput(
        plan_id=stored.plan_id,
        env=stored.env,
        status=execution.status,
        reason=reason or "The migration did not run through.",
        remedy=execution.remedy or PLAN_AGAIN,
        channel=channel,
        migration=None,
        report=report,
    )


async def reread(stored: StoredPlan, world: World) -> StoredPlan:
    return await world.ledger.by_id(stored.plan_id) or stored
