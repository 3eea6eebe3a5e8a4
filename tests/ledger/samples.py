"""Plans to put into a ledger, whole and consistent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from db_migrate_tools.envelope import Envelope, canonical, digest, digest_of_statements, short_code
from db_migrate_tools.evidence import Env, Identity, RollbackProof, SessionSettings
from db_migrate_tools.ports import Decision, StoredPlan, token_hash
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.wire import (
    Check,
    Checkpoint,
    Duration,
    Hazard,
    ImpactScope,
    LockOut,
    MigrationOperation,
    MigrationPlan,
    PlanOutput,
    Proof,
    RiskAssessment,
    RiskReason,
    RollbackPlan,
    RollbackStep,
    SourceOut,
    Target,
)

NOW = 1_800_000_000
HOUR = 3600


@dataclass
class HandClock:
    """A clock that stands still until it is turned."""

    at: int = NOW

    def now(self) -> int:
        return self.at

    def iso(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def version(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def token_of(plan_id: str) -> str:
    return f"dbm_token-of-the-plan-{plan_id}"


def statement(number: int, text: str) -> Statement:
    return Statement(
        number=number,
        text=text,
        line=number,
        kind="CreateStmt",
        type="CREATE",
        category="table",
        target="public.notes",
        description=f"create what statement {number} says",
        relations=("notes",),
    )


def approval(at: int = NOW) -> Decision:
    return Decision(
        decision="approve", by="MCP client test 1 (unverified)", channel="form", strength="client-attested", at=at
    )


def rejection(at: int = NOW) -> Decision:
    return replace(approval(at), decision="reject")


def make_plan(
    plan_id: str = "p1",
    *,
    env: Env = "dev",
    sql: tuple[str, ...] = ("CREATE TABLE notes (id bigint PRIMARY KEY)", "CREATE INDEX notes_id ON notes (id)"),
    rollback: tuple[str, ...] = ("DROP TABLE notes",),
    proof: RollbackProof = "proven",
    requester: str = "MCP client test 1 (unverified)",
    created_at: int = NOW,
    lifetime: int = HOUR,
    risk: int = 45,
    data_loss: bool = False,
    source: str = "specs/database-schema.md",
    page_file: str | None = ".db-migrate/plans/p1.md",
    version: str | None = None,
) -> StoredPlan:
    statements = tuple(statement(number, text) for number, text in enumerate(sql, start=1))
    target = Identity(
        env=env,
        host="db.example.test",
        port=5432,
        database="app",
        role="migrator",
        system_identifier="7",
        database_oid=16384,
        server_version="18.1",
        server_version_num=180001,
    )
    envelope = Envelope(
        plan_id=plan_id,
        env=env,
        name="notes",
        statements=sql,
        transactional=tuple(s.transactional for s in statements),
        rollback_digest=digest_of_statements(rollback),
        target=target,
        settings=SessionSettings(search_path='"$user", public'),
        schema_fingerprint="f1" * 32,
        risk=risk,
        data_loss=data_loss,
        requester=requester,
        source_sha256="ab" * 32,
        created_at=created_at,
        expires_at=created_at + lifetime,
        nonce="n",
    )
    full = digest(envelope)
    page = make_page(envelope, statements, rollback, proof, source=source, file=page_file)
    return StoredPlan(
        plan_id=plan_id,
        env=env,
        state="previewed",
        digest=full,
        envelope=canonical(envelope),
        token_hash=token_hash(token_of(plan_id)),
        page=page.model_dump_json(by_alias=True),
        statements=statements,
        rollback=rollback,
        rollback_proof=proof,
        requester=requester,
        created_at=created_at,
        expires_at=created_at + lifetime,
        source=source,
        version=version,
    )


def make_page(
    envelope: Envelope,
    statements: tuple[Statement, ...],
    rollback: tuple[str, ...],
    proof: RollbackProof,
    *,
    source: str,
    file: str | None,
) -> PlanOutput:
    full = digest(envelope)
    return PlanOutput(
        plan_id=envelope.plan_id,
        level="preview",
        env=envelope.env,
        digest=full,
        short_code=short_code(full),
        target=Target(
            env=envelope.env,
            host=envelope.target.host,
            database=envelope.target.database,
            role=envelope.target.role,
            server_version=envelope.target.server_version,
            status="reachable",
            latency_ms=1.5,
        ),
        source=SourceOut.model_validate(
            {
                "from": "file",
                "name": "notes",
                "sha256": envelope.source_sha256,
                "path": source,
                "choices": ["line 9: left a fence out"],
            }
        ),
        plan=MigrationPlan(
            operations=[
                MigrationOperation(
                    number=s.number,
                    type=s.type,
                    category=s.category,
                    target=s.target,
                    sql=s.text,
                    line=s.line,
                    description=s.description,
                    impact="low",
                    risk_level="LOW",
                    hil_class="HIGH",
                    reversible=True,
                    data_impact=False,
                    locking_behavior="brief",
                    locks=[LockOut(relation="public.users", mode="ShareLock", observed=True)],
                    rewrites=["public.users"] if s.number == 2 else [],
                    scans=["public.users"] if s.number == 2 else [],
                    duration_ms=Duration(low=2, high=2500, basis="measured on the shadow"),
                    hazards=[
                        Hazard(code="x", severity="MEDIUM", message="Writes wait.", remedy="Run it when it is quiet.")
                    ],
                )
                for s in statements
            ],
            risk_assessment=RiskAssessment(
                overall_risk=envelope.risk,
                level="MEDIUM",
                reasons=[RiskReason(points=20, why="rewrites a table")],
                breaking_changes=True,
                data_loss=envelope.data_loss,
                downtime=False,
                rollback_complexity="simple",
            ),
            rollback_plan=RollbackPlan(
                steps=[RollbackStep(sql=text, automatic=True) for text in rollback],
                local=[],
                estimated_duration="under a second",
                proof=proof,
            ),
            estimated_duration="2 ms to 2.5 s",
            impact_scope=ImpactScope(
                tables=["public.users"], rows=1200, bytes=8192, dependents=[], application_files=["src/a.ts:3"]
            ),
            prerequisites=["a backup"],
            validation_steps=["count the rows"],
        ),
        proof=Proof(ran=True, on="18.6", schema_from="pg_dump", statements=len(statements), rollback=proof, ms=10.0),
        checks=[
            Check(name="connection", status="pass", detail="reachable"),
            Check(name="backup", status="warn", detail="no backup is known", remedy="make one"),
        ],
        checkpoint=Checkpoint(
            required="human-key" if envelope.env == "prod" else "client-attested",
            available="client-attested",
            credentials="open",
            reason="because",
        ),
        approval=None,
        options=[],
        next_steps=[],
        resource=f"db-migrate://plans/{envelope.plan_id}",
        file=file,
    )
