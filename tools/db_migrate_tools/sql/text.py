"""SQL text: bytes, lines, columns, tokens, and the error of one that cannot be read."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

_NEWLINE: Final = re.compile(rb"\n")
_COMMENTS: Final = frozenset({"SQL_COMMENT", "C_COMMENT"})


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
        self._plain = len(self.data) == len(text)
        self._newlines = [found.start() for found in _NEWLINE.finditer(self.data)]

    def line(self, offset: int) -> int:
        """Line (from 1) on which the byte at `offset` stands."""
        return bisect_left(self._newlines, offset) + 1

    def column(self, offset: int) -> int:
        """Column (from 1, in characters) of the byte at `offset`."""
        before = bisect_left(self._newlines, offset)
        start = self._newlines[before - 1] + 1 if before else 0
        return len(self.data[start:offset].decode("utf-8", "replace")) + 1

    def slice(self, start: int, end: int) -> str:
        if self._plain:
            return self.text[start:end]
        return self.data[start:end].decode("utf-8", "surrogatepass")


class Token(NamedTuple):
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


def token_at(tokens: Sequence[Token], offset: int) -> int:
    """Index of the token that covers or follows the byte at `offset`; len(tokens) at the end."""
    index = bisect_right([token.start for token in tokens], offset) - 1
    covers = index >= 0 and offset < tokens[index].end
    return index if covers else index + 1
