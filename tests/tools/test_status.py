"""status: what is compared, which features count as applied, which plans are still told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db_migrate_tools.evidence import AppliedMigration, TargetFacts
from db_migrate_tools.ports import Refused, StoredPlan
from db_migrate_tools.schema.model import Ref, Table
from db_migrate_tools.sql.script import MOST_BYTES
from db_migrate_tools.status import feature_rows, status
from db_migrate_tools.wire import FeatureStatus, StatusInput, StatusOutput
from report.pages import plan
from tools.worlds import Databases, Plans, Specs, facts, quiet, sha, source_path, world

TABLE = "CREATE TABLE notes (id int PRIMARY KEY)"
INDEX = "CREATE INDEX notes_id ON notes (id)"
SQL = f"{TABLE};\n{INDEX};\n"
NOTES = Table(ref=Ref("table", "public", "notes"), columns=(), owner="ann")


def applied(*sql: str, of: str = SQL, version: str = "20260101000000") -> AppliedMigration:
    return AppliedMigration(
        version=version,
        name="notes",
        plan_id=f"plan{version}",
        applied_at="2026-01-01T00:00:00Z",
        sql=sql,
        source=source_path("notes"),
        sha256=sha(of),
    )


async def feature(*databases: TargetFacts, sql: str = SQL) -> FeatureStatus:
    given = Databases({d.identity.env: d for d in databases})
    [row] = await feature_rows(world(given, specs=Specs({"notes": sql})))
    return row


def asked(**arguments: object) -> StatusInput:
    return StatusInput.model_validate(arguments)


async def look(request: StatusInput, databases: Databases, ledger: Plans | None = None) -> StatusOutput:
    return await status(request, world(databases, ledger), quiet)


async def test_a_feature_is_applied_when_every_statement_of_it_is_recorded() -> None:
    row = await feature(facts("dev", applied(TABLE, INDEX)))
    assert (row.state, row.suggestion) == ("applied", "Applied to dev.")


async def test_a_feature_of_which_operations_were_left_out_is_not_applied_and_the_rest_is_named() -> None:
    row = await feature(facts("dev", applied(TABLE)))
    assert row.state == "unapplied"
    assert row.suggestion == (
        "1 of 2 statements are applied to dev; the rest: "
        'plan(env: "dev", source: {"from": "feature", "feature": "notes"}, operations: ["index"])'
    )


async def test_parts_applied_one_after_the_other_make_a_whole() -> None:
    row = await feature(facts("dev", applied(INDEX, version="20260102000000"), applied(TABLE)))
    assert row.state == "applied"


async def test_a_part_that_was_taken_back_no_longer_counts() -> None:
    back = replace(applied(INDEX, version="20260102000000"), rolled_back_by="20260103000000")
    row = await feature(facts("dev", back, applied(TABLE)))
    assert row.state == "unapplied"
    assert "1 of 2 statements" in row.suggestion
    gone = await feature(facts("dev", replace(applied(TABLE, INDEX), rolled_back_by="20260103000000")))
    assert (gone.state, gone.suggestion.startswith("See what it would do")) == ("unapplied", True)


async def test_a_statement_added_to_an_applied_spec_is_a_change() -> None:
    row = await feature(facts("dev", applied(TABLE, of="the earlier spec")))
    assert row.state == "changed-since-applied"
    assert 'plan(env: "dev"' in row.suggestion


async def test_another_comment_in_an_applied_spec_is_no_change() -> None:
    row = await feature(facts("dev", applied(TABLE, INDEX, of="the earlier spec")))
    assert row.state == "applied"


async def test_the_next_environment_is_suggested_once_one_has_the_whole() -> None:
    row = await feature(facts("dev", applied(TABLE, INDEX)), facts("staging"))
    assert row.state == "applied"
    assert row.suggestion.startswith('Applied to dev; next: plan(env: "staging"')


async def test_a_part_in_one_environment_is_told_although_another_has_the_whole() -> None:
    row = await feature(facts("dev", applied(TABLE, INDEX)), facts("staging", applied(TABLE)))
    assert row.state == "unapplied"
    assert "1 of 2 statements are applied to staging" in row.suggestion


async def test_a_record_without_statements_stands_for_its_source() -> None:
    assert (await feature(facts("dev", applied()))).state == "applied"
    assert (await feature(facts("dev", applied(of="the earlier spec")))).state == "changed-since-applied"


async def test_features_that_cannot_be_planned_say_why() -> None:
    assert (await feature(facts("dev"), sql="")).suggestion == "The spec cannot be read. Mend it."
    assert (await feature(facts("dev"), sql="CREATE TABEL x ();")).state == "blocked"
    assert (await feature(facts("dev"), sql="CREATE TABEL x ();")).suggestion.startswith("Line 1: ")
    assert (await feature(facts("dev"), sql=" " * (MOST_BYTES + 1))).suggestion.startswith("This is 32.0 MB of SQL")
    assert (await feature(facts("dev"), sql="-- nothing\n")).state == "no-sql"


async def test_sync_compares_every_configured_environment_whichever_is_asked_about() -> None:
    given = Databases({"dev": facts("dev", applied(TABLE), objects=[NOTES]), "staging": facts("staging")})
    output = await look(asked(env="staging", sync=True), given)
    assert [e.env for e in output.environments] == ["dev", "staging"]
    [drift] = output.drift
    assert (drift.env, drift.reference, drift.in_sync) == ("staging", "dev", False)
    assert output.history == []


async def test_without_sync_only_the_named_environment_is_read() -> None:
    given = Databases({"dev": facts("dev"), "staging": facts("staging", applied(TABLE))})
    output = await look(asked(env="staging"), given)
    assert given.asked == ["staging"]
    assert (output.drift, [row.env for row in output.history]) == ([], ["staging"])


async def test_an_environment_that_cannot_be_read_is_told_and_not_compared() -> None:
    given = Databases({"dev": facts("dev"), "staging": "It refuses connections."})
    output = await look(asked(sync=True), given)
    assert [e.health for e in output.environments] == ["healthy", "unreachable", "not-configured"]
    assert output.drift == []
    assert "staging: Start it." in output.next_steps


async def test_every_difference_is_given() -> None:
    objects = [Table(ref=Ref("table", "public", f"t{i:03}"), columns=(), owner="ann") for i in range(60)]
    given = Databases({"dev": facts("dev", objects=objects), "staging": facts("staging")})
    [drift] = (await look(asked(sync=True), given)).drift
    assert len(drift.differences) == 60


def stored(state: str = "executing") -> StoredPlan:
    return StoredPlan(
        plan_id="plan1",
        env="dev",
        state=state,  # type: ignore[arg-type]
        digest="ab" * 32,
        envelope=b"",
        token_hash="hash",
        page=plan().model_dump_json(by_alias=True),
        statements=(),
        rollback=(),
        rollback_proof="proven",
        requester="a test",
        created_at=1_767_225_600,  # 2026-01-01T00:00:00Z
        expires_at=1_767_312_000,
    )


LATER = replace(applied(TABLE), applied_at="2026-01-01T00:00:01Z")


@pytest.mark.parametrize(
    ("database", "told"),
    [
        (facts("dev"), True),
        (facts("dev", LATER), False),
        (facts("dev", replace(LATER, applied_at="2025-12-31T23:59:59Z")), True),
        (facts("dev", replace(LATER, applied_at=None)), True),
        (facts("dev", replace(LATER, plan_id="plan1")), True),
        (facts("dev", LATER, pending="plan1"), True),
        ("It refuses connections.", True),
    ],
)
async def test_an_unfinished_run_is_told_until_the_database_has_gone_on_without_it(
    database: TargetFacts | str, told: bool
) -> None:
    output = await look(asked(env="dev"), Databases({"dev": database}), Plans((stored(),)))
    assert [p.plan_id for p in output.pending] == (["plan1"] if told else [])
    assert any("began to run" in step for step in output.next_steps) is told


async def test_plans_that_wait_and_damaged_rows_are_told() -> None:
    ledger = Plans((stored("awaiting"),), ("Plan p2 in the ledger was edited.",))
    output = await look(asked(), Databases({"dev": facts("dev")}), ledger)
    assert output.next_steps[0].startswith("Plan p2 in the ledger was edited.")
    assert any("waits for a person" in step for step in output.next_steps)


async def test_one_plan_is_found_by_its_token_and_an_unknown_token_is_refused() -> None:
    given, ledger = Databases({"dev": facts("dev", LATER)}), Plans((stored(),))
    assert [p.state for p in (await look(asked(token="hash"), given, ledger)).pending] == ["executing"]
    with pytest.raises(Refused, match="not known here"):
        await look(asked(token="other"), given, ledger)


async def test_nothing_to_do_is_said() -> None:
    output = await look(asked(env="dev"), Databases({"dev": facts("dev")}))
    assert output.next_steps == ["Nothing waits to be done."]
