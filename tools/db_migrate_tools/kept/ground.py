"""Questions to the catalog before the migration: which table a name means, its key, what hangs on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.schema.ddl.quote import ident
from db_migrate_tools.schema.model import (
    Catalog,
    Column,
    Constraint,
    Index,
    Object,
    Policy,
    Ref,
    Schema,
    Sequence,
    Table,
    Trigger,
    View,
)
from db_migrate_tools.sql.node import Node


@dataclass(frozen=True)
class Ground:
    """The target's catalog, with its tables' parts found quickly."""

    facts: TargetFacts

    @property
    def catalog(self) -> Catalog:
        return self.facts.catalog

    @cached_property
    def _parts(self) -> dict[tuple[str, str], list[Object]]:
        found: dict[tuple[str, str], list[Object]] = {}
        for item in self.catalog:
            if isinstance(item, Index):
                found.setdefault((item.table.schema, item.table.name), []).append(item)
            elif item.ref.parent:
                found.setdefault((item.ref.schema, item.ref.parent), []).append(item)
        return found

    @cached_property
    def _referring(self) -> dict[Ref, list[Constraint]]:
        found: dict[Ref, list[Constraint]] = {}
        for item in self.catalog:
            if isinstance(item, Constraint) and item.references is not None:
                found.setdefault(item.references, []).append(item)
        return {ref: sorted(keys, key=lambda key: key.ref) for ref, keys in found.items()}

    @cached_property
    def _heirs(self) -> dict[Ref, list[Ref]]:
        found: dict[Ref, list[Ref]] = {}
        for table in self.catalog.tables():
            for parent in table.inherits if table.partition_of is None else ():
                found.setdefault(parent, []).append(table.ref)
        return found

    @cached_property
    def _partitions(self) -> dict[Ref, list[Ref]]:
        found: dict[Ref, list[Ref]] = {}
        for table in self.catalog.tables():
            if table.partition_of is not None:
                found.setdefault(table.partition_of, []).append(table.ref)
        return found

    @cached_property
    def _owned(self) -> dict[tuple[str, str], list[Sequence]]:
        found: dict[tuple[str, str], list[Sequence]] = {}
        for item in sorted((o for o in self.catalog if isinstance(o, Sequence)), key=lambda s: s.ref):
            if item.owned_by is not None:
                found.setdefault((item.owned_by.schema, item.owned_by.parent), []).append(item)
        return found

    @cached_property
    def _needing(self) -> dict[Ref, list[Object]]:
        found: dict[Ref, list[Object]] = {}
        for item in self.catalog:
            for ref in item.depends:
                found.setdefault(ref, []).append(item)
        return found

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The schemas in which an unqualified name is looked for."""
        parts = [part.strip().strip('"') for part in self.facts.settings.search_path.split(",")]
        named = [self.facts.identity.role if part == "$user" else part for part in parts]
        schemas = {o.ref.name for o in self.catalog if isinstance(o, Schema)}
        return tuple(part for part in named if part in schemas or part == "public")

    def find(self, schema: str, name: str) -> Ref | None:
        """The table or view that a name means in the target as it is now."""
        for place in (schema,) if schema else self.path:
            for ref in (Ref("table", place, name), Ref("view", place, name)):
                if ref in self.catalog:
                    return ref
        return None

    def relation(self, node: Node | None) -> Ref | None:
        """The table or view that a RangeVar means."""
        return None if node is None else self.find(node.text("schemaname"), node.text("relname"))

    def parts(self, table: Ref) -> list[Object]:
        """Columns, constraints, indexes, triggers and policies of a table."""
        return self._parts.get((table.schema, table.name), [])

    def columns(self, table: Ref) -> list[Column]:
        return sorted((o for o in self.parts(table) if isinstance(o, Column)), key=lambda c: c.position)

    def stored(self, table: Ref) -> tuple[str, ...]:
        """The columns that hold values of their own, which generated ones do not."""
        return tuple(c.ref.name for c in self.columns(table) if not c.generated)

    def triggers(self, table: Ref) -> list[Trigger]:
        return sorted((o for o in self.parts(table) if isinstance(o, Trigger)), key=lambda t: t.ref)

    def rewritten_by_triggers(self, table: Ref) -> bool:
        """Whether a trigger may change the rows that an UPDATE writes."""
        return any(
            t.enabled in ("origin", "always")
            and " BEFORE " in t.definition.upper()
            and "UPDATE" in t.definition.upper()
            for t in self.triggers(table)
        )

    def policies(self, table: Ref) -> list[Policy]:
        return sorted((o for o in self.parts(table) if isinstance(o, Policy)), key=lambda p: p.ref)

    def indexes(self, table: Ref) -> list[Index]:
        return sorted((o for o in self.parts(table) if isinstance(o, Index)), key=lambda i: i.ref)

    def keys(self, table: Ref) -> list[Constraint]:
        """Its foreign keys."""
        return sorted(
            (o for o in self.parts(table) if isinstance(o, Constraint) and o.type == "foreign key"),
            key=lambda c: c.ref,
        )

    def pointing_at(self, table: Ref) -> list[Constraint]:
        """Foreign keys of any table that refer to this one."""
        return self._referring.get(table, [])

    def key(self, table: Ref, without: Collection[str] = ()) -> tuple[str, ...] | None:
        """Columns that tell every row from the others: the primary key, else a unique constraint without nulls;
        none of them may be one of `without`.
        """
        nullable = {c.ref.name for c in self.columns(table) if c.nullable}
        for kind in ("primary key", "unique"):
            for item in sorted(self.parts(table), key=lambda o: o.ref):
                if not isinstance(item, Constraint) or item.type != kind or not item.columns:
                    continue
                free = not set(item.columns) & set(without)
                if free and (kind == "primary key" or not set(item.columns) & nullable):
                    return item.columns
        return None

    def family(self, table: Ref) -> list[Ref]:
        """The table and its partitions, at every level."""
        return [table, *(ref for part in self._partitions.get(table, ()) for ref in self.family(part))]

    def heirs(self, table: Ref) -> list[Ref]:
        """Tables that inherit from it without being its partitions."""
        return self._heirs.get(table, [])

    def sequences(self, table: Ref) -> list[tuple[str, str]]:
        """Columns that count, each with its sequence as SQL."""
        found = [
            (c.ref.name, f"{ident(table.schema)}.{ident(c.identity_sequence)}")
            for c in self.columns(table)
            if c.identity and c.identity_sequence
        ]
        for item in self.owned(table):
            if item.owned_by is not None:
                found.append((item.owned_by.name, f"{ident(item.ref.schema)}.{ident(item.ref.name)}"))
        return found

    def owned(self, table: Ref) -> list[Sequence]:
        """Sequences that belong to its serial columns."""
        return self._owned.get((table.schema, table.name), [])

    def leaning(self, table: Ref) -> Iterator[Object]:
        """What needs the table and is no part of it: views, routines, foreign keys, publications."""
        own = {table, *(part.ref for part in self.parts(table)), *(s.ref for s in self.owned(table))}
        found = {item.ref: item for ref in own for item in self._needing.get(ref, ()) if item.ref not in own}
        yield from (found[ref] for ref in sorted(found))

    def hidden_rows(self, table: Ref) -> bool:
        """Whether row level security may hide rows from the role that runs the migration."""
        item = self.catalog.get(table)
        identity = self.facts.identity
        if not isinstance(item, Table) or not item.row_security or identity.superuser:
            return False
        acts = self.facts.acts_as
        owns = item.owner == identity.role or (acts is not None and item.owner in acts)
        return item.force_row_security or not owns

    def is_view(self, ref: Ref) -> bool:
        return isinstance(self.catalog.get(ref), View)

    def rows(self, ref: Ref) -> str:
        """How many rows a copy takes, in words."""
        size = self.facts.sizes.get(ref)
        if size is None or size.rows is None:
            return "all its rows (how many is not known)"
        return f"{'' if size.exact else 'about '}{size.rows} {'row' if size.rows == 1 else 'rows'}"
