"""The one door to Postgres's own grammar (libpg_query through postgast): statements, tokens, positions."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast

from google.protobuf.message import DecodeError, Message

from db_migrate_tools.sql.depth import TOO_DEEP, too_deep
from db_migrate_tools.sql.node import Node, unwrap
from db_migrate_tools.sql.text import SqlError, Text, Token


class _Failure(Protocol):
    message: str
    cursorpos: int


class _ScanToken(Protocol):
    token: int
    start: int
    end: int


class _Scan(Protocol):
    tokens: list[_ScanToken]


class _Split(Protocol):
    def __call__(self, sql: str, *, method: str) -> list[str]: ...


class _RawStmt(Protocol):
    stmt: Message
    stmt_location: int
    stmt_len: int


class _Parse(Protocol):
    stmts: list[_RawStmt]


# Imported by name: postgast's generated stub has fields called `def`, which stop mypy for the whole project.
_postgast: Final = import_module("postgast")
_pg_scan: Final = cast("Callable[[str], _Scan]", _postgast.scan)
_pg_parse: Final = cast("Callable[[str], _Parse]", _postgast.parse)
_pg_parse_plpgsql: Final = cast("Callable[[str], object]", _postgast.parse_plpgsql)
_pg_split: Final = cast("_Split", _postgast.split)
_PgQueryError: Final = cast("type[Exception]", _postgast.PgQueryError)
_TOKEN_NAMES: Final = {
    number: name for name, number in cast("list[tuple[str, int]]", _postgast.pg_query_pb2.Token.items())
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement: its tree, and its bytes from the first token to the last one before the semicolon."""

    node: Node
    start: int
    end: int


def scan(source: Text) -> list[Token]:
    """The tokens of the text, comments included.

    Raises:
        SqlError: A string, comment or quoted name is not closed, or the text holds NUL.
    """
    _refuse_nul(source)
    try:
        found = _pg_scan(source.text).tokens
    except _PgQueryError as error:
        raise _own(source, error) from None
    return [Token(_TOKEN_NAMES.get(t.token, ""), source.slice(t.start, t.end), t.start, t.end) for t in found]


def statement_ends(source: Text) -> list[int]:
    """Byte offsets behind the semicolons that no parenthesis encloses.

    Raises:
        SqlError: As `scan`.
    """
    _refuse_nul(source)
    try:
        tokens = _pg_scan(source.text).tokens
    except _PgQueryError as error:
        raise _own(source, error) from None
    found: list[int] = []
    depth = 0
    for token in tokens:
        match token.token:
            case 0x28:  # the scanner numbers single characters as ASCII does
                depth += 1
            case 0x29:
                depth -= 1
            case 0x3B if depth == 0:
                found.append(token.end)
            case _:
                pass
    return found


def parse(source: Text, tokens: list[Token]) -> list[Parsed]:
    """The statements of the text; `tokens` are `scan(source)`.

    Raises:
        SqlError: The text is no Postgres SQL.
    """
    _refuse_nul(source)
    _refuse_deep(source, tokens)
    try:
        with _deep_trees():
            statements = _pg_parse(source.text).stmts
    except _PgQueryError as error:
        raise _own(source, error) from None
    except DecodeError:
        raise SqlError(TOO_DEEP, line=1, column=1, offset=0, near="") from None
    solid = [token for token in tokens if not token.comment]
    starts = [token.start for token in solid]
    parsed: list[Parsed] = []
    for raw in statements:
        inner = unwrap(raw.stmt)
        if inner is None:
            continue
        first = bisect_left(starts, raw.stmt_location)
        past = bisect_left(starts, raw.stmt_location + raw.stmt_len) if raw.stmt_len else len(starts)
        while past > first and solid[past - 1].text == ";":
            past -= 1
        parsed.append(Parsed(Node(inner), solid[first].start, solid[past - 1].end))
    return parsed


def split(text: str) -> list[str]:
    """The statements of trusted SQL such as pg_dump's, cut by the scanner alone, without looking into them.

    Raises:
        SqlError: A string, comment or quoted name is not closed.
    """
    source = Text(text)
    _refuse_nul(source)
    try:
        return [statement.strip() for statement in _pg_split(text, method="scanner")]
    except _PgQueryError as error:
        raise _own(source, error) from None


def has_commit(body: str) -> bool:
    """Whether a PL/pgSQL body ends transactions by itself (COMMIT or ROLLBACK as statements).

    Raises:
        SqlError: The body cannot be scanned, or is nested too deeply.
    """
    quote = "$db_migrate_body$"
    _refuse_deep(Text(body), scan(Text(body)))
    try:
        tree = _pg_parse_plpgsql(f"DO {quote}{body}{quote}")
    except (_PgQueryError, ValueError):
        return False
    text = json.dumps(tree)
    return '"PLpgSQL_stmt_commit"' in text or '"PLpgSQL_stmt_rollback"' in text


def _refuse_deep(source: Text, tokens: list[Token]) -> None:
    """Deep trees overflow the C stack, of the parser and of protobuf: they never get there."""
    found = too_deep(tokens)
    if found is not None:
        raise SqlError(
            TOO_DEEP,
            line=source.line(found.start),
            column=source.column(found.start),
            offset=found.start,
            near=found.text[:60],
        )


@contextmanager
def _deep_trees() -> Generator[None]:
    """Protobuf reads trees of a hundred levels only, which forty concatenations exceed; `_refuse_deep` bounds ours."""
    try:
        allow = cast("Callable[[bool], object]", import_module("google._upb._message").SetAllowOversizeProtos)
    except (ImportError, AttributeError):  # another implementation of protobuf, with limits of its own
        yield
        return
    allow(True)
    try:
        yield
    finally:
        allow(False)


def _refuse_nul(source: Text) -> None:
    """libpg_query stops reading at NUL without a word, so such a text never reaches it."""
    offset = source.data.find(b"\0")
    if offset >= 0:
        raise SqlError("NUL byte", line=source.line(offset), column=source.column(offset), offset=offset, near="\0")


def _own(source: Text, error: Exception) -> SqlError:
    """The parser counts its error position in characters, everything else in bytes."""
    failure = cast("_Failure", error)
    characters = failure.cursorpos - 1 if failure.cursorpos > 0 else len(source.text)
    offset = len(source.text[:characters].encode("utf-8", "surrogatepass"))
    rest = source.text[characters : characters + 200].split()
    return SqlError(
        failure.message,
        line=source.line(offset),
        column=source.column(offset),
        offset=offset,
        near=rest[0][:60] if rest else "",
    )
