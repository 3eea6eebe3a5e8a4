"""The clauses of a statement by its own tokens: where one begins, so that text can be put in and nothing rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from db_migrate_tools.sql.parser import scan
from db_migrate_tools.sql.text import Text

_OPENS: Final = frozenset("([")
_CLOSES: Final = frozenset(")]")


@dataclass(frozen=True, slots=True)
class Clauses:
    """The text of an UPDATE, cut: up to the end of FROM (or of SET), the condition, without RETURNING."""

    head: str
    has_from: bool
    condition: str


def without_returning(sql: str) -> str:
    """The statement without its RETURNING clause."""
    source = Text(sql)
    at = _words(source)
    return source.slice(0, at["returning"]).rstrip() if "returning" in at else sql


def clauses(sql: str) -> Clauses:
    """An UPDATE's clauses. The condition is "" where it has none."""
    source = Text(sql)
    at = _words(source)
    end = at.get("returning", len(source.data))
    where = at.get("where")
    head = source.slice(0, end if where is None else where).rstrip()
    condition = "" if where is None else source.slice(where + len("where"), end).strip()
    return Clauses(head, "from" in at, condition)


def _words(source: Text) -> dict[str, int]:
    """Byte offsets of the outermost FROM, WHERE and RETURNING. FROM of IS DISTINCT FROM is none."""
    found: dict[str, int] = {}
    depth = 0
    before = ""
    for token in scan(source):
        if token.comment:
            continue
        if token.text in _OPENS:
            depth += 1
        elif token.text in _CLOSES:
            depth -= 1
        word = token.text.lower()
        if not depth and word in {"from", "where", "returning"} and before != "distinct" and token.name != "IDENT":
            found.setdefault(word, token.start)
        before = word
    return found
