"""How deeply SQL nests, judged by its tokens alone, so that no parser has to find out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from db_migrate_tools.sql.text import Token
from db_migrate_tools.sql.words import word_set

TOO_DEEP: Final = "nested too deeply"
_DEEPEST: Final = 400
_FLAT: Final = frozenset({"SCONST", "ICONST", "FCONST", "NULL_P"})
_OPENS: Final = frozenset("([")
_CLOSES: Final = frozenset(")]")
_CHAINS: Final = word_set("+ - * / % ^ :: not is isnull notnull collate at")  # each nests the next, until a comma
_STACKS: Final = word_set("union except intersect join case if loop begin")  # commas do not end these


def too_deep(tokens: Sequence[Token]) -> Token | None:
    """The token at which a statement exceeds four hundred levels; None where all are flatter."""
    ends = [index for index, token in enumerate(tokens) if token.text == ";"]
    start = 0
    for end in (*ends, len(tokens)):
        # A statement of so few tokens cannot nest deeper.
        found = _too_deep(tokens[start:end]) if end - start > _DEEPEST else None
        if found is not None:
            return found
        start = end + 1
    return None


def _too_deep(tokens: Sequence[Token]) -> Token | None:
    chains, stacks = [0], [0]
    for token in tokens:
        name, text = token.name, token.text
        if name in _FLAT:
            continue
        if text == ",":
            chains[-1] = 0
            continue
        word = text.lower()
        if token.comment:
            continue
        if word in _OPENS:
            chains.append(0)
            stacks.append(0)
        elif word in _CLOSES and len(chains) > 1:
            chains.pop()
            stacks.pop()
        elif word in _STACKS:
            stacks[-1] += 1
        elif word in _CHAINS or name == "Op":
            chains[-1] += 1
        else:
            continue
        if len(chains) + chains[-1] + stacks[-1] > _DEEPEST or (
            len(chains) > 1 and len(chains) + sum(chains) + sum(stacks) > _DEEPEST
        ):
            return token
    return None
