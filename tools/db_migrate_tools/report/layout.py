"""A page as blocks, and the two ways to write it: Markdown in which nobody else's text comes alive, and plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import wcwidth

from db_migrate_tools.sql.hidden import escape_hidden

WIDTH: Final = 100
_BLANK_LINES: Final = 3
_FEWEST: Final = 6
_INDENT: Final = "    "
_ON: Final = "↳ "
# Backslashes before these take the meaning out of them in Markdown. A bracket means something only where a link's
# target follows it, a backslash before a sign or at the end; `_` in a word's middle, `|` and `>` after a line's
# beginning mean nothing. Backticks belong together from the left; a code span of harmless characters may stay one.
_ACTIVE: Final = re.compile(
    r"(?P<ticks>(?<!`)`+(?!`))(?P<inside>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|\\(?![^\W_])|[`*<~]|\](?=[(\[:])|(?<![^\W_])_(?=\S)"
    r"|(?<=http):(?=//)|(?<=https):(?=//)|(?<=ftp):(?=//)|(?<=www)\.|&(?=#?\w+;)|(?<=\w)@(?=\w)",
    re.IGNORECASE,
)
_IN_CODE: Final = re.compile(r"""[\w ./=(),;:'"$%?!>{}-]+""")
_GAP: Final = re.compile(r" {24,}")
_OPENS_BLOCK: Final = re.compile(r"([#>+=|:\[-])|(\d{1,9})([.)])(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Title:
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """A line of its own that must not be overlooked."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `numbered` counts from 1."""

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Lines shown as they are, but for what hides in them. `numbers` stand in a gutter, one a text."""

    texts: Sequence[str]
    language: str = "sql"
    numbers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Cells wrap; columns shrink, widest first, until the table fits the page."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Title | Heading | Strong | Text | Bullets | Code | Table


def width(text: str) -> int:
    """Columns that a line takes in a terminal; control characters are escaped before."""
    if text.isascii():
        return len(text)
    return max(0, wcwidth.wcswidth(text))


def line(text: str) -> str:
    """Anybody's text as one visible line. A mark that would join whatever stands before it gets a circle to sit on."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    shown = escape_hidden(text.replace("\r\n", "\n").replace("\t", " "))
    return " ".join(f"◌{word}" if _mark(word[0]) else word for word in shown.split())


def _mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _clusters(word: str) -> Iterator[str]:
    """What must not be parted: a character with its marks, a backslash with what it escapes."""
    cluster = ""
    for character in word:
        if cluster and cluster != "\\" and wcwidth.wcwidth(character) != 0 and not _mark(character):
            yield cluster
            cluster = ""
        cluster += character
    yield cluster


def _pieces(word: str, room: int) -> Iterator[str]:
    """The word cut where it exceeds the room."""
    if word.isascii() and "\\" not in word:
        yield from (word[i : i + room] for i in range(0, len(word), room)) if word else [""]
        return
    part = ""
    for cluster in _clusters(word):
        if part and width(part + cluster) > room:
            yield part
            part = ""
        part += cluster
    yield part


def wrap(text: str, room: int, later: int | None = None) -> list[str]:
    """The text in lines of at most `room` columns (the second and further of `later`), broken at spaces where there
    are any. A room is at least 3: what belongs together is never parted.
    """
    following = room if later is None else later
    lines, current = list[str](), ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if width(joined) <= (following if lines else room):
            current = joined
            continue
        if current:
            lines.append(current)
        *full, current = _pieces(word, min(room, following))
        lines += full
    return [*lines, current]


def pad(text: str, room: int) -> str:
    return text + " " * (room - width(text))


def _fit(table: Table, room: int) -> list[int]:
    """Columns' widths: as wide as their widest cell, then the widest made narrower until all fit."""
    every = [table.head, *table.rows]
    widths = [max(2, *(width(line(row[i])) for row in every)) for i in range(len(table.head))]
    spare = room - 3 * len(widths) - 1
    while sum(widths) > spare and max(widths) > _FEWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _rule(widths: Sequence[int], left: str, middle: str, right: str) -> str:
    return left + middle.join("─" * (w + 2) for w in widths) + right


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [wrap(line(cell), w) for cell, w in zip(cells, widths, strict=True)]
    for i in range(max(map(len, wrapped))):
        parts = [pad(lines[i] if i < len(lines) else "", w) for lines, w in zip(wrapped, widths, strict=True)]
        yield "│ " + " │ ".join(parts) + " │"


def box(table: Table, room: int = WIDTH) -> list[str]:
    """The table with lines around its cells; every line takes the same number of columns."""
    widths = _fit(table, room)
    lines = [_rule(widths, "┌", "┬", "┐"), *_row(table.head, widths), _rule(widths, "├", "┼", "┤")]
    rows = [list(_row(row, widths)) for row in table.rows]
    return [*lines, *(each for row in rows for each in row), _rule(widths, "└", "┴", "┘")]


def _source_lines(text: str) -> Iterator[str]:
    """A statement's lines as they may be shown: nothing hidden, blank runs counted, tabs as spaces."""
    blank = 0
    for each in [*escape_hidden(text.replace("\r\n", "\n").replace("\t", "    ")).split("\n"), None]:
        if each is not None and not each.strip():
            blank += 1
            continue
        if each is not None or blank < _BLANK_LINES:
            yield from [""] * blank if blank < _BLANK_LINES else [f"⟨{blank:,} blank lines⟩"]
        blank = 0
        if each is not None:
            yield each.rstrip()


def _folded(text: str, room: int) -> Iterator[str]:
    """A line of code that is too long goes on below, marked; its indentation stays."""
    bare = text.lstrip(" ")
    indent = " " * min(len(text) - len(bare), room // 2)
    space = room - len(indent)
    shown = _GAP.sub(lambda gap: f" ⟨{len(gap[0]):,} spaces⟩ ", bare)
    for i, each in enumerate(wrap(shown, space, space - width(_ON))):
        yield f"{indent}{_ON if i else ''}{each}"


def code_lines(code: Code, room: int) -> list[str]:
    """The lines of the block, with the gutter, none wider than `room`."""
    gutter = max(map(width, code.numbers), default=0)
    space = room - (gutter + 3 if code.numbers else 0)
    lines: list[str] = []
    for i, text in enumerate(code.texts):
        for j, each in enumerate(f for source in _source_lines(text) for f in _folded(source, space)):
            number = code.numbers[i] if code.numbers and j == 0 else ""
            lines.append(f"{' ' * (gutter - width(number))}{number} │ {each}".rstrip() if code.numbers else each)
    return lines


def escape(text: str) -> str:
    """One line of anybody's text for Markdown: shown as it is, meaning nothing."""
    return _ACTIVE.sub(_inactive, text)


def _inactive(found: re.Match[str]) -> str:
    ticks, inside = found["ticks"], found["inside"]
    if ticks is None:
        return f"\\{found[0]}"
    if _IN_CODE.fullmatch(inside):
        return found[0]
    marks = "\\`" * len(ticks)
    return f"{marks}{escape(inside)}{marks}"


def _harmless_start(text: str) -> str:
    """A line that does not open a list, a heading or a quotation by where it happens to begin."""
    return (
        _OPENS_BLOCK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text, count=1)
        if (_OPENS_BLOCK.match(text))
        else text
    )


def _prose(text: str, first: str, following: str, room: int, *, markdown: bool) -> Iterator[str]:
    """Wrapped lines; Markdown's escapes count as columns, since they are seen where it is not rendered."""
    shown = escape(line(text)) if markdown else line(text)
    for i, each in enumerate(wrap(shown, room - width(first) - 1)):
        yield (first if i == 0 else following) + (_harmless_start(each) if markdown else each)


def fence(lines: Iterable[str]) -> str:
    """Backticks, more than stand together anywhere in the lines."""
    return "`" * max(3, 1 + max((len(run) for each in lines for run in re.findall(r"`+", each)), default=0))


def _block(block: Block, *, markdown: bool) -> Iterator[str]:
    match block:
        case Title(text):
            shown = line(text)
            yield from _prose(text, "# ", "", WIDTH, markdown=True) if markdown else [*wrap(shown, WIDTH)]
            if not markdown:
                yield "=" * min(WIDTH, width(shown))
        case Heading(text):
            yield from [f"## {escape(line(text))}"] if markdown else [line(text).upper()]
        case Strong(text):
            lines = list(_prose(text, "", "", WIDTH - 4, markdown=markdown))
            yield from (
                ["**" + lines[0], *lines[1:-1], lines[-1] + "**"]
                if markdown and len(lines) > 1
                else ([f"**{lines[0]}**"] if markdown else lines)
            )
        case Text(text):
            yield from _prose(text, "", "", WIDTH, markdown=markdown)
        case Bullets(items, numbered):
            for i, item in enumerate(items, start=1):
                sign = f"{i}. " if numbered else ("- " if markdown else "• ")
                yield from _prose(item, sign, " " * width(sign), WIDTH, markdown=markdown)
        case Code(texts, language, numbers):
            lines = code_lines(Code(texts, language, numbers), WIDTH if markdown else WIDTH - len(_INDENT))
            marks = fence(lines)
            yield from [marks + language, *lines, marks] if markdown else [(_INDENT + each).rstrip() for each in lines]
        case Table():
            lines = box(block)
            yield from [fence(lines), *lines, fence(lines)] if markdown else lines


def render(blocks: Iterable[Block], *, markdown: bool) -> str:
    """The page, its blocks parted by blank lines."""
    return "\n\n".join("\n".join(_block(block, markdown=markdown)) for block in blocks) + "\n"
