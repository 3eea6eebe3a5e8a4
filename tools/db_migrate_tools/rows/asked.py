"""What rows should be like: what a migration looks for, what rows of one story share, and both sorted for one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.demands import Demand, demand
from db_migrate_tools.rows.story import Story
from db_migrate_tools.schema.model import Ref

Row = dict[str, str | None]
"""Values by column, as text; None is NULL."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row that the migration puts in itself holds in the columns of a key."""

    table: Ref
    columns: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """What rows should be like beyond the schema: `stories` that the migration's statements look for, told by one row
    in `every`, `also` another catalog whose constraints must hold too, `plain` without values that conversions
    stumble over. `after` is the schema to which values of documents go. Keys that are `taken` no row has.
    """

    stories: tuple[Story, ...] = ()
    also: Book | None = None
    plain: bool = False
    every: int = 4
    after: Book | None = None
    taken: tuple[Taken, ...] = ()


@dataclass(slots=True)
class Board:
    """What the rows of a story have in common, noted by the first one of them. `never` are values that no row of a
    table holds in a column.
    """

    marks: dict[tuple[int, int, str], str] = field(default_factory=dict[tuple[int, int, str], str])
    never: dict[tuple[Ref, str], set[str]] = field(default_factory=dict[tuple[Ref, str], set[str]])

    def bar(self, table: Ref, column: str, values: Sequence[str]) -> None:
        self.never.setdefault((table, column), set()).update(values)


@dataclass(frozen=True, slots=True)
class Asked:
    """Atoms sorted by what they decide about a row. `nulls` are columns that stay empty, `required` those that do
    not.
    """

    demands: Mapping[str, Demand]
    nulls: frozenset[str]
    required: frozenset[str]
    counts: tuple[Atom, ...]
    pairs: tuple[Atom, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Every column of which something is asked."""
        counted = (column for atom in self.counts for column in atom.values[1:])
        return self.nulls | self.required | self.demands.keys() | frozenset(counted)


def asked_by(atoms: Sequence[Atom], always: Set[str]) -> Asked:
    """The atoms, sorted; columns in `always` are never NULL."""
    by_column: dict[str, list[Atom]] = defaultdict(list)
    nulls: set[str] = set()
    required = set(always)
    counts: list[Atom] = []
    pairs: list[Atom] = []
    for atom in atoms:
        if atom.asks == "null":
            nulls.add(atom.column)
        elif atom.asks == "count":
            counts.append(atom)
        else:
            required.add(atom.column)
            if atom.asks == "pair":
                required.add(atom.other)
                pairs.append(atom)
            elif atom.asks != "not null":
                by_column[atom.column].append(atom)
    demands = {column: demand(found) for column, found in by_column.items()}
    return Asked(demands, frozenset(nulls - always), frozenset(required), tuple(counts), tuple(pairs))


def named(atom: Atom) -> frozenset[str]:
    """The columns that an atom speaks of."""
    others = atom.values[1:] if atom.asks == "count" else (atom.other,) if atom.asks == "pair" else ()
    return frozenset((atom.column, *others))
