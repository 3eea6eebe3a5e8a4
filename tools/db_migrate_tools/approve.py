"""approve: asks the person, and on their decision executes exactly what they saw, once."""

from __future__ import annotations

from db_migrate_tools import levels
from db_migrate_tools.answers import PLAN_AGAIN, answer, refused, spent
from db_migrate_tools.carry_out import execute, reread
from db_migrate_tools.envelope import load
from db_migrate_tools.evidence import Identity
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.purge import used_by
from db_migrate_tools.lifecycle import FINAL
from db_migrate_tools.ports import Decision, Human, Progress, Refused, StoredPlan, World
from db_migrate_tools.report.question import awaiting, question
from db_migrate_tools.wire import (
    ApproveInput,
    ApproveOutput,
    PlanOutput,
)


async def approve(request: ApproveInput, world: World, human: Human, progress: Progress) -> ApproveOutput:
    """Ask the person and execute. A spent token answers with its stored outcome and runs nothing."""
    stored = await world.ledger.by_token(request.token)
    if stored is None:
        return refused(
            None, "This token is not known here.", "Use the token that plan returned, unchanged. " + PLAN_AGAIN
        )
    refusal = _mismatch(request, stored)
    if refusal is not None:
        return refusal
    if stored.state in FINAL:
        return spent(stored)
    if stored.state in ("approved", "executing"):
        return await execute(stored, world, progress)
    return (
        _too_weak(stored, world)
        or await _changed(stored, world, progress)
        or await _ask(stored, world, human, progress)
    )


def _mismatch(request: ApproveInput, stored: StoredPlan) -> ApproveOutput | None:
    if request.env != stored.env:
        return refused(
            stored,
            f"This token belongs to a plan for {stored.env}, not for {request.env}.",
            f"To migrate {request.env}, call plan with that env. The token stays valid for {stored.env}.",
        )
    if stored.env == "prod" and not request.confirm and stored.state not in FINAL:
        return refused(stored, "A change to prod needs confirm: true.", "Call approve again with confirm: true.")
    planned = {s.category for s in stored.statements}
    if request.operations is not None and not planned <= set(request.operations):
        left_out = ", ".join(sorted(planned - set(request.operations)))
        return refused(
            stored,
            f"The person approves a plan as a whole, and this one also has operations of the kind {left_out}.",
            "Call plan with that `operations` list: it gives a plan and a token for those alone.",
        )
    return None


def refuse_if_weak(stored: StoredPlan, world: World) -> None:
    """Refuse before asking anybody when no decision that can be had here would be enough.

    Raises:
        Refused: The decision would be too weak, the credentials lie open, or nothing can be executed there.
    """
    envelope = load(stored.envelope)
    need = levels.requirement(
        stored.env,
        envelope.risk,
        envelope.data_loss,
        configured_approvals=world.approvals.get(stored.env, 1),
    )
    levels.check_decision(stored.env, need, levels.AVAILABLE, world.targets.credentials(stored.env))
    nowhere = world.targets.refusal(stored.env)
    if nowhere is not None:
        raise nowhere


def _too_weak(stored: StoredPlan, world: World) -> ApproveOutput | None:
    try:
        refuse_if_weak(stored, world)
    except Refused as refusal:
        return refused(stored, refusal.reason, refusal.remedy)
    return None


async def _changed(stored: StoredPlan, world: World, progress: Progress) -> ApproveOutput | None:
    """Void the plan when the database is another one, or its schema is not the one that the person saw."""
    await progress(f"Checking that {stored.env} is still as the plan saw it")
    envelope = load(stored.envelope)
    facts = await world.targets.target(stored.env).facts()
    other = _different(envelope.target, facts.identity)
    if other:
        await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "voided")
        return refused(stored, f"{stored.env} is not the database that the plan saw: {other}.", PLAN_AGAIN)
    if facts.fingerprint != envelope.schema_fingerprint:
        await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "voided")
        return refused(
            stored,
            f"The schema of {stored.env} has changed since the preview, so the plan no longer holds. Nothing was run.",
            PLAN_AGAIN,
        )
    missing = used_by(stored.statements, facts.catalog) if stored.undoes else ()
    if missing:
        await world.ledger.move(stored.plan_id, ["previewed", "awaiting"], "voided")
        return refused(
            stored, f"What was kept in {', '.join(map(kept, missing))} is gone since the preview.", PLAN_AGAIN
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
    reply = await human.ask(stored, question(stored, PlanOutput.model_validate_json(stored.page)))
    if isinstance(reply, Decision):
        return await decide(stored, reply, world, progress)
    reason, remedy = awaiting(stored.digest, client_has_form=reply != "unavailable", statements=stored.statements)
    status = "unanswered" if reply == "unanswered" else "awaiting_human"
    return answer(stored, status, reason, remedy, "terminal" if reply == "unavailable" else "form")


async def decide(stored: StoredPlan, decision: Decision, world: World, progress: Progress) -> ApproveOutput:
    """Record a decision that came through the client and, if it approves, execute. The terminal records its own."""
    if decision.decision == "reject":
        outcome = answer(
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
        return await execute(await reread(stored, world), world, progress)
    return await _present(stored, world)


async def _present(stored: StoredPlan, world: World) -> ApproveOutput:
    """Somebody else decided first: what became of it."""
    now = await reread(stored, world)
    if now.state in FINAL:
        return spent(now)
    return answer(
        now, "executing", "This plan was decided elsewhere and is being executed.", "Call approve again shortly.", None
    )
