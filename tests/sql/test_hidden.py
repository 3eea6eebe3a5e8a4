"""Characters that a reader does not see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db_migrate_tools.sql.hidden import blank_runs, escape_hidden, hidden, is_hidden, lookalike


@pytest.mark.parametrize(
    "character",
    [
        "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085",
        "\x1b", "\x00", "\x07", "\x7f", "\r", "\U000e0041", "\U000e0101", "\ufe01", "\u3164", "\u2800", "\ue000",
    ],
    ids=lambda c: f"U+{ord(c):04X}",
)  # fmt: skip
def test_a_hidden_character_is_escaped_and_found(character: str) -> None:
    assert escape_hidden(f"a{character}b") == f"a[U+{ord(character):04X}]b"
    assert [(h.line, h.column, h.code) for h in hidden(f"x\na{character}b")] == [(2, 2, f"U+{ord(character):04X}")]


@pytest.mark.parametrize("text", ["plain\n\ttext", "äöü ß 漢字 مرحبا", "⚠️ ✅ 🗄️", ""])
def test_what_a_reader_sees_stays(text: str) -> None:
    assert escape_hidden(text) == text
    assert hidden(text) == []


def test_windows_line_ends_are_not_hidden_characters() -> None:
    assert escape_hidden("a\r\nb") == "a\nb"
    assert hidden("a\r\nb\u200b\r\n") == hidden("a\nb\u200b\n")


@given(st.text())
def test_nothing_hidden_is_left_after_escaping(text: str) -> None:
    escaped = escape_hidden(text)
    assert not any(is_hidden(c) for c in escaped)
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI"} for c in escaped)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("p\u0430yments", True),
        ("\u0441\u043e\u0441\u043e", True),
        ("users", False),
        ("größe", False),
        ("пользователи", False),
    ],
)
def test_names_that_pass_for_latin_ones_are_known(word: str, expected: bool) -> None:
    assert lookalike(word) is expected


def test_blank_runs_are_counted_with_their_first_line() -> None:
    assert blank_runs("a" + "\n" * 30 + "b" + "\n" * 5 + "c") == [(2, 29)]
    assert blank_runs("\n" * 25) == [(1, 26)]
