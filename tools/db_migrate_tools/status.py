"""status: environments, pending plans, history, drift, features. Changes nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Final, get_args

from db_migrate_tools.evidence import AppliedMigration, Env, TargetFacts
from db_migrate_tools.health import check_facts
from db_migrate_tools.kept import purge
from db_migrate_tools.kept.names import kept, mentioned, tables
from db_migrate_tools.plan import target_out
from db_migrate_tools.ports import Feature, Progress, Refused, StoredPlan, World
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.sql.model import Script, Source
from db_migrate_tools.sql.script import build
from db_migrate_tools.wire import (
    ApproveOutput,
    Drift,
    EnvironmentStatus,
    FeatureSource,
    FeatureStatus,
    HistoryRow,
    KeptData,
    PendingPlan,
    PlanOutput,
    StatusInput,
    StatusOutput,
)

ENVIRONMENTS: Final[tuple[Env, ...]] = get_args(Env)
RECENT: Final = 50


async def status(request: StatusInput, world: World, progress: Progress) -> StatusOutput:
    """What there is and how it stands. An environment that cannot be read is told as such, not raised.

    Raises:
        Refused: `token` is not known here.
    """
    environments: list[EnvironmentStatus] = []
    read: dict[Env, TargetFacts] = {}
    for env in _asked(request, world):
        await progress(f"Looking at {env}")
        row, facts = await _environment(env, world)
        environments.append(row)
        if facts is not None:
            read[env] = facts
    pending = await _plans(request, world, read)
    history = [
        history_row(env, m, facts)
        for env, facts in read.items()
        if request.env in (None, env)
        for m in facts.history[: request.history]
    ]
    features = [_feature(feature, world, read) for feature in world.project.features()]
    known = [m.version for facts in read.values() for m in facts.history]
    unapplied = list(world.project.unapplied_files(known)) if read else []
    drift = _drift(read) if request.sync else []
    return StatusOutput(
        environments=environments,
        pending=pending,
        history=history,
        drift=drift,
        features=features,
        unapplied_files=unapplied,
        kept=[row for env, facts in read.items() if request.env in (None, env) for row in _kept(env, facts)],
        next_steps=[
            *(f"{damage} It is left out here." for damage in await world.ledger.damaged()),
            *_next_steps(environments, pending, features, drift, unapplied),
        ]
        or ["Nothing waits to be done."],
    )


def _asked(request: StatusInput, world: World) -> list[Env]:
    """A comparison needs every configured environment, whichever one was asked about."""
    if request.env is None:
        return list(ENVIRONMENTS)
    compared = world.targets.configured() if request.sync else ()
    return [env for env in ENVIRONMENTS if env == request.env or env in compared]


async def _environment(env: Env, world: World) -> tuple[EnvironmentStatus, TargetFacts | None]:
    if env not in world.targets.configured():
        detail = f"No database is configured for {env}."
        key, name = ("read_url", "PROD_READ_URL") if env == "prod" else ("url", f"{env.upper()}_DATABASE_URL")
        remedy = f'Set {key} under [environments.{env}] in db-migrate.toml, for example "env:{name}".'
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
    count = len(facts.catalog.tables()) - len(tables(facts.catalog))
    return (
        EnvironmentStatus(
            env=env,
            configured=True,
            target=target_out(facts),
            health="healthy",
            detail=_health(facts, count),
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


async def _plans(request: StatusInput, world: World, read: dict[Env, TargetFacts]) -> list[PendingPlan]:
    if request.token is not None:
        stored = await world.ledger.by_token(request.token)
        if stored is None:
            raise Refused("This token is not known here.", "Use the token that plan returned, unchanged.")
        return [pending_row(stored, world)]
    unfinished = [
        p
        for p in await world.ledger.recent(request.env, RECENT)
        if p.state == "executing" and not _is_over(p, read.get(p.env), world)
    ]
    return [pending_row(stored, world) for stored in (*unfinished, *await world.ledger.pending(request.env))]


def _is_over(stored: StoredPlan, facts: TargetFacts | None, world: World) -> bool:
    """Whether the database has gone on without the run: a later migration is recorded, and nothing is left open."""
    if facts is None or facts.journal_pending is not None:
        return False
    began = world.clock.iso(stored.created_at)
    return any(m.plan_id != stored.plan_id and (m.applied_at or "") > began for m in facts.history)


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


def _kept(env: Env, facts: TargetFacts) -> list[KeptData]:
    rows: list[KeptData] = []
    for held in purge.holdings(facts):
        by = held.migration
        called = f', "migration": "{by.version}"' if by is not None else ""
        rows.append(
            KeptData(
                env=env,
                table=kept(held.name),
                what=held.what,
                migration=f"{by.version} {by.name}" if by is not None else None,
                since=by.applied_at if by is not None else None,
                rows=held.size.rows if held.size is not None else None,
                bytes=held.size.bytes if held.size is not None else None,
                purge=f'plan(env: "{env}", source: {{"from": "kept"{called}}})',
            )
        )
    return rows


def _still_kept(migration: AppliedMigration, facts: TargetFacts) -> str | None:
    """Whether what the rollback needs is still there; None where it needs nothing."""
    needed = purge.needed(migration)
    if not needed or migration.rolled_back_by:
        return None
    missing = purge.purged(migration, facts.catalog)
    if missing:
        return f"removed: {', '.join(map(kept, missing))}"
    return f"kept in {', '.join(map(kept, needed))}"


def history_row(env: Env, migration: AppliedMigration, facts: TargetFacts | None = None) -> HistoryRow:
    """An applied migration as one row, with what can undo it; with `facts`, also whether its data are still kept."""
    gone = None if facts is None or migration.rolled_back_by else purge.gone(migration, facts)
    if gone is not None:
        option = gone
    elif migration.rolled_back_by:
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
        kept=_still_kept(migration, facts) if facts is not None else None,
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
        where = "" if first.line is None else f"Line {first.line}: "
        return row("blocked", len(script.statements), f"{where}{first.what} {first.remedy}")
    if not script.statements:
        return row("no-sql", 0, "No SQL to apply.")
    texts = {statement.text for statement in script.statements}
    done = {env: _done(source, texts, facts) for env, facts in read.items()}
    current: list[Env] = [env for env in read if done[env] == texts]
    missing: list[Env] = [env for env in read if env not in current]
    begun: list[Env] = [env for env in missing if done[env] or _is_recorded(source, read[env])]
    env = (begun or missing or ENVIRONMENTS)[0]
    call = f'plan(env: "{env}", source: {{"from": "feature", "feature": "{feature.name}"}})'
    if current and not begun:
        where = f"Applied to {', '.join(current)}"
        return row("applied", len(script.statements), f"{where}; next: {call}" if missing else f"{where}.")
    if begun:
        return row(*_begun(source, script, done[env], read[env], env, call))
    if feature.done:
        return row("unapplied", len(script.statements), "Its tasks are done; no database recorded its SQL as applied.")
    return row("unapplied", len(script.statements), f"See what it would do: {call}")


def _standing(source: Source, facts: TargetFacts) -> list[AppliedMigration]:
    """What was applied from this source and not taken back, newest first."""
    return [m for m in facts.history if m.source == source.path and not m.rolled_back_by]


def _is_recorded(source: Source, facts: TargetFacts) -> bool:
    return bool(_standing(source, facts))


def _done(source: Source, texts: set[str], facts: TargetFacts) -> set[str]:
    """The statements that an environment recorded: `operations` may have left some out. A record that kept no
    statements stands for its whole source.
    """
    applied = set[str]()
    for migration in _standing(source, facts):
        if migration.sha256 == source.sha256 and mentioned(migration.sql):
            # In its reversible form; other statements ran than the spec has.
            applied |= texts
        applied |= set(migration.sql) if migration.sql else texts if migration.sha256 == source.sha256 else set()
    return texts & applied


def _begun(
    source: Source, script: Script, done: set[str], facts: TargetFacts, env: Env, call: str
) -> tuple[str, int, str]:
    """State, statements and suggestion of a feature that `env` has in part, or in another wording."""
    count = len(script.statements)
    if all(m.sha256 != source.sha256 for m in _standing(source, facts)):
        return "changed-since-applied", count, f"The spec changed after it was applied to {env}: {call}"
    rest = [s for s in script.statements if s.text not in done]
    categories = json.dumps(sorted({s.category for s in rest}))
    part = f"{call.removesuffix(')')}, operations: {categories})"
    return "unapplied", count, f"{count - len(rest)} of {count} statements are applied to {env}; the rest: {part}"


def _drift(read: dict[Env, TargetFacts]) -> list[Drift]:
    """Each environment against the one before it on the way to prod."""
    order: list[Env] = [env for env in ENVIRONMENTS if env in read]
    rows: list[Drift] = []
    for reference, env in pairwise(order):
        differences = describe(diff(read[env].catalog, read[reference].catalog))
        rows.append(
            Drift(
                env=env,
                reference=reference,
                in_sync=not differences,
                differences=list(differences),
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
        f"Plan {p.short_code} for {p.env} began to run and its end is not recorded: call approve again with its token."
        for p in pending
        if p.state == "executing"
    ]
    newest = [p for p in pending if p.state == "previewed"][:1]
    steps += [
        f"Plan {p.short_code} for {p.env} waits for a person: call approve with its token, "
        f"or let them run: db-migrate-mcp review {p.short_code}"
        for p in (*(p for p in pending if p.state == "awaiting"), *newest)
    ]
    steps += [f.suggestion for f in features if "plan(" in f.suggestion]
    steps += [d.command for d in drift if d.command]
    if unapplied:
        steps.append(f'plan(source: {{"from": "file", "path": "{unapplied[0]}"}})')
    return steps
