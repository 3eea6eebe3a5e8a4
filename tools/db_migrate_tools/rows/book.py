"""What making rows needs to know of each table, looked up once: its columns, keys, checks, partitions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from db_migrate_tools.rows.atoms import Alternative
from db_migrate_tools.rows.conditions import of_check, of_predicate
from db_migrate_tools.rows.shapes import Shape, Shapes
from db_migrate_tools.schema.kinds import Rule
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Index, Ref, Sequence, Table, Trigger

_KEY = re.compile(r"^(LIST|RANGE|HASH) \((.*)\)$")
_IN = re.compile(r"^FOR VALUES IN \((.*)\)$", re.DOTALL)
_FROM = re.compile(r"^FOR VALUES FROM \((.*)\) TO \((.*)\)$", re.DOTALL)
_NEXT = re.compile(r"^nextval\('((?:[^']|'')+)'::regclass\)")
_ITEM = re.compile(r"\s*(?:'((?:[^']|'')*)'(?:::[^,]+)?|([^,]+))\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of `table` that name a row of `to`."""

    name: str
    table: Ref
    columns: tuple[str, ...]
    to: Ref
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that tell rows apart. `nulls`: NULLs count as equal in them; `when`: only rows that meet one of these
    alternatives are told apart.
    """

    columns: tuple[str, ...]
    nulls: bool = False
    when: tuple[Alternative, ...] = ((),)


@dataclass(frozen=True, slots=True)
class Slot:
    """A column that rows must fill. `counted`: a sequence or identity goes on from its values; `sequence` is the one
    that its default names.
    """

    name: str
    shape: Shape
    nullable: bool
    counted: bool
    sequence: str = ""


class Book:
    """A catalog, looked up by table. `extra` is a second catalog whose constraints the rows should satisfy too."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.columns: dict[tuple[str, str], list[Column]] = defaultdict(list)
        self.constraints: dict[Ref, list[Constraint]] = defaultdict(list)
        self.indexes: dict[Ref, list[Index]] = defaultdict(list)
        self.children: dict[Ref, list[Ref]] = defaultdict(list)
        self.tables: dict[Ref, Table] = {}
        self.sequences: dict[Ref, list[Ref]] = defaultdict(list)
        for item in catalog:
            if isinstance(item, Column):
                self.columns[item.ref.schema, item.ref.parent].append(item)
            elif isinstance(item, Constraint):
                self.constraints[Ref("table", item.ref.schema, item.ref.parent)].append(item)
            elif isinstance(item, Index):
                self.indexes[item.table].append(item)
            elif isinstance(item, Table):
                self.tables[item.ref] = item
                for parent in ((item.partition_of,) if item.partition_of else ()) + item.inherits:
                    self.children[parent].append(item.ref)
            elif isinstance(item, Sequence) and item.owned_by is not None:
                self.sequences[Ref("table", item.owned_by.schema, item.owned_by.parent)].append(item.ref)
        for columns in self.columns.values():
            columns.sort(key=lambda column: column.position)
        # The same rows, in whichever order the catalog was read.
        for constraints in self.constraints.values():
            constraints.sort(key=lambda constraint: constraint.ref)
        for indexes in self.indexes.values():
            indexes.sort(key=lambda index: index.ref)

    @cached_property
    def shapes(self) -> Shapes:
        return Shapes(self.catalog, self.columns)

    @cached_property
    def referrers(self) -> dict[Ref, list[Ref]]:
        """Tables by the table that their foreign keys name."""
        found: dict[Ref, list[Ref]] = defaultdict(list)
        for table, constraints in self.constraints.items():
            for constraint in constraints:
                if constraint.type == "foreign key" and constraint.references is not None:
                    found[self.root(constraint.references)].append(self.root(table))
        return found

    @cached_property
    def triggers(self) -> dict[Ref, list[Trigger]]:
        """Triggers by their tables, and by those at the top that their tables are partitions of."""
        found: dict[Ref, list[Trigger]] = defaultdict(list)
        for item in self.catalog:
            if isinstance(item, Trigger) and item.ref.relation is not None:
                for table in {item.ref.relation, self.root(item.ref.relation)}:
                    found[table].append(item)
        return found

    @cached_property
    def rewritten(self) -> frozenset[Ref]:
        """The tables whose new rows a rule or a trigger may make others of."""
        return frozenset(
            relation
            for item in self.catalog
            if isinstance(item, Rule) or (isinstance(item, Trigger) and "BEFORE INSERT" in item.definition)
            if (relation := item.ref.relation) is not None
        )

    def root(self, table: Ref) -> Ref:
        """The partitioned table at the top, or the table itself."""
        found = self.tables.get(table)
        while found is not None and found.partition_of is not None:
            table = found.partition_of
            found = self.tables.get(table)
        return table

    def leaves(self, table: Ref) -> list[Ref]:
        """The tables that hold the rows of a table: its partitions at the bottom, or itself."""
        found = self.tables.get(table)
        if found is None or found.partition_by is None:
            return [table] if found is not None else []
        return [leaf for child in sorted(self.children[table]) for leaf in self.leaves(child)]

    def table_named(self, schema: str, name: str) -> tuple[Ref, frozenset[str], frozenset[str]] | None:
        """The table that SQL means by a name, the user's before a platform's, with the names of its columns and of
        those that are keys by themselves.
        """
        found = [Ref("table", schema, name)] if schema else self._by_name.get(name, [])
        for ref in found:
            if ref in self.tables:
                keys = {key.columns[0] for key in self.keys(ref) if len(key.columns) == 1 and key.when == ((),)}
                return ref, frozenset(column.ref.name for column in self.columns_of(ref)), frozenset(keys)
        return None

    @cached_property
    def _by_name(self) -> dict[str, list[Ref]]:
        found: dict[str, list[Ref]] = defaultdict(list)
        for ref in sorted(self.tables, key=lambda ref: (ref.schema != "public", ref)):
            found[ref.name].append(ref)
        return found

    def columns_of(self, table: Ref) -> list[Column]:
        return self.columns.get((table.schema, table.name), [])

    def keys(self, table: Ref) -> list[Key]:
        """Columns that tell rows apart, the primary key first."""
        constraints = self.constraints[table]
        found = [Key(c.columns) for c in constraints if c.type == "primary key"]
        found += [Key(c.columns, "NULLS NOT DISTINCT" in c.definition) for c in constraints if c.type == "unique"]
        found += [
            Key(
                index.columns,
                "NULLS NOT DISTINCT" in index.definition,
                of_predicate(index.definition) if index.partial else ((),),
            )
            for index in self.indexes[table]
            if index.unique and index.constraint is None and index.columns
        ]
        return [key for key in found if key.columns]

    def primary_key(self, table: Ref) -> tuple[str, ...]:
        return next((c.columns for c in self.constraints[table] if c.type == "primary key"), ())

    def foreign_keys(self, table: Ref) -> list[ForeignKey]:
        found: dict[tuple[str, ...], ForeignKey] = {}
        for constraint in self.constraints[table]:
            if constraint.type == "foreign key" and constraint.references is not None:
                to = constraint.references
                key = (str(to), *constraint.columns)
                # Postgres 15 lists a partitioned table's key once for each partition of the other side.
                if self.root(to) != to and self.root(to) in {fk.to for fk in found.values()}:
                    continue
                found[key] = ForeignKey(
                    constraint.ref.name, table, constraint.columns, self.root(to), constraint.referenced_columns
                )
        return list(found.values())

    def checks(self, table: Ref) -> list[tuple[str, tuple[Alternative, ...]]]:
        return [(c.ref.name, of_check(c.definition)) for c in self.constraints[table] if c.type == "check"]

    def computed(self, table: Ref) -> list[str]:
        """What unique indexes on expressions are on, as pg_get_indexdef tells it after USING."""
        found = (i for i in self.indexes[table] if i.unique and i.constraint is None and not all(i.columns))
        return [index.definition.partition(" USING ")[2] for index in found]

    def excluded(self, table: Ref) -> set[str]:
        """Columns of exclusion constraints: their values had better follow from a row's number."""
        return {column for c in self.constraints[table] if c.type == "exclude" for column in c.columns}

    def slots(self, table: Ref) -> list[Slot]:
        """The columns that rows fill: all but generated ones."""
        required = {
            c for con in self.constraints[table] if con.type in {"primary key", "not null"} for c in con.columns
        }
        found: list[Slot] = []
        for column in self.columns_of(table):
            if column.generated:
                continue
            shape = self.shapes.of(column)
            counted = bool(column.identity) or (column.default or "").startswith("nextval(")
            nullable = column.nullable and shape.nullable and column.ref.name not in required
            named = _NEXT.match(column.default or "")
            sequence = named[1].replace("''", "'") if named else ""
            found.append(Slot(column.ref.name, shape, nullable, counted, sequence))
        return found

    def accepted(self, table: Ref) -> dict[str, tuple[str, ...]]:
        """Values of partition keys that some partition takes, by column."""
        found: dict[str, list[str]] = defaultdict(list)
        waiting = [table]
        while waiting:
            current = self.tables[waiting.pop()]
            key = _KEY.match(current.partition_by or "")
            if key is None:
                continue
            names = [name.strip().strip('"') for name in key[2].split(",")]
            names = [name.split(" ")[0] for name in names]
            for child in sorted(self.children[current.ref]):
                waiting.append(child)
                bound = self.tables[child].partition_bound or ""
                within = _IN.match(bound) or _FROM.match(bound)
                if within is None:
                    continue
                if within.re is _IN:
                    found[names[0]] += [v for v in _items(within[1]) if v.upper() != "NULL"]
                else:
                    for name, low, high in zip(names, _items(within[1]), _items(within[2]), strict=False):
                        found[name] += [_inside(low, high)] if low == "MINVALUE" else [low]
        return {name: tuple(dict.fromkeys(values)) for name, values in found.items() if "MAXVALUE" not in values}


def _items(text: str) -> Iterable[str]:
    for item in _ITEM.finditer(text):
        if item[0]:
            yield item[1].replace("''", "'") if item[1] is not None else item[2].strip()


def _inside(low: str, high: str) -> str:
    """A value beneath a bound, where there is no lowest one."""
    if high.lstrip("-").isdigit():
        return str(int(high) - 1)
    return "1999-01-01" if high[:2].isdigit() else low if high == "MAXVALUE" else ""
