"""Characters that a reader does not see, or takes for others: found, named, and made visible."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_EXTRA: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # blank or joining, yet no "format" to Unicode
_PLAIN: Final = re.compile(r"[\x20-\x7e\n\t]*\Z")
_LONG_BLANK: Final = 20

# Cyrillic and Greek letters that look like Latin ones in common typefaces.
_LOOKALIKES: Final = frozenset("аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅԌοαειυνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A character that does not show. `line` and `column` count from 1; `code` is `U+202E`, `name` Unicode's."""

    line: int
    column: int
    code: str
    name: str


def is_hidden(character: str) -> bool:
    """Whether a character is invisible, turns the direction, moves the cursor, or passes for a plain space."""
    if " " <= character <= "~" or character in "\n\t":
        return False
    category = unicodedata.category(character)
    if category in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} or (category == "Zs" and character != " "):
        return True
    point = ord(character)
    return (
        character in _EXTRA
        or 0xFE00 <= point <= 0xFE0D  # variation selectors; FE0E and FE0F only choose between text and emoji
        or 0xE0100 <= point <= 0xE01EF
        or 0x180B <= point <= 0x180F
    )


def escape_hidden(text: str) -> str:
    """The text with every hidden character written as `[U+202E]`. Line feeds and tabs stay; CR before LF goes."""
    if _PLAIN.match(text):
        return text
    return "".join(f"[U+{ord(c):04X}]" if is_hidden(c) else c for c in text.replace("\r\n", "\n"))


def hidden(text: str) -> list[Hidden]:
    """Every hidden character of the text, in order. The CR of a CRLF line ending is not one."""
    if _PLAIN.match(text):
        return []
    found: list[Hidden] = []
    for number, line in enumerate(text.split("\n"), start=1):
        whole = line.removesuffix("\r")
        found += [
            Hidden(number, column, f"U+{ord(c):04X}", unicodedata.name(c, "control character").lower())
            for column, c in enumerate(whole, start=1)
            if is_hidden(c)
        ]
    return found


def lookalike(word: str) -> bool:
    """Whether a name holds letters of another script that pass for Latin ones, beside Latin letters or alone."""
    for run in _WORD.findall(word):
        letters = [c for c in run if not c.isascii()]
        if any(c in _LOOKALIKES for c in letters) and (
            any(c.isascii() for c in run) or all(c in _LOOKALIKES for c in letters)
        ):
            return True
    return False


def blank_runs(text: str) -> list[tuple[int, int]]:
    """Runs of at least twenty blank lines, as (first line, how many): they push SQL out of a reader's sight."""
    runs: list[tuple[int, int]] = []
    start = count = 0
    for number, line in enumerate([*text.split("\n"), "."], start=1):
        if not line.strip():
            start = start if count else number
            count += 1
            continue
        if count >= _LONG_BLANK:
            runs.append((start, count))
        count = 0
    return runs
