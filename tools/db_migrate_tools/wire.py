"""What the five tools answer over MCP, camelCase on the wire; what they are asked is in `wire_inputs`. Names are the
contract's.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from db_migrate_tools.evidence import Env, RollbackProof
from db_migrate_tools.sql.model import Category, OperationType
from db_migrate_tools.wire_inputs import (
    PROD_NEEDS_CONFIRM,
    ApproveInput,
    EnvironmentSource,
    FeatureSource,
    FileSource,
    GenerateOnlyInput,
    Input,
    KeptSource,
    Operations,
    PlanInput,
    PlanLevel,
    RollbackPlanInput,
    RollbackSource,
    SourceInput,
    SqlSource,
    StatusInput,
)

__all__ = [
    "PROD_NEEDS_CONFIRM",
    "ApproveInput",
    "EnvironmentSource",
    "FeatureSource",
    "FileSource",
    "GenerateOnlyInput",
    "Input",
    "KeptSource",
    "Operations",
    "PlanInput",
    "PlanLevel",
    "RollbackPlanInput",
    "RollbackSource",
    "SourceInput",
    "SqlSource",
    "StatusInput",
]

RiskLevel = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Impact = Literal["none", "low", "medium", "high"]
Locking = Literal["none", "brief", "exclusive"]
Complexity = Literal["simple", "complex", "dangerous"]
WayBack = Literal["proven", "loses-data", "not-proven", "none"]
DecisionStrength = Literal["client-attested", "human-key", "team"]
Credentials = Literal["open", "sealed", "remote"]
ApproveStatus = Literal[
    "applied", "awaiting_human", "declined", "unanswered", "refused", "failed", "rolled_back", "executing"
]


class Output(BaseModel):
    """Outputs are camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True)


class Target(Output):
    env: Env
    host: str
    database: str
    role: str
    server_version: str
    status: str
    latency_ms: float


class SourceOut(Output):
    from_: str = Field(alias="from")
    name: str
    sha256: str
    path: str | None = None
    feature: str | None = None
    choices: list[str] = []


class LockOut(Output):
    relation: str
    mode: str
    observed: bool


class Duration(Output):
    """A band in milliseconds and what it rests on."""

    low: float
    high: float
    basis: str


class Hazard(Output):
    code: str
    severity: RiskLevel
    message: str
    remedy: str


class MigrationOperation(Output):
    """A statement of the plan. `way_back` says what was seen of undoing it, `ours` that nobody wrote it: it keeps data
    because `reversible` was asked for.
    """

    number: int
    type: OperationType
    category: Category
    target: str
    sql: str
    line: int
    description: str
    impact: Impact
    risk_level: RiskLevel
    hil_class: Literal["MEDIUM", "HIGH", "CRITICAL"]
    reversible: bool
    way_back: WayBack | None = None
    ours: bool = False
    data_impact: bool
    locking_behavior: Locking
    locks: list[LockOut]
    rewrites: list[str]
    scans: list[str]
    duration_ms: Duration
    hazards: list[Hazard]


class RiskReason(Output):
    points: int
    why: str


class RiskAssessment(Output):
    overall_risk: int = Field(ge=0, le=100)
    level: RiskLevel
    reasons: list[RiskReason]
    breaking_changes: bool
    data_loss: bool
    downtime: bool
    rollback_complexity: Complexity


class RollbackStep(Output):
    sql: str
    automatic: bool
    note: str | None = None


class RollbackPlan(Output):
    steps: list[RollbackStep]
    local: list[str]
    estimated_duration: str
    proof: RollbackProof


class ImpactScope(Output):
    """`rows` is None where some of the tables were never counted: those are `uncounted`, and the others hold
    `known_rows`. `exact` says that no count is an estimate.
    """

    tables: list[str]
    rows: int | None
    known_rows: int = 0
    exact: bool = False
    uncounted: list[str] = []
    bytes: int
    dependents: list[str]
    application_files: list[str]


class MigrationPlan(Output):
    operations: list[MigrationOperation]
    risk_assessment: RiskAssessment
    rollback_plan: RollbackPlan
    estimated_duration: str
    impact_scope: ImpactScope
    prerequisites: list[str]
    validation_steps: list[str]


class Proof(Output):
    ran: bool
    on: str
    schema_from: str
    statements: int
    rollback: RollbackProof
    why: str | None = None
    ms: float
    schema_after: str | None = None
    rollback_rows: int = 0
    rollback_tables: int = 0
    findings: list[str] = []
    later: list[str] = []
    notes: list[str] = []
    left_out: list[int] = []


