"""A types file read back: the `Database` type of ours, of Supabase's or of a formatter's making, as nested names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from db_migrate_tools.typescript.names import quoted

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\n|[^\S\n]+|[^\W\d][\w$]*|\$[\w$]*|[^\s]""", re.DOTALL
)
_DATABASE = re.compile(r"^export (?:type Database\s*=|interface Database)\s*(?=\{)", re.MULTILINE)
_OPEN = {"{": "}", "[": "]", "(": ")", "<": ">"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A type that is no plain object, its spaces and quotes made uniform."""

    text: str
    optional: bool = False


Tree: TypeAlias = Mapping[str, "Tree | Leaf"]


class _UnreadableError(Exception):
    """The text does not have the form of a type."""


def read_database(text: str) -> Tree | None:
    """The `Database` type as schema → Tables → name → Row → column → type; None when there is none to be read."""
    found = _DATABASE.search(text)
    if found is None:
        return None
    tokens = [
        t
        for t in _TOKEN.findall(text, found.end())
        if (t == "\n" or not t.isspace()) and not t.startswith(("//", "/*"))
    ]
    try:
        end = _closing(tokens, 0)
        return _object(tokens[1:end])
    except _UnreadableError:
        return None


def _object(tokens: list[str]) -> Tree:
    members: dict[str, Tree | Leaf] = {}
    at = 0
    while at < len(tokens):
        if tokens[at] in ("\n", ";", ","):
            at += 1
            continue
        if tokens[at] == "[":
            close = _closing(tokens, at)
            name, at = "".join(tokens[at : close + 1]), close + 1
        else:
            name, at = _name(tokens[at]), at + 1
        optional = at < len(tokens) and tokens[at] == "?"
        at += optional
        if at >= len(tokens) or tokens[at] != ":":
            raise _UnreadableError
        end = _end_of_type(tokens, at + 1)
        members[name] = _type(tokens[at + 1 : end], optional=optional)
        at = end
    return members


def _type(tokens: list[str], *, optional: bool) -> Tree | Leaf:
    words = _without_lines(tokens)
    if words and words[0] == "{" and _closing(words, 0) == len(words) - 1:
        first = tokens.index("{")
        return _object(tokens[first + 1 : len(tokens) - tokens[::-1].index("}") - 1])
    if words and words[0] == "|":
        words = words[1:]
    uniform = [
        quoted(_string(w)) if w[0] in "\"'" else w
        for i, w in enumerate(words)
        # A comma or semicolon before a closing bracket is layout.
        if not (w in (",", ";") and i + 1 < len(words) and words[i + 1] in ("]", "}", ")"))
    ]
    return Leaf(_spaced(uniform), optional)


def _without_lines(tokens: list[str]) -> list[str]:
    """The tokens on one line: an object's members are then parted by semicolons."""
    words: list[str] = []
    inside = [""]
    for i, word in enumerate(tokens):
        if word == "\n":
            after = next((t for t in tokens[i:] if t != "\n"), "")
            if inside[-1] == "{" and words[-1] not in ("{", ";", ",") and after != "}" and not _continues(tokens, i):
                words.append(";")
            continue
        if word in _OPEN:
            inside.append(word)
        elif len(inside) > 1 and word == _OPEN[inside[-1]]:
            inside.pop()
        words.append(word)
    return words


def _end_of_type(tokens: list[str], at: int) -> int:
    """Where the type that begins at `at` ends: at a separator, or at a line's end that nothing continues."""
    while at < len(tokens):
        word = tokens[at]
        if word in _OPEN and not (word == "<" and tokens[at - 1] == "="):
            at = _closing(tokens, at) + 1
            continue
        if word in (";", ","):
            return at
        if word == "\n" and not _continues(tokens, at):
            return at
        at += 1
    return at


def _continues(tokens: list[str], at: int) -> bool:
    before = next((t for t in reversed(tokens[:at]) if t != "\n"), "")
    after = next((t for t in tokens[at:] if t != "\n"), "")
    return before in (":", "|", "&", "?") or after in ("|", "&")


def _closing(tokens: list[str], at: int) -> int:
    if at >= len(tokens) or tokens[at] not in _OPEN:
        raise _UnreadableError
    open_brackets: list[str] = []
    for i in range(at, len(tokens)):
        word = tokens[i]
        if word in _OPEN:
            open_brackets.append(_OPEN[word])
        elif open_brackets and word == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return i
    raise _UnreadableError


def _name(word: str) -> str:
    if word.startswith(('"', "'")):
        return _string(word)
    if not re.fullmatch(r"[\w$]+", word):
        raise _UnreadableError
    return word


def _string(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1])


def _spaced(words: list[str]) -> str:
    text = ""
    for word in words:
        opens = word == "[" and (text[-1:].isalnum() or text[-1:] in ("]", ")", ">", "}"))
        glued = opens or text[-1:] in ("", "[", "(", "<", ".") or word in ("]", ")", ">", ",", ";", ":", "?", "<", ".")
        text += word if glued else f" {word}"
    return text
