"""Whole plans: calibrated, complete, the same every time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.evidence import EMAIL, FAILURE, USERS, rehearsal, script, statement, target
from analysis.judge import BIG, Judge
from db_migrate_tools.analysis.assess import Application, assess
from db_migrate_tools.analysis.text import bare, has, mentions, outermost
from db_migrate_tools.evidence import Lock, Observation, Rehearsal, RollbackEvidence, TableSize
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.wire import Diagnostic

APP = """
CREATE TABLE "User" (id bigint PRIMARY KEY, email text);
CREATE VIEW everyone AS SELECT email FROM "User";
"""
FEATURE = """
CREATE TABLE "Notification" (id bigint PRIMARY KEY, "userId" bigint NOT NULL, text text);
ALTER TABLE "User" ADD COLUMN "lastActiveAt" timestamptz;
CREATE INDEX idx_notification_user_id ON "Notification" ("userId");
ALTER TABLE "Notification" ADD CONSTRAINT fk_user FOREIGN KEY ("userId") REFERENCES "User" (id);
"""
SMALL = TableSize(100, 65_536)


async def test_an_additive_feature_lies_at_the_edge_of_low_and_medium_in_dev(judge: Judge) -> None:
    plan = (await judge(APP, FEATURE, sizes={"User": SMALL})).plan
    risk = plan.risk_assessment
    assert 25 <= risk.overall_risk <= 38
    assert (risk.breaking_changes, risk.data_loss, risk.downtime) == (False, False, False)
    assert risk.rollback_complexity == "simple"
    assert all(operation.reversible and not operation.data_impact for operation in plan.operations)
    assert [o.locking_behavior for o in plan.operations] == ["none", "brief", "none", "brief"]
    assert [o.hil_class for o in plan.operations] == ["HIGH", "HIGH", "MEDIUM", "HIGH"]
    assert [o.impact for o in plan.operations] == ["medium", "low", "none", "medium"]
    assert plan.estimated_duration == "under a second"


@pytest.mark.parametrize("size", [SMALL, BIG, TableSize(None, 10_000_000)])
async def test_dropping_a_table_with_rows_in_prod_is_high_at_least(judge: Judge, size: TableSize) -> None:
    risk = (
        await judge(APP, 'DROP VIEW everyone; DROP TABLE "User"', sizes={"User": size}, env="prod")
    ).plan.risk_assessment
    assert risk.overall_risk >= 61
    assert risk.data_loss
    assert risk.rollback_complexity == "dangerous"


async def test_a_rewrite_of_a_big_table_is_downtime(judge: Judge) -> None:
    plan = (await judge(APP, 'ALTER TABLE "User" ADD COLUMN t uuid DEFAULT gen_random_uuid()')).plan
    assert plan.risk_assessment.downtime
    assert plan.operations[0].locking_behavior == "exclusive"
    assert plan.operations[0].data_impact
    assert "quiet time" in " ".join(plan.prerequisites)
    assert "s" in plan.estimated_duration


async def test_the_scope_counts_tables_rows_bytes_and_dependents(judge: Judge) -> None:
    scope = (await judge(APP, FEATURE, sizes={"User": SMALL})).plan.impact_scope
    assert scope.tables == ['"User"', '"Notification" (new)']
    assert (scope.rows, scope.bytes) == (100, 65_536)
    changed = (await judge(APP, 'ALTER TABLE "User" ALTER COLUMN id SET DEFAULT 1')).plan.impact_scope
    assert changed.dependents == []
    column = (await judge(APP, 'ALTER TABLE "User" ALTER COLUMN email SET DEFAULT 1')).plan.impact_scope
    assert column.dependents in ([], ["view everyone"])


async def test_what_is_checked_afterwards_names_the_new_objects(judge: Judge) -> None:
    steps = " ".join((await judge(APP, FEATURE, sizes={})).plan.validation_steps)
    for words in ('"Notification"', "idx_notification_user_id", "fk_user", "fingerprint"):
        assert words in steps
    gone = (await judge(APP, 'DROP VIEW everyone; ALTER TABLE "User" DROP COLUMN email', sizes={})).plan
    assert any("No longer there" in step and "email" in step for step in gone.validation_steps)


async def test_the_rollback_plan_is_the_proven_one_with_what_is_left_to_people(judge: Judge) -> None:
    way = (await judge(APP, FEATURE, sizes={})).plan.rollback_plan
    assert way.proof == "proven"
    assert all(step.automatic for step in way.steps)
    assert any("DROP TABLE" in step.sql for step in way.steps)
    assert any("generate-only" in step for step in way.local)
    assert way.estimated_duration == "under a second"


async def test_the_same_evidence_gives_the_same_plan(judge: Judge) -> None:
    case = await judge(APP, FEATURE)
    again = assess(case.script, case.target, replace(case.rehearsal, ms=99999), env="dev")
    assert again == case.plan


async def test_steps_outside_a_transaction_ask_for_a_direct_connection(judge: Judge) -> None:
    plan = (await judge(APP, 'CREATE INDEX CONCURRENTLY i ON "User" (email)')).plan
    assert plan.operations[0].locking_behavior == "none"
    assert "pooler" in " ".join(plan.prerequisites)


def test_the_application_s_errors_and_mentions_are_part_of_the_scope() -> None:
    known = Application((Diagnostic(file="src/a.ts", line=3, code="TS1", message="No."),), ("src/b.ts:4",))
    plan = assess(script(), target(), rehearsal(), env="dev", application=known)
    assert plan.impact_scope.application_files == ["src/a.ts:3 TS1 No.", "src/b.ts:4 (mentioned)"]
    assert plan.risk_assessment.breaking_changes


def test_a_statement_that_was_not_seen_is_taken_for_the_worst() -> None:
    plan = assess(script(), target(), rehearsal(Observation(1, observed=False, why_not="no")), env="dev")
    operation = plan.operations[0]
    assert operation.locking_behavior == "exclusive"
    assert not operation.locks[0].observed
    assert operation.hazards[0].code == "not-observed"
    drop = script(statement(text="DROP TABLE users", kind="DropStmt", type="DROP", category="table"))
    unseen = assess(drop, target(), Rehearsal(False, "", "empty", why_not="no shadow"), env="dev")
    assert unseen.risk_assessment.data_loss
    assert unseen.rollback_plan.proof == "not-proven"
    concurrent = statement(
        text="CREATE INDEX CONCURRENTLY i ON users (email)", kind="IndexStmt", type="INDEX", transactional=False
    )
    index = assess(script(concurrent), target(), rehearsal(Observation(1, observed=False)), env="dev").operations[0]
    assert (index.locks[0].mode, index.locking_behavior) == ("ShareUpdateExclusiveLock", "none")


def test_a_statement_that_fails_is_not_reversible() -> None:
    plan = assess(script(), target(), rehearsal(Observation(1, error=FAILURE), after=None), env="dev")
    assert plan.operations[0].hazards[0].code == "fails-on-rehearsal"
    assert not plan.operations[0].reversible
    assert "Some hint." in plan.operations[0].hazards[0].remedy


def test_rollbacks_and_data_are_of_the_highest_class() -> None:
    assert assess(script(), target(), rehearsal(), env="dev", origin="rollback").operations[0].hil_class == "CRITICAL"
    data = script(statement(type="DATA", category="data", kind="InsertStmt", writes_rows=True))
    assert assess(data, target(), rehearsal(), env="dev").operations[0].hil_class == "CRITICAL"


def test_what_lost_its_data_in_the_rollback_is_not_called_reversible() -> None:
    evidence = RollbackEvidence(("x",), "proven-with-data-loss", lost=(EMAIL,), notes=("Values stay lost.",))
    lost = rehearsal(Observation(1, dropped=(EMAIL,)), Observation(2), rollback=evidence)
    plan = assess(script(statement(), statement(2)), target(), lost, env="dev")
    assert [operation.reversible for operation in plan.operations] == [False, True]
    assert plan.rollback_plan.steps[-1].note == "Values stay lost."


def test_only_an_owner_may_change_a_table() -> None:
    facts = target()
    other = replace(facts, identity=replace(facts.identity, role="bob"))
    seen = rehearsal(Observation(1, locks=(Lock("public.users", "AccessExclusiveLock"),)))
    assert any("bob must be a member of ann" in p for p in assess(script(), other, seen, env="dev").prerequisites)
    assert not assess(script(), facts, seen, env="dev").prerequisites


def test_extensions_must_be_offered() -> None:
    seen = rehearsal(Observation(1, created=(Ref("extension", "", "citext"),)))
    assert any("citext" in p for p in assess(script(), target(), seen, env="dev").prerequisites)


def test_an_empty_script_is_an_empty_plan() -> None:
    plan = assess(replace(script(), statements=()), target(), rehearsal(), env="dev")
    assert (plan.operations, plan.estimated_duration) == ([], "nothing to run")
    assert plan.impact_scope.tables == []


def test_tables_whose_size_was_not_measured_are_not_called_empty() -> None:
    facts = replace(target(), sizes={})
    seen = rehearsal(
        Observation(1, locks=(Lock("public.users", "AccessExclusiveLock"),), rewrites=("public.users",)), after=None
    )
    found = assess(script(), facts, seen, env="dev").operations[0].hazards[0]
    assert (found.code, found.severity) == ("rewrite-under-lock", "HIGH")
    assert "size unknown" in found.message


@pytest.mark.parametrize("name", ["users", "public.users", '"users"', '"public"."users"'])
def test_a_table_is_found_by_every_spelling_of_its_name(name: str) -> None:
    update = statement(text=f"DELETE FROM {name}", kind="DeleteStmt", relations=(name,), type="DATA")
    plan = assess(script(update), target(), rehearsal(), env="dev")
    assert "delete-no-where" in {hazard.code for hazard in plan.operations[0].hazards}
    assert USERS.name in plan.impact_scope.tables


def test_words_in_comments_literals_and_names_do_not_count() -> None:
    assert not has("SELECT 'CASCADE' -- CASCADE\n /* CASCADE /* x */ */ \"CASCADE\" $$ CASCADE $$", "CASCADE")
    assert has("DROP TABLE t CASCADE", "CASCADE")
    assert bare("select  E'it\\'s' x") == "SELECT X"
    assert outermost("UPDATE t SET a = (SELECT 1 WHERE (true))") == "UPDATE T SET A ="
    assert mentions("SELECT * FROM Orders", "orders")
    assert not mentions("SELECT * FROM reorders", "orders")
    assert not mentions("SELECT * FROM user", "User")
