"""A catalog's objects found by the relation that they belong to or by their class: sorted out once, asked often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from db_migrate_tools.schema.model import Index, Object, Ref

T = TypeVar("T", bound=Object)


class Parts:
    """Of one catalog. An index belongs to its table."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._of: dict[tuple[str, str], list[Object]] = defaultdict(list)
        self._classes: dict[type[Object], list[Object]] = defaultdict(list)
        for thing in objects:
            self._classes[type(thing)].append(thing)
            if isinstance(thing, Index):
                self._of[thing.table.schema, thing.table.name].append(thing)
            elif thing.ref.parent:
                self._of[thing.ref.schema, thing.ref.parent].append(thing)

    def of(self, relation: Ref, wanted: type[T]) -> list[T]:
        """The relation's parts of that class."""
        return [thing for thing in self._of.get((relation.schema, relation.name), ()) if isinstance(thing, wanted)]

    def all(self, wanted: type[T]) -> list[T]:
        """Every object of exactly that class."""
        return [thing for thing in self._classes.get(wanted, ()) if isinstance(thing, wanted)]
