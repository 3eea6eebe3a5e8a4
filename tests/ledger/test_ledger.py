"""The ledger: what goes in comes out, each transition happens once, and nobody edits it unseen."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from db_migrate.ledger import engine as ledger_engine
from db_migrate.ledger.engine import LedgerBusy, LedgerTooNew, LedgerUnreadable
from db_migrate.ledger.rows import LedgerTampered
from db_migrate.ledger.store import MOST_PENDING, ClockBehind, SqlLedger, TooManyPending
from db_migrate.ledger.tables import metadata
from db_migrate_tools.envelope import digest_of_bytes
from db_migrate_tools.lifecycle import TRANSITIONS, PlanState, may_become
from db_migrate_tools.ports import Decision, Ledger, StoredPlan
from db_migrate_tools.wire import ApproveOutput, ExecutionReport, OperationReport
from ledger.samples import HOUR, NOW, HandClock, approval, make_plan, rejection, statement, token_of

STATES: tuple[PlanState, ...] = get_args(PlanState)
WAY_TO: dict[PlanState, tuple[PlanState, ...]] = {
    "previewed": (),
    "awaiting": ("awaiting",),
    "approved": ("approved",),
    "executing": ("approved", "executing"),
    "applied": ("approved", "executing", "applied"),
    "failed": ("approved", "executing", "failed"),
    "rolled_back": ("approved", "executing", "rolled_back"),
    "declined": ("declined",),
    "expired": ("expired",),
    "voided": ("voided",),
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".db-migrate" / "ledger.db"


@pytest.fixture
def ledger(path: Path, clock: HandClock) -> Iterator[SqlLedger]:
    opened = SqlLedger.at(path, clock)
    yield opened
    opened.close()


def edit(path: Path, sql: str, *values: object) -> None:
    """What someone with the file in hand can do."""
    connection = sqlite3.connect(path)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def decision_for(state: PlanState) -> Decision | None:
    return approval() if state == "approved" else rejection() if state == "declined" else None


async def bring(ledger: Ledger, plan: StoredPlan, state: PlanState) -> None:
    await ledger.issue(plan)
    here: PlanState = "previewed"
    for following in WAY_TO[state]:
        assert await ledger.move(plan.plan_id, (here,), following, decision=decision_for(following))
        here = following


async def test_a_plan_comes_back_as_it_went_in(ledger: SqlLedger) -> None:
    plan = make_plan(version="20270115080000")
    await ledger.issue(plan)
    expected = replace(plan, updated_at=NOW)
    assert await ledger.by_id("p1") == expected
    assert await ledger.by_token(token_of("p1")) == expected
    assert await ledger.pending() == (expected,)
    assert await ledger.recent("dev", 5) == (expected,)


async def test_unknown_tokens_and_ids_lead_nowhere(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    assert await ledger.by_token("dbm_other") is None
    assert await ledger.by_token("") is None
    assert await ledger.by_id("p2") is None
    assert not await ledger.move("p2", ("previewed",), "voided")


async def test_the_token_is_nowhere_in_the_file(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    ledger.close()
    assert token_of("p1").encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_a_page_that_carries_the_token_is_not_stored(ledger: SqlLedger) -> None:
    plan = make_plan()
    with pytest.raises(ValueError, match="token itself"):
        await ledger.issue(replace(plan, page=plan.page.replace("because", f"use {token_of('p1')}")))


async def test_passwords_in_outcomes_and_names_are_taken_out(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "approved", decision=replace(approval(), by="x postgres://a:canary@h/d"))
    await ledger.move("p1", ("approved",), "executing")
    await ledger.move("p1", ("executing",), "failed", outcome="postgresql://u:canary@h/d: password=canary refused")
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.outcome is not None
    assert "canary" not in plan.outcome
    assert b"canary" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_an_outcome_whose_sql_speaks_of_passwords_comes_back_whole(ledger: SqlLedger) -> None:
    sql = "COMMENT ON COLUMN u.p IS 'set password=\"x\" and secret = \"y\"'; SELECT dblink('host=h password=canary')"
    given = ApproveOutput(
        plan_id="p1",
        env="dev",
        status="failed",
        reason='line 1: password="canary" at postgres://u:canary@h/d',
        report=ExecutionReport(
            operations=[OperationReport(sql=sql, ms=1, lock_wait_ms=0, attempts=1, outcome="failed")],
            types=None,
            checks=[],
            total_ms=1,
            next_commands=[],
        ),
    )
    await bring(ledger, make_plan(), "executing")
    await ledger.move("p1", ("executing",), "failed", outcome=given.model_dump_json(by_alias=True))
    plan = await ledger.by_token(token_of("p1"))
    assert plan is not None
    assert plan.outcome is not None
    assert "canary" not in plan.outcome
    stored = ApproveOutput.model_validate_json(plan.outcome)
    assert stored.reason == "line 1: password=••• at postgres://u:•••@h/d"
    assert stored.report is not None
    assert stored.report.operations[0].sql == sql.replace("canary", "•••")


async def test_decision_version_and_outcome_are_kept_and_logged_in_order(ledger: SqlLedger, clock: HandClock) -> None:
    await ledger.issue(make_plan())
    clock.at += 10
    await ledger.move("p1", ("previewed",), "awaiting")
    clock.at += 10
    assert await ledger.move("p1", ("previewed", "awaiting"), "approved", decision=approval(clock.at))
    assert await ledger.move("p1", ("approved",), "executing", version="20270115080000")
    assert await ledger.move("p1", ("executing",), "applied", outcome='{"status":"applied"}')
    plan = await ledger.by_token(token_of("p1"))
    assert plan is not None
    assert plan.state == "applied"
    assert plan.decision == approval(NOW + 20)
    assert (plan.version, plan.outcome) == ("20270115080000", '{"status":"applied"}')
    assert plan.updated_at == NOW + 20
    log = [(event.came_from, event.state, event.at - NOW, event.decision) for event in await ledger.events("p1")]
    assert log == [
        (None, "previewed", 0, None),
        ("previewed", "awaiting", 10, None),
        ("awaiting", "approved", 20, "approve"),
        ("approved", "executing", 20, None),
        ("executing", "applied", 20, None),
    ]


@pytest.mark.parametrize(("state", "following"), [pair for pair in product(STATES, STATES) if may_become(*pair)])
async def test_every_transition_of_the_lifecycle_is_allowed(
    ledger: SqlLedger, state: PlanState, following: PlanState
) -> None:
    await bring(ledger, make_plan(), state)
    assert await ledger.move("p1", (state,), following, decision=decision_for(following))
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == following


async def test_every_other_transition_is_a_programming_error_and_changes_nothing(ledger: SqlLedger) -> None:
    for state in STATES:
        plan = make_plan(f"p-{state}")
        await bring(ledger, plan, state)
        for following in set(STATES) - TRANSITIONS[state]:
            with pytest.raises(ValueError, match="cannot go from"):
                await ledger.move(plan.plan_id, (state,), following, decision=decision_for(following))
        found = await ledger.by_id(plan.plan_id)
        assert found is not None
        assert found.state == state


async def test_a_move_from_where_the_plan_is_not_does_nothing(ledger: SqlLedger) -> None:
    await bring(ledger, make_plan(), "declined")
    assert not await ledger.move("p1", ("previewed", "awaiting"), "approved", decision=approval())
    assert [event.state for event in await ledger.events("p1")] == ["previewed", "declined"]


@pytest.mark.parametrize("decision", [None, rejection()])
async def test_nothing_becomes_approved_without_an_approval(ledger: SqlLedger, decision: Decision | None) -> None:
    await ledger.issue(make_plan())
    with pytest.raises(ValueError, match="decision to approve"):
        await ledger.move("p1", ("previewed",), "approved", decision=decision)


async def test_nothing_becomes_declined_without_a_rejection(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    with pytest.raises(ValueError, match="decision to reject"):
        await ledger.move("p1", ("previewed",), "declined")


def test_of_many_processes_exactly_one_redeems_each_plan(tmp_path: Path) -> None:
    import anyio

    path = tmp_path / "ledger.db"
    names = [f"p{number}" for number in range(12)]

    async def fill() -> None:
        ledger = SqlLedger.at(path, HandClock())
        for name in names:
            await bring(ledger, make_plan(name), "approved")
        ledger.close()

    anyio.run(fill)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("redeem.py"), path, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [name for process in processes for name in process.communicate()[0].strip().split(",") if name]
    assert sorted(won) == sorted(names)


async def test_a_plan_survives_a_restart(ledger: SqlLedger, path: Path, clock: HandClock) -> None:
    await bring(ledger, make_plan(), "executing")
    ledger.close()
    again = SqlLedger.at(path, clock)
    plan = await again.by_token(token_of("p1"))
    assert plan is not None
    assert plan.state == "executing"
    assert await again.move("p1", ("executing",), "applied", outcome="{}")


EDITS = {
    "the SQL": ("UPDATE plans SET statements = replace(statements, 'CREATE TABLE', 'DROP TABLE')", ()),
    "the envelope": ("UPDATE plans SET envelope = replace(envelope, 'app', 'bpp')", ()),
    "the digest": ("UPDATE plans SET digest = ?", ("0" * 64,)),
    "the page": ("UPDATE plans SET page = replace(page, 'Writes wait.', 'All is well.')", ()),
    "the rollback": ("UPDATE plans SET rollback_statements = '[]'", ()),
    "the rollback's proof": ("UPDATE plans SET rollback_proof = 'impossible'", ()),
    "the environment": ("UPDATE plans SET env = 'prod'", ()),
    "the expiry": ("UPDATE plans SET expires_at = expires_at + 1000000", ()),
    "the requester": ("UPDATE plans SET requester = 'the owner'", ()),
    "the token": ("UPDATE plans SET token_hash = ?", ("1" * 64,)),
    "the state": ("UPDATE plans SET state = 'approved'", ()),
    "the log": ("DELETE FROM events", ()),
    "the page's kind": ("UPDATE plans SET page = ?", (b"\x00",)),
    "garbage": ("UPDATE plans SET statements = 'x'", ()),
    "a text that is none": ("UPDATE plans SET page = CAST(x'ff' AS TEXT)", ()),
    "the log's time": ("UPDATE events SET at = 'noon'", ()),
}


@pytest.mark.parametrize("what", EDITS)
async def test_an_edited_row_is_refused_by_every_way_to_read_it_alone(ledger: SqlLedger, path: Path, what: str) -> None:
    await ledger.issue(make_plan())
    sql, values = EDITS[what]
    edit(path, sql, *values)
    with pytest.raises(LedgerTampered, match="The ledger row of plan p1 does not match its digest"):
        await ledger.by_id("p1")
    with pytest.raises(LedgerTampered):
        await ledger.move("p1", ("previewed", "approved"), "voided")
    assert await ledger.recent(None, 10) == ()


async def test_an_approval_that_is_only_claimed_by_state_and_log_is_refused(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    edit(path, "UPDATE plans SET state = 'approved'")
    edit(path, "INSERT INTO events (plan_id, at, came_from, state) VALUES ('p1', ?, 'previewed', 'approved')", NOW)
    with pytest.raises(LedgerTampered, match="nobody is recorded as having approved it"):
        await ledger.by_id("p1")


@pytest.mark.parametrize("what", EDITS)
async def test_lists_leave_out_the_edited_row_and_name_it(ledger: SqlLedger, path: Path, what: str) -> None:
    await ledger.issue(make_plan())
    sql, values = EDITS[what]
    edit(path, sql, *values)
    await ledger.issue(make_plan("good"))
    assert [plan.plan_id for plan in await ledger.pending()] == ["good"]
    assert [plan.plan_id for plan in await ledger.recent(None, 10)] == ["good"]
    (damage,) = await ledger.damaged()
    assert "The ledger row of plan p1 does not match its digest" in damage
    assert await ledger.by_id("good") is not None


async def test_a_sound_ledger_has_no_damage(ledger: SqlLedger) -> None:
    await bring(ledger, make_plan(), "applied")
    assert await ledger.damaged() == ()


async def test_an_edited_decision_is_refused(ledger: SqlLedger, path: Path) -> None:
    await bring(ledger, make_plan(), "approved")
    edit(path, "UPDATE events SET channel = 'telepathy' WHERE decision IS NOT NULL")
    with pytest.raises(LedgerTampered, match="decision in its log"):
        await ledger.by_id("p1")
    assert len(await ledger.damaged()) == 1


CONTRADICTIONS = {
    "statements": {"statements": (statement(1, "DROP TABLE users"),)},
    "marks": {"statements": tuple(replace(s, transactional=False) for s in make_plan().statements)},
    "rollback": {"rollback": ("DROP TABLE users",)},
    "requester": {"requester": "somebody else"},
    "digest": {"digest": "0" * 64},
    "no envelope": {"envelope": b"{}", "digest": digest_of_bytes(b"{}")},
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
async def test_a_plan_that_contradicts_its_envelope_is_not_stored(ledger: SqlLedger, what: str) -> None:
    with pytest.raises(ValueError, match="contradicts its envelope"):
        await ledger.issue(replace(make_plan(), **CONTRADICTIONS[what]))
    assert await ledger.recent(None, 10) == ()


async def test_a_new_plan_is_previewed(ledger: SqlLedger) -> None:
    with pytest.raises(ValueError, match="previewed"):
        await ledger.issue(replace(make_plan(), state="approved"))


async def test_the_same_plan_or_token_is_not_stored_twice(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    with pytest.raises(IntegrityError):
        await ledger.issue(make_plan())
    with pytest.raises(IntegrityError):
        await ledger.issue(replace(make_plan("p2"), token_hash=make_plan().token_hash))


@pytest.mark.parametrize("state", ["previewed", "awaiting", "approved"])
async def test_a_plan_past_its_time_reads_as_expired_and_stays_so(
    ledger: SqlLedger, clock: HandClock, state: PlanState
) -> None:
    await bring(ledger, make_plan(), state)
    clock.at = NOW + HOUR
    assert await ledger.pending() == ()
    plan = await ledger.by_token(token_of("p1"))
    assert plan is not None
    assert plan.state == "expired"
    assert [event.state for event in await ledger.events("p1")][-1] == "expired"
    clock.at = NOW + HOUR - 1
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == "expired"


async def test_an_expired_plan_cannot_be_approved_even_if_nobody_read_it(ledger: SqlLedger, clock: HandClock) -> None:
    await ledger.issue(make_plan())
    clock.at = NOW + HOUR
    assert not await ledger.move("p1", ("previewed",), "approved", decision=approval())


async def test_what_runs_does_not_expire(ledger: SqlLedger, clock: HandClock) -> None:
    await bring(ledger, make_plan(), "executing")
    clock.at = NOW + 100 * HOUR
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == "executing"
    assert await ledger.move("p1", ("executing",), "applied", outcome="{}")


async def test_a_clock_before_the_plan_was_made_counts_as_expired(ledger: SqlLedger, clock: HandClock) -> None:
    await ledger.issue(make_plan())
    clock.at = NOW - 1
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == "expired"
    assert not await ledger.move("p1", ("previewed",), "approved", decision=approval())
    clock.at = NOW
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == "previewed"


async def test_a_clock_behind_the_newest_entry_counts_as_expired(ledger: SqlLedger, clock: HandClock) -> None:
    await ledger.issue(make_plan())
    clock.at = NOW + 600
    await ledger.issue(make_plan("p2", created_at=NOW + 600))
    clock.at = NOW + 300
    assert await ledger.pending() == ()
    with pytest.raises(ClockBehind, match="300 seconds behind"):
        await ledger.issue(make_plan("p3", created_at=NOW + 300))
    clock.at = NOW + 597
    plan = await ledger.by_id("p1")
    assert plan is not None
    assert plan.state == "previewed"


async def test_one_requester_has_so_many_pending_plans_and_no_more(ledger: SqlLedger, clock: HandClock) -> None:
    for number in range(MOST_PENDING):
        await ledger.issue(make_plan(f"p{number}"))
    with pytest.raises(TooManyPending, match="already has 50 plans"):
        await ledger.issue(make_plan("one-more"))
    await ledger.issue(make_plan("other", requester="somebody else"))
    await ledger.move("p0", ("previewed",), "declined", decision=rejection())
    await ledger.issue(make_plan("instead"))
    clock.at = NOW + HOUR
    await ledger.issue(make_plan("later", created_at=NOW + HOUR))


async def test_lists_are_newest_first_and_can_be_narrowed(ledger: SqlLedger, clock: HandClock) -> None:
    await ledger.issue(make_plan("old"))
    clock.at += 60
    await ledger.issue(make_plan("new", created_at=NOW + 60))
    await ledger.issue(make_plan("stage", env="staging", created_at=NOW + 60))
    await ledger.move("old", ("previewed",), "voided")
    assert [plan.plan_id for plan in await ledger.pending("dev")] == ["new"]
    assert [plan.plan_id for plan in await ledger.recent("dev", 10)] == ["new", "old"]
    assert len(await ledger.recent(None, 2)) == 2


def test_the_file_is_its_owners_alone(path: Path, clock: HandClock) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    SqlLedger.at(path, clock).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"this is no database at all, " * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_broken_file_is_named_and_left_as_it_is(path: Path, clock: HandClock, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerUnreadable, match=str(path)) as caught:
        SqlLedger.at(path, clock)
    assert "Nothing was deleted" in caught.value.remedy
    assert path.read_bytes() == content


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(LedgerUnreadable, match="directory"):
        SqlLedger.at(tmp_path / "ledger.db", clock)


def test_a_link_is_not_followed(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "ledger.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(LedgerUnreadable):
        SqlLedger.at(tmp_path / "ledger.db", clock)
    assert not (tmp_path / "elsewhere.db").exists()


async def test_a_file_broken_while_open_is_a_refusal(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    edit(path, "DROP TABLE events")
    with pytest.raises(LedgerUnreadable, match="no such table"):
        await ledger.by_id("p1")


def test_a_ledger_of_a_newer_version_is_left_alone(path: Path, clock: HandClock) -> None:
    SqlLedger.at(path, clock).close()
    edit(path, "UPDATE ledger_schema SET version = 99")
    with pytest.raises(LedgerTooNew, match="version 99"):
        SqlLedger.at(path, clock)
    edit(path, "DELETE FROM ledger_schema")
    with pytest.raises(LedgerUnreadable, match="version is missing"):
        SqlLedger.at(path, clock)


async def test_a_ledger_that_stays_locked_says_so(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_engine, "BUSY_SECONDS", 0.01)
    ledger = SqlLedger.at(path, clock)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerBusy, match="locked by another process"):
        await ledger.issue(make_plan())
    holder.execute("ROLLBACK")
    holder.close()
    await ledger.issue(make_plan())


async def test_the_tables_are_good_postgres_too(dsn: str) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    connection = await asyncpg.connect(dsn)
    for table in metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "INSERT INTO plans VALUES ('p', 'dev', 'half', '', '', '', '', '', '', 'proven', '', '', '', '', 1, 2, '')"
        )
    await connection.close()
