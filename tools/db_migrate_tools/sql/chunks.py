"""Long SQL in parts that can be read one after another, so that megabytes of rows do not fill the memory."""

from __future__ import annotations

import re
from typing import Final

from db_migrate_tools.sql.parser import statement_ends
from db_migrate_tools.sql.text import SqlError, Text

CHUNK: Final = 500_000
"""Bytes after which a part ends with the statement; shorter texts are one part."""

_KEPT_WHOLE: Final = re.compile(r"^\\|\batomic\b", re.I | re.M)
"""psql's lines (rows behind COPY among them) and bodies with semicolons of their own."""


def chunks(text: str) -> list[str]:
    """The text cut behind statements, at line ends; one part where it is short, or cannot be cut by its tokens."""
    if len(text) <= CHUNK or _KEPT_WHOLE.search(text):
        return [text]
    source = Text(text)
    try:
        ends = statement_ends(source)
    except SqlError:
        return [text]
    parts: list[str] = []
    start = 0
    for end in ends:
        # A comment on the statement's own line belongs to it.
        if end - start >= CHUNK and source.data[end : end + 1] == b"\n":
            parts.append(source.slice(start, end + 1))
            start = end + 1
    rest = source.slice(start, len(source.data))
    return [*parts, rest] if rest else parts
