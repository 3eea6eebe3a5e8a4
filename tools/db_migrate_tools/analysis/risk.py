"""From operations to one number that can be added up by hand, and to the flags beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from db_migrate_tools.analysis import hazards
from db_migrate_tools.analysis.hazards import Effect
from db_migrate_tools.analysis.names import listed
from db_migrate_tools.evidence import Env, RollbackEvidence, RollbackProof
from db_migrate_tools.wire import Complexity, MigrationOperation, RiskAssessment, RiskLevel, RiskReason

BANDS: Final[tuple[tuple[int, RiskLevel], ...]] = ((30, "LOW"), (60, "MEDIUM"), (85, "HIGH"), (100, "CRITICAL"))
TENTHS: Final[dict[Env, int]] = {"dev": 7, "staging": 10, "prod": 15}
HAZARD_POINTS: Final[dict[RiskLevel, int]] = {"LOW": 3, "MEDIUM": 10, "HIGH": 40, "CRITICAL": 70}
ROLLBACK_POINTS: Final[dict[RollbackProof, tuple[int, str]]] = {
    "proven": (0, ""),
    "proven-with-data-loss": (8, "the rollback restores the schema, not all data"),
    "not-proven": (10, "the rollback is not proven"),
    "failed": (15, "the rollback does not restore the schema"),
    "impossible": (20, "there is no rollback"),
}
_CHANGES: Final[dict[tuple[str, str], tuple[int, str]]] = {
    ("CREATE", "table"): (12, "new table"),
    ("DROP", "table"): (25, "dropped table"),
    ("DROP", "column"): (18, "dropped column"),
    ("DROP", "index"): (6, "dropped index"),
    ("CREATE", "view"): (5, "new view"),
    ("CREATE", "type"): (4, "new type"),
    ("CREATE", "column"): (8, "column"),
    ("ALTER", "column"): (8, "column"),
    ("ALTER", "type"): (8, "changed type"),
    ("CREATE", "trigger"): (8, "trigger"),
    ("ALTER", "table"): (8, "changed table"),
    ("ALTER", "policy"): (4, "row security"),
}
_TYPES: Final[dict[str, tuple[int, str]]] = {
    "CREATE": (6, "new object"),
    "ALTER": (8, "changed object"),
    "DROP": (12, "dropped object"),
    "INDEX": (5, "index"),
    "CONSTRAINT": (12, "constraint"),
    "DATA": (15, "change of rows"),
    "POLICY": (4, "policy"),
    "ROUTINE": (6, "function"),
    "GRANT": (4, "privilege"),
    "OTHER": (2, "other statement"),
}
_KEEPING: Final = 4
_DOWNTIME_MS: Final = 1000
_NAMES: Final = 4


def level(points: int) -> RiskLevel:
    """The band that a number from 0 to 100 lies in."""
    for top, name in BANDS:
        if points <= top:
            return name
    return "CRITICAL"


def change(operation: MigrationOperation) -> tuple[int, str]:
    """The points and the name of an operation's sort, without its hazards."""
    return _CHANGES.get((operation.type, operation.category)) or _TYPES[operation.type]


