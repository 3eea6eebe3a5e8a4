"""Results small enough for structuredContent: long things cut, the rest counted in `omitted`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from db_migrate_tools.report.scissors import RESULT, Scissors, Size, cost, fitting
from db_migrate_tools.wire import (
    ApproveOutput,
    Check,
    CommandRun,
    ExecutionReport,
    GenerateOutput,
    HistoryRow,
    MigrationOperation,
    MigrationPlan,
    PlanOutput,
    RollbackPlanOutput,
    RollbackStep,
    StatusOutput,
    TypesReport,
)

__all__ = [
    "BUDGET",
    "LIMIT",
    "cost",
    "cut_generated",
    "cut_outcome",
    "cut_rollback",
    "cut_status",
    "shorten",
    "shorten_generated",
    "shorten_outcome",
    "shorten_rollback",
    "shorten_status",
]
BUDGET: Final = 14_500
LIMIT: Final = 40
_DONE: Final = frozenset({"done", "already-done"})


def shorten(output: PlanOutput, limit: int = LIMIT, budget: int = BUDGET) -> PlanOutput:
    """The plan with at most `limit` operations, as many details as the budget allows, and what is missing counted:
    operations, rollbackSteps, entries (of lists) and texts (that were cut). The whole is in `resource` and `file`.
    """
    return fitting(lambda size: _cut(output, size), cost, budget, limit)


def _cut(output: PlanOutput, size: Size) -> PlanOutput:
    by = Scissors(size, f"read {output.resource}/sql")
    plan = output.plan
    operations = [_operation(o, by) for o in by.rows(plan.operations, "operations")]
    steps = _steps(plan.rollback_plan.steps, "rollbackSteps", by)
    scope, risk, way = plan.impact_scope, plan.risk_assessment, plan.rollback_plan
    cut = MigrationPlan(
        operations=operations,
        risk_assessment=risk.model_copy(
            update={"reasons": [r.model_copy(update={"why": by.text(r.why)}) for r in risk.reasons]}
        ),
        rollback_plan=way.model_copy(update={"steps": steps, "local": by.texts_of(way.local)}),
        estimated_duration=plan.estimated_duration,
        impact_scope=scope.model_copy(
            update={
                "tables": by.some(scope.tables),
                "uncounted": by.some(scope.uncounted),
                "dependents": by.some(scope.dependents),
                "application_files": by.texts_of(scope.application_files),
            }
        ),
        prerequisites=by.texts_of(plan.prerequisites),
        validation_steps=by.texts_of(plan.validation_steps),
    )
    checks = [_check(check, by) for check in output.checks]
    source = output.source.model_copy(update={"choices": by.texts_of(output.source.choices)})
    proof = output.proof.model_copy(update={"why": by.optional(output.proof.why)})
    changes: dict[str, Any] = {
        "plan": cut,
        "checks": checks,
        "source": source,
        "proof": proof,
        "next_steps": by.texts_of(output.next_steps),
        "omitted": by.counted(output.omitted),
    }
    return output.model_copy(update=changes)


def _operation(operation: MigrationOperation, by: Scissors) -> MigrationOperation:
    hazards = [
        h.model_copy(update={"message": by.text(h.message), "remedy": by.text(h.remedy)})
        for h in by.some(operation.hazards)
    ]
    basis = operation.duration_ms.model_copy(update={"basis": by.text(operation.duration_ms.basis)})
    return operation.model_copy(
        update={
            "sql": by.text(operation.sql),
            "description": by.text(operation.description),
            "locks": by.some(operation.locks),
            "rewrites": by.some(operation.rewrites),
            "scans": by.some(operation.scans),
            "duration_ms": basis,
            "hazards": hazards,
        }
    )


def _steps(steps: Sequence[RollbackStep], name: str, by: Scissors) -> list[RollbackStep]:
    shown = by.whole(steps, name, lambda step: step.sql)
    return [step.model_copy(update={"note": by.optional(step.note)}) for step in shown]


def _check(check: Check, by: Scissors) -> Check:
    return check.model_copy(update={"detail": by.text(check.detail), "remedy": by.optional(check.remedy)})


def shorten_outcome(output: ApproveOutput, limit: int = LIMIT, budget: int = RESULT) -> ApproveOutput:
    """What became of an approval, with the first operations; counts those left out, and of them those not done."""
    return fitting(lambda size: cut_outcome(output, size), cost, budget, limit)


def shorten_status(output: StatusOutput, limit: int = LIMIT, budget: int = RESULT) -> StatusOutput:
    """The status with the first rows of each list."""
    return fitting(lambda size: cut_status(output, size), cost, budget, limit)


def shorten_rollback(output: RollbackPlanOutput, limit: int = LIMIT, budget: int = RESULT) -> RollbackPlanOutput:
    """The way back with its first steps."""
    return fitting(lambda size: cut_rollback(output, size), cost, budget, limit)


def shorten_generated(output: GenerateOutput, limit: int = LIMIT, budget: int = RESULT) -> GenerateOutput:
    """What type generation did, with the first differences and errors."""
    return fitting(lambda size: cut_generated(output, size), cost, budget, limit)


def cut_outcome(output: ApproveOutput, size: Size) -> ApproveOutput:
    by = Scissors(size, f"read db-migrate://plans/{output.plan_id}/sql" if output.plan_id else "left out")
    changes: dict[str, Any] = {
        "reason": by.said(output.reason),
        "remedy": by.said(output.remedy) if output.remedy else output.remedy,
        "report": _execution(output.report, by) if output.report else None,
    }
    return output.model_copy(update=changes | {"omitted": by.counted(output.omitted)})


def _execution(report: ExecutionReport, by: Scissors) -> ExecutionReport:
    operations = by.rows(report.operations, "operations")
    by.omitted["operationsNotDone"] += sum(o.outcome not in _DONE for o in report.operations[len(operations) :])
    return report.model_copy(
        update={
            "operations": [o.model_copy(update={"sql": by.text(o.sql)}) for o in operations],
            "types": _types(report.types, by) if report.types else None,
            "checks": [_check(check, by) for check in by.some(report.checks, "checks")],
            "files": by.some(report.files, "files"),
        }
    )


def _types(types: TypesReport, by: Scissors) -> TypesReport:
    return types.model_copy(update=_generated(types, by))


def _generated(report: TypesReport | GenerateOutput, by: Scissors) -> dict[str, Any]:
    diagnostics = by.rows(report.diagnostics, "diagnostics")
    return {
        "generators": [_run(run, by) for run in report.generators],
        "files": by.some(report.files, "files"),
        "differences": [by.text(d) for d in by.rows(report.differences, "differences")],
        "diagnostics": [d.model_copy(update={"message": by.text(d.message)}) for d in diagnostics],
    }


def _run(run: CommandRun, by: Scissors) -> CommandRun:
    return run.model_copy(
        update={
            "command": by.text(run.command),
            "output": by.tail(run.output),
            "explanation": by.optional(run.explanation),
        }
    )


def cut_generated(output: GenerateOutput, size: Size) -> GenerateOutput:
    by = Scissors(size, "run the command itself to see them")
    changes = _generated(output, by) | {"next_steps": by.texts_of(output.next_steps)}
    return output.model_copy(update=changes | {"omitted": by.counted(output.omitted)})


def cut_rollback(output: RollbackPlanOutput, size: Size) -> RollbackPlanOutput:
    by = Scissors(size, "plan it at level plan-only to have the whole in a file")
    changes: dict[str, Any] = {
        "steps": _steps(output.steps, "steps", by),
        "why": by.said(output.why) if output.why else output.why,
        "data_lost": by.texts_of(output.data_lost, "dataLost"),
        "kept": by.texts_of(output.kept, "kept"),
        "history": [_row(row, by) for row in by.rows(output.history, "history")],
        "next_steps": by.texts_of(output.next_steps),
    }
    return output.model_copy(update=changes | {"omitted": by.counted(output.omitted)})


def _row(row: HistoryRow, by: Scissors) -> HistoryRow:
    return row.model_copy(update={"name": by.text(row.name), "applied_by": by.optional(row.applied_by)})


def cut_status(output: StatusOutput, size: Size) -> StatusOutput:
    by = Scissors(size, "ask status for this environment alone")
    environments = [
        e.model_copy(update={"detail": by.said(e.detail), "remedy": by.optional(e.remedy)}) for e in output.environments
    ]
    pending = [
        p.model_copy(update={"name": by.text(p.name), "outcome": by.optional(p.outcome)})
        for p in by.rows(output.pending, "pending")
    ]
    drift = [
        d.model_copy(update={"differences": [by.text(line) for line in by.rows(d.differences, "differences")]})
        for d in output.drift
    ]
    features = [
        f.model_copy(update={"suggestion": by.text(f.suggestion)}) for f in by.rows(output.features, "features")
    ]
    changes: dict[str, Any] = {
        "environments": environments,
        "pending": pending,
        "history": [_row(row, by) for row in by.rows(output.history, "history")],
        "kept": by.rows(output.kept, "kept"),
        "drift": drift,
        "features": features,
        "unapplied_files": by.rows(output.unapplied_files, "unappliedFiles"),
        "next_steps": by.texts_of(output.next_steps, "nextSteps"),
    }
    return output.model_copy(update=changes | {"omitted": by.counted(output.omitted)})
