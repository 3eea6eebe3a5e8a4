"""A plan small enough for structuredContent: long things cut, the rest counted in `omitted`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from db_migrate_tools.wire import MigrationOperation, MigrationPlan, PlanOutput, RollbackStep, to_wire

T = TypeVar("T")
BUDGET: Final = 26_000


@dataclass(frozen=True, slots=True)
class _Size:
    operations: int
    characters: int
    entries: int


def _sizes(limit: int) -> Iterator[_Size]:
    yield _Size(limit, 4000, 40)
    yield _Size(limit, 1000, 20)
    yield _Size(limit, 300, 10)
    yield _Size(limit, 120, 4)
    operations = limit
    while operations > 1:
        operations = operations // 2
        yield _Size(operations, 120, 3)
    yield _Size(0, 80, 1)


def cost(output: PlanOutput) -> int:
    """Characters of the plan as structuredContent."""
    return len(json.dumps(to_wire(output), ensure_ascii=False))


def shorten(output: PlanOutput, limit: int = 40, budget: int = BUDGET) -> PlanOutput:
    """The plan with at most `limit` operations, as many details as the budget allows, and what is missing counted:
    operations, rollbackSteps, entries (of lists) and texts (that were cut). The whole is in `resource` and `file`.
    """
    short = output
    for size in _sizes(limit):
        short = _cut(output, size)
        if cost(short) <= budget:
            break
    return short


@dataclass(slots=True)
class _Scissors:
    """Cuts, and counts what it cut."""

    size: _Size
    source: str
    entries: int = 0
    texts: int = 0

    def text(self, value: str) -> str:
        over = len(value) - self.size.characters
        if over <= 0:
            return value
        self.texts += 1
        return f"{value[: self.size.characters]} … {over:,} more characters: read {self.source}"

    def some(self, values: list[T]) -> list[T]:
        self.entries += max(0, len(values) - self.size.entries)
        return values[: self.size.entries]

    def texts_of(self, values: list[str]) -> list[str]:
        return [self.text(value) for value in self.some(values)]


def _cut(output: PlanOutput, size: _Size) -> PlanOutput:
    by = _Scissors(size, f"{output.resource}/sql")
    plan = output.plan
    operations = [_operation(o, by) for o in plan.operations[: size.operations]]
    steps = [_step(step, by) for step in plan.rollback_plan.steps[: size.operations]]
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
                "dependents": by.some(scope.dependents),
                "application_files": by.texts_of(scope.application_files),
            }
        ),
        prerequisites=by.texts_of(plan.prerequisites),
        validation_steps=by.texts_of(plan.validation_steps),
    )
    checks = [
        c.model_copy(update={"detail": by.text(c.detail), "remedy": by.text(c.remedy) if c.remedy else None})
        for c in output.checks
    ]
    source = output.source.model_copy(update={"choices": by.texts_of(output.source.choices)})
    proof = output.proof.model_copy(update={"why": by.text(output.proof.why) if output.proof.why else None})
    omitted = {
        **output.omitted,
        "operations": len(plan.operations) - len(operations),
        "rollbackSteps": len(way.steps) - len(steps),
        "entries": by.entries,
        "texts": by.texts,
    }
    changes: dict[str, Any] = {
        "plan": cut,
        "checks": checks,
        "source": source,
        "proof": proof,
        "next_steps": by.texts_of(output.next_steps),
        "omitted": {name: count for name, count in omitted.items() if count},
    }
    return output.model_copy(update=changes)


def _operation(operation: MigrationOperation, by: _Scissors) -> MigrationOperation:
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


def _step(step: RollbackStep, by: _Scissors) -> RollbackStep:
    return step.model_copy(update={"sql": by.text(step.sql), "note": by.text(step.note) if step.note else None})
