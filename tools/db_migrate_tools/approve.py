"""approve: asks the person, and on their decision executes exactly what they saw, once."""

from __future__ import annotations

from db_migrate_tools import levels
from db_migrate_tools.afterwards import after_applying
from db_migrate_tools.envelope import load
from db_migrate_tools.evidence import Execution, Identity
from db_migrate_tools.lifecycle import FINAL
from db_migrate_tools.ports import Decision, Human, Order, Progress, Refused, StoredPlan, World
from db_migrate_tools.report.question import awaiting, question
from db_migrate_tools.wire import (
    ApproveInput,
    ApproveOutput,
    ExecutionReport,
    MigrationName,
    OperationReport,
    PlanOutput,
)

PLAN_AGAIN = "Call plan again: it shows what would happen now and gives a new token."


async def approve(request: ApproveInput, world: World, human: Human, progress: Progress) -> ApproveOutput:
    """Ask the person and execute. A spent token answers with its stored outcome and runs nothing."""
    stored = await world.ledger.by_token(request.token)
    if stored is None:
        return _refused(
            None, "This token is not known here.", "Use the token that plan returned, unchanged. " + PLAN_AGAIN
        )
    refusal = _mismatch(request, stored)
    if refusal:
        return refusal
    if stored.state in FINAL:
        return _spent(stored)
    if stored.state in ("approved", "executing"):
        return await execute(stored, world, progress)
    return (
        _too_weak(stored, world)
        or await _changed(stored, world, progress)
        or await _ask(stored, world, human, progress)
    )


def _mismatch(request: ApproveInput, stored: StoredPlan) -> ApproveOutput | None:
    if request.env != stored.env:
        return _refused(
            stored,
            f"This token belongs to a plan for {stored.env}, not for {request.env}.",
            f"To migrate {request.env}, call plan with that env. The token stays valid for {stored.env}.",
        )
    if stored.env == "prod" and not request.confirm and stored.state not in FINAL:
        return _refused(stored, "A change to prod needs confirm: true.", "Call approve again with confirm: true.")
    planned = {s.category for s in stored.statements}
    if request.operations is not None and not planned <= set(request.operations):
        left_out = ", ".join(sorted(planned - set(request.operations)))
        return _refused(
            stored,
            f"The person approves a plan as a whole, and this one also has operations of the kind {left_out}.",
            "Call plan with that `operations` list: it gives a plan and a token for those alone.",
        )
    return None


def _spent(stored: StoredPlan) -> ApproveOutput:
    if stored.outcome is not None:
        return ApproveOutput.model_validate_json(stored.outcome)
    reasons = {
        "expired": "This plan has expired; nothing was run.",
        "voided": "This plan was withdrawn; nothing was run.",
        "declined": "The person rejected this plan; nothing was run.",
    }
    return ApproveOutput(
        plan_id=stored.plan_id,
        env=stored.env,
        status="declined" if stored.state == "declined" else "refused",
        reason=reasons.get(stored.state, f"This plan is {stored.state}."),
        remedy="Ask the person what to change before planning again." if stored.state == "declined" else PLAN_AGAIN,
    )


def _too_weak(stored: StoredPlan, world: World) -> ApproveOutput | None:
    """Refuse before asking anybody when no decision that can be had here would be enough."""
    envelope = load(stored.envelope)
    need = levels.requirement(
        stored.env,
        envelope.risk,
        envelope.data_loss,
        configured_approvals=world.approvals.get(stored.env, 1),
    )
    try:
        levels.check_decision(stored.env, need, levels.AVAILABLE, world.targets.credentials(stored.env))
    except Refused as refusal:
        return _refused(stored, refusal.reason, refusal.remedy)
    return None


async def _changed(stored: StoredPlan, world: World, progress: Progress) -> ApproveOutput | None:
    """Void the plan when the database is another one, or its schema is not the one that the person saw."""
    await progress(f"Checking that {stored.env} is still as the plan saw it")
    envelope = load(stored.envelope)
    facts = await world.targets.target(stored.env).facts()
    other = _different(envelope.target, facts.identity)
    if other:
        await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "voided")
        return _refused(stored, f"{stored.env} is not the database that the plan saw: {other}.", PLAN_AGAIN)
    if facts.fingerprint != envelope.schema_fingerprint:
        await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "voided")
        return _refused(
            stored,
            f"The schema of {stored.env} has changed since the preview, so the plan no longer holds. Nothing was run.",
            PLAN_AGAIN,
        )
    return None


