"""Which way SQL goes: up, or down (a rollback by a human's hand); told by headings, prose and comments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from db_migrate_tools.sql.lexical import tokens_until_error
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.text import Text, Token

Way = Literal["up", "down"]

_DOWN: Final = re.compile(
    r"\b(?:roll(?:ed|ing|s)?[ -]?back|roll\s+(?:\w+\s+){1,3}back|revert(?:ed|ing|s)?|undo(?:ing|es)?"
    r"|down(?:[ -]?migrations?)?)\b",
    re.I,
)
_UP: Final = re.compile(r"\b(?:up|forward|apply|upgrade)\b", re.I)
_DENIED: Final = re.compile(r"\b(?:no|not|never|without|cannot|can't|can’t|isn't|isn’t|doesn't|doesn’t)\b", re.I)
_LOOSE_DOWN: Final = re.compile(r"\b(?:narrow|scale|break|drill|slow|shut|cut|write|top)[ -]down\b", re.I)
# A comment that is nothing but the marker: `-- Down`, `-- migrate:down`, `-- +goose Down`, `-- Rollback script:`.
_MARKER: Final = re.compile(
    r"(?:@|\+)?(?:migrate\s*:\s*|migration\s*:?\s+|goose\s+)?"
    r"(?P<word>up|down|roll[ -]?back|revert|undo)"
    r"(?:[ -]?(?:migrations?|scripts?|sql|sections?|steps?|plan|begin|statements?))?"
    r"(?:\s*\([^)]*\))?\s*[:.]?",
    re.I,
)
_FRAME: Final = re.compile(r"^[\s\-=#*/~_+]*(?=[@\w+])|[\s\-=#*/~_]*$")


@dataclass(frozen=True, slots=True)
class Part:
    """A run of one text that goes one way. `marker` is the comment that said so, with its line."""

    piece: Piece
    way: Way
    marker: str = ""


def way_by_words(headings: Iterable[str], prose: str) -> Way | None:
    """What the nearest heading that says anything, else the line before the block, says."""
    for heading in reversed(list(headings)):
        said = _way(heading)
        if said is not None:
            return said
        if _DOWN.search(heading) and not _DENIED.search(heading):
            break  # it speaks of both ways
    return _way(prose) if _way(prose) == "down" else None


def _way(words: str) -> Way | None:
    down = _DOWN.search(_LOOSE_DOWN.sub("", words)) is not None and not _DENIED.search(words)
    up = _UP.search(words) is not None
    if down == up:
        return None
    return "down" if down else "up"


def first_comment_is_down(text: str) -> bool:
    """Whether the text opens with a comment that speaks of rolling back."""
    tokens, _ = tokens_until_error(Text(text))
    return bool(tokens) and tokens[0].comment and _way(tokens[0].text.splitlines()[0]) == "down"


def split_marked(piece: Piece, way: Way = "up") -> list[Part]:
    """The piece, cut where a comment outside of any statement is a marker such as `-- Down`."""
    source = Text(piece.text)
    tokens, _ = tokens_until_error(source)
    cuts: list[tuple[int, Way, str]] = [(0, way, "")]
    between = True
    for token in tokens:
        if not token.comment:
            between = token.text == ";"
            continue
        said = _marker(token)
        if said is not None and (between or _closes(source, token)):
            cuts.append((token.start, said, token.text.strip()))
            between = True
    parts: list[Part] = []
    for index, (start, said, marker) in enumerate(cuts):
        end = cuts[index + 1][0] if index + 1 < len(cuts) else len(source.data)
        text = source.slice(start, end)
        if _has_code(text):
            line = piece.line + source.line(start) - 1
            parts.append(Part(Piece(text, line, piece.heading), said, marker))
    return parts


def _marker(token: Token) -> Way | None:
    words = token.text.removeprefix("/*").removesuffix("*/")
    found = _MARKER.fullmatch(_FRAME.sub("", words).strip())
    if found is None:
        return None
    return "up" if found["word"].lower() == "up" else "down"


def _closes(source: Text, token: Token) -> bool:
    """A marker of a migration tool cuts even where the statement before it lacks its semicolon."""
    return re.match(r"--\s*(?:migrate\s*:|\+goose)", source.slice(token.start, token.end), re.I) is not None


def _has_code(text: str) -> bool:
    tokens, unfinished = tokens_until_error(Text(text))
    return unfinished is not None or any(not token.comment and token.text != ";" for token in tokens)
