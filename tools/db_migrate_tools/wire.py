"""What goes over MCP: inputs and outputs of the five tools, camelCase on the wire. Names are the contract's."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from db_migrate_tools.evidence import Env, RollbackProof
from db_migrate_tools.sql.model import Category, OperationType

PlanLevel = Literal["preview", "plan-only", "validate"]
RiskLevel = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Impact = Literal["none", "low", "medium", "high"]
Locking = Literal["none", "brief", "exclusive"]
Complexity = Literal["simple", "complex", "dangerous"]
DecisionStrength = Literal["client-attested", "human-key", "team"]
Credentials = Literal["open", "sealed", "remote"]
ApproveStatus = Literal[
    "applied", "awaiting_human", "declined", "unanswered", "refused", "failed", "rolled_back", "executing"
]


class Input(BaseModel):
    """Inputs refuse fields that they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """Outputs are camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True)


class FeatureSource(Input):
    """The newest active feature's database-schema.md, or the named one's."""

    from_: Literal["feature"] = Field("feature", alias="from")
    feature: str | None = Field(None, description="Feature folder name; null takes the newest active one.")


class FileSource(Input):
    """A .sql or .md file inside the project."""

    from_: Literal["file"] = Field(alias="from")
    path: str = Field(description="Path inside the project root.")


class SqlSource(Input):
    """SQL given in the call."""

    from_: Literal["sql"] = Field(alias="from")
    sql: str
    name: str = Field(description="Short name for the migration, e.g. add_last_active.")


class RollbackSource(Input):
    """The stored rollback of an applied migration."""

    from_: Literal["rollback"] = Field(alias="from")
    migration: str = Field(description="Version or name of an applied migration, as `status` lists it.")


class EnvironmentSource(Input):
    """What would bring the target to another environment's schema."""

    from_: Literal["environment"] = Field(alias="from")
    env: Env


class KeptSource(Input):
    """What reversible migrations kept, removed for good: afterwards their rollbacks can no longer run."""

    from_: Literal["kept"] = Field(alias="from")
    migration: str | None = Field(
        None, description="Version or name of the migration that kept it, as `status` lists it; null takes everything."
    )


SourceInput = Annotated[
    FeatureSource | FileSource | SqlSource | RollbackSource | EnvironmentSource | KeptSource,
    Field(discriminator="from_"),
]
Operations = Annotated[
    list[Category] | None,
    Field(description="Only operations of these categories; null means all."),
]


class PlanInput(Input):
    env: Env = "dev"
    level: PlanLevel = Field(
        "preview",
        description="preview issues a token for approval; plan-only writes the full plan to a file without one; "
        "validate is a dry run without one.",
    )
    source: SourceInput = Field(default_factory=lambda: FeatureSource.model_validate({}))
    operations: Operations = None
    online: bool = Field(True, description="Offer the proven-equal low-lock form of each statement.")
    reversible: bool = Field(
        False,
        description="Keep what the migration would lose (dropped tables and columns, deleted, overwritten and "
        "truncated rows) in a private schema, so that the rollback brings the data back. Copying rows takes time and "
        "space; the plan shows the SQL that runs instead and what cannot be kept.",
    )


PROD_NEEDS_CONFIRM: Final[JsonDict] = {
    "if": {"properties": {"env": {"const": "prod"}}, "required": ["env"]},
    "then": {"properties": {"confirm": {"const": True}}, "required": ["confirm"]},
}


class ApproveInput(Input):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=PROD_NEEDS_CONFIRM)

    token: str = Field(description="The token that `plan` returned.")
    env: Env = Field(description="Must equal the plan's environment.")
    confirm: bool = Field(False, description="Must be true for prod.")
    operations: Operations = None


class StatusInput(Input):
    env: Env | None = None
    sync: bool = Field(False, description="Compare the schemas of all configured environments.")
    token: str | None = Field(None, description="State of one plan.")
    history: int = Field(10, ge=0, le=1000)


class GenerateOnlyInput(Input):
    env: Env = "dev"
    check: bool = Field(True, description="Also compile the application against the new types.")


class RollbackPlanInput(Input):
    env: Env = "dev"
    migration: str | None = Field(None, description="Version or name; null takes the newest.")
    history: bool = Field(False, description="One row per applied migration with its rollback option.")


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
    tables: list[str]
    rows: int | None
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
