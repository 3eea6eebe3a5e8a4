"""Names in TypeScript: when a key needs quotes, and one order of names that no locale or server changes."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import TypeAlias

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")

# The root collation's order of ASCII punctuation, before digits and letters: the same order of relationships as
# Supabase's generator, where a tuple makes order part of the type.
_PUNCTUATION = {c: i for i, c in enumerate("\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$")}


def quoted(text: str) -> str:
    """A TypeScript string literal."""
    return json.dumps(text, ensure_ascii=False)


def key(name: str) -> str:
    """A property name, quoted only where TypeScript needs it."""
    return name if _PLAIN_KEY.fullmatch(name) else quoted(name)


@lru_cache(512)
def _letter(char: str) -> tuple[int, int, str]:
    if char in _PUNCTUATION:
        return 0, _PUNCTUATION[char], ""
    return (1, 0, char) if char.isdigit() else (2, 0, char.casefold())


SortKey: TypeAlias = tuple[tuple[tuple[int, int, str], ...], str, tuple[bool, ...], str]


@lru_cache(16_384)
def order(name: str) -> SortKey:
    """Sort key: letters without case or accent first, then accents, then lower before upper, then code points."""
    if name.isascii():
        return tuple(map(_letter, name)), "", tuple(map(str.isupper, name)), name
    letters: list[tuple[int, int, str]] = []
    accents: list[str] = []
    for char in unicodedata.normalize("NFD", name):
        if unicodedata.combining(char):
            accents.append(char)
        else:
            letters.append(_letter(char))
    return tuple(letters), "".join(accents), tuple(c.isupper() for c in name), name
