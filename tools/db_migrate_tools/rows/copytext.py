"""Rows in the text format of COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CELL, _ROW = "\x1f", "\x1e"
_MARKS = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), (_CELL, "\t"), (_ROW, "\n"), ("\0", "\\N"))
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def encoded(rows: Sequence[Sequence[str | None]]) -> bytes:
    """The rows as COPY FROM reads them."""
    # No text of Postgres holds "\0"; with marks that no value has either, all is escaped at once.
    text = _ROW.join([_CELL.join(["\0" if value is None else value for value in row]) for row in rows])
    width = len(rows[0]) if rows else 0
    if width and text.count(_ROW) == len(rows) - 1 and text.count(_CELL) == len(rows) * (width - 1):
        for mark, escape in _MARKS:
            text = text.replace(mark, escape)
        return f"{text}\n".encode()
    return _one_by_one(rows)


def _one_by_one(rows: Iterable[Sequence[str | None]]) -> bytes:
    lines = ("\t".join("\\N" if v is None else v.translate(_ESCAPES) for v in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def decoded(line: bytes) -> tuple[str | None, ...]:
    """A line that COPY TO wrote, without its end."""
    return tuple(_decoded(part) for part in line.decode("utf-8", "replace").split("\t"))


def _decoded(part: str) -> str | None:
    if part == "\\N":
        return None
    if "\\" not in part:
        return part
    made: list[str] = []
    characters = iter(part)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            made.append(_PLAIN.get(escaped, escaped))
        else:
            made.append(character)
    return "".join(made)
