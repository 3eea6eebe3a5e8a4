"""What a statement's words say once comments, strings and quoted names are out of the way."""

from __future__ import annotations

import re
from typing import Final

_NOISE: Final = re.compile(
    r"--[^\n]*|(?P<tag>\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$).*?(?P=tag)|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"",
    re.DOTALL,
)
_COMMENT: Final = re.compile(r"/\*(?:(?!/\*|\*/).)*\*/", re.DOTALL)
_PARENTHESES: Final = re.compile(r"\([^()]*\)")


def bare(sql: str) -> str:
    """The statement in upper case without comments, literals and quoted names."""
    text = _NOISE.sub(" ", sql)
    while (smaller := _COMMENT.sub(" ", text)) != text:
        text = smaller
    return " ".join(text.upper().split())


def outermost(sql: str) -> str:
    """`bare` without everything in parentheses: the clauses of the statement itself."""
    text = bare(sql)
    while (smaller := _PARENTHESES.sub(" ", text)) != text:
        text = smaller
    return " ".join(text.split())


def has(sql: str, *words: str) -> bool:
    """Whether the words stand in the statement one after the other, outside comments and literals."""
    return re.search(r"\b" + r"\s+".join(map(re.escape, words)) + r"\b", bare(sql)) is not None


def mentions(text: str, name: str) -> bool:
    """Whether `name` stands in `text` as a whole word, in its own case or, if it is lower case, in any."""
    flags = re.IGNORECASE if name == name.lower() else 0
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, flags) is not None
