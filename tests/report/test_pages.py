"""The pages of approve, status, generate-only and rollback-plan."""

from __future__ import annotations

from typing import get_args

import pytest

from db_migrate_tools.evidence import Identity, SessionSettings
from db_migrate_tools.ports import Order, StoredPlan
from db_migrate_tools.report import generated, outcome, rollback, status
from db_migrate_tools.report.layout import WIDTH, width
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.wire import (
    ApproveOutput,
    ApproveStatus,
    Check,
    CommandRun,
    Diagnostic,
    Drift,
    EnvironmentStatus,
    ExecutionReport,
    FeatureStatus,
    FileWritten,
    GenerateOutput,
    HistoryRow,
    MigrationName,
    OperationReport,
    PendingPlan,
    RollbackPlanOutput,
    RollbackStep,
    StatusOutput,
    TypesReport,
)
from report.pages import plan

NAME = MigrationName(version="20261124010203", name="notifications")


def ran(number: int = 1, result: str = "done") -> list[OperationReport]:
    return [
        OperationReport(sql=f"CREATE TABLE t{i} (\n  id int\n)", ms=1500, lock_wait_ms=3, attempts=1, outcome=result)
        for i in range(number)
    ]


TYPES = TypesReport(
    generators=[
        CommandRun(name="built-in", command="database.types.ts", ok=True, ms=12),
        CommandRun(name="pull", command="", ok=True, ms=0, explanation="not configured: no script db:pull"),
        CommandRun(
            name="check",
            command="pnpm typecheck",
            ok=False,
            ms=90,
            output="\n".join(f"line {i}" for i in range(40)),
            explanation="The application does not compile.",
        ),
    ],
    files=[FileWritten(path="src/types/database.types.ts", lines=1200, changed=True)],
    differences=["new table Notification"],
    diagnostics=[Diagnostic(file="src/users.ts", line=3, code="TS2339", message="Property 'x' does not exist.")],
    ok=False,
)


def report(number: int = 2) -> ExecutionReport:
    return ExecutionReport(
        operations=ran(number),
        types=TYPES,
        checks=[Check(name="history", status="pass", detail="It is recorded.")],
        total_ms=3000,
        next_commands=["/typescripter", "/g"],
        files=["supabase/migrations/20261124010203_notifications.sql"],
    )


def fits(page: str) -> bool:
    return max(map(width, page.split("\n"))) <= WIDTH and page.endswith("\n")


@pytest.mark.parametrize("state", get_args(ApproveStatus))
@pytest.mark.parametrize("markdown", [True, False])
def test_every_outcome_says_what_is_in_the_database_the_reason_and_the_remedy(
    state: ApproveStatus, markdown: bool
) -> None:
    page = outcome.render(
        ApproveOutput(status=state, env="dev", reason="This is why.", remedy="Do this."), markdown=markdown
    )
    assert "This is why." in page
    assert "→ Do this." in page
    assert " on dev" in page
    assert fits(page)


def test_an_applied_migration_is_told_with_times_types_and_next_commands() -> None:
    page = outcome.render(
        ApproveOutput(status="applied", env="dev", reason="Done.", channel="form", migration=NAME, report=report()),
        markdown=True,
    )
    for words in (
        "20261124010203 notifications",
        "1.5 s",
        "✅ done",
        "/typescripter",
        "TS2339",
        "Decided through: form",
    ):
        assert words in page
    assert fits(page)


def test_many_operations_are_cut_and_the_bad_ones_among_the_rest_counted() -> None:
    operations = [*ran(40), *ran(2), *ran(1, "not-run")]
    full = report().model_copy(update={"operations": operations})
    page = outcome.render(ApproveOutput(status="failed", reason="x", report=full), markdown=False)
    assert "and 3 more; 1 of them did not go through" in page
    whole = outcome.render(ApproveOutput(status="failed", reason="x", report=full), markdown=False, limit=None)
    assert "more;" not in whole


def test_a_waiting_person_is_given_the_place_to_decide() -> None:
    page = outcome.render(
        ApproveOutput(status="awaiting_human", reason="x", url="http://localhost:1/plans/p"), markdown=False
    )
    assert "http://localhost:1/plans/p" in page


def order() -> Order:
    return Order(
        plan_id="plan1",
        digest="ab" * 32,
        env="dev",
        identity=Identity("dev", "localhost", 5432, "app", "migrator", "1", 2, "18.6", 180006),
        fingerprint="ff",
        settings=SessionSettings("public"),
        statements=(
            Statement(1, "CREATE TABLE t (id int) -- ```", 1, "CreateStmt", "CREATE", "table", "t", "Create table t"),
        ),
        version=NAME.version,
        name=NAME.name,
        rollback=("DROP TABLE t",),
        rollback_proof="proven",
        approved_by="ann (form)",
        source="specs/database-schema.md",
        source_sha256="cd" * 32,
        undoes="20260101000000",
    )


def stored() -> StoredPlan:
    return StoredPlan(
        plan_id="plan1",
        env="dev",
        state="applied",
        digest="ab" * 32,
        envelope=b"",
        token_hash="",
        page=plan().model_dump_json(by_alias=True),
        statements=order().statements,
        rollback=order().rollback,
        rollback_proof="proven",
        requester="claude (unverified)",
        created_at=0,
        expires_at=1,
    )


def test_the_kept_report_says_who_what_and_how_to_go_back() -> None:
    page = outcome.report_page(stored(), order(), report())
    for words in ("ann (form)", "claude (unverified)", "DROP TABLE t;", "CREATE TABLE t", "20260101000000", "````sql"):
        assert words in page
    assert '"migration": "20261124010203"' in page
    assert fits(page)


