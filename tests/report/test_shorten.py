"""Results of approve, status, rollback-plan and generate-only stay small, count what they leave out and say where
it is.
"""

from __future__ import annotations

import pytest

from db_migrate_tools.report import generated, outcome, rollback, status
from db_migrate_tools.report.scissors import cost
from db_migrate_tools.report.shorten import shorten_generated, shorten_outcome, shorten_rollback, shorten_status
from db_migrate_tools.wire import (
    ApproveOutput,
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

TOGETHER = 28_000
NAME = MigrationName(version="20261124010203", name="notifications")


def small_statement(i: int) -> str:
    return f'ALTER TABLE "Notification" ADD COLUMN column_number_{i} text'


def large_statement(i: int) -> str:
    return f"CREATE TABLE t{i} (\n" + ",\n".join(f"  column_number_{c} text" for c in range(300)) + "\n)"


def approved(number: int, *, large: bool = False, bad: int = 0) -> ApproveOutput:
    sql = large_statement if large else small_statement
    operations = [
        OperationReport(
            sql=sql(i), ms=1.5, lock_wait_ms=0.1, attempts=1, outcome="done" if i < number - bad else "not-run"
        )
        for i in range(number)
    ]
    report = ExecutionReport(
        operations=operations,
        types=types(number),
        checks=[Check(name="history", status="pass", detail="It is recorded.")],
        total_ms=10,
        next_commands=["/typescripter"],
        files=["supabase/migrations/1_x.sql", "reports/1.md"],
    )
    return ApproveOutput(
        plan_id="plan1",
        env="dev",
        status="applied",
        reason="1_x is applied to dev.",
        migration=NAME,
        report=report,
    )


def types(number: int) -> TypesReport:
    return TypesReport(
        generators=[
            CommandRun(
                name="check",
                command="pnpm typecheck",
                ok=False,
                ms=1,
                output="a line of the compiler\n" * number * 10 + "The last line.",
            )
        ],
        files=[FileWritten(path="src/types/database.types.ts", lines=10, changed=True)],
        differences=[f"Notification.column_number_{i}: new, string | null" for i in range(number)],
        diagnostics=[
            Diagnostic(file="src/users.ts", line=i, code="TS2339", message=f"Property 'x{i}' does not exist.")
            for i in range(number)
        ],
        ok=False,
    )


def made(number: int) -> GenerateOutput:
    return GenerateOutput(env="dev", timings={}, next_steps=["Mend it."], **types(number).model_dump())


def back(number: int, *, large: bool = False) -> RollbackPlanOutput:
    sql = large_statement if large else small_statement
    return RollbackPlanOutput(
        env="dev",
        migration=NAME,
        steps=[RollbackStep(sql=sql(i), automatic=True) for i in range(number)],
        local=[],
        proof="proven",
        estimated_duration="under a second",
        data_lost=[f"public.t{i}: about 5 rows" for i in range(number)],
        history=rows(number),
        call="plan(…)",
        next_steps=["Call plan."],
    )


def rows(number: int) -> list[HistoryRow]:
    return [
        HistoryRow(
            env="dev",
            version=str(20261124000000 + i),
            name=f"migration_{i}",
            applied_at="2026-11-24T01:02:03Z",
            applied_by="ann",
            plan_id="p",
            rollback="proven",
            rollback_option=f'plan(env: "dev", source: {{"from": "rollback", "migration": "{i}"}})',
        )
        for i in range(number)
    ]


def stands(number: int) -> StatusOutput:
    return StatusOutput(
        environments=[
            EnvironmentStatus(env="dev", configured=True, target=None, health="healthy", detail="It answers.")
        ],
        pending=[
            PendingPlan(
                plan_id=f"p{i}",
                env="dev",
                name=f"n{i}",
                state="previewed",
                short_code=f"{i:08}",
                risk=5,
                created_at="a",
                expires_at="2026-11-24",
            )
            for i in range(number)
        ],
        history=rows(number),
        drift=[
            Drift(
                env="staging",
                reference="dev",
                in_sync=False,
                differences=[f"table public.t{i} is missing" for i in range(number)],
                command="plan(…)",
            )
        ],
        features=[
            FeatureStatus(feature=f"f{i}", path=f"p{i}", state="unapplied", statements=3, suggestion=f"plan(f{i})")
            for i in range(number)
        ],
        unapplied_files=[f"supabase/migrations/{i}_x.sql" for i in range(number)],
        next_steps=[f"Call plan for f{i}." for i in range(number)],
    )


@pytest.mark.parametrize("number", [41, 100, 3000])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("markdown", [True, False])
def test_an_outcome_and_its_page_together_stay_small(number: int, large: bool, markdown: bool) -> None:
    whole = approved(number, large=large)
    short, page = shorten_outcome(whole), outcome.render(whole, markdown=markdown)
    assert cost(short) + len(page) < TOGETHER
    assert short.report is not None
    assert len(short.report.operations) + short.omitted["operations"] == number
    assert "db-migrate://plans/plan1/sql" in page
    assert "db-migrate://history/dev" in page
    assert (short.status, short.reason, short.migration) == (whole.status, whole.reason, whole.migration)


def test_of_the_operations_left_out_those_that_did_not_run_are_counted() -> None:
    short = shorten_outcome(approved(100, bad=7))
    assert short.omitted["operationsNotDone"] == 7
    assert "7 of them did not go through" in outcome.render(approved(100, bad=7), markdown=False)
    assert "all of them done" in outcome.render(approved(100), markdown=False)


def test_cut_sql_says_how_much_is_missing_and_where_it_is() -> None:
    short = shorten_outcome(approved(3, large=True))
    assert short.report is not None
    assert "more characters: read db-migrate://plans/plan1/sql" in short.report.operations[0].sql
    assert short.omitted == {"texts": 3}


def test_of_a_commands_output_the_end_is_kept() -> None:
    short = shorten_generated(made(400))
    assert short.generators[0].output.endswith("The last line.")
    assert "characters before" in short.generators[0].output


@pytest.mark.parametrize("number", [41, 100, 3000])
def test_a_status_and_its_page_together_stay_small(number: int) -> None:
    whole = stands(number)
    short, page = shorten_status(whole), status.render(whole, markdown=True)
    assert cost(short) + len(page) < TOGETHER
    for name, shown in (
        ("pending", short.pending),
        ("history", short.history),
        ("features", short.features),
        ("differences", short.drift[0].differences),
        ("unappliedFiles", short.unapplied_files),
        ("nextSteps", short.next_steps),
    ):
        assert len(shown) + short.omitted[name] == number
    assert "db-migrate://history/" in page


@pytest.mark.parametrize("number", [41, 100, 3000])
@pytest.mark.parametrize("large", [False, True])
def test_a_rollback_and_its_page_together_stay_small(number: int, large: bool) -> None:
    whole = back(number, large=large)
    short, page = shorten_rollback(whole), rollback.render(whole, markdown=True)
    assert cost(short) + len(page) < TOGETHER
    assert len(short.steps) + short.omitted["steps"] == number
    assert short.call == whole.call
    assert "plan-only" in page


@pytest.mark.parametrize("number", [41, 100, 3000])
def test_generated_types_and_their_page_together_stay_small(number: int) -> None:
    whole = made(number)
    short, page = shorten_generated(whole), generated.render(whole, markdown=True)
    assert cost(short) + len(page) < TOGETHER
    assert len(short.differences) + short.omitted["differences"] == number
    assert len(short.diagnostics) + short.omitted["diagnostics"] == number


def test_what_is_small_is_left_as_it_is() -> None:
    assert shorten_outcome(approved(2)) == approved(2)
    assert shorten_status(stands(2)) == stands(2)
    assert shorten_rollback(back(2)) == back(2)
    assert shorten_generated(made(2)) == made(2)


def test_a_shortened_result_has_the_same_counts_on_its_page() -> None:
    short = shorten_outcome(approved(100))
    assert f"… and {short.omitted['operations']} more" in outcome.render(short, markdown=False, limit=None)
    twice = shorten_status(shorten_status(stands(100)))
    assert twice.omitted == shorten_status(stands(100)).omitted


def test_without_a_limit_every_page_is_whole() -> None:
    assert "│ 100 │" in outcome.render(approved(100), markdown=False, limit=None)
    assert "supabase/migrations/99_x.sql" in status.render(stands(100), markdown=False, limit=None)
    assert "100 │" in rollback.render(back(100), markdown=False, limit=None)
    assert "column_number_99" in generated.render(made(100), markdown=False, limit=None)


def test_a_long_reason_is_cut_late() -> None:
    short = shorten_outcome(approved(3000).model_copy(update={"reason": "Statement stands. " * 1000}))
    assert len(short.reason) > 1200
    assert cost(short) < TOGETHER
