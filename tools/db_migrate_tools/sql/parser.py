"""The one door to Postgres's own grammar (libpg_query through postgast): statements, tokens, nodes, positions."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import postgast
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from postgast.pg_query_pb2 import Token as _TokenName

_TOKEN_NAMES: Final = {int(number): str(name) for name, number in _TokenName.items()}
_COMMENTS: Final = frozenset({"SQL_COMMENT", "C_COMMENT"})
_MESSAGE: Final = FieldDescriptor.TYPE_MESSAGE
_STRING: Final = FieldDescriptor.TYPE_STRING


class SqlError(Exception):
    """Postgres's grammar does not accept the text. `line` and `column` count from 1, in characters;
    `offset` is a byte offset into the UTF-8 text, `near` the offending word or "" at the end of the text.
    """

    def __init__(self, message: str, *, line: int, column: int, offset: int, near: str) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.offset = offset
        self.near = near


class Text:
    """SQL text with its UTF-8 bytes: positions of the parser are byte offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self._newlines = [i for i, byte in enumerate(self.data) if byte == 0x0A]

    def line(self, offset: int) -> int:
        """Line (from 1) on which the byte at `offset` stands."""
        return bisect_left(self._newlines, offset) + 1

    def column(self, offset: int) -> int:
        """Column (from 1, in characters) of the byte at `offset`."""
        before = bisect_left(self._newlines, offset)
        start = self._newlines[before - 1] + 1 if before else 0
        return len(self.data[start:offset].decode("utf-8", "replace")) + 1

    def slice(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `name` is the scanner's (`IDENT`, `SCONST`, `CREATE`, or the character itself), `text` as written."""

    name: str
    text: str
    start: int
    end: int

    @property
    def comment(self) -> bool:
        return self.name in _COMMENTS

    @property
    def word(self) -> str:
        """The word as Postgres folds it: a quoted identifier without its quotes, anything else in lower case."""
        if self.name == "IDENT" and self.text.startswith('"'):
            return self.text[1:-1].replace('""', '"')
        return self.text.lower()


def _unwrap(message: Message) -> Message | None:
    """The node inside libpg_query's `Node` wrapper; None for an empty one."""
    if message.DESCRIPTOR.name != "Node":
        return message
    which = message.WhichOneof("node")
    return None if which is None else cast("Message", getattr(message, which))


class Node:
    """A node of the parse tree. Field names are libpg_query's in snake case; absent fields are empty."""

    __slots__ = ("_message", "kind")

    def __init__(self, message: Message) -> None:
        self._message = message
        self.kind: str = message.DESCRIPTOR.name

    def __contains__(self, field: str) -> bool:
        descriptor = self._message.DESCRIPTOR.fields_by_name.get(field)
        if descriptor is None:
            return False
        return any(present.name == field for present, _ in self._message.ListFields())

    def _get(self, field: str) -> object:
        return getattr(self._message, field) if field in self._message.DESCRIPTOR.fields_by_name else None

    def text(self, field: str) -> str:
        """A string field, or "" where there is none."""
        value = self._get(field)
        return value if isinstance(value, str) else ""

    def flag(self, field: str) -> bool:
        return self._get(field) is True

    def number(self, field: str) -> int:
        value = self._get(field)
        return value if isinstance(value, int) else 0

    def choice(self, field: str) -> str:
        """The name of an enum field's value: `OBJECT_TABLE`."""
        descriptor = self._message.DESCRIPTOR.fields_by_name.get(field)
        if descriptor is None or descriptor.enum_type is None:
            return ""
        return descriptor.enum_type.values_by_number[self.number(field)].name

    def node(self, field: str) -> Node | None:
        """A child, without its wrapper; None where it is absent."""
        value = self._get(field)
        if not isinstance(value, Message) or not self._message.HasField(field):
            return None
        inner = _unwrap(value)
        return None if inner is None else Node(inner)

    def nodes(self, field: str) -> list[Node]:
        """The children of a repeated field, without their wrappers."""
        value = self._get(field)
        if value is None or isinstance(value, (str, int, float, Message)):
            return []
        inner = [_unwrap(item) for item in cast("list[Message]", value)]
        return [Node(message) for message in inner if message is not None]

    def names(self, field: str) -> tuple[str, ...]:
        """A repeated field of strings: a qualified name in its parts."""
        return tuple(node.text("sval") for node in self.nodes(field) if node.kind == "String")

    def fields(self) -> Iterator[tuple[str, str]]:
        """The node's own string fields that are set."""
        for descriptor, value in self._message.ListFields():
            if descriptor.type == _STRING and isinstance(value, str):
                yield descriptor.name, value

    def children(self) -> list[Node]:
        found: list[Node] = []
        for descriptor, value in self._message.ListFields():
            if descriptor.type != _MESSAGE:
                continue
            items = [value] if isinstance(value, Message) else cast("list[Message]", value)
            for item in items:
                inner = _unwrap(item)
                if inner is not None:
                    found.append(Node(inner))
        return found

    def walk(self) -> Iterator[Node]:
        """This node and everything beneath it, in the order of the text, parents first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children()))

    def same_as(self, other: Node, *, but: frozenset[str] = frozenset()) -> bool:
        """Whether two trees say the same; positions and the fields named in `but` do not count."""
        return _bare(self._message, but) == _bare(other._message, but)


def _bare(message: Message, but: frozenset[str]) -> bytes:
    copy = type(message)()
    copy.CopyFrom(message)
    stack = [copy]
    while stack:
        current = stack.pop()
        for descriptor, value in current.ListFields():
            position = descriptor.name.endswith("location")
            public = descriptor.name == "schemaname" and value == "public"
            if position or public or descriptor.name in but:
                current.ClearField(descriptor.name)
            elif descriptor.type == _MESSAGE:
                stack.extend([value] if isinstance(value, Message) else cast("list[Message]", value))
    return copy.SerializeToString(deterministic=True)


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
        found = postgast.scan(source.text).tokens
    except postgast.PgQueryError as error:
        raise _own(source, error) from None
    return [
        Token(_TOKEN_NAMES.get(int(t.token), ""), source.slice(t.start, t.end), t.start, t.end)  # pyright: ignore[reportArgumentType]
        for t in found
    ]


def parse(source: Text, tokens: list[Token]) -> list[Parsed]:
    """The statements of the text; `tokens` are `scan(source)`.

    Raises:
        SqlError: The text is no Postgres SQL.
    """
    _refuse_nul(source)
    try:
        statements = postgast.parse(source.text).stmts
    except postgast.PgQueryError as error:
        raise _own(source, error) from None
    solid = [token for token in tokens if not token.comment]
    starts = [token.start for token in solid]
    parsed: list[Parsed] = []
    for raw in statements:
        inner = _unwrap(raw.stmt)
        if inner is None:
            continue
        first = bisect_left(starts, raw.stmt_location)
        past = bisect_left(starts, raw.stmt_location + raw.stmt_len) if raw.stmt_len else len(starts)
        while past > first and solid[past - 1].text == ";":
            past -= 1
        parsed.append(Parsed(Node(inner), solid[first].start, solid[past - 1].end))
    return parsed


def has_commit(body: str) -> bool:
    """Whether a PL/pgSQL body ends transactions by itself (COMMIT or ROLLBACK as statements)."""
    quote = "$db_migrate_body$"
    try:
        tree = postgast.parse_plpgsql(f"DO {quote}{body}{quote}")
    except (postgast.PgQueryError, ValueError):
        return False
    text = json.dumps(tree)
    return '"PLpgSQL_stmt_commit"' in text or '"PLpgSQL_stmt_rollback"' in text


def _refuse_nul(source: Text) -> None:
    """libpg_query stops reading at NUL without a word, so such a text never reaches it."""
    offset = source.data.find(b"\0")
    if offset >= 0:
        raise SqlError("NUL byte", line=source.line(offset), column=source.column(offset), offset=offset, near="\0")


def _own(source: Text, error: postgast.PgQueryError) -> SqlError:
    """The parser counts its error position in characters, everything else in bytes."""
    characters = error.cursorpos - 1 if error.cursorpos > 0 else len(source.text)
    offset = len(source.text[:characters].encode("utf-8", "surrogatepass"))
    rest = source.text[characters : characters + 200].split()
    return SqlError(
        error.message,
        line=source.line(offset),
        column=source.column(offset),
        offset=offset,
        near=rest[0][:60] if rest else "",
    )


def token_at(tokens: list[Token], offset: int) -> int:
    """Index of the token that covers or follows the byte at `offset`; len(tokens) at the end."""
    index = bisect_right([token.start for token in tokens], offset) - 1
    return index if 0 <= index and tokens[index].end > offset else index + 1
