"""A catalog arranged for reading relation by relation: columns, keys and functions found without searching again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from db_migrate_tools.schema.model import Catalog, Column, Constraint, Ref, Routine, Table, Trigger, Type, View
from db_migrate_tools.typescript.names import order

Relation = Table | View
Name = tuple[str, str]


class Relations:
    """The catalog by (schema, name). `schemas` are those that the file describes."""

    def __init__(self, catalog: Catalog, schemas: Sequence[str]) -> None:
        self.schemas = tuple(sorted(dict.fromkeys(schemas), key=order))
        self.relations: dict[Name, Relation] = {}
        self.types: dict[Name, Type] = {}
        self.routines: list[Routine] = []
        self._columns: dict[Name, list[Column]] = defaultdict(list)
        self._constraints: dict[Name, list[Constraint]] = defaultdict(list)
        self._instead: dict[Name, set[str]] = defaultdict(set)
        for thing in catalog:
            owner = (thing.ref.schema, thing.ref.parent)
            match thing:
                case Table() | View():
                    self.relations[thing.ref.schema, thing.ref.name] = thing
                case Type():
                    self.types[thing.ref.schema, thing.ref.name] = thing
                case Routine():
                    self.routines.append(thing)
                case Column():
                    self._columns[owner].append(thing)
                case Constraint():
                    self._constraints[owner].append(thing)
                case Trigger():
                    self._instead[owner] |= _events_taken(thing.definition)
                case _:
                    pass
        self.routines.sort(key=lambda r: (r.ref.schema, order(r.base_name), order(r.ref.name)))

    def columns(self, relation: Ref) -> list[Column]:
        """The columns in their order."""
        return sorted(self._columns[relation.schema, relation.name], key=lambda c: c.position)

    def column_names(self, relation: Ref) -> set[str]:
        return {column.ref.name for column in self._columns[relation.schema, relation.name]}

    def constraints(self, relation: Ref) -> list[Constraint]:
        return self._constraints[relation.schema, relation.name]

    def taken_by_trigger(self, view: Ref) -> set[str]:
        """Of INSERT and UPDATE those that an INSTEAD OF trigger takes over, with every column."""
        return self._instead.get((view.schema, view.name), set())

    def row_type(self, ref: Ref | None) -> Ref | None:
        """`ref` when its values are rows: of a table, of a view, or of a composite type with attributes."""
        if ref is None:
            return None
        name = (ref.schema, ref.name)
        found = self.types.get(name)
        return ref if name in self.relations or (found is not None and found.type == "composite") else None


def _events_taken(definition: str) -> set[str]:
    events = definition.partition(" INSTEAD OF ")[2].partition(" ON ")[0]
    return {event for event in ("INSERT", "UPDATE") if event in events}
