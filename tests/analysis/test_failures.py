"""A statement that did not run through: whose limit it was, what the target would answer, what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.evidence import rehearsal, script, target
from db_migrate_tools.analysis.checks import checks
from db_migrate_tools.evidence import Observation, PgFailure, TargetFacts
from db_migrate_tools.wire import Check

STOPPED = PgFailure("57014", "still running after 60 s on a copy without rows, so it was stopped", limit="time")
DENIED = PgFailure("42501", "permission denied to alter role")


def check_of(error: PgFailure, facts: TargetFacts | None = None) -> Check:
    found = checks(
        script(), facts or target(), rehearsal(Observation(1, error=error), rollback=None), source_sha256="0" * 64
    )
    (check,) = [check for check in found if check.name == "rehearsal"]
    assert check.status == "fail"
    return check


def test_a_statement_without_end_is_told_with_the_limit_and_the_setting() -> None:
    check = check_of(STOPPED)
    assert check.detail == f"Statement 1 (line 1) did not end: {STOPPED.message}."
    assert "deadline" in (check.remedy or "")
    assert "Mend" not in (check.remedy or "")


@pytest.mark.parametrize("limit", ["space", "memory"])
def test_a_limit_of_the_shadow_is_not_told_as_a_mistake(limit: str) -> None:
    check = check_of(replace(PgFailure("53200", "out of memory"), limit=limit))  # type: ignore[arg-type]
    assert (check.remedy or "").startswith("That is the rehearsal's limit, not the target's.")


def test_a_missing_right_is_told_as_the_target_s_own_answer() -> None:
    assert "On the target ann gets the same answer." in (check_of(DENIED).remedy or "")
    facts = target()
    embedded = replace(facts, identity=replace(facts.identity, embedded=True))
    assert "may not do this in the embedded dev database either" in (check_of(DENIED, embedded).remedy or "")
    # Another role executes: what it may do is not known.
    reader = replace(facts, identity=replace(facts.identity, read_only=True))
    assert "On the target" not in (check_of(DENIED, reader).remedy or "")


def test_any_other_error_is_the_statement_s_own() -> None:
    assert check_of(PgFailure("42601", "syntax error")).remedy == "Mend that statement in the source, then plan again."
