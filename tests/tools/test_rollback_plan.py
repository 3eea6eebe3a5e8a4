"""rollback-plan: which migration is meant, its steps and their proof today."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.evidence import FAILURE, USERS, rehearsal
from db_migrate_tools.evidence import AppliedMigration, Observation, TableSize
from db_migrate_tools.ports import Refused
from db_migrate_tools.rollback_plan import rollback_plan
from db_migrate_tools.schema.model import Catalog, Table
from db_migrate_tools.wire import RollbackPlanInput, RollbackPlanOutput
from tools.worlds import Databases, Rehearser, facts, quiet, world


def ours(version: str, **changes: object) -> AppliedMigration:
    made = AppliedMigration(
        version=version, name=f"m{version}", plan_id=f"p{version}", rollback=("DROP TABLE t",), rollback_proof="proven"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


FOREIGN = AppliedMigration(version="9", name="by_hand")


async def ask(
    *history: AppliedMigration, shadow: Rehearser | None = None, migration: str | None = None, listing: bool = False
) -> RollbackPlanOutput:
    given = world(Databases({"dev": facts("dev", *history)}), shadow=shadow)
    return await rollback_plan(
        RollbackPlanInput.model_validate({"migration": migration, "history": listing}), given, quiet
    )


@pytest.mark.parametrize(
    ("history", "meant"),
    [
        ([ours("2"), ours("1")], "2"),
        ([FOREIGN, ours("2"), ours("1")], "2"),
        ([ours("3"), ours("2", rolled_back_by="3"), ours("1")], "1"),
        ([ours("2", rollback=()), ours("1")], "2"),
        ([FOREIGN], "9"),
        ([ours("3"), ours("2", rolled_back_by="3")], "3"),
    ],
)
async def test_the_newest_is_the_newest_of_ours_that_stands(history: list[AppliedMigration], meant: str) -> None:
    output = await ask(*history)
    assert output.migration is not None
    assert output.migration.version == meant


async def test_the_steps_are_run_on_todays_schema() -> None:
    shadow = Rehearser()
    output = await ask(ours("1"), shadow=shadow)
    assert shadow.ran == ["DROP TABLE t"]
    assert (output.proof, [step.sql for step in output.steps]) == ("proven", ["DROP TABLE t"])
    assert output.call == 'plan(env: "dev", source: {"from": "rollback", "migration": "1"})'


async def test_a_step_that_fails_today_is_no_proof() -> None:
    output = await ask(ours("1"), shadow=Rehearser(rehearsal(Observation(1, error=FAILURE))))
    assert output.proof == "failed"
    assert "step 1 fails" in (output.why or "")


async def test_what_was_taken_back_or_has_no_rollback_runs_nothing() -> None:
    gone = await ask(ours("2", rolled_back_by="3"), migration="2")
    assert (gone.steps, gone.why) == ([], "It was already rolled back by 3.")
    foreign = await ask(FOREIGN, migration="by_hand")
    assert (foreign.steps, foreign.proof) == ([], None)


async def test_the_history_lists_every_migration_with_its_option() -> None:
    output = await ask(FOREIGN, ours("1"), listing=True)
    assert [row.version for row in output.history] == ["9", "1"]
    assert output.migration is None


async def test_no_migration_at_all_is_said() -> None:
    with pytest.raises(Refused, match="nothing to roll back"):
        await ask()


async def test_without_a_rehearsal_nothing_is_proven_and_the_reason_is_told() -> None:
    output = await ask(ours("1"), shadow=Rehearser(rehearsal(ran=False, why_not="No Postgres.", after=None)))
    assert (output.proof, output.why, output.data_lost) == ("not-proven", "No Postgres.", [])


async def test_what_would_be_lost_is_named_with_its_rows() -> None:
    table = Table(ref=USERS, columns=(), owner="ann")
    shadow = Rehearser(rehearsal(after=Catalog({})))
    for size, said in ((None, "its rows were never counted"), (TableSize(1000, 1), "about 1000 rows")):
        read = replace(facts("dev", ours("1"), objects=[table]), sizes={USERS: size} if size else {})
        given = world(Databases({"dev": read}), shadow=shadow)
        output = await rollback_plan(RollbackPlanInput.model_validate({}), given, quiet)
        assert any(said in loss for loss in output.data_lost), output.data_lost
