"""`database.types.ts` from a catalog: the types that Supabase's clients are given, made without Node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from db_migrate_tools.schema.model import Catalog, Column, Ref, Table, Type, View
from db_migrate_tools.typescript.functions import computed_fields, functions, offered
from db_migrate_tools.typescript.names import order, quoted
from db_migrate_tools.typescript.origins import Origins, origins
from db_migrate_tools.typescript.relations import Name, Relation, Relations
from db_migrate_tools.typescript.relationships import relationships
from db_migrate_tools.typescript.scalars import nullable, scalar
from db_migrate_tools.typescript.shape import NOTHING, Items, Object, Property, Shape, either, layout
from db_migrate_tools.typescript.templates import HELPERS, JSON, NOTE

_Fields = Mapping[Name, Sequence[Property]]
_Asked = tuple[str, Ref | None, bool, bool, bool]
"""A type with its reference: whether it is an array, takes NULL, shows a domain's base."""


def generate(
    catalog: Catalog,
    *,
    schemas: Sequence[str] = ("public",),
    postgrest_version: str | None = None,
) -> str:
    """The whole file for the given schemas.

    `postgrest_version` goes where supabase-js looks for it, so that createClient knows what the API can do.
    """
    relations = Relations(catalog, schemas)
    found = origins(relations)
    writer = _Writer(relations, found, relationships(relations, found))
    parts = [Property(schema, writer.schema(schema)) for schema in relations.schemas]
    if postgrest_version is not None:
        version = Property("PostgrestVersion", quoted(postgrest_version))
        parts.insert(0, Property("__InternalSupabase", Object((version,))))
    default = "public" if "public" in relations.schemas or not relations.schemas else relations.schemas[0]
    return "\n".join(
        (
            JSON,
            f"export type Database = {layout(Object(tuple(parts)), 0, 23)}\n",
            HELPERS.replace("__DEFAULT_SCHEMA__", quoted(default)),
            f"export const Constants = {layout(writer.constants(), 0, 25, ',')} as const\n",
            NOTE,
        )
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """The parts of `Database`, one schema after the other."""

    relations: Relations
    origins: Origins
    keys: Mapping[Name, Shape]
    known: dict[_Asked, Shape] = field(default_factory=dict[_Asked, Shape])

    def schema(self, schema: str) -> Shape:
        callable_here = offered(self.relations, schema)
        fields = computed_fields(self.relations, callable_here, self._row)
        here = sorted(
            (r for (s, _), r in self.relations.relations.items() if s == schema), key=lambda r: order(r.ref.name)
        )
        return Object(
            (
                Property("Tables", _members([self._table(r, fields) for r in here if isinstance(r, Table)])),
                Property("Views", _members([self._view(r, fields) for r in here if isinstance(r, View)])),
                Property("Functions", functions(self.relations, callable_here, self._row)),
                Property("Enums", _members([Property(t.ref.name, _labels(t)) for t in self._enums(schema)])),
                Property("CompositeTypes", _members([self._composite(t) for t in self._composites(schema)])),
            )
        )

    def constants(self) -> Shape:
        """The enums' labels as values, for code that lists or checks them."""
        return Object(tuple(Property(s, self._constants(s)) for s in self.relations.schemas))

    def _constants(self, schema: str) -> Shape:
        labels = [Property(t.ref.name, Items(tuple(map(quoted, t.labels)))) for t in self._enums(schema)]
        return Object((Property("Enums", Object(tuple(labels))),))

    def _table(self, table: Table, fields: _Fields) -> Property:
        columns = self._columns(table.ref)
        return Property(
            table.ref.name,
            Object(
                (
                    self._row_of(table, columns, fields),
                    Property("Insert", Object(tuple(self._insert(c) for c in columns))),
                    Property("Update", Object(tuple(self._update(c) for c in columns))),
                    self._relationships(table),
                )
            ),
        )

    def _view(self, view: View, fields: _Fields) -> Property:
        columns = self._columns(view.ref)
        written = Object(tuple(self._written(view, c) for c in columns))
        parts = [self._row_of(view, columns, fields)]
        taken = self.relations.taken_by_trigger(view.ref)
        if view.insertable or "INSERT" in taken:
            parts.append(Property("Insert", written))
        if view.updatable or "UPDATE" in taken:
            parts.append(Property("Update", written))
        return Property(view.ref.name, Object((*parts, self._relationships(view))))

    def _row_of(self, relation: Relation, columns: Sequence[Column], fields: _Fields) -> Property:
        name = (relation.ref.schema, relation.ref.name)
        return Property("Row", Object((*self._row(columns), *fields.get(name, ()))))

    def _row(self, columns: Sequence[Column]) -> tuple[Property, ...]:
        ordered = sorted(columns, key=lambda c: order(c.ref.name))
        return tuple(Property(c.ref.name, self._type(c, is_nullable=self._is_nullable(c))) for c in ordered)

    def _insert(self, column: Column) -> Property:
        if _is_closed(column):
            return Property(column.ref.name, "never", optional=True)
        is_nullable = self._is_nullable(column)
        optional = is_nullable or bool(column.identity) or column.default is not None
        return Property(column.ref.name, self._type(column, is_nullable=is_nullable), optional)

    def _update(self, column: Column) -> Property:
        if _is_closed(column):
            return Property(column.ref.name, "never", optional=True)
        return Property(column.ref.name, self._type(column, is_nullable=self._is_nullable(column)), optional=True)

    def _written(self, view: View, column: Column) -> Property:
        name = (view.ref.schema, view.ref.name)
        shown = self.origins.direct.get(name, {})
        # A view whose definition could not be read is taken at Postgres's word: it can be written.
        by_postgres = view.updatable and (not shown or column.ref.name in shown)
        open_ = by_postgres or bool(self.relations.taken_by_trigger(view.ref))
        return Property(column.ref.name, self._type(column, is_nullable=True) if open_ else "never", optional=True)

    def _relationships(self, relation: Relation) -> Property:
        return Property("Relationships", self.keys.get((relation.ref.schema, relation.ref.name), Items(())))

    def _composite(self, found: Type) -> Property:
        attributes = [
            Property(c.ref.name, self._type(c, is_nullable=True, through_domain=False))
            for c in self.relations.columns(found.ref)
        ]
        return Property(found.ref.name, Object(tuple(attributes)))

    def _enums(self, schema: str) -> list[Type]:
        return self._types(schema, lambda t: t.type == "enum" and bool(t.labels))

    def _composites(self, schema: str) -> list[Type]:
        return self._types(schema, lambda t: t.type == "composite" and bool(t.columns))

    def _types(self, schema: str, wanted: Callable[[Type], bool]) -> list[Type]:
        here = [t for (s, _), t in self.relations.types.items() if s == schema and wanted(t)]
        return sorted(here, key=lambda t: order(t.ref.name))

    def _columns(self, relation: Ref) -> list[Column]:
        return sorted(self.relations.columns(relation), key=lambda c: order(c.ref.name))

    def _type(self, column: Column, *, is_nullable: bool, through_domain: bool = True) -> Shape:
        asked = (column.type, column.type_ref, column.is_array, is_nullable, through_domain)
        if asked not in self.known:
            shape = scalar(
                self.relations, column.type, column.type_ref, is_array=column.is_array, through_domain=through_domain
            )
            self.known[asked] = nullable(shape, is_nullable=is_nullable)
        return self.known[asked]

    def _is_nullable(self, column: Column) -> bool:
        ref = column.type_ref
        domain = None if ref is None or column.is_array else self.relations.types.get((ref.schema, ref.name))
        return column.nullable and (domain is None or domain.type != "domain" or domain.nullable)


def _members(properties: Sequence[Property]) -> Shape:
    return Object(tuple(properties)) if properties else NOTHING


def _labels(found: Type) -> Shape:
    return either([quoted(label) for label in found.labels])


def _is_closed(column: Column) -> bool:
    """Whether Postgres alone writes the column."""
    return column.identity == "always" or bool(column.generated)
