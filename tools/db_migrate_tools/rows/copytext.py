"""Rows in the text format of COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def encoded(rows: Iterable[Sequence[str | None]]) -> bytes:
    """The rows as COPY FROM reads them."""
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