def _together(points: Iterable[int]) -> int:
    """The worst counts in full, each further one a quarter, all of them at most twice the worst.

    A group never gets lighter when something is added to it.
    """
    every = sorted(points, reverse=True)
    return min((4 * every[0] + sum(every[1:])) // 4, 2 * every[0]) if every else 0


def _changes(operations: Sequence[MigrationOperation]) -> list[RiskReason]:
    groups: dict[str, list[tuple[int, str]]] = {}
    for operation in operations:
        if operation.ours:
            continue
        points, name = change(operation)
        groups.setdefault(name, []).append((points, operation.target))
    return [
        RiskReason(
            points=_together(points for points, _ in members),
            why=_several(len(members), name) + _names(target for _, target in members),
        )
        for name, members in groups.items()
    ]


def _names(targets: Iterable[str]) -> str:
    named = listed(dict.fromkeys(filter(None, targets)), _NAMES)
    return f": {named}" if named else ""


def _several(number: int, name: str) -> str:
    if number == 1:
        return name
    if name in ("change of rows", "row security"):
        return f"{number} × {name}"
    return f"{number} {name.removesuffix('y')}ies" if name.endswith(("cy", "ty")) else f"{number} {_plural(name)}"


def _plural(name: str) -> str:
    return name + ("es" if name.endswith("x") else "s")


def _hazards(operations: Sequence[MigrationOperation]) -> list[RiskReason]:
    groups: dict[str, list[tuple[int, int]]] = {}
    for operation in operations:
        for hazard in operation.hazards:
            groups.setdefault(hazard.code, []).append((HAZARD_POINTS[hazard.severity], operation.number))
    reasons: list[RiskReason] = []
    for code, members in groups.items():
        numbers = list(dict.fromkeys(str(number) for _, number in members))
        where = f"operation{'s' if len(numbers) > 1 else ''} {listed(numbers, 8)}"
        title = hazards.BY_CODE[code].title if code in hazards.BY_CODE else code
        reasons.append(RiskReason(points=_together(points for points, _ in members), why=f"{title} ({where})"))
    return reasons


def reasons(
    operations: Sequence[MigrationOperation], env: Env, rollback: RollbackProof, breaks: Sequence[str] = ()
) -> list[RiskReason]:
    """What the number is made of; the points add up to it exactly. Nothing to do is no risk."""
    if not operations:
        return []
    found = [*_changes(operations), *_hazards(operations)]
    keeping = sum(operation.ours for operation in operations)
    if keeping:
        told = "1 more statement, which keeps" if keeping == 1 else f"{keeping} more statements, which keep"
        found.append(RiskReason(points=_KEEPING, why=f"{told} the data"))
    points, why = ROLLBACK_POINTS[rollback]
    if points:
        found.append(RiskReason(points=points, why=why))
    if breaks:
        found.append(RiskReason(points=25, why=f"the application does not compile afterwards ({breaks[0]})"))
    found.sort(key=lambda reason: -reason.points)
    raw = sum(reason.points for reason in found)
    tenths = TENTHS[env]
    weighed = (raw * tenths + 5) // 10
    if weighed != raw:
        found.append(RiskReason(points=weighed - raw, why=f"{env} counts ×{tenths / 10}"))
    if weighed > 100:
        found.append(RiskReason(points=100 - weighed, why="the scale ends at 100"))
    return found


def downtime(operations: Iterable[MigrationOperation]) -> bool:
    """Whether some operation may keep the application waiting for longer than a second."""
    return any(o.locking_behavior == "exclusive" and o.duration_ms.high > _DOWNTIME_MS for o in operations)


def complexity(operations: Sequence[MigrationOperation], rollback: RollbackEvidence | None, loses: bool) -> Complexity:
    """How hard the way back is."""
    if not operations:
        return "simple"
    if loses or rollback is None or rollback.proof in ("failed", "impossible", "proven-with-data-loss"):
        return "dangerous" if loses or (rollback and rollback.proof != "proven-with-data-loss") else "complex"
    if rollback.proof == "not-proven" or any(o.data_impact for o in operations) or rollback.notes:
        return "complex"
    return "simple"


def assess_risk(
    operations: Sequence[MigrationOperation],
    effects: frozenset[Effect],
    rollback: RollbackEvidence | None,
    env: Env,
    *,
    breaks: Sequence[str] = (),
) -> RiskAssessment:
    """The whole assessment. `breaks` names application files that do not compile after the migration."""
    found = reasons(operations, env, rollback.proof if rollback else "not-proven", breaks)
    overall = sum(reason.points for reason in found)
    loses = "loses" in effects
    return RiskAssessment(
        overall_risk=overall,
        level=level(overall),
        reasons=found,
        breaking_changes="breaks" in effects or bool(breaks),
        data_loss=loses,
        downtime=downtime(operations),
        rollback_complexity=complexity(operations, rollback, loses),
    )
