"""The rollback as a plan: its steps, what is left to people, how long it takes, what was proven of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from db_migrate_tools.analysis import duration
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.evidence import RollbackEvidence
from db_migrate_tools.wire import RollbackPlan, RollbackStep

_STEP_MS: Final = 20.0


def estimate(every: Sequence[Situation], steps: int) -> str:
    """How long the rollback's SQL takes, in words."""
    likely = sum(duration.undo_ms(s) for s in every)
    return duration.words(likely / duration.SPREAD, likely * duration.SPREAD + steps * _STEP_MS)


def local_steps(*, changes_types: bool) -> list[str]:
    """What stays to be done in the project once the database is back."""
    steps = ["Keep the migration's file: the rollback becomes a migration of its own, with its own file."]
    if changes_types:
        steps += [
            "Bring the generated types back: call `generate-only` after the rollback.",
            "Take back the application code that uses the new schema.",
        ]
    return steps


def rollback_plan(every: Sequence[Situation], rollback: RollbackEvidence | None) -> RollbackPlan:
    """The plan's way back; automatic steps are run by a plan with source `rollback`."""
    found = rollback or RollbackEvidence((), "not-proven")
    automatic = found.proof in ("proven", "proven-with-data-loss")
    steps = [RollbackStep(sql=sql, automatic=automatic) for sql in found.statements]
    if steps and found.notes:
        steps[-1] = steps[-1].model_copy(update={"note": " ".join(found.notes)})
    changed = {"table", "column", "view", "routine", "type"}
    return RollbackPlan(
        steps=steps,
        local=local_steps(
            changes_types=any(
                ref.kind in changed for s in every for ref in (*s.seen.created, *s.seen.altered, *s.seen.dropped)
            )
        ),
        estimated_duration=estimate(every, len(steps)) if steps else "not known",
        proof=found.proof,
    )
