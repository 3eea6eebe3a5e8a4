"""status: environments, pending plans, history, drift, features. Changes nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, get_args

from db_migrate_tools.evidence import AppliedMigration, Env, TargetFacts
from db_migrate_tools.health import check_facts
from db_migrate_tools.plan import target_out
from db_migrate_tools.ports import Feature, Progress, Refused, StoredPlan, World
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.sql.script import build
from db_migrate_tools.wire import (
    ApproveOutput,
    Drift,
    EnvironmentStatus,
    FeatureSource,
    FeatureStatus,
    HistoryRow,
    PendingPlan,
    PlanOutput,
    StatusInput,
    StatusOutput,
)

ENVIRONMENTS: Final[tuple[Env, ...]] = get_args(Env)
DIFFERENCES_SHOWN: Final = 40
RECENT: Final = 50


async def status(request: StatusInput, world: World, progress: Progress) -> StatusOutput:
    """What there is and how it stands. An environment that cannot be read is told as such, not raised.

    Raises:
        Refused: `token` is not known here.
    """
    asked: tuple[Env, ...] = (request.env,) if request.env else ENVIRONMENTS
    environments: list[EnvironmentStatus] = []
    read: dict[Env, TargetFacts] = {}
    for env in asked:
        await progress(f"Looking at {env}")
        row, facts = await _environment(env, world)
        environments.append(row)
        if facts is not None:
            read[env] = facts
    pending = await _plans(request, world)
    history = [history_row(env, m) for env, facts in read.items() for m in facts.history[: request.history]]
    features = [_feature(feature, world, read) for feature in world.project.features()]
    known = [m.version for facts in read.values() for m in facts.history]
    unapplied = list(world.project.unapplied_files(known)) if read else []
    drift = _drift(read) if request.sync else []
    return StatusOutput(
        environments=environments,
        pending=pending,
        history=history[: request.history] if request.env else history,
        drift=drift,
        features=features,
        unapplied_files=unapplied,
        next_steps=_next_steps(environments, pending, features, drift, unapplied),
    )


async def _environment(env: Env, world: World) -> tuple[EnvironmentStatus, TargetFacts | None]:
    if env not in world.targets.configured():
        detail = f"No database is configured for {env}."
        remedy = f'Set url under [environments.{env}] in db-migrate.toml, for example "env:{env.upper()}_DATABASE_URL".'
        return (
            EnvironmentStatus(
                env=env, configured=False, target=None, health="not-configured", detail=detail, remedy=remedy
            ),
            None,
        )
    try:
        facts = await world.targets.target(env).facts()
    except Refused as refusal:
        return (
            EnvironmentStatus(
                env=env,
                configured=True,
                target=None,
                health="unreachable",
                detail=refusal.reason,
                remedy=refusal.remedy,
            ),
            None,
        )
    tables = len(facts.catalog.tables())
    return (
        EnvironmentStatus(
            env=env,
            configured=True,
            target=target_out(facts),
            health="healthy",
            detail=_health(facts, tables),
            fingerprint=facts.fingerprint,
            applied=len(facts.history),
        ),
        facts,
    )


def _health(facts: TargetFacts, tables: int) -> str:
    parts = [f"{tables} table{'' if tables == 1 else 's'}, answered in {facts.latency_ms:.0f} ms."]
    warnings = [c for c in check_facts(facts) if c.status != "pass" and c.name != "backup"]
    parts += [f"{c.detail} {c.remedy or ''}".strip() for c in warnings]
    return " ".join(parts)


async def _plans(request: StatusInput, world: World) -> list[PendingPlan]:
    if request.token is not None:
        stored = await world.ledger.by_token(request.token)
        if stored is None:
            raise Refused("This token is not known here.", "Use the token that plan returned, unchanged.")
        return [pending_row(stored, world)]
    unfinished = [p for p in await world.ledger.recent(request.env, RECENT) if p.state == "executing"]
    return [pending_row(stored, world) for stored in (*unfinished, *await world.ledger.pending(request.env))]


def pending_row(stored: StoredPlan, world: World) -> PendingPlan:
    """A plan of the ledger as one row."""
    page = PlanOutput.model_validate_json(stored.page)
    outcome = ApproveOutput.model_validate_json(stored.outcome).reason if stored.outcome else None
    return PendingPlan(
        plan_id=stored.plan_id,
        env=stored.env,
        name=page.source.name,
        state=stored.state,
        short_code=page.short_code,
        risk=page.plan.risk_assessment.overall_risk,
        created_at=world.clock.iso(stored.created_at),
        expires_at=world.clock.iso(stored.expires_at),
        outcome=outcome,
    )


def history_row(env: Env, migration: AppliedMigration) -> HistoryRow:
    """An applied migration as one row, with what can undo it."""
    if migration.rolled_back_by:
        option = f"already rolled back by {migration.rolled_back_by}"
    elif migration.rollback:
        option = f'plan(env: "{env}", source: {{"from": "rollback", "migration": "{migration.version}"}})'
    else:
        option = "no rollback is stored" if migration.plan_id else "applied by another tool; no rollback is stored"
    return HistoryRow(
        env=env,
        version=migration.version,
        name=migration.name,
        applied_at=migration.applied_at,
        applied_by=migration.applied_by,
        plan_id=migration.plan_id,
        rollback=migration.rollback_proof if migration.plan_id else None,
        rollback_option=option,
        rolled_back_by=migration.rolled_back_by,
    )


async def feature_rows(world: World) -> list[FeatureStatus]:
    """Every feature with SQL, compared with what each readable environment recorded."""
    read: dict[Env, TargetFacts] = {}
    for env in world.targets.configured():
        _, facts = await _environment(env, world)
        if facts is not None:
            read[env] = facts
    return [_feature(feature, world, read) for feature in world.project.features()]


def _feature(feature: Feature, world: World, read: dict[Env, TargetFacts]) -> FeatureStatus:
    def row(state: str, statements: int, suggestion: str) -> FeatureStatus:
        return FeatureStatus.model_validate(
            {
                "feature": feature.name,
                "path": feature.path,
                "state": state,
                "statements": statements,
                "suggestion": suggestion,
            }
        )

    try:
        source = world.project.read(FeatureSource.model_validate({"feature": feature.name}))
    except Refused as refusal:
        return row("blocked", 0, f"{refusal.reason} {refusal.remedy}")
    script = build(source.up)
    blockers = (*source.blockers, *script.blockers)
    if blockers:
        first = blockers[0]
        return row("blocked", len(script.statements), f"Line {first.line}: {first.what} {first.remedy}")
    if not script.statements:
        return row("no-sql", 0, "No SQL to apply.")
    applied = {env: m for env, facts in read.items() for m in reversed(facts.history) if m.source == source.path}
    current = [env for env, m in applied.items() if m.sha256 == source.sha256 and not m.rolled_back_by]
    missing = [env for env in read if env not in current]
    call = (
        f'plan(env: "{missing[0] if missing else "dev"}", source: {{"from": "feature", "feature": "{feature.name}"}})'
    )
    if current and not missing:
        return row("applied", len(script.statements), f"Applied to {', '.join(current)}.")
    if current:
        return row("applied", len(script.statements), f"Applied to {', '.join(current)}; next: {call}")
    if any(not m.rolled_back_by for m in applied.values()):
        return row("changed-since-applied", len(script.statements), f"The spec changed after it was applied: {call}")
    if feature.done:
        return row("unapplied", len(script.statements), "Its tasks are done; no database recorded its SQL as applied.")
    return row("unapplied", len(script.statements), f"See what it would do: {call}")


def _drift(read: dict[Env, TargetFacts]) -> list[Drift]:
    """Each environment against the one before it on the way to prod."""
    order: list[Env] = [env for env in ENVIRONMENTS if env in read]
    rows: list[Drift] = []
    for reference, env in pairwise(order):
        differences = describe(diff(read[env].catalog, read[reference].catalog))
        shown = list(differences[:DIFFERENCES_SHOWN])
        if len(differences) > len(shown):
            shown.append(f"… and {len(differences) - len(shown)} more.")
        rows.append(
            Drift(
                env=env,
                reference=reference,
                in_sync=not differences,
                differences=shown,
                command=None
                if not differences
                else f'plan(env: "{env}", source: {{"from": "environment", "env": "{reference}"}})',
            )
        )
    return rows


def _next_steps(
    environments: list[EnvironmentStatus],
    pending: list[PendingPlan],
    features: list[FeatureStatus],
    drift: list[Drift],
    unapplied: list[str],
) -> list[str]:
    steps = [f"{e.env}: {e.remedy}" for e in environments if e.health == "unreachable" and e.remedy]
    steps += [
        f"Plan {p.short_code} for {p.env} waits for a person: call approve with its token, "
        f"or let them run: db-migrate-mcp review {p.short_code}"
        for p in pending
        if p.state in ("previewed", "awaiting")
    ]
    steps += [
        f"Plan {p.short_code} for {p.env} began to run and its end is not recorded: call approve again with its token."
        for p in pending
        if p.state == "executing"
    ]
    steps += [f.suggestion for f in features if "plan(" in f.suggestion]
    steps += [d.command for d in drift if d.command]
    if unapplied:
        steps.append(f'plan(source: {{"from": "file", "path": "{unapplied[0]}"}})')
    return steps or ["Nothing waits to be done."]
