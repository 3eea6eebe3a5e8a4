"""The prompt: every flag of the command, its spellings, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from db_migrate_tools.prompt import interpret, message
from db_migrate_tools.wire import ApproveInput, GenerateOnlyInput, PlanInput, RollbackPlanInput, StatusInput

FEATURE = {"from": "feature"}
SCHEMAS = {
    "plan": PlanInput,
    "approve": ApproveInput,
    "status": StatusInput,
    "generate-only": GenerateOnlyInput,
    "rollback-plan": RollbackPlanInput,
}


def plan(**changes: Any) -> dict[str, Any]:
    return {"env": "dev", "level": "preview", "source": FEATURE} | changes


def named(feature: str) -> dict[str, str]:
    return {"from": "feature", "feature": feature}


@pytest.mark.parametrize(
    ("options", "tool", "arguments"),
    [
        ("", "plan", plan()),
        ("/db-migrate", "plan", plan()),
        ("/db-migrate --plan-only", "plan", plan(level="plan-only")),
        ("db-migrate --status", "status", {}),
        ("--preview", "plan", plan()),
        ("--plan-only", "plan", plan(level="plan-only")),
        ("--validate", "plan", plan(level="validate")),
        ("--confirm", "plan", plan()),
        ("--from-feature", "plan", plan()),
        ("--from-spec", "plan", plan()),
        ("--from-feature notifications", "plan", plan(source=named("notifications"))),
        ("--from-feature=notifications", "plan", plan(source=named("notifications"))),
        ("--from-spec=notifications", "plan", plan(source=named("notifications"))),
        ('--from-feature "two words"', "plan", plan(source=named("two words"))),
        ("--env dev", "plan", plan()),
        ("--env development", "plan", plan()),
        ("--env staging --from-spec", "plan", plan(env="staging")),
        ("--env stage", "plan", plan(env="staging")),
        ("--env prod --from-spec", "plan", plan(env="prod")),
        ("--env=prod --plan-only", "plan", plan(env="prod", level="plan-only")),
        ("--env Production", "plan", plan(env="prod")),
        ("--production", "plan", plan(env="prod")),
        ("--production --env prod", "plan", plan(env="prod")),
        ("--env prod --env production", "plan", plan(env="prod")),
        ("--operations table,index", "plan", plan(operations=["table", "index"])),
        ('--operations="table, column"', "plan", plan(operations=["table", "column"])),
        ("--file my=x.sql", "plan", plan(source={"from": "file", "path": "my=x.sql"})),
        ("--file=a=b.sql", "plan", plan(source={"from": "file", "path": "a=b.sql"})),
        ("--status", "status", {}),
        ("--status --env staging", "status", {"env": "staging"}),
        ("--status --token t", "status", {"token": "t"}),
        ("--sync", "status", {"sync": True}),
        ("--sync --status", "status", {"sync": True}),
        ("--sync --validate", "status", {"sync": True}),
        ("--generate-only", "generate-only", {"env": "dev"}),
        ("--generate-only --env prod", "generate-only", {"env": "prod"}),
        ("--rollback", "rollback-plan", {"env": "dev"}),
        ("--rollback-plan", "rollback-plan", {"env": "dev"}),
        ("--rollback-plan 20260101", "rollback-plan", {"env": "dev", "migration": "20260101"}),
        ("--rollback=20260101", "rollback-plan", {"env": "dev", "migration": "20260101"}),
        ("--rollback-history", "rollback-plan", {"env": "dev", "history": True}),
        ("--rollback --rollback-history", "rollback-plan", {"env": "dev", "history": True}),
        ("--approve-migration --token t", "approve", {"token": "t", "env": "dev"}),
        (
            "--approve-migration --env prod --confirm --token t",
            "approve",
            {"token": "t", "env": "prod", "confirm": True},
        ),
    ],
)
def test_flags_mean_one_call_that_the_tool_accepts(options: str, tool: str, arguments: dict[str, Any]) -> None:
    call = interpret(options)
    assert (call.problems, call.tool, call.arguments) == ((), tool, arguments)
    SCHEMAS[tool].model_validate(call.arguments)
    assert f"`{tool}`" in message(options)


@pytest.mark.parametrize(
    ("options", "arguments", "then"),
    [
        ("--approve-migration --from-feature", plan(), '"env": "dev"'),
        ("--approve-migration --env prod --confirm", plan(env="prod"), '"env": "prod", "confirm": true'),
        (
            '--approve-migration --operations="table,column,index"',
            plan(operations=["table", "column", "index"]),
            '"env": "dev"',
        ),
    ],
)
def test_approving_begins_with_a_plan_and_goes_on_with_its_token(
    options: str, arguments: dict[str, Any], then: str
) -> None:
    call = interpret(options)
    assert (call.problems, call.tool, call.arguments) == ((), "plan", arguments)
    assert call.then is not None
    assert then in call.then
    said = message(options)
    assert "asks the person, not you" in said
    assert call.then in said


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--env dev --env prod", "--env is given twice and differently: dev and prod."),
        ("--production --env dev", "--env is given twice and differently: prod and dev."),
        ("--file a.sql --file b.sql", "--file is given twice"),
        ("--plan-only --approve-migration", "--approve-migration and --plan-only contradict each other"),
        ("--validate --approve-migration", "--approve-migration and --validate contradict each other"),
        ("--plan-only --token t", "--token and --plan-only contradict each other"),
        ("--plan-only --validate", "--validate and --plan-only contradict each other"),
        ("--status --generate-only", "--status and --generate-only contradict each other"),
        ("--rollback-plan --approve-migration", "--rollback-plan and --approve-migration contradict each other"),
        ("--sync --generate-only", "--sync compares environments"),
        ("--from-feature --file x.sql", "--from-feature and --file contradict each other"),
        ("--env", "--env needs a value."),
        ("--env=", "--env needs a value."),
        ("--file --plan-only", "--file needs a value."),
        ("--env mars", "--env mars: say dev, staging or prod."),
        ("--operations tables", "--operations tables: not one of"),
        ("--force", "--force: there is no such option."),
        ("--status=yes", "yes: not understood"),
        ("now please", "now: not understood"),
        ("--plan-only /db-migrate", "/db-migrate: not understood"),
        ('--file "open', "do not read as words"),
    ],
)
def test_what_is_not_understood_or_contradicts_itself_calls_nothing(options: str, problem: str) -> None:
    assert any(problem in said for said in interpret(options).problems), interpret(options).problems
    said = message(options)
    assert "call nothing" in said
    assert problem in said
    assert "```" not in said
