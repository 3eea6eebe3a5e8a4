"""What one value must satisfy: the atoms on a column, put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from db_migrate_tools.rows.atoms import Atom


@dataclass(frozen=True, slots=True)
class Demand:
    """`inside` None allows everything; `bounds` are operators with constants; lengths count characters or elements.
    `paths` are keys into a JSON object with the value there ("" where any will do), `holds` elements of a list.
    """

    inside: tuple[str, ...] | None = None
    outside: frozenset[str] = frozenset()
    bounds: tuple[tuple[str, str], ...] = ()
    shortest: int = 0
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    json: str | None = None
    case: str | None = None
    paths: tuple[tuple[tuple[str, ...], str], ...] = ()
    holds: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        return self is FREE or self == FREE


FREE = Demand()


def demand(atoms: Iterable[Atom]) -> Demand:
    """The atoms as one demand; `null`, `not null`, `pair` and `count` are the row's business and left out."""
    inside: tuple[str, ...] | None = None
    outside: set[str] = set()
    bounds: list[tuple[str, str]] = []
    shortest, longest = 0, None
    json = case = None
    patterns: list[str] = []
    likes: list[str] = []
    paths: list[tuple[tuple[str, ...], str]] = []
    holds: list[str] = []
    for atom in atoms:
        if atom.asks == "in":
            both = tuple(value for value in atom.values if inside is None or value in inside)
            inside = both or inside or atom.values
        elif atom.asks == "not in":
            outside.update(atom.values)
        elif atom.asks == "compare":
            bounds.append((atom.op, atom.values[0]))
        elif atom.asks == "length":
            number = int(atom.values[0])
            if atom.op in {">", ">=", "="}:
                shortest = max(shortest, number + (atom.op == ">"))
            if atom.op in {"<", "<=", "="}:
                most = number - (atom.op == "<")
                longest = most if longest is None else min(longest, most)
            if atom.op == "<>" and number == 0:
                shortest = max(shortest, 1)
        elif atom.asks == "match":
            patterns.append(atom.values[0])
        elif atom.asks == "like":
            likes.append(atom.values[0])
        elif atom.asks == "json":
            json = atom.values[0]
        elif atom.asks == "case":
            case = atom.values[0]
        elif atom.asks == "path":
            paths.append((atom.values, atom.op))
        elif atom.asks == "holds":
            holds += atom.values
    return Demand(
        inside,
        frozenset(outside),
        tuple(bounds),
        shortest,
        longest,
        tuple(patterns),
        tuple(likes),
        json,
        case,
        tuple(paths),
        tuple(holds),
    )
