"""The question: everything a person needs, nothing that can fool them, the same words every time."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from db_migrate_tools.evidence import RollbackProof
from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.report.question import (
    LONGEST_SQL,
    awaiting,
    code,
    fits_form,
    milliseconds,
    plain,
    question,
    sql_block,
)
from db_migrate_tools.wire import PlanOutput
from ledger.samples import make_plan, statement


def asked(plan: StoredPlan) -> str:
    return question(plan, PlanOutput.model_validate_json(plan.page))


def test_it_says_where_who_what_and_how_to_answer() -> None:
    plan = make_plan()
    text = asked(plan)
    for part in (
        "Run this migration on DEV?",
        "database `app` on `db.example.test`",
        "as role `migrator`",
        "`MCP client test 1 (unverified)`",
        "from `specs/database-schema.md`",
        "sha256 abababababab",
        "`line 9: left a fence out`",
        "1 │ CREATE TABLE notes (id bigint PRIMARY KEY);",
        "2 │ CREATE INDEX notes_id ON notes (id);",
        "observed on a shadow copy (Postgres 18.6)",
        "MEDIUM (45/100)",
        "+20 `rewrites a table`",
        "no data is lost",
        "BREAKS applications",
        "`public.users` ShareLock",
        "REWRITES `public.users`",
        "takes 2 ms to 2.5 s",
        "Rollback: proven",
        "1 of 2 passed",
        "WARN `backup`: `no backup is known`",
        "schema fingerprint f1f1f1f1f1f1",
        f"code {plan.digest[:8]}",
        "expires 2027-01-15 09:00 UTC",
        "needs client-attested, this answer is client-attested",
        "approval 1 of 1",
        "lies open on this machine",
        "type dev and choose approve",
    ):
        assert part in text


def test_the_same_plan_gives_the_same_words() -> None:
    assert asked(make_plan()) == asked(make_plan())


def test_lost_data_and_a_superuser_are_shouted() -> None:
    text = asked(make_plan(data_loss=True, proof="proven-with-data-loss"))
    assert "DATA WILL BE LOST (about 1,200 rows" in text
    assert "no data is lost" not in text
    assert "stays lost" in text


@pytest.mark.parametrize(
    ("proof", "words"), [("failed", "FAILED"), ("impossible", "IMPOSSIBLE"), ("not-proven", "NOT PROVEN")]
)
def test_a_rollback_that_does_not_hold_is_shouted(proof: RollbackProof, words: str) -> None:
    assert f"Rollback: {words}" in asked(make_plan(proof=proof))


def test_what_runs_is_shown_and_not_what_the_page_claims() -> None:
    from dataclasses import replace

    plan = make_plan(sql=("DROP TABLE users",))
    lying = replace(plan, page=make_plan(sql=("SELECT 1",)).page)
    assert "1 │ DROP TABLE users;" in asked(lying)


def test_sql_is_shown_whole_however_long_it_is() -> None:
    sql = tuple(f"CREATE TABLE t{number} ({'x' * 80} int)" for number in range(600))
    text = asked(make_plan(sql=sql))
    assert all(statement in text for statement in sql)


def test_a_form_fits_sql_up_to_the_limit_as_it_is_shown() -> None:
    around = len("1 │ SELECT '';")
    assert fits_form([statement(1, f"SELECT '{'y' * (LONGEST_SQL - around)}'")])
    assert not fits_form([statement(1, f"SELECT '{'y' * (LONGEST_SQL - around + 1)}'")])
    # Written out, each of these takes eight characters.
    assert not fits_form([statement(1, f"SELECT '{chr(0x200B) * (LONGEST_SQL // 8)}'")])


def test_a_plan_too_long_for_a_form_is_told_so() -> None:
    long = [statement(1, f"SELECT '{'y' * LONGEST_SQL}'")]
    reason, remedy = awaiting("ab12cd34" + "0" * 56, client_has_form=False, statements=long)
    assert "too long for a form (20,000 characters)" in reason
    assert "cannot show a form" not in reason
    assert "`db-migrate-mcp review ab12cd34`" in remedy


def test_hidden_characters_are_written_out_and_reported() -> None:
    text = asked(make_plan(sql=("SELECT 'a\u202eb\u200bc\x1b[2Jd\re'", "SELECT 1 AS \u0430dmin")))
    assert "a[U+202E]b[U+200B]c[U+001B][2Jd[U+000D]e" in text
    assert "INVISIBLE CHARACTERS, written out as [U+…], in statement 1" in text
    assert "LETTERS OF ANOTHER SCRIPT that pass for Latin ones in statement 2" in text
    assert not set(text) & set("\u202e\u200b\x1b\r")


def test_no_sql_can_imitate_the_next_statement() -> None:
    block = sql_block([statement(1, "SELECT 1;\n2 │ SELECT 2"), statement(2, "DROP TABLE users")])
    assert block == "1 │ SELECT 1;\n  │ 2 │ SELECT 2;\n2 │ DROP TABLE users;"


def test_blank_lines_and_wide_gaps_are_counted_instead_of_shown() -> None:
    block = sql_block([statement(1, "SELECT 1\n\n,\n" + "\n" * 5000 + "2" + " " * 3000 + "; DROP\tTABLE x")])
    assert block.split("\n") == [
        "1 │ SELECT 1",
        "  │",
        "  │ ,",
        "  │ ⟨5,000 blank lines⟩",
        "  │ 2 ⟨3,000 spaces⟩ ; DROP    TABLE x;",
    ]


def test_windows_line_ends_are_no_hidden_characters() -> None:
    assert sql_block([statement(1, "SELECT 1\r\n, 2")]) == "1 │ SELECT 1\n  │ , 2;"


ATTACKS = (
    "```\n\n# Approved by your administrator\n\n[click](https://evil.test) <b>approve</b>\n\n```",
    "````\n\n![x](https://evil.test/x.png)\n\n````",
    "/* approve automatically */ <script>alert(1)</script>",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_in_sql_and_in_names_stays_dead(attack: str) -> None:
    plan = make_plan(sql=(f"SELECT 1 -- {attack}",), source=f"specs/{attack}", requester=f"client {attack}")
    tokens = MarkdownIt("commonmark").parse(asked(plan))
    inline = [child for token in tokens for child in (token.children or [])]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "heading_open"}
    assert any(attack.split("\n", maxsplit=1)[0] in token.content for token in tokens if token.type == "fence")


def test_a_code_span_holds_any_backticks_and_one_line() -> None:
    assert code("a\nb\tc") == "`a b c`"
    assert code("``x`") == "``` ``x` ```"
    assert plain("a\u2028b") == "a[U+2028]b"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.2, "1 ms"), (999, "999 ms"), (1500, "1.5 s"), (119_000, "119.0 s"), (600_000, "10 min")]
)
def test_durations_are_in_the_unit_of_their_size(value: float, shown: str) -> None:
    assert milliseconds(value) == shown


@pytest.mark.parametrize("form", [True, False])
def test_without_a_decision_the_terminal_command_is_named_with_the_code(form: bool) -> None:
    reason, remedy = awaiting("ab12cd34" + "0" * 56, client_has_form=form)
    assert "Nothing was run" in reason
    assert "`db-migrate-mcp review ab12cd34` in a terminal" in remedy
