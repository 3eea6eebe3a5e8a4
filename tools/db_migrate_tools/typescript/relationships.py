"""Foreign keys as relationships: between tables, and through the views that show all columns of a key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from db_migrate_tools.schema.model import Table, View
from db_migrate_tools.typescript.names import SortKey, order, quoted
from db_migrate_tools.typescript.origins import Origins
from db_migrate_tools.typescript.relations import Name, Relations
from db_migrate_tools.typescript.shape import Items, Object, Property, Shape


@dataclass(frozen=True, slots=True)
class Relationship:
    foreign_key: str
    relation: Name
    columns: tuple[str, ...]
    one_to_one: bool
    referenced: Name
    referenced_columns: tuple[str, ...]


def relationships(relations: Relations, origins: Origins) -> Mapping[Name, Shape]:
    """For each relation the `Relationships` tuple of its schema's own keys; other schemas are not reachable."""
    found: dict[Name, list[Relationship]] = defaultdict(list)
    for key in _between_tables(relations):
        for seen in (key, *_through_views(key, relations, origins)):
            if seen.relation[0] == seen.referenced[0]:
                found[seen.relation].append(seen)
    return {name: Items(tuple(_shape(r) for r in sorted(rows, key=_order))) for name, rows in found.items()}


def _between_tables(relations: Relations) -> Iterator[Relationship]:
    for name, table in relations.relations.items():
        if not isinstance(table, Table) or name[0] not in relations.schemas:
            continue
        constraints = relations.constraints(table.ref)
        positions = {c.ref.name: c.position for c in relations.columns(table.ref)}
        unique = {
            tuple(sorted(c.columns, key=lambda column: positions.get(column, 0)))
            for c in constraints
            if c.type in ("primary key", "unique")
        }
        for key in constraints:
            # Partitions, on either side, repeat the key of their parent.
            if key.type != "foreign key" or key.references is None or not key.local:
                continue
            referenced = (key.references.schema, key.references.name)
            one_to_one = key.columns in unique
            yield Relationship(key.ref.name, name, key.columns, one_to_one, referenced, key.referenced_columns)


def _through_views(key: Relationship, relations: Relations, origins: Origins) -> Iterator[Relationship]:
    """PostgREST follows a key from, to and between views that show every column of its side."""
    from_views = list(_views_showing(key.relation, key.columns, relations, origins))
    to_views = list(_views_showing(key.referenced, key.referenced_columns, relations, origins))
    for view, columns in from_views:
        yield replace(key, relation=view, columns=columns)
    for view, columns in to_views:
        yield replace(key, referenced=view, referenced_columns=columns)
    for (view, columns), (other, others) in product(from_views, to_views):
        yield replace(key, relation=view, columns=columns, referenced=other, referenced_columns=others)


def _views_showing(
    table: Name, columns: Sequence[str], relations: Relations, origins: Origins
) -> Iterator[tuple[Name, tuple[str, ...]]]:
    for view in origins.showing.get(table, ()):
        if view[0] not in relations.schemas or not isinstance(relations.relations.get(view), View):
            continue
        shown = origins.traced[view]
        showing = [[name for name, chain in shown.items() if (table, column) in chain] for column in columns]
        if all(showing):
            for names in product(*showing):
                yield view, names


def _shape(relationship: Relationship) -> Shape:
    def names(columns: tuple[str, ...]) -> Items:
        return Items(tuple(quoted(c) for c in columns))

    return Object(
        (
            Property("foreignKeyName", quoted(relationship.foreign_key)),
            Property("columns", names(relationship.columns)),
            Property("isOneToOne", "true" if relationship.one_to_one else "false"),
            Property("referencedRelation", quoted(relationship.referenced[1])),
            Property("referencedColumns", names(relationship.referenced_columns)),
        )
    )


def _order(relationship: Relationship) -> tuple[SortKey, ...]:
    def text(columns: tuple[str, ...]) -> SortKey:
        return order(f"[{','.join(quoted(c) for c in columns)}]")

    return (
        order(relationship.foreign_key),
        order(relationship.referenced[1]),
        text(relationship.referenced_columns),
        text(relationship.columns),
    )
