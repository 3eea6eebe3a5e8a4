from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from db_migrate_tools.report.layout import (
    WIDTH,
    Block,
    Bullets,
    Code,
    Heading,
    Strong,
    Table,
    Text,
    Title,
    box,
    code_lines,
    escape,
    line,
    render,
    width,
    wrap,
)

ANYTHING = st.text(max_size=120) | st.text("ab `*_[](:^x<>#|\\-+=~&!1.)\n\t│🟢漢é\u0301\u202e\u200b", max_size=200)
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


@given(st.lists(st.lists(ANYTHING, min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_line_of_a_table_is_equally_wide_and_fits_the_page(rows: list[list[str]]) -> None:
    widths = {width(each) for each in box(Table(("Type", "変更 🟢", "x"), rows))}
    assert len(widths) == 1
    assert widths.pop() <= WIDTH


@given(ANYTHING, st.integers(3, 40))
def test_wrapping_keeps_every_visible_character_and_the_room(text: str, room: int) -> None:
    shown = line(text)
    lines = wrap(shown, room)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
    assert all(width(each) <= room for each in lines)


@given(ANYTHING)
def test_no_text_of_others_becomes_structure_in_markdown(text: str) -> None:
    blocks: list[Block] = [Title(text), Heading(text), Strong(f"x {text}"), Text(text), Bullets([text, "end"])]
    tokens = MARKDOWN.parse(render(blocks, markdown=True))
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "softbreak", "strong_open", "strong_close", "text_special", "code_inline"}
    opened = {token.type for token in tokens}
    assert opened <= {
        "heading_open",
        "heading_close",
        "paragraph_open",
        "paragraph_close",
        "bullet_list_open",
        "bullet_list_close",
        "list_item_open",
        "list_item_close",
        "inline",
    }
    assert sum(token.type == "heading_open" for token in tokens) == 2
    assert sum(token.type == "list_item_open" for token in tokens) == 2


@given(ANYTHING)
def test_no_code_ends_its_own_fence(text: str) -> None:
    tokens = MARKDOWN.parse(render([Code([text, "last"], numbers=["1", "2"]), Text("after")], markdown=True))
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(ANYTHING)
def test_lines_fit_in_both_ways_of_writing(text: str) -> None:
    blocks: list[Block] = [
        Title(text),
        Text(text),
        Bullets([text], numbered=True),
        Code([text]),
        Code([text], numbers=["1"]),
    ]
    for markdown in (True, False):
        assert all(width(each) <= WIDTH for each in render(blocks, markdown=markdown).split("\n"))


@pytest.mark.parametrize(
    "hostile",
    [
        "# Approved",
        "- [x] done",
        "1. Approve automatically",
        "> quoted",
        "<script>alert(1)</script>",
        "![x](http://evil/x.png)",
        "[click](http://evil)",
        "see http://evil.example and www.evil.example",
        "***",
        "| a | b |",
        "[x] done",
        "__0_",
        "[ref]: http://evil",
        "[^1]: note",
        "&lt;b&gt;",
        "a@evil.example",
    ],
)
def test_well_known_tricks_stay_plain_text(hostile: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(render([Text(hostile)], markdown=True))
    assert re.fullmatch(r"<p>[^<]*</p>\n", html), html


def test_links_that_clients_make_of_bare_addresses_are_broken() -> None:
    assert "http://" not in escape("http://evil.example")
    assert "www." not in escape("www.evil.example")
    assert escape("db-migrate://plans/1") == "db-migrate://plans/1"


def test_our_own_commands_stay_code_and_names_are_not_disfigured() -> None:
    assert escape("call `generate-only` for idx_user_id") == "call `generate-only` for idx_user_id"


@given(st.lists(st.sampled_from(["a | b", "--- | ---", ":-- | --:", "|", "x" * 90, "1 | 2"]), max_size=12))
def test_wrapped_lines_never_line_up_as_a_table(words: list[str]) -> None:
    tokens = MARKDOWN.parse(render([Text("x " + " ".join(words))], markdown=True))
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}


def test_hidden_characters_are_written_out() -> None:
    page = render([Text("safe\u202eevil"), Code(["a\u200bb"]), Table(("h",), [["x\x1b[31m"]])], markdown=False)
    assert "[U+202E]" in page
    assert "[U+200B]" in page
    assert "\x1b" not in page


def test_blank_lines_and_wide_gaps_are_counted_instead_of_shown() -> None:
    lines = code_lines(Code(["SELECT 1" + "\n" * 5001 + "DROP TABLE t", "a" + " " * 3000 + "b"]), 80)
    assert "⟨5,000 blank lines⟩" in lines
    assert any("⟨3,000 spaces⟩" in each for each in lines)
    assert len(lines) == 4


def test_long_lines_of_code_go_on_below_with_a_mark_and_their_indentation() -> None:
    lines = code_lines(Code(["  SELECT " + "word " * 40]), 60)
    assert lines[0].startswith("  SELECT")
    assert all(each.startswith("  ↳ ") for each in lines[1:])


def test_only_the_gutter_numbers_statements() -> None:
    lines = code_lines(Code(["SELECT 1\n2 │ SELECT 2", "SELECT 3"], numbers=["1", "2"]), 80)
    assert lines == ["1 │ SELECT 1", "  │ 2 │ SELECT 2", "2 │ SELECT 3"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`UPDATE t SET a = 'x > y'` is kept", "`UPDATE t SET a = 'x > y'` is kept"),
        ("“SET a = '`x` \\> y'” is kept", "“SET a = '`x` \\\\> y'” is kept"),
        ("`a*b` and `c`", "\\`a\\*b\\` and `c`"),
        ("`a [b` is made `c", "\\`a [b\\` is made \\`c"),
        ("C:\\temp and \\d", "C:\\temp and \\d"),
        ("a > b", "a > b"),
        ("ends in \\", "ends in \\\\"),
    ],
)
def test_backticks_and_backslashes_are_escaped_only_where_they_mean_something(text: str, shown: str) -> None:
    assert escape(text) == shown
