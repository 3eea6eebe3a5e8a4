"""The course of a migration: what its statements make, change and go on locking, asked for by a statement's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from db_migrate_tools.analysis import locks
from db_migrate_tools.analysis.names import quote
from db_migrate_tools.schema.model import Kind, Ref

RELATIONS: tuple[Kind, ...] = ("table", "view", "index", "sequence")


def spellings(ref: Ref) -> Iterator[str]:
    """How a relation's name with its schema may be written."""
    yield f"{ref.schema}.{ref.name}"
    yield f"{quote(ref.schema)}.{quote(ref.name)}"
    yield f'"{ref.schema}"."{ref.name}"'


@dataclass(slots=True)
class Course:
    """Filled once, statement by statement; `place` counts them from 0. One for all statements, so that a migration of
    thousands is not copied thousands of times.
    """

    _born: dict[Ref, int] = field(default_factory=dict[Ref, int])
    _qualified: dict[str, int] = field(default_factory=dict[str, int])
    _bare: dict[str, int] = field(default_factory=dict[str, int])
    _changed: dict[Ref, int] = field(default_factory=dict[Ref, int])

    def bear(self, refs: Iterable[Ref], place: int) -> None:
        """Objects that the statement made."""
        for ref in refs:
            self._born.setdefault(ref, place)
            if ref.kind in RELATIONS:
                for name in spellings(ref):
                    self._qualified.setdefault(name, place)
                for name in (ref.name, quote(ref.name)):
                    self._bare.setdefault(name, place)

    def change(self, refs: Iterable[Ref], place: int) -> None:
        """Objects that the statement changed."""
        self._changed.update(dict.fromkeys(refs, place))

    def made(self, ref: Ref, place: int) -> bool:
        """Whether the migration itself has made it by then, that statement included."""
        return self._born.get(ref, place + 1) <= place

    def made_named(self, name: str, place: int, *, bare: bool = False) -> bool:
        """Whether a relation of that name, with its schema or `bare` of it too, has been made by then."""
        if self._qualified.get(name, place + 1) <= place:
            return True
        return bare and self._bare.get(name, place + 1) <= place

    def changes_later(self, ref: Ref, place: int) -> bool:
        """Whether a statement after that one changes it."""
        return self._changed.get(ref, place) > place


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that an earlier statement of the same transaction took and that is kept to its end. `relations` counts
    the relations held by then; `ours`: taken by a statement that keeping data added.
    """

    relation: Ref
    mode: str
    since: int
    ours: bool = False
    relations: int = 0


@dataclass(slots=True)
class Transaction:
    """The locks of one transaction in the order in which they were taken, each once unless it grew stronger."""

    held: list[Held] = field(default_factory=list[Held])
    _modes: dict[Ref, str] = field(default_factory=dict[Ref, str])

    def keep(self, relation: Ref, mode: str, since: int, *, ours: bool) -> None:
        known = self._modes.get(relation)
        if known is None or locks.strength(mode) > locks.strength(known):
            self._modes[relation] = mode
            self.held.append(Held(relation, mode, since, ours, len(self._modes)))

    def first(self, until: int, most: int) -> dict[Ref, Held]:
        """Some relations of the first `until` locks, each with its strongest."""
        found: dict[Ref, Held] = {}
        for held in islice(self.held, until):
            if held.relation in found or len(found) < most:
                found[held.relation] = held
            elif len(found) == most:
                break
        return found
