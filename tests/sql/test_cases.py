"""Every case file: what is refused, understood, accepted, and how it is explained."""

from __future__ import annotations

import pytest

from db_migrate_tools.sql.model import Piece, Script
from db_migrate_tools.sql.script import build
from sql.sqlcases import Case, ids, load


def script(case: Case) -> Script:
    return build([Piece(case.sql)])


@pytest.mark.parametrize("case", load("refused.sql") + load("mistakes.sql"), ids=ids)
def test_what_must_not_run_is_refused_with_its_line(case: Case) -> None:
    found = script(case).blockers
    expected = [value.split(": ", 1) for value in case.all("blocked")]
    assert [str(b.line) for b in found] == [line for line, _ in expected], found
    for blocker, (_, words) in zip(found, expected, strict=True):
        assert words in blocker.what
        assert blocker.remedy
        assert "canary" not in blocker.what + blocker.remedy
    for words in case.all("remedy"):
        assert any(words in blocker.remedy for blocker in found)


@pytest.mark.parametrize("case", load("accepted.sql"), ids=ids)
def test_what_may_run_is_accepted_and_every_choice_is_told(case: Case) -> None:
    found = script(case)
    assert found.blockers == ()
    assert found.statements
    expected = [value.split(": ", 1) for value in case.all("choice")]
    assert [str(c.line) for c in found.choices] == [line for line, _ in expected], found.choices
    for choice, (_, words) in zip(found.choices, expected, strict=True):
        assert words in choice.what


@pytest.mark.parametrize("case", load("explained.sql"), ids=ids)
def test_a_statement_is_explained(case: Case) -> None:
    found = script(case)
    assert found.blockers == ()
    (statement,) = found.statements
    assert statement.description == case.name
    assert f"{statement.type} {statement.category} | {statement.target}" == case.all("is")[0].rstrip(" ").ljust(
        len(f"{statement.type} {statement.category} | {statement.target}")
    )
    assert statement.text == case.sql.strip().removesuffix(";")