class Check(Output):
    name: str
    status: Literal["pass", "warn", "fail"]
    detail: str
    remedy: str | None = None


class Checkpoint(Output):
    """How strong the human's decision must be, how strong it can be here, and where the credentials lie."""

    required: DecisionStrength
    available: DecisionStrength
    credentials: Credentials
    reason: str
    remedy: str | None = None


class Approval(Output):
    token: str
    expires_at: str


class Option(Output):
    title: str
    call: str


class PlanOutput(Output):
    plan_id: str
    level: PlanLevel
    env: Env
    digest: str
    short_code: str
    target: Target
    source: SourceOut
    plan: MigrationPlan
    proof: Proof
    checks: list[Check]
    checkpoint: Checkpoint
    approval: Approval | None
    options: list[Option]
    next_steps: list[str]
    omitted: dict[str, int] = {}
    resource: str
    file: str | None = None


class MigrationName(Output):
    version: str
    name: str


class OperationReport(Output):
    sql: str
    ms: float
    lock_wait_ms: float
    attempts: int
    outcome: str


class Diagnostic(Output):
    file: str
    line: int
    code: str
    message: str


class CommandRun(Output):
    """A generator that ran. `output` is its last lines; `explanation` says what a failure means and what to do."""

    name: str
    command: str
    ok: bool
    ms: float
    output: str = ""
    explanation: str | None = None


class FileWritten(Output):
    path: str
    lines: int
    changed: bool


class TypesReport(Output):
    generators: list[CommandRun]
    files: list[FileWritten]
    differences: list[str]
    diagnostics: list[Diagnostic]
    ok: bool


class ExecutionReport(Output):
    operations: list[OperationReport]
    types: TypesReport | None
    checks: list[Check]
    total_ms: float
    next_commands: list[str]
    files: list[str] = []


class ApproveOutput(Output):
    plan_id: str | None = None
    env: Env | None = None
    status: ApproveStatus
    reason: str
    remedy: str | None = None
    channel: str | None = None
    url: str | None = None
    migration: MigrationName | None = None
    report: ExecutionReport | None = None
    omitted: dict[str, int] = {}


class EnvironmentStatus(Output):
    env: Env
    configured: bool
    target: Target | None
    health: Literal["healthy", "unreachable", "refused", "not-configured"]
    detail: str
    remedy: str | None = None
    fingerprint: str | None = None
    applied: int | None = None


class PendingPlan(Output):
    plan_id: str
    env: Env
    name: str
    state: str
    short_code: str
    risk: int
    created_at: str
    expires_at: str
    outcome: str | None = None


class HistoryRow(Output):
    env: Env
    version: str
    name: str
    applied_at: str | None
    applied_by: str | None
    plan_id: str | None
    rollback: RollbackProof | None
    rollback_option: str | None = None
    rolled_back_by: str | None = None
    kept: str | None = None


class KeptData(Output):
    """A table in which a reversible migration keeps what it took away, and the call that removes it for good."""

    env: Env
    table: str
    what: str
    migration: str | None = None
    since: str | None = None
    rows: int | None = None
    bytes: int | None = None
    purge: str


class Drift(Output):
    """What `env` has that differs from `reference`: one line a difference."""

    env: Env
    reference: Env
    in_sync: bool
    differences: list[str]
    command: str | None = None


class FeatureStatus(Output):
    feature: str
    path: str
    state: Literal["unapplied", "applied", "changed-since-applied", "no-sql", "blocked"]
    statements: int
    suggestion: str


class StatusOutput(Output):
    environments: list[EnvironmentStatus]
    pending: list[PendingPlan]
    history: list[HistoryRow]
    drift: list[Drift]
    features: list[FeatureStatus]
    unapplied_files: list[str] = []
    kept: list[KeptData] = []
    next_steps: list[str]
    omitted: dict[str, int] = {}


class GenerateOutput(Output):
    env: Env
    generators: list[CommandRun]
    files: list[FileWritten]
    differences: list[str]
    diagnostics: list[Diagnostic]
    ok: bool
    timings: dict[str, float]
    next_steps: list[str]
    omitted: dict[str, int] = {}


class RollbackPlanOutput(Output):
    env: Env
    migration: MigrationName | None
    steps: list[RollbackStep]
    local: list[str]
    proof: RollbackProof | None
    why: str | None = None
    estimated_duration: str
    data_lost: list[str]
    kept: list[str] = []
    history: list[HistoryRow]
    call: str | None = None
    next_steps: list[str]
    omitted: dict[str, int] = {}


def to_wire(model: BaseModel) -> dict[str, Any]:
    """The model as structuredContent."""
    return model.model_dump(mode="json", by_alias=True)
