"""A Supabase-style project's whole history, planned file by file: each proven, or told why not."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Final, get_args

from anyio import create_task_group

from db_migrate_tools.evidence import RollbackProof
from db_migrate_tools.ports import World
from history.places import opened
from history.replay import HISTORY, Line, files, planned_from, without_comments

EXPECTED: Final = HISTORY / "expected.tsv"
HEAD: Final = "migration\toutcome\treason\tunseen statements\n"
WRITE: Final = "REWRITE_HISTORY"
"""Set in the environment, the table is written anew instead of compared: what changed is then in the diff."""

EVERY: Final = int(os.environ.get("HISTORY_EVERY", "6"))
"""Which files are planned, every sixth as a rule; the others are only applied. With 1, all: that takes ten minutes."""
FIRST_HALF: Final = 0.57
"""The later files cost more: the schema has grown."""
BY_RUNNER: Final = 6
"""Every how many files one is applied by the runner; the others as psql would, which is quicker."""

FAMILIES: Final = {
    "functions": (r"create (or replace )?(function|procedure)", 0.30),
    "data": (r"\b(insert into|update [\w.]+|delete from|truncate)\b", 0.30),
    "grants": (r"\b(grant|revoke)\b", 0.25),
    "drops": (r"\bdrop\b", 0.25),
    "auth": (r"\bauth\.", 0.18),
    "policies": (r"\b(create|alter) policy\b", 0.20),
    "blocks": (r"^\s*do\s", 0.10),
    "triggers": (r"create (constraint )?trigger", 0.08),
    "transactions": (r"^\s*(begin|commit);", 0.08),
    "extensions": (r"create extension", 0.03),
    "storage": (r"\bstorage\.", 0.02),
}
"""Patterns, and the least share of the files; real projects' shares are a little more of most."""


async def test_every_migration_of_the_history_is_proven_or_told_why_not(tmp_path: Path) -> None:
    halves: list[list[Line]] = [[], []]
    async with create_task_group() as tasks:
        for number, half in enumerate(halves):
            tasks.start_soon(play, tmp_path / str(number), number, half)
    lines = [*halves[0], *halves[1]]
    table = _table(lines)
    if os.environ.get(WRITE):
        EXPECTED.write_text(table if EVERY == 1 else _mended(lines), "utf-8")
    assert [f"{line.name}: {failure}" for line in lines for failure in line.failures] == []
    assert {line.outcome for line in lines} <= {*get_args(RollbackProof), "empty", "refused"}
    assert [line.name for line in lines if line.outcome != "proven" and not line.why] == []
    assert sum(line.undone for line in lines) > len(lines) // 2
    expected = EXPECTED.read_text("utf-8")
    assert [line.row for line in lines if line.row not in expected.splitlines()] == []
    assert table == expected or EVERY > 1


async def play(place: Path, number: int, lines: list[Line]) -> None:
    """One half of the history, on a database of its own; the second half finds the first applied."""
    paths = files()
    half = round(len(paths) * FIRST_HALF)
    mine = paths[half:] if number else paths[:half]
    async with opened(place) as (_, replay):
        for path in paths[:half] if number else []:
            await replay.skip(path)
        for at, path in enumerate(mine):
            if at % EVERY:
                await replay.skip(path)
            else:
                lines.append(await replay.one(path, by_runner=at // EVERY % BY_RUNNER == 0))


def _mended(lines: list[Line]) -> str:
    """The table as it is, with the rows of these lines; its counts are those of the last whole run."""
    now = {line.name: line.row for line in lines}
    kept = EXPECTED.read_text("utf-8").splitlines()
    return "".join(f"{now.get(row.partition(chr(9))[0], row)}\n" for row in kept)


def _table(lines: list[Line]) -> str:
    counts = Counter((line.outcome, line.reason) for line in lines)
    rows = "".join(f"{line.row}\n" for line in lines)
    summary = "".join(f"# {n}\t{outcome}\t{why}".rstrip() + "\n" for (outcome, why), n in sorted(counts.items()))
    return f"{summary}{HEAD}{rows}"


async def test_on_the_first_day_a_file_is_planned_while_the_others_are_told_as_open(first_day: World) -> None:
    first, *_, last = files()
    planned = await planned_from(first_day, first.name)
    assert planned.proof.ran
    assert planned.approval is not None
    open_files = next(check for check in planned.checks if check.name == "no earlier migrations open")
    assert open_files.status == "warn"
    assert f"{len(files()) - 1} files" in open_files.detail
    needs = next(path for path in files() if path.name.endswith("_invoices.sql"))
    failing = await planned_from(first_day, needs.name)
    assert failing.approval is None
    failed = [check.detail for check in failing.checks if check.status == "fail"]
    assert any('relation "public.organizations" does not exist' in detail for detail in failed), failed
    empty = await planned_from(first_day, last.name)
    assert empty.plan.operations == []
    assert empty.approval is not None, "it is recorded as applied, so that it stays open no longer"


def test_the_history_is_made_of_what_real_projects_write() -> None:
    texts = [without_comments(path.read_text("utf-8")) for path in files()]
    assert len(texts) >= 150
    rare = {
        name: round(found / len(texts), 3)
        for name, (pattern, least) in FAMILIES.items()
        if (found := sum(bool(re.search(pattern, text, re.I | re.M)) for text in texts)) < least * len(texts)
    }
    assert rare == {}
    assert 0.05 < sum(not text.strip() for text in texts) / len(texts) < 0.15
    versions = Counter(path.name.partition("_")[0] for path in files())
    assert max(versions.values()) == 2
