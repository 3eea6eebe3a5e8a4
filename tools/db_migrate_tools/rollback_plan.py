"""rollback-plan: how an applied migration can be undone, rehearsed on today's schema. Executes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from db_migrate_tools.analysis.duration import words
from db_migrate_tools.evidence import AppliedMigration, Env, Rehearsal, RollbackProof, TargetFacts
from db_migrate_tools.history import find
from db_migrate_tools.kept import purge
from db_migrate_tools.kept.guard import put_back
from db_migrate_tools.kept.names import kept
from db_migrate_tools.ports import Progress, World
from db_migrate_tools.schema.diff import diff, lost
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build
from db_migrate_tools.status import history_row
from db_migrate_tools.wire import HistoryRow, MigrationName, RollbackPlanInput, RollbackPlanOutput, RollbackStep

LOCAL_STEPS = [
    "Keep the migration's file: the rollback becomes a migration of its own, with its own file.",
    "Take back the application code that uses what goes.",
]


async def rollback_plan(request: RollbackPlanInput, world: World, progress: Progress) -> RollbackPlanOutput:
    """The steps that undo a migration, their proof today, and what is lost.

    Raises:
        Refused: No such migration was applied, or the environment cannot be read.
    """
    await progress(f"Reading the history of {request.env}")
    facts = await world.targets.target(request.env).facts()
    rows = [history_row(request.env, m, facts) for m in facts.history] if request.history else []
    if request.history and request.migration is None:
        return _listing(request.env, rows)
    migration = find(facts.history, request.migration or _newest(facts.history))
    if migration.rolled_back_by or not migration.rollback:
        return _nothing_to_run(request.env, migration)
    gone = purge.gone(migration, facts)
    if gone is not None:
        return _nothing_to_run(request.env, migration, gone)
    pieces = tuple(Piece(text=f"{s};", line=n) for n, s in enumerate(migration.rollback, start=1))
    script = put_back(build(pieces, derived=True))
    rehearsal = await world.shadow.rehearse(facts, script.statements, (), progress)
    proof, why = _proof(migration, facts.history, rehearsal)
    total = sum(o.ms for o in rehearsal.observations)
    return RollbackPlanOutput(
        env=request.env,
        migration=MigrationName(version=migration.version, name=migration.name),
        steps=[RollbackStep(sql=s, automatic=True) for s in migration.rollback],
        local=LOCAL_STEPS,
        proof=proof,
        why=why,
        estimated_duration=words(total / 2.5, max(total * 2.5, 10.0)),
        data_lost=_data_lost(facts, rehearsal),
        kept=[f"{kept(h.name)}: {h.what}" for h in purge.holdings(facts) if h.name in purge.needed(migration)],
        history=rows,
        call=f'plan(env: "{request.env}", source: {{"from": "rollback", "migration": "{migration.version}"}})',
        next_steps=["Nothing can run as it stands: see why, and plan the mended steps as SQL."]
        if proof == "failed"
        else ["To run it, call plan with that source: it gives a token, and the person decides."],
    )


def _newest(history: Sequence[AppliedMigration]) -> str | None:
    """The version of the newest migration of ours that stands; without one, of the newest of another tool.

    What was taken back, and the migration that took it back, are no answer to "undo the newest": they only are when
    named. One of ours that cannot be undone is: to undo an older one beneath it would be a surprise.
    """
    undoing = {m.rolled_back_by for m in history}
    standing = [m for m in history if not m.rolled_back_by and m.version not in undoing]
    ours = [m for m in standing if m.plan_id]
    return next((m.version for m in (*ours, *standing)), None)


def _listing(env: Env, rows: list[HistoryRow]) -> RollbackPlanOutput:
    return RollbackPlanOutput(
        env=env,
        migration=None,
        steps=[],
        local=[],
        proof=None,
        estimated_duration="",
        data_lost=[],
        history=rows,
        next_steps=["Call rollback-plan with one of these versions to see its steps."]
        if rows
        else ["No migration was applied here yet."],
    )


def _nothing_to_run(env: Env, migration: AppliedMigration, gone: str | None = None) -> RollbackPlanOutput:
    why = gone or (
        f"It was already rolled back by {migration.rolled_back_by}."
        if migration.rolled_back_by
        else "No rollback is stored for it: it was applied by another tool, or could not be undone."
    )
    return RollbackPlanOutput(
        env=env,
        migration=MigrationName(version=migration.version, name=migration.name),
        steps=[],
        local=[],
        proof="impossible" if gone is not None else migration.rollback_proof if migration.plan_id else None,
        why=why,
        estimated_duration="",
        data_lost=[],
        history=[],
        next_steps=['Write the statements that undo it and call plan with source {"from": "sql"}.']
        if not migration.rolled_back_by
        else ["Nothing is to be done."],
    )


def _proof(
    migration: AppliedMigration, history: Sequence[AppliedMigration], rehearsal: Rehearsal
) -> tuple[RollbackProof, str | None]:
    """What was proven when it was applied holds as long as nothing was applied after it, and the steps still run."""
    if not rehearsal.ran:
        return "not-proven", rehearsal.why_not
    failed = rehearsal.failed_at
    if failed is not None and failed.error is not None:
        return "failed", f"On a copy of today's schema step {failed.statement} fails: {failed.error.message}"
    later = _standing_on(migration, history)
    if later:
        names = ", ".join(f"{m.version} {m.name}" for m in later[:3]) + (" …" if len(later) > 3 else "")
        why = (
            f"It was {migration.rollback_proof} when it was applied. Since then {len(later)} more "
            f"{'migration was' if len(later) == 1 else 'migrations were'} applied ({names}): what they changed in the "
            "same objects goes too, and the schema does not come back as it was. Every step runs on a copy of "
            "today's schema."
        )
        return "not-proven", why
    return migration.rollback_proof, "It was so when it was applied, and every step runs on a copy of today's schema."


def _standing_on(migration: AppliedMigration, history: Sequence[AppliedMigration]) -> list[AppliedMigration]:
    """Later migrations that neither were rolled back nor are rollbacks themselves, newest first."""
    undoing = {m.rolled_back_by for m in history}
    return [m for m in history if m.version > migration.version and not m.rolled_back_by and m.version not in undoing]


def _data_lost(facts: TargetFacts, rehearsal: Rehearsal) -> list[str]:
    if rehearsal.after is None:
        return []
    return [_loss(ref, facts) for ref in lost(diff(facts.catalog, rehearsal.after))]


def _loss(ref: Ref, facts: TargetFacts) -> str:
    size = facts.sizes.get(ref.relation or ref)
    if size is None or size.rows is None:
        return f"{ref}: its rows were never counted"
    rows = f"{'' if size.exact else 'about '}{size.rows} {'row' if size.rows == 1 else 'rows'}"
    return f"{ref}: {rows}" if ref.kind == "table" else f"{ref}: its value in {rows}"
