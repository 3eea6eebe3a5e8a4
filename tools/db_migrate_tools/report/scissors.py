"""Making results small enough for a model: ever smaller sizes until one fits, and what is cut counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pydantic import BaseModel

from db_migrate_tools.wire import to_wire

T = TypeVar("T")
RESULT: Final = 15_000
PAGE: Final = 12_000
"""Characters of the structured content and of the page of one result: together about 8,000 tokens."""
_LEAST_SAID: Final = 1200
_LEAST_WHOLE: Final = 300
_LINE: Final = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of a main list, characters of a text and entries of a side list may stay."""

    rows: int
    characters: int
    entries: int


def sizes(limit: int) -> Iterator[Size]:
    """From generous to hardly anything."""
    yield Size(limit, 4000, 40)
    yield Size(limit, 1000, 20)
    yield Size(limit, 300, 10)
    yield Size(limit, 120, 4)
    rows = limit
    while rows > 1:
        rows = rows // 2
        yield Size(rows, 120, 3)
    yield Size(0, 80, 1)


def fitting(cut: Callable[[Size], T], cost: Callable[[T], int], budget: int, limit: int) -> T:
    """The first cut whose cost is within the budget; the smallest one when none is."""
    made = cut(Size(limit, 4000, 40))
    for size in sizes(limit):
        made = cut(size)
        if cost(made) <= budget:
            break
    return made


def weight(page: str) -> int:
    """Characters of a page, where one beyond ASCII counts double: models read those in more tokens."""
    return len(page) + sum(1 for character in page if ord(character) > 127)


def left_out(omitted: Mapping[str, int], whole: str) -> str:
    """One line that counts what is missing and says where the whole is."""
    return f"Left out: {', '.join(f'{count:,} {name}' for name, count in sorted(omitted.items()))}. {whole}"


def cost(output: BaseModel) -> int:
    """Characters of an output as structuredContent."""
    return len(json.dumps(to_wire(output), ensure_ascii=False))


def uncut(texts: Sequence[str], lines: int | None) -> Sequence[str]:
    """The first statements, each as a whole: half a statement cannot be judged. All of them together fold to about
    `lines` lines for each, and one that a page has hardly room for ends the list; None shows all.
    """
    if lines is None:
        return texts
    room = max(lines, 3) * _LINE * len(texts)
    for number, text in enumerate(texts):
        room -= len(text) + _LINE * text.count("\n")
        if room < 0:
            return texts[:number]
    return texts


@dataclass(slots=True)
class Scissors:
    """Cuts, and counts what it cut by the list's name; `texts` counts the texts. `source` says where the whole is."""

    size: Size
    source: str
    omitted: Counter[str] = field(default_factory=Counter[str])

    def text(self, value: str) -> str:
        over = len(value) - self.size.characters
        if over <= 0:
            return value
        self.omitted["texts"] += 1
        return f"{value[: self.size.characters]} … {over:,} more characters: {self.source}"

    def said(self, value: str) -> str:
        """A text that carries the result, such as a reason: cut only where it is monstrous."""
        size = self.size
        self.size = Size(size.rows, max(size.characters, _LEAST_SAID), size.entries)
        shown = self.text(value)
        self.size = size
        return shown

    def optional(self, value: str | None) -> str | None:
        return value if value is None else self.text(value)

    def tail(self, value: str) -> str:
        """A text whose end matters, such as what a command said last."""
        over = len(value) - self.size.characters
        if over <= 0:
            return value
        self.omitted["texts"] += 1
        return f"{over:,} characters before … {value[-self.size.characters :]}"

    def whole(self, values: Sequence[T], name: str, text: Callable[[T], str]) -> list[T]:
        """The first rows, as long as the text of each can be shown uncut: half a statement cannot be judged."""
        most = max(self.size.characters, _LEAST_WHOLE)
        long = next((i for i, value in enumerate(values) if len(text(value)) > most), len(values))
        return self.first(values, name, min(self.size.rows, long))

    def first(self, values: Sequence[T], name: str, most: int) -> list[T]:
        self.omitted[name] += max(0, len(values) - most)
        return list(values[:most])

    def rows(self, values: Sequence[T], name: str) -> list[T]:
        return self.first(values, name, self.size.rows)

    def some(self, values: Sequence[T], name: str = "entries") -> list[T]:
        return self.first(values, name, self.size.entries)

    def texts_of(self, values: Sequence[str], name: str = "entries") -> list[str]:
        return [self.text(value) for value in self.some(values, name)]

    def counted(self, before: Mapping[str, int]) -> dict[str, int]:
        """What is missing, with what was missing before."""
        total = Counter(before) + self.omitted
        return {name: count for name, count in total.items() if count}
