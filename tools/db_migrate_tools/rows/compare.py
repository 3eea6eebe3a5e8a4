"""The rows of a table at two moments: which are gone, which are new, which columns hold other values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5

from db_migrate_tools.rows.copytext import decoded
from db_migrate_tools.schema.model import Ref

Cell = str | None


LONGEST = 1_000
"""Bytes of a value as text; of a longer one only its digest is held."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A table's rows as lines of COPY, in any order, over `columns`; long values by their digest. `cut`: it is too much
    to be held, so there is no line, but the count of rows and a digest of them all.
    """

    columns: tuple[str, ...]
    lines: tuple[bytes, ...]
    key: tuple[str, ...] = ()
    cut: bool = False
    count: int = 0
    digest: str = ""

    @property
    def rows(self) -> int:
        return self.count if self.cut else len(self.lines)

    def varied(self, column: str) -> int:
        """How many different values a column has, NULL not counted."""
        at = self.columns.index(column)
        return len({cell for line in self.lines if (cell := decoded(line)[at]) is not None})


def held(line: bytes) -> bytes:
    """A line of COPY with the digest in place of each long value: the same that the server makes of it."""
    if len(line) <= LONGEST:
        return line
    return b"\t".join(_held(part) for part in line.split(b"\t"))


def _held(part: bytes) -> bytes:
    if len(part) <= LONGEST:
        return part
    text = (decoded(part)[0] or "").encode()
    return f"md5 {md5(text, usedforsecurity=False).hexdigest()}".encode() if len(text) > LONGEST else part


@dataclass(frozen=True, slots=True)
class State:
    """The rows of tables, and of sequences the last value and whether it has been given out."""

    tables: Mapping[Ref, Contents] = field(default_factory=dict[Ref, Contents])
    sequences: Mapping[Ref, tuple[int, bool]] = field(default_factory=dict[Ref, tuple[int, bool]])


@dataclass(frozen=True, slots=True)
class TableDifference:
    """`columns` with how many rows hold another value there, of rows that both have; `example` is before and after;
    `new` are some of the `extra` rows. `filled` says of how many of a column's other values there was NULL before.
    `untold`: there are so many rows that only their number is known.
    """

    table: Ref
    rows: int
    missing: int = 0
    extra: int = 0
    columns: tuple[tuple[str, int], ...] = ()
    example: Mapping[str, tuple[Cell, Cell]] = field(default_factory=dict[str, tuple[Cell, Cell]])

    new: tuple[Mapping[str, Cell], ...] = ()
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    untold: bool = False

    @property
    def loses(self) -> bool:
        """Whether something that was there is not, rather than only something new is."""
        return bool(self.missing or self.columns)


MOST_NEW = 20
"""Rows that were not there before: so many are told one by one."""


def compare(before: State, after: State) -> tuple[TableDifference, ...]:
    """The tables of `before` whose rows are not the same, as a collection without order."""
    found: list[TableDifference] = []
    for table, contents in sorted(before.tables.items()):
        now = after.tables.get(table)
        if now is None:
            found.append(TableDifference(table, contents.rows, missing=contents.rows))
        elif contents.cut or now.cut:
            if (contents.rows, contents.digest) != (now.rows, now.digest):
                missing, extra = max(0, contents.rows - now.rows), max(0, now.rows - contents.rows)
                found.append(TableDifference(table, contents.rows, missing, extra, untold=True))
        elif Counter(contents.lines) != Counter(now.lines):
            found.append(_difference(table, contents, now))
    return tuple(found)


def untold(differences: Sequence[TableDifference]) -> Iterator[str]:
    """What a comparison leaves open, as sentences."""
    for difference in differences:
        if difference.untold:
            yield (
                f"There are too many rows of {difference.table} to be compared one by one, so it was not seen whether "
                "each is back as it was."
            )


def _difference(table: Ref, before: Contents, after: Contents) -> TableDifference:
    olds, news = [decoded(line) for line in before.lines], [decoded(line) for line in after.lines]
    at = [before.columns.index(column) for column in before.key]
    one, other = _keyed(olds, at), _keyed(news, at)
    if one is None or other is None or not (one.keys() & other.keys() or not olds):
        return _without_key(table, before, olds, news)
    # In the order of the rows: that of a set changes from run to run.
    both = [key for key in one if key in other]
    counts: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    example: dict[str, tuple[Cell, Cell]] = {}
    for key in both:
        for column, old, new in zip(before.columns, one[key], other[key], strict=True):
            if old != new:
                counts[column] += 1
                filled[column] += old is None
                example.setdefault(column, (old, new))
    columns = tuple((column, counts[column]) for column in before.columns if counts[column])
    fresh = _new(before.columns, [row for key, row in other.items() if key not in one])
    missing, extra = len(one) - len(both), len(other) - len(both)
    return TableDifference(table, len(olds), missing, extra, columns, example, fresh, filled)


def _new(columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> tuple[Mapping[str, Cell], ...]:
    return tuple(dict(zip(columns, row, strict=True)) for row in rows[:MOST_NEW])


def _keyed(rows: Sequence[tuple[Cell, ...]], at: Sequence[int]) -> dict[tuple[Cell, ...], tuple[Cell, ...]] | None:
    keyed = {tuple(row[position] for position in at): row for row in rows}
    return keyed if at and len(keyed) == len(rows) else None


def _without_key(
    table: Ref, before: Contents, olds: Sequence[tuple[Cell, ...]], news: Sequence[tuple[Cell, ...]]
) -> TableDifference:
    """Columns by themselves: how many of the values that each had are not there any more."""
    missing, extra = max(0, len(olds) - len(news)), max(0, len(news) - len(olds))
    counts: list[tuple[str, int]] = []
    filled: dict[str, int] = {}
    for position, column in enumerate(before.columns):
        gone = Counter(row[position] for row in olds) - Counter(row[position] for row in news)
        number = sum(gone.values()) - missing
        if number > 0:
            counts.append((column, number))
            filled[column] = gone[None]
    if not counts and not missing and not extra:
        # Every column has its values, but they do not stand together as they did.
        missing = extra = sum((Counter(olds) - Counter(news)).values())
    fresh = _new(before.columns, list((Counter(news) - Counter(olds)).elements())) if extra and not counts else ()
    return TableDifference(table, len(olds), missing, extra, tuple(counts), new=fresh, filled=filled)
