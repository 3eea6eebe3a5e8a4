"""A statement with what was observed of it → an operation of the plan."""

from __future__ import annotations

from typing import Final, Literal

from db_migrate_tools.analysis import duration, hazards, locks
from db_migrate_tools.analysis.hazards import LEVELS, Effect
from db_migrate_tools.analysis.hazards.base import worst
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.analysis.text import has
from db_migrate_tools.evidence import RollbackEvidence
from db_migrate_tools.schema.model import Column
from db_migrate_tools.sql.model import Origin, Statement
from db_migrate_tools.wire import Impact, Locking, LockOut, MigrationOperation, RiskLevel, WayBack

HilClass = Literal["MEDIUM", "HIGH", "CRITICAL"]
_IMPACTS: Final[dict[tuple[str, str], Impact]] = {
    ("CREATE", "table"): "medium",
    ("CREATE", "column"): "low",
    ("ALTER", "column"): "low",
    ("DROP", "table"): "high",
    ("DROP", "column"): "high",
    ("DROP", "view"): "high",
    ("DROP", "index"): "low",
    ("ALTER", "table"): "low",
    ("ALTER", "type"): "low",
}
_BY_TYPE: Final[dict[str, Impact]] = {
    "CREATE": "low",
    "ALTER": "medium",
    "DROP": "medium",
    "INDEX": "none",
    "CONSTRAINT": "medium",
    "DATA": "medium",
    "POLICY": "medium",
    "ROUTINE": "low",
    "GRANT": "medium",
    "OTHER": "none",
}
_BY_RISK: Final[dict[RiskLevel, Impact]] = {"LOW": "none", "MEDIUM": "low", "HIGH": "medium", "CRITICAL": "high"}
_ORDER: Final[tuple[Impact, ...]] = ("none", "low", "medium", "high")
_UNSEEN_LOCK: Final = "AccessExclusiveLock"


def hil_class(statement: Statement, origin: Origin) -> HilClass:
    """The class that decides who must look: data and rollbacks above schema, schema above indexes."""
    if origin == "rollback" or statement.type == "DATA" or statement.writes_rows:
        return "CRITICAL"
    return "MEDIUM" if statement.type == "INDEX" or statement.category == "index" else "HIGH"


def _locks(s: Situation) -> list[LockOut]:
    if s.seen.observed:
        every = sorted({(lock.relation, lock.mode) for lock in s.seen.locks if s.existing(lock.relation) is not None})
        return [LockOut(relation=name, mode=mode, observed=True) for name, mode in every if _felt(s, name, mode)]
    concurrent = has(s.statement.text, "CONCURRENTLY")
    mode = "ShareUpdateExclusiveLock" if concurrent else _UNSEEN_LOCK
    return [LockOut(relation=f"{ref.schema}.{ref.name}", mode=mode, observed=False) for ref in s.named()]


def _felt(s: Situation, name: str, mode: str) -> bool:
    """Whether the lock is worth a line. Reading and writing rows locks the table's indexes likewise: some statements
    until the end of the transaction, others only meanwhile, and nobody notices either.
    """
    found = s.ground.names.get(name)
    return mode != "AccessShareLock" and not (
        found is not None and found.kind == "index" and mode in ("RowShareLock", "RowExclusiveLock")
    )


def _locking(s: Situation, held: list[LockOut]) -> Locking:
    works = not s.seen.observed or duration.slow(s)
    felt = [lock.mode for lock in held if (ref := s.existing(lock.relation)) is not None and not s.ground.empty(ref)]
    if s.held and works:
        return "exclusive"
    if any(map(locks.stops_writes, felt)):
        return locks.locking_behavior(felt, works=works)
    return locks.locking_behavior((lock.mode for lock in held), works=False)


def _data_impact(s: Situation, effects: frozenset[Effect]) -> bool:
    changed = s.statement.kind in ("UpdateStmt", "DeleteStmt", "TruncateStmt", "MergeStmt", "InsertStmt", "CopyStmt")
    return "loses" in effects or s.statement.writes_rows or changed or bool(s.rewrites)


def _way_back(s: Situation, effects: frozenset[Effect], rollback: RollbackEvidence | None) -> WayBack:
    """What was seen of undoing this statement. A rollback that brings the schema back has undone whatever only
    changed the schema, also where it is not proven for the rows of another statement.
    """
    if rollback is None or s.seen.error is not None or not s.seen.observed:
        return "not-proven"
    if rollback.proof == "proven":
        return "proven"
    if rollback.proof in ("failed", "impossible"):
        return "none"
    if not rollback.statements:
        return "not-proven"
    gone = {*rollback.lost, *filter(None, (ref.relation for ref in rollback.lost))}
    if "loses" in effects or gone & {*s.seen.dropped, *s.seen.altered}:
        return "loses-data"
    return "proven" if rollback.proof == "proven-with-data-loss" or _only_schema(s) else "not-proven"


def _only_schema(s: Situation) -> bool:
    """Whether it left every row as it was, seen by its locks."""
    writes = any(lock.mode == "RowExclusiveLock" for lock in s.seen.locks)
    converted = any(
        isinstance(old := s.was(ref), Column) and isinstance(new := s.becomes(ref), Column) and old.type != new.type
        for ref in s.altered("column")
    )
    return not (s.statement.opaque or s.statement.writes_rows or s.statement.type == "DATA" or writes or converted)


def _impact(s: Situation, risk: RiskLevel, effects: frozenset[Effect]) -> Impact:
    key = (s.statement.type, s.statement.category)
    own: Impact = "none" if s.statement.ours else _IMPACTS.get(key) or _BY_TYPE[s.statement.type]
    felt: Impact = "high" if effects else "none"
    return _ORDER[max(map(_ORDER.index, (own, _BY_RISK[risk], felt)))]


def operation(
    s: Situation, rollback: RollbackEvidence | None, origin: Origin
) -> tuple[MigrationOperation, frozenset[Effect]]:
    """The operation and what it means for the plan as a whole."""
    found, effects = hazards.find(s)
    held, way_back = _locks(s), _way_back(s, effects, rollback)
    asked = s.statement.type in ("DATA", "DROP") and not s.statement.ours
    risk = worst([*(hazard.severity for hazard in found), "MEDIUM" if asked else LEVELS[0]])
    made = MigrationOperation(
        number=s.statement.number,
        type=s.statement.type,
        category=s.statement.category,
        target=s.statement.target,
        sql=s.statement.text,
        line=s.statement.line,
        description=s.statement.description,
        impact=_impact(s, risk, effects),
        risk_level=risk,
        hil_class=hil_class(s.statement, origin),
        reversible=way_back == "proven",
        way_back=way_back,
        ours=s.statement.ours,
        data_impact=_data_impact(s, effects),
        locking_behavior=_locking(s, held),
        locks=held,
        rewrites=list(s.seen.rewrites),
        scans=list(dict.fromkeys((*s.seen.scans, *s.seen.index_builds))),
        duration_ms=duration.estimate(s),
        hazards=list(found),
    )
    return made, effects
