"""Why Postgres does not accept a statement: the usual cause in words, where it is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from db_migrate_tools.sql.depth import TOO_DEEP
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.text import SqlError, Token, token_at

_PRISMA: Final = re.compile(r"\s*(?:model|enum|datasource|generator)\s+\w+\s*\{")
_STARTS: Final = frozenset(
    {"create", "alter", "drop", "insert", "update", "delete", "grant", "revoke", "comment", "select", "do", "begin"}
)
_INDEX_METHODS: Final = frozenset({"gin", "gist", "btree", "brin", "hash", "spgist"})
_NO_IF_NOT_EXISTS: Final = frozenset({"policy", "trigger", "type", "domain", "constraint", "role", "function"})


@dataclass(frozen=True, slots=True)
class Context:
    """Where parsing stopped: the statement's words in lower case without comments, and the index of the bad one."""

    words: tuple[str, ...]
    at: int
    error: SqlError

    def back(self, steps: int) -> str:
        """The word `steps` before the bad one, "" before the beginning."""
        return self.words[self.at - steps] if 0 <= self.at - steps < len(self.words) else ""

    @property
    def bad(self) -> str:
        return self.back(0)


def cause(text: str, tokens: Sequence[Token], error: SqlError) -> tuple[str, str]:
    """What is wrong and what to do, for one statement's tokens and Postgres's error (same offsets)."""
    near = escape_hidden(error.near)
    if error.message == "NUL byte":
        return "The text holds a NUL byte.", "Remove it: nothing behind it would be read."
    if error.message == TOO_DEEP:
        return f"The statement is {TOO_DEEP} to be read safely.", "Split it into several statements."
    if _PRISMA.match(text):
        return "This is a Prisma schema, not SQL.", "Write the SQL that Prisma would run, or mark the block as prisma."
    if error.message.startswith("unterminated"):
        what = error.message.partition(" at or near")[0]
        return f"There is an {what}; it begins near “{near}”.", "Close it."
    solid = [token for token in tokens if not token.comment]
    context = Context(tuple(t.text.lower() for t in solid), token_at(solid, error.offset), error)
    found = next((said for rule in _RULES if (said := rule(context)) is not None), None)
    place = f"Postgres cannot read this near “{near}”" if near else "Postgres cannot read this: it ends too early"
    if found is not None:
        return f"{place}: {found[0]}", found[1]
    return f"{place}.", "Correct the statement."


Said = tuple[str, str] | None


def _abbreviation(c: Context) -> Said:
    if c.bad in {"..", "…"} or c.back(1) == "..":
        return "dots stand for something left out.", "Write it in full."
    return None


def _placeholder(c: Context) -> Said:
    shown = next(
        (
            mark
            for mark, hit in (
                ("{…}", c.bad == "{" or c.back(1) == "{"),
                ("[…]", c.bad == "["),
                ("<…>", c.bad == "<" or c.back(1) == "<"),
                (":name", c.bad == ":" or c.back(1) == ":"),
                ("?", c.bad == "?" or c.back(1) == "?"),
                ("%s", c.bad == "%" or c.back(1) == "%"),
                ("$…", c.bad == "$" or c.back(1) == "$"),
            )
            if hit
        ),
        None,
    )
    return None if shown is None else (f"{shown} is a placeholder.", "Write the value or the name itself.")


def _trailing_comma(c: Context) -> Said:
    if c.back(1) == "," and c.bad in {")", ";", ""}:
        return "a comma stands before the end of the list.", "Remove the comma."
    return None


def _inline_index(c: Context) -> Said:
    if not _in_create_table(c):
        return None
    since = c.words[max(0, c.at - 3) : c.at + 1]
    if "index" in since or ("key" in since and "primary" not in since and "foreign" not in since):
        return "an index cannot be declared inside CREATE TABLE.", "Write CREATE INDEX … ON … after the table."
    return None


def _partial_unique(c: Context) -> Said:
    if c.bad == "where" and _in_create_table(c):
        return (
            "a constraint in CREATE TABLE cannot be partial.",
            "Write CREATE UNIQUE INDEX … ON … (…) WHERE … after the table.",
        )
    return None


def _index_method(c: Context) -> Said:
    if c.bad in _INDEX_METHODS and c.back(1) in {"create", "unique"}:
        return f"{c.bad.upper()} is not a kind of CREATE.", f"Write CREATE INDEX … ON … USING {c.bad} (…)."
    return None


def _if_not_exists(c: Context) -> Said:
    words = c.words[: c.at + 1]
    kind = next((word for word in reversed(words) if word in _NO_IF_NOT_EXISTS), None)
    if kind and c.bad in {"if", "not", "exists"} and "if" in words[-3:]:
        gone = "ALTER TABLE … DROP CONSTRAINT IF EXISTS" if kind == "constraint" else f"DROP {kind.upper()} IF EXISTS"
        return f"Postgres has no IF NOT EXISTS for a {kind}.", f"Leave it out; put {gone} … before where it may exist."
    return None


def _bare_columns(c: Context) -> Said:
    if not c.bad and _in_create_table(c) and c.words[-1:] == (")",):
        opened = c.words.index("(") if "(" in c.words else -1
        if opened >= 0 and set(c.words[opened + 2 : -1 : 2]) <= {","}:
            return "the columns have no types.", "Write each column with its type."
    return None


def _unbalanced(c: Context) -> Said:
    if not c.bad or c.bad == ";":
        missing = c.words.count("(") - c.words.count(")")
        if missing > 0:
            return (
                f"{missing} parenthesis is not closed." if missing == 1 else f"{missing} parentheses are not closed.",
                "Close it.",
            )
    return None


def _missing_semicolon(c: Context) -> Said:
    if c.at > 0 and c.bad in _STARTS and c.back(1) not in {"(", ",", "as", "for"}:
        return "a new statement begins before the last one ended.", "Put a semicolon before it."
    return None


def _in_create_table(c: Context) -> bool:
    return c.words[:1] == ("create",) and "table" in c.words[1:4]


_RULES: Final[tuple[Callable[[Context], Said], ...]] = (
    _abbreviation,
    _trailing_comma,
    _inline_index,
    _partial_unique,
    _index_method,
    _if_not_exists,
    _bare_columns,
    _placeholder,
    _unbalanced,
    _missing_semicolon,
)