def _different(planned: Identity, found: Identity) -> str | None:
    pairs = {
        "system identifier": (planned.system_identifier, found.system_identifier),
        "database": (planned.database, found.database),
        "database OID": (planned.database_oid, found.database_oid),
    }
    return next((f"its {name} differs" for name, (before, now) in pairs.items() if before != now), None)


async def _ask(stored: StoredPlan, world: World, human: Human, progress: Progress) -> ApproveOutput:
    await world.ledger.move(stored.plan_id, ["previewed"], "awaiting")
    await progress("Asking the person")
    answer = await human.ask(stored, question(stored, PlanOutput.model_validate_json(stored.page)))
    if isinstance(answer, Decision):
        return await decide(stored, answer, world, progress)
    reason, remedy = awaiting(stored.digest, client_has_form=answer != "unavailable")
    status = "unanswered" if answer == "unanswered" else "awaiting_human"
    return _outcome(stored, status, reason, remedy, "terminal" if answer == "unavailable" else "form")


async def decide(stored: StoredPlan, decision: Decision, world: World, progress: Progress) -> ApproveOutput:
    """Record a person's decision and, if they approved, execute. Every channel ends here."""
    if decision.decision == "reject":
        outcome = _outcome(
            stored,
            "declined",
            "The person rejected this plan. Nothing was run.",
            "Ask the person what to change before planning again.",
            decision.channel,
        )
        won = await world.ledger.move(
            stored.plan_id,
            ["previewed", "awaiting"],
            "declined",
            decision=decision,
            outcome=outcome.model_dump_json(by_alias=True),
        )
        return outcome if won else await _present(stored, world)
    if await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "approved", decision=decision):
        return await execute(await _reread(stored, world), world, progress)
    return await _present(stored, world)


async def execute(stored: StoredPlan, world: World, progress: Progress) -> ApproveOutput:
    """Run an approved plan, or resolve one that an earlier process left executing."""
    if stored.decision is None or stored.decision.decision != "approve":
        return _refused(stored, "No approval by a person is recorded for this plan.", "Call approve with its token.")
    if stored.state == "approved":
        version = stored.version or await _version(stored, world)
        await world.ledger.move(stored.plan_id, ["approved"], "executing", version=version)
        stored = await _reread(stored, world)
    if stored.state != "executing":
        return _spent(stored)
    order = _order(stored)
    await progress(f"Executing {len(order.statements)} statements on {stored.env}")
    execution = await world.targets.runner(stored.env).execute(order, progress)
    if execution.busy:
        return _outcome(
            stored, "executing", execution.reason or "This plan is being executed.", execution.remedy or "", None
        )
    outcome = await _report(stored, order, execution, world, progress)
    if execution.resumable:
        return outcome
    await world.ledger.move(
        stored.plan_id,
        ["executing"],
        "failed" if execution.status == "refused" else execution.status,
        outcome=outcome.model_dump_json(by_alias=True),
    )
    return outcome


async def _version(stored: StoredPlan, world: World) -> str:
    """A version later than every applied one, so that no tool sorts it before them."""
    now = world.clock.now()
    newest = max((m.version for m in await world.targets.target(stored.env).history(1)), default="")
    version = world.clock.version(now)
    while version <= newest and newest.isdigit() and len(newest) == len(version):
        now += 1
        version = world.clock.version(now)
    return version


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


async def _reread(stored: StoredPlan, world: World) -> StoredPlan:
    return await world.ledger.by_id(stored.plan_id) or stored


async def _present(stored: StoredPlan, world: World) -> ApproveOutput:
    """Somebody else decided first: what became of it."""
    now = await _reread(stored, world)
    if now.state in FINAL:
        return _spent(now)
    return _outcome(
        now, "executing", "This plan was decided elsewhere and is being executed.", "Call approve again shortly.", None
    )


def _refused(stored: StoredPlan | None, reason: str, remedy: str) -> ApproveOutput:
    return ApproveOutput(
        plan_id=stored.plan_id if stored else None,
        env=stored.env if stored else None,
        status="refused",
        reason=reason,
        remedy=remedy,
    )


def _outcome(stored: StoredPlan, status: str, reason: str, remedy: str, channel: str | None) -> ApproveOutput:
    return ApproveOutput.model_validate(
        {
            "planId": stored.plan_id,
            "env": stored.env,
            "status": status,
            "reason": reason,
            "remedy": remedy,
            "channel": channel,
        }
    )
