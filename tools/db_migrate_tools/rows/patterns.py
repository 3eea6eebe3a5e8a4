"""Texts that match a regular expression or a LIKE pattern, for the shapes that CHECK constraints use."""

from __future__ import annotations

import re
from collections.abc import Callable

from db_migrate_tools.rows.dice import Dice

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LOWER + _LOWER.upper() + _DIGITS + "_"
_ANY = _LOWER + _DIGITS
_CLASSES = {
    "d": _DIGITS,
    "w": _WORD,
    "s": " ",
    "S": _LOWER + _DIGITS + "-._",
    "D": _LOWER,
    "W": " -",
    "[:alpha:]": _LOWER + _LOWER.upper(),
    "[:digit:]": _DIGITS,
    "[:alnum:]": _LOWER + _LOWER.upper() + _DIGITS,
    "[:lower:]": _LOWER,
    "[:upper:]": _LOWER.upper(),
    "[:space:]": " ",
    "[:xdigit:]": _DIGITS + "abcdef",
    "[:punct:]": "-_.",
}
_MORE = 6
"""How many more than the least an open repetition may make."""

_Part = Callable[[Dice], str]


class UnreadableError(ValueError):
    """The pattern uses something that is not read here."""


def matching(pattern: str, dice: Dice) -> str | None:
    """A text that matches the regular expression; None where the pattern is beyond what is read here."""
    try:
        return _Reader(pattern).whole()(dice)
    except (ValueError, IndexError):
        return None


def open_ends(pattern: str) -> tuple[bool, bool]:
    """Whether any text may stand before what matches the regular expression, and after it."""
    plain = re.sub(r"\\[^AZmMyY]|\[\^?\]?[^]]*\]", "", pattern)
    edged = re.search(r"\\[AZmMyY]|\(\?[^:]", plain) is not None
    return "^" not in plain and not edged, "$" not in plain and not edged


def like(pattern: str, dice: Dice) -> str:
    """A text that is LIKE the pattern."""
    made: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            made.append(next(characters, ""))
        elif character == "%":
            made.append("".join(dice.pick(_ANY) for _ in range(dice.below(4))))
        else:
            made.append(dice.pick(_ANY) if character == "_" else character)
    return "".join(made)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def whole(self) -> _Part:
        found = self.choice()
        if self.at < len(self.text):
            raise UnreadableError(self.text)
        return found

    def choice(self) -> _Part:
        options = [self.run()]
        while self.at < len(self.text) and self.text[self.at] == "|":
            self.at += 1
            options.append(self.run())
        return options[0] if len(options) == 1 else lambda dice: dice.pick(options)(dice)

    def run(self) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.single()))
        return lambda dice: "".join(part(dice) for part in parts)

    def single(self) -> _Part:
        character = self.text[self.at]
        self.at += 1
        if character in "^$":
            return lambda _: ""
        if character == "(":
            if self.text.startswith("?:", self.at):
                self.at += 2
            elif self.text.startswith("?", self.at):
                raise UnreadableError(self.text)
            inner = self.choice()
            if self.text[self.at] != ")":
                raise UnreadableError(self.text)
            self.at += 1
            return inner
        if character == "[":
            return self.of(self.bracket())
        if character == ".":
            return self.of(_ANY)
        if character == "\\":
            return self.escape()
        if character in "*+?{":
            raise UnreadableError(self.text)
        return lambda _: character

    def of(self, characters: str) -> _Part:
        if not characters:
            raise UnreadableError(self.text)
        return lambda dice: dice.pick(characters)

    def escape(self) -> _Part:
        character = self.text[self.at]
        self.at += 1
        if character in _CLASSES:
            return self.of(_CLASSES[character])
        if character in "AZmMyY":
            return lambda _: ""
        if character.isalnum():
            raise UnreadableError(self.text)
        return lambda _: character

    def bracket(self) -> str:
        negated = self.text[self.at] == "^"
        self.at += negated
        found = ""
        first = True
        while first or self.text[self.at] != "]":
            first = False
            if self.text.startswith("[:", self.at):
                end = self.text.index(":]", self.at) + 2
                found += _CLASSES.get(self.text[self.at : end], "")
                self.at = end
                continue
            if self.text[self.at] == "\\":
                self.at += 1
                character = self.text[self.at]
                self.at += 1
                found += _CLASSES.get(character, character)
                continue
            low = self.text[self.at]
            self.at += 1
            if self.text[self.at] == "-" and self.text[self.at + 1] != "]":
                high = self.text[self.at + 1]
                self.at += 2
                found += "".join(map(chr, range(ord(low), ord(high) + 1)))
            else:
                found += low
        self.at += 1
        return "".join(c for c in _ANY + "-_ " if c not in found) if negated else found

    def repeated(self, part: _Part) -> _Part:
        if self.at >= len(self.text) or self.text[self.at] not in "*+?{":
            return part
        character = self.text[self.at]
        if character == "{":
            end = self.text.index("}", self.at)
            least, comma, most = self.text[self.at + 1 : end].partition(",")
            low = int(least)
            high = (int(most) if most else low + _MORE) if comma else low
            self.at = end + 1
        else:
            low = 1 if character == "+" else 0
            high = 1 if character == "?" else low + _MORE
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] == "?":
            self.at += 1
        top = min(high, max(low, low + _MORE))
        return lambda dice: "".join(part(dice) for _ in range(dice.between(low, top)))