def test_generated_types_are_told_with_failures_explained() -> None:
    output = GenerateOutput(env="dev", timings={}, next_steps=["Mend it."], **TYPES.model_dump())
    page = generated.render(output, markdown=True)
    for words in (
        "Not done",
        "The application does not compile.",
        "⟨28 lines before⟩",
        "line 39",
        "1,200 lines, written",
    ):
        assert words in page
    assert "src/users.ts:3 TS2339" in page
    assert page.count("✅ ok") == 1
    assert "│ skipped" in page
    assert fits(page)
    good = output.model_copy(update={"ok": True, "generators": [], "diagnostics": [], "differences": []})
    assert "Done. No database was changed" in generated.render(good, markdown=False)


def test_long_lists_of_differences_are_counted() -> None:
    output = GenerateOutput(env="dev", timings={}, next_steps=[], **TYPES.model_dump())
    many = output.model_copy(update={"differences": [f"d{i}" for i in range(50)]})
    assert "… and 10 more" in generated.render(many, markdown=False)


def history(**changes: object) -> HistoryRow:
    made = HistoryRow(
        env="dev",
        version=NAME.version,
        name=NAME.name,
        applied_at="2026-11-24T01:02:03Z",
        applied_by="ann",
        plan_id="plan1",
        rollback="proven",
        rollback_option="plan(…)",
    )
    return made.model_copy(update=changes)


def test_status_shows_everything_that_stands_somewhere() -> None:
    output = StatusOutput(
        environments=[
            EnvironmentStatus(
                env="dev",
                configured=True,
                target=plan().target,
                health="healthy",
                detail="3 tables.",
                fingerprint="abcdef0123456789",
                applied=4,
            ),
            EnvironmentStatus(
                env="prod", configured=False, target=None, health="not-configured", detail="None.", remedy="Set url."
            ),
        ],
        pending=[
            PendingPlan(
                plan_id="p",
                env="dev",
                name="n",
                state="previewed",
                short_code="abababab",
                risk=29,
                created_at="a",
                expires_at="2026-11-24",
                outcome="Nobody answered.",
            )
        ],
        history=[
            history(),
            history(rolled_back_by="20261125"),
            history(rollback=None, applied_by=None, applied_at=None),
        ],
        drift=[
            Drift(env="staging", reference="dev", in_sync=False, differences=["table t is missing"], command="plan(…)"),
            Drift(env="prod", reference="staging", in_sync=True, differences=[]),
        ],
        features=[
            FeatureStatus(
                feature="f", path="p", state="unapplied", statements=3, suggestion="See what it would do: plan(…)"
            )
        ],
        unapplied_files=["supabase/migrations/1_x.sql"],
        next_steps=["Call plan."],
        omitted={"history": 4},
    )
    page = status.render(output, markdown=True)
    for words in (
        "🟢 healthy",
        "not set up",
        "29/100",
        "Nobody answered.",
        "table t is missing",
        "prod has the schema of staging",
        "🟡 not applied",
        "🔙 rolled back",
        "another tool",
        "Left out: 4 history",
        "supabase/migrations/1_x.sql",
    ):
        assert words in page
    assert fits(page)
    assert fits(status.render(output, markdown=False))


def test_an_empty_status_says_so() -> None:
    page = status.render(
        StatusOutput(environments=[], pending=[], history=[], drift=[], features=[], next_steps=["Nothing."]),
        markdown=False,
    )
    for words in ("No plan waits", "No feature", "No migration is recorded"):
        assert words in page


def test_status_lists_are_cut_and_counted() -> None:
    output = StatusOutput(
        environments=[], pending=[], history=[history()] * 60, drift=[], features=[], next_steps=["Nothing."]
    )
    assert "… and 20 more" in status.render(output, markdown=False)


def test_a_rollback_shows_steps_proof_and_what_is_lost() -> None:
    output = RollbackPlanOutput(
        env="dev",
        migration=NAME,
        steps=[
            RollbackStep(sql="DROP TABLE t;", automatic=True),
            RollbackStep(sql="SELECT 1", automatic=False, note="Look first."),
        ],
        local=["Refresh the types."],
        proof="proven-with-data-loss",
        why="Rows of t stay lost.",
        estimated_duration="under a second",
        data_lost=["public.t: about 5 rows"],
        history=[],
        call="plan(…)",
        next_steps=["Call plan."],
    )
    page = rollback.render(output, markdown=True)
    for words in (
        "1 │ DROP TABLE t;",
        "By hand: step 2",
        "Step 2: Look first.",
        "about 5 rows",
        "Proven for the schema only",
    ):
        assert words in page
    assert fits(page)
    many = output.model_copy(update={"steps": output.steps * 30})
    assert "and 20 more steps" in rollback.render(many, markdown=False)


def test_a_migration_without_a_rollback_and_a_history_of_options() -> None:
    nothing = RollbackPlanOutput(
        env="dev",
        migration=NAME,
        steps=[],
        local=[],
        proof=None,
        why="None is stored.",
        estimated_duration="",
        data_lost=[],
        history=[],
        next_steps=["Write one."],
    )
    assert "There is no SQL to run." in rollback.render(nothing, markdown=False)
    listing = nothing.model_copy(update={"migration": None, "history": [history()]})
    page = rollback.render(listing, markdown=False)
    assert "Rollback options on dev" in page
    assert "20261124010203 notifications: plan(…)" in page
