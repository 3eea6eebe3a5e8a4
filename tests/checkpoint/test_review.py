"""`review`, through a real pseudo-terminal: shows everything, takes one typed word, runs, and only then."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from checkpoint.reviewer import Runner, page_of, world_over
from db_migrate.checkpoint.terminal import Terminal
from db_migrate.cli.review import review
from db_migrate.ledger.store import SqlLedger
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.wire import ApproveOutput
from ledger.samples import HandClock, approval, make_plan, rejection

PROMPT = "leave it: "


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqlLedger]:
    opened = SqlLedger.at(path, HandClock())
    yield opened
    opened.close()


@dataclass
class Screen:
    """What a terminal showed, the exit status of `review`, and what ran."""

    text: str
    status: int
    ran: str


def sit_before(ours: int, typed: bytes | None, before: Callable[[], object]) -> str:
    """Read a pseudo-terminal until its other end closes; at the prompt call `before`, then type. None hangs up."""
    shown = b""
    asked = False
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # what Linux says when the other end is closed
            part = b""
        if not part:
            break
        shown += part
        if not asked and PROMPT.encode() in shown:
            asked = True
            before()
            if typed is None:
                break
            os.write(ours, typed)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def in_a_process(path: Path, plan: str, typed: bytes | None, *, interrupt: bool = False) -> Screen:
    """`review PLAN` as a process of its own at a pseudo-terminal."""
    log = path.with_name("ran.log")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("reviewer.py"), path, log, plan],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(theirs)
    text = sit_before(ours, typed, lambda: process.send_signal(signal.SIGINT) if interrupt else None)
    return Screen(text, process.wait(), log.read_text() if log.exists() else "")


async def at_terminal(
    ledger: SqlLedger,
    path: Path,
    plan: str,
    typed: bytes,
    *,
    before: Callable[[], Coroutine[Any, Any, None]] | None = None,
    early: bytes = b"",
) -> Screen:
    """`review PLAN` in this process, with a pseudo-terminal for its own."""
    log = path.with_name("ran.log")
    ours, theirs = os.openpty()
    texts: list[str] = []
    status = -1

    def meanwhile() -> None:
        if before is not None:
            anyio.from_thread.run(before)

    def person() -> None:
        texts.append(sit_before(ours, typed, meanwhile))

    if early:
        os.write(ours, early)
        await anyio.wait_readable(theirs)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, person)
        with os.fdopen(theirs, "r+b", buffering=0) as device, io.TextIOWrapper(device, write_through=True) as both:
            status = await review(
                world_over(ledger),
                plan,
                terminal=Terminal(both, both),
                execute=Runner(ledger, log).execute,
                as_json=False,
                page_of=page_of,
            )
    return Screen(texts[0], status, log.read_text() if log.exists() else "")


async def state_of(ledger: SqlLedger, plan_id: str = "p1") -> str:
    plan = await ledger.by_id(plan_id)
    assert plan is not None
    return plan.state


async def test_typing_the_environment_approves_and_runs(ledger: SqlLedger, path: Path) -> None:
    plan = make_plan()
    await ledger.issue(plan)
    screen = in_a_process(path, plan.digest[:8], b"dev\n")
    assert screen.status == 0
    assert screen.ran == "p1 approve terminal\n"
    assert "APPLIED: It is applied." in screen.text
    assert "20270115080000" in screen.text
    done = await ledger.by_id("p1")
    assert done is not None
    assert done.state == "applied"
    assert done.decision is not None
    assert done.decision.by.endswith("at a terminal (unverified)")
    assert done.decision.strength == "client-attested"


async def test_everything_is_shown_before_the_prompt(ledger: SqlLedger, path: Path) -> None:
    many = tuple(f"CREATE TABLE t{number} (note text DEFAULT '{'z' * 200}')" for number in range(120))
    await ledger.issue(make_plan(sql=(*many, "SELECT 'a\u202eb\x1b[2J'"), page_file=None))
    screen = await at_terminal(ledger, path, "p1", b"\n")
    before = screen.text.split(PROMPT)[0]
    assert all(f"CREATE TABLE t{number} (note text DEFAULT '{'z' * 200}');" in before for number in range(120))
    assert "a[U+202E]b[U+001B][2J" in before
    assert "\x1b[2J" not in before
    for part in (
        "Plan p1 for",
        "database `app` on `db.example.test`",
        "lock ShareLock on public.users",
        "2 ms to 2.5 s (measured on the shadow)",
        "MEDIUM: Writes wait. Run it when it is quiet.",
        "Rollback SQL\n1 │ DROP TABLE notes;",
        "a backup",
        "count the rows",
        "src/a.ts:3",
        "expires 2027-01-15 09:00 UTC",
        "\x1b[30;42m DEV \x1b[0m",
    ):
        assert part in before


async def test_reject_ends_the_plan(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    screen = await at_terminal(ledger, path, "p1", b"reject\n")
    assert (screen.status, screen.ran) == (0, "")
    assert "Rejected." in screen.text
    assert await state_of(ledger) == "declined"


@pytest.mark.parametrize("typed", [b"\n", b"yes\n", b"y\n", b"DEV\n", b"staging\n", b"approve\n", b"\x04"])
async def test_anything_else_leaves_it_waiting(ledger: SqlLedger, path: Path, typed: bytes) -> None:
    await ledger.issue(make_plan())
    screen = await at_terminal(ledger, path, "p1", typed)
    assert screen.status != 0
    assert screen.ran == ""
    assert await state_of(ledger) == "previewed"


async def test_ctrl_c_at_the_prompt_leaves_it_waiting(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    screen = in_a_process(path, "p1", b"", interrupt=True)
    assert screen.status != 0
    assert screen.ran == ""
    assert await state_of(ledger) == "previewed"


async def test_a_terminal_that_goes_away_decides_nothing(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    screen = in_a_process(path, "p1", None)
    assert screen.status != 0
    assert screen.ran == ""
    assert await state_of(ledger) == "previewed"


async def test_what_was_typed_before_the_question_does_not_answer_it(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    screen = await at_terminal(ledger, path, "p1", b"\n", early=b"dev\n")
    assert screen.ran == ""
    assert await state_of(ledger) == "previewed"


async def test_environment_variables_decide_nothing(
    ledger: SqlLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.issue(make_plan())
    for variable in ("CI", "FORCE", "YES", "DB_MIGRATE_YES", "DB_MIGRATE_APPROVE", "NO_COLOR"):
        monkeypatch.setenv(variable, "1")
    screen = await at_terminal(ledger, path, "p1", b"\n")
    assert screen.ran == ""
    assert "\x1b[" not in screen.text
    assert await state_of(ledger) == "previewed"


async def test_prod_can_be_rejected_and_not_approved(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan(env="prod"))
    screen = await at_terminal(ledger, path, "p1", b"prod\n")
    assert (screen.status, screen.ran) == (1, "")
    assert "nobody can execute a plan on prod" in screen.text
    assert "You can only reject it." in screen.text
    assert await state_of(ledger) == "previewed"
    assert (await at_terminal(ledger, path, "p1", b"reject\n")).status == 0
    assert await state_of(ledger) == "declined"


async def test_a_plan_that_was_decided_meanwhile_is_not_decided_again(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())

    async def somebody_else() -> None:
        assert await ledger.move("p1", ("previewed",), "declined", decision=rejection())

    screen = await at_terminal(ledger, path, "p1", b"dev\n", before=somebody_else)
    assert (screen.status, screen.ran) == (1, "")
    assert "Somebody else was first" in screen.text
    assert "This plan is declined" in screen.text


async def test_an_approved_plan_that_never_ran_is_asked_again_and_runs(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "approved", decision=approval())
    screen = await at_terminal(ledger, path, "p1", b"dev\n")
    assert (screen.status, screen.ran) == (0, "p1 approve form\n")


async def test_an_approval_can_be_taken_back_before_it_runs(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "approved", decision=approval())
    assert "taken back" in (await at_terminal(ledger, path, "p1", b"reject\n")).text
    assert await state_of(ledger) == "voided"


async def test_an_interrupted_execution_is_resolved_without_asking(ledger: SqlLedger, path: Path) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "approved", decision=approval())
    await ledger.move("p1", ("approved",), "executing")
    screen = await at_terminal(ledger, path, "p1", b"")
    assert (screen.status, screen.ran) == (0, "p1 approve form\n")
    assert PROMPT not in screen.text


class Recorder(io.StringIO):
    """A pipe: whatever is written to it, it is no terminal."""

    def fileno(self) -> int:
        raise AssertionError("nothing may be read from a pipe")


async def run(
    ledger: SqlLedger, plan: str | None, *, as_json: bool = False, approvals: dict[Env, int] | None = None
) -> tuple[int, str]:
    out = Recorder()

    async def never(plan: StoredPlan) -> ApproveOutput:
        raise AssertionError(f"{plan.plan_id} was executed")

    status = await review(
        world_over(ledger, approvals),
        plan,
        terminal=Terminal(Recorder("dev\n"), out),
        execute=never,
        as_json=as_json,
        page_of=page_of,
    )
    return status, out.getvalue()


async def test_piped_input_shows_the_plan_and_cannot_approve(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    status, text = await run(ledger, "p1")
    assert status == 1
    assert "1 │ CREATE TABLE notes" in text
    assert "piped input cannot approve" in text
    assert await state_of(ledger) == "previewed"


async def test_without_a_plan_the_waiting_ones_are_listed(ledger: SqlLedger) -> None:
    assert (await run(ledger, None)) == (0, "No plan waits for a decision.\n")
    plan = make_plan(requester="[red]evil\x1b[0m[/red]")
    await ledger.issue(plan)
    await ledger.issue(make_plan("p2", env="staging"))
    await ledger.move("p2", ("previewed",), "declined", decision=rejection())
    status, text = await run(ledger, None)
    assert status == 0
    assert plan.digest[:8] in text
    assert "STAGING" not in text
    assert "\x1b" not in text
    assert f"db-migrate-mcp review {plan.digest[:8]}" in text


async def test_lists_and_plans_come_as_json_too(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    status, text = await run(ledger, None, as_json=True)
    assert status == 0
    assert [(row["planId"], row["risk"]) for row in json.loads(text)] == [("p1", 45)]
    status, text = await run(ledger, "p1", as_json=True)
    assert status == 0
    page = json.loads(text)
    assert (page["planId"], page["state"], page["approval"]) == ("p1", "previewed", None)


@pytest.mark.parametrize("wanted", ["p9", "ffffffff", "abc", "", "%", "p1\x1b[2J"])
async def test_an_unknown_plan_is_named(ledger: SqlLedger, wanted: str) -> None:
    await ledger.issue(make_plan())
    status, text = await run(ledger, wanted)
    assert status == 1
    assert "has no plan" in text
    assert "\x1b" not in text


async def test_a_code_that_fits_two_plans_is_not_guessed(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    await ledger.issue(make_plan())
    plan = await ledger.by_id("p1")
    assert plan is not None

    async def twins(env: Env | None, limit: int) -> tuple[StoredPlan, ...]:
        del env, limit
        return (plan, plan)

    monkeypatch.setattr(ledger, "recent", twins)
    status, text = await run(ledger, plan.digest[:4].upper() + "-" + plan.digest[4:8])
    assert status == 1
    assert "fits several plans" in text


async def test_a_plan_that_is_over_shows_what_became_of_it(ledger: SqlLedger, tmp_path: Path) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "approved", decision=approval())
    plan = await ledger.by_id("p1")
    assert plan is not None
    await Runner(ledger, tmp_path / "log").execute(plan)
    status, text = await run(ledger, "p1")
    assert status == 0
    assert "This plan is applied" in text
    assert "approve by MCP client test 1 (unverified)" in text
    assert "APPLIED: It is applied." in text


async def test_an_outcome_that_is_no_page_is_shown_as_it_is(ledger: SqlLedger) -> None:
    await ledger.issue(make_plan())
    await ledger.move("p1", ("previewed",), "voided", outcome="the schema changed")
    status, text = await run(ledger, "p1")
    assert status == 1
    assert "the schema changed" in text


async def test_an_edited_plan_is_refused_and_not_shown(ledger: SqlLedger, path: Path) -> None:
    import sqlite3

    await ledger.issue(make_plan())
    connection = sqlite3.connect(path)
    connection.execute("UPDATE plans SET page = replace(page, 'Writes wait.', 'All is well.')")
    connection.commit()
    connection.close()
    status, text = await run(ledger, "p1")
    assert status == 1
    assert "does not match its digest" in text
    assert "CREATE TABLE" not in text


async def test_a_damaged_plan_hides_no_other(ledger: SqlLedger, path: Path) -> None:
    import sqlite3

    await ledger.issue(make_plan())
    good = make_plan("p2")
    await ledger.issue(good)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE plans SET page = replace(page, 'Writes wait.', 'All is well.') WHERE plan_id = 'p1'")
    connection.commit()
    connection.close()
    status, text = await run(ledger, None)
    assert status == 0
    assert f"db-migrate-mcp review {good.digest[:8]}" in text
    assert "Left out of this list: The ledger row of plan p1 does not match its digest" in text
    status, text = await run(ledger, None, as_json=True)
    assert [row["planId"] for row in json.loads(text)] == ["p2"]
    _, text = await run(ledger, good.digest[:8], as_json=True)
    assert json.loads(text)["planId"] == "p2"
    status, text = await run(ledger, make_plan().digest[:8])
    assert status == 1
    assert "The ledger row of plan p1 does not match its digest" in text
