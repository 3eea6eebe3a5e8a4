"""Plans and outcomes to render: small ones by hand, large ones by number."""

from __future__ import annotations

from typing import Any

from db_migrate_tools.wire import (
    Approval,
    Check,
    Checkpoint,
    Duration,
    Hazard,
    ImpactScope,
    LockOut,
    MigrationOperation,
    MigrationPlan,
    Option,
    PlanOutput,
    Proof,
    RiskAssessment,
    RiskReason,
    RollbackPlan,
    RollbackStep,
    SourceOut,
    Target,
)

TOKEN = "tok_0123456789abcdefghijklmnopqrstuvwxyz"


def operation(number: int = 1, **changes: Any) -> MigrationOperation:
    made = MigrationOperation(
        number=number,
        type="CREATE",
        category="table",
        target='"Notification"',
        sql='CREATE TABLE "Notification" (\n  id bigint PRIMARY KEY\n)',
        line=10,
        description='Create table "Notification" with 1 column',
        impact="medium",
        risk_level="LOW",
        hil_class="HIGH",
        reversible=True,
        data_impact=False,
        locking_behavior="brief",
        locks=[LockOut(relation="public.User", mode="ShareRowExclusiveLock", observed=True)],
        rewrites=[],
        scans=[],
        duration_ms=Duration(low=1, high=20, basis="only the catalog changes"),
        hazards=[],
    )
    return made.model_copy(update=changes)


def hazard(code: str = "fk-missing-index", **changes: Any) -> Hazard:
    made = Hazard(
        code=code,
        severity="LOW",
        message='Deleting a row of "User" reads all of "Notification".',
        remedy='Add one:\nCREATE INDEX ON "Notification" ("userId");',
    )
    return made.model_copy(update=changes)


def plan(*operations: MigrationOperation, rollback: int = 1, **changes: Any) -> PlanOutput:
    """A plan for dev with a token."""
    made = PlanOutput(
        plan_id="plan1",
        level="preview",
        env="dev",
        digest="ab" * 32,
        short_code="abababab",
        target=Target(
            env="dev",
            host="db.lmnpveudnonakxbrawlu.supabase.co",
            database="postgres",
            role="migrator",
            server_version="18.6",
            status="reachable",
            latency_ms=3,
        ),
        source=SourceOut.model_validate(
            {
                "from": "feature",
                "name": "notifications",
                "sha256": "cd" * 32,
                "path": ".agaile-os/features/2025-09-04-notifications/sub-specs/database-schema.md",
                "feature": "2025-09-04-notifications",
                "choices": ["line 66: taken as rollback, not run"],
            }
        ),
        plan=MigrationPlan(
            operations=list(operations) or [operation()],
            risk_assessment=RiskAssessment(
                overall_risk=8,
                level="LOW",
                reasons=[RiskReason(points=12, why="new table"), RiskReason(points=-4, why="dev counts ×0.7")],
                breaking_changes=False,
                data_loss=False,
                downtime=False,
                rollback_complexity="simple",
            ),
            rollback_plan=RollbackPlan(
                steps=[RollbackStep(sql=f'DROP TABLE "N{i}"', automatic=True) for i in range(rollback)],
                local=["Bring the generated types back: call `generate-only` after the rollback."],
                estimated_duration="under a second",
                proof="proven",
            ),
            estimated_duration="under a second",
            impact_scope=ImpactScope(
                tables=['"User"', '"Notification" (new)'],
                rows=1200,
                bytes=98_304,
                dependents=["view active_users"],
                application_files=["src/users.ts:12 (mentioned)"],
            ),
            prerequisites=["The server must offer the extension citext."],
            validation_steps=["New tables are there."],
        ),
        proof=Proof(ran=True, on="18.6", schema_from="pg_dump", statements=1, rollback="proven", ms=20),
        checks=[
            Check(name="rehearsal", status="pass", detail="The statement ran."),
            Check(name="backup", status="warn", detail="Not known.", remedy="Look."),
        ],
        checkpoint=Checkpoint(
            required="client-attested",
            available="client-attested",
            credentials="open",
            reason="A person answers the form.",
            remedy="Keep the connection off this machine.",
        ),
        approval=Approval(token=TOKEN, expires_at="2026-11-24T00:00:00Z"),
        options=[Option(title="Apply it", call=f'approve(token: "{TOKEN}", env: "dev")')],
        next_steps=["Show this page to the person."],
        resource="db-migrate://plans/plan1",
        file=".db-migrate/plans/plan1.md",
    )
    return made.model_copy(update=changes)


def large(number: int, **changes: Any) -> PlanOutput:
    """A plan of `number` operations, each with a few hazards and much SQL."""
    return plan(
        *(
            operation(
                i,
                description=f"Create table t{i} with a description that is long enough to need more than one line",
                sql=f"CREATE TABLE t{i} (\n" + ",\n".join(f"  column_number_{c} text" for c in range(30)) + "\n)",
                target=f"t{i}",
                hazards=[
                    hazard(message=f"Deleting a row of t{i} reads all of it, which takes long.", remedy=f"Do {i}:\nX;"),
                    hazard("no-primary-key", severity="MEDIUM", message=f"Rows of t{i} cannot be told apart."),
                ],
                locks=[LockOut(relation=f"public.r{c}", mode="AccessExclusiveLock", observed=True) for c in range(3)],
            )
            for i in range(1, number + 1)
        ),
        rollback=number,
        **changes,
    )
