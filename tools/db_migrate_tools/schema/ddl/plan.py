"""From a delta to steps: what is made, altered and dropped, and what each step has to wait for."""

from __future__ import annotations

from collections import defaultdict

from db_migrate_tools.schema.ddl import (
    columns,
    indexes,
    partitions,
    rebuild,
    routines,
    sequences,
    tables,
    types,
    views,
    waits,
    writers,
)
from db_migrate_tools.schema.ddl.closure import Closure, close
from db_migrate_tools.schema.ddl.context import Context, column_ref, context_of
from db_migrate_tools.schema.ddl.homes import Homes
from db_migrate_tools.schema.ddl.order import Key, Step
from db_migrate_tools.schema.ddl.ranks import rank
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import (
    Column,
    Index,
    Object,
    Ref,
    Routine,
    Sequence,
    Table,
    Type,
    View,
)
from db_migrate_tools.schema.order import BY_NAME
from db_migrate_tools.schema.renames import base_name

_INHERITED = frozenset({"type", "collation", "nullable", "generated", "identity", "identity_options", "default"})


class Planner:
    """Collects the steps of one delta."""

    def __init__(self, delta: Delta) -> None:
        self.delta = delta
        version = delta.before.server_version or delta.after.server_version
        dropped = {delta.mapping.get(item.ref, item.ref) for item in delta.dropped}
        self.closure: Closure = close(delta, dropped, version)
        self.changes = {c.ref: c for c in delta.altered if c.ref not in self.closure.remade}
        self.gone = frozenset(dropped | self.closure.remade)
        self.made = frozenset({item.ref for item in delta.created} | self.closure.remade)
        changed = {ref: change.fields for ref, change in self.changes.items()}
        self.context: Context = context_of(delta, self.made, self.gone, changed, frozenset(self.closure.stored))
        self.homes = Homes(delta.base, delta.after, self.gone, self.made)
        self.steps: dict[Key, Step] = {}
        self.make: dict[Ref, set[Key]] = defaultdict(set)
        """Which steps bring an object into its final form."""
        self.unmake: dict[Ref, set[Key]] = defaultdict(set)
        """Which steps end an object's first form."""
        self.takes: dict[Key, list[Object]] = defaultdict(list)
        self.releases: dict[Key, list[Object]] = defaultdict(list)
        self.apart: frozenset[Ref] = frozenset()
        """Columns of new tables whose default is set by a step of its own."""
        self.between: list[tuple[Key | None, Key, Key | None]] = []
        """What must come before and after a step because a table's rows are stored elsewhere."""

    def plan(self) -> dict[Key, Step]:
        self._drops()
        self._creates()
        rebuild.rebuild(self)
        self._alters()
        self._defaults()
        self._domain_checks()
        partitions.attach_and_detach(self)
        rebuild.drop_asides(self)
        rebuild.order(self)
        waits.connect(self)
        return self.steps

    def add(self, key: Key, statements: list[str], item: Object) -> Step:
        step = self.steps.setdefault(key, Step(key, [], rank(key, item)))
        step.statements += statements
        return step

    def _drops(self) -> None:
        for ref in sorted(self.gone, key=BY_NAME):
            item = self.delta.base.objects[ref]
            home = self.homes.of_drop(item)
            if home is None:
                continue
            key = ("drop", home)
            self.unmake[ref].add(key)
            self.releases[key].append(item)
            if home == ref:
                step = self.add(key, writers.drop(item, self.context), item)
                if isinstance(item, Routine):
                    step.stub = routines.stub(item)
            elif home in self.gone and (holder := self.homes.holder(item)) is not None and holder != home:
                self.unmake[holder].add(key)
        for column in self.homes.early_defaults:
            key = ("drop-default", column.ref)
            self.add(key, columns.drop_default(column), column)
            self.releases[key].append(column)

    def _creates(self) -> None:
        apart = frozenset(
            ref
            for ref in self.made
            if isinstance(item := self.delta.after.objects[ref], Column)
            and item.default is not None
            and not item.generated
            and any(dep.kind == "routine" and dep in self.made for dep in item.depends)
            and self.homes.of_create(item) != ref
        )
        for ref in sorted(self.made, key=BY_NAME):
            item = self.delta.after.objects[ref]
            home = self.homes.of_create(item)
            if home is None:
                continue
            key = ("create", home)
            self.make[ref].add(key)
            if home != ref:
                self.takes[key].append(item)
                continue
            step = self.add(key, writers.create(item, self.context, apart), item)
            self.takes[key].append(item)
            if isinstance(item, Routine):
                step.stub = routines.stub(item)
            self._follow_up(item)
        self._in_their_order()
        for ref in sorted(apart, key=BY_NAME):
            column = self.delta.after.objects[ref]
            if isinstance(column, Column):
                step = self.add(("set-default", ref), columns.set_default(column), column)
                step.needs |= self.make[ref]
                for dep in column.depends:
                    if dep.kind == "routine":
                        step.needs.add(("create", dep))
        self.apart = apart

    def _in_their_order(self) -> None:
        """New columns of a table that stays come one after the other, whatever each of them waits for."""
        last: dict[tuple[str, str], Key] = {}
        new = [
            item
            for ref in self.made
            if ("create", ref) in self.steps and isinstance(item := self.delta.after.objects[ref], Column)
        ]
        for column in sorted(new, key=lambda c: c.position):
            key, place = ("create", column.ref), (column.ref.schema, column.ref.parent)
            self.steps[key].needs |= {last[place]} if place in last else set()
            last[place] = key
        for ref in self.made:
            table = self.delta.after.objects[ref]
            for parent in table.inherits if isinstance(table, Table) else ():
                self.steps["create", ref].needs |= {
                    ("create", column.ref) for column in self.context.columns_of(parent)
                }

    def _follow_up(self, item: Object) -> None:
        if isinstance(item, Sequence) and item.owned_by is not None:
            self._own(item)
        if isinstance(item, Table) and item.replica_identity not in ("default", "index"):
            step = self.add(("replica", item.ref), tables.replica_identity(item), item)
            step.needs.add(("create", item.ref))
        if isinstance(item, Index) and item.partition_of is not None and item.table not in self.made:
            child = self.delta.after.get(item.table)
            before = self.delta.base.get(item.table)
            if isinstance(child, Table) and isinstance(before, Table) and child.partition_of == before.partition_of:
                step = self.add(("attach-index", item.ref), indexes.attach(item), item)
                step.needs |= {("create", item.ref), ("create", item.partition_of)}

    def _own(self, item: Sequence) -> None:
        step = self.add(("own", item.ref), sequences.own(item), item)
        step.needs |= {("create", item.ref), ("alter", item.ref)}
        if item.owned_by is not None:
            step.needs |= self.make[item.owned_by] | {("create", item.owned_by)}
            home = self.homes.of_create(self.delta.after.objects[item.owned_by])
            if home is not None:
                step.needs.add(("create", home))

    def _domain_checks(self) -> None:
        names = {base_name(ref) for ref in self.gone if ref.kind == "routine"}
        for ref in sorted(self.closure.checks - self.gone):
            before, after = self.delta.base.objects[ref], self.delta.after.objects[ref]
            if not isinstance(before, Type) or not isinstance(after, Type):
                continue
            off, on = types.without_calls(before, after, names)
            key = ("drop-default", ref)
            self.add(key, off, before)
            self.releases[key].append(before)
            if ref in self.closure.rebuilt:
                self.steps["aside", ref].needs.add(key)
                continue
            step = self.add(("set-default", ref), on, after)
            step.needs |= {key, ("alter", ref)}
            self.takes[step.key].append(after)

    def _alters(self) -> None:
        for ref, change in sorted(self.changes.items()):
            if ref in self.closure.rebuilt or Ref("type", ref.schema, ref.parent) in self.closure.rebuilt:
                continue
            before, after, fields = change.before, change.after, change.fields
            if isinstance(before, Column) and isinstance(after, Column):
                before, after = columns.with_own_identity(before), columns.with_own_identity(after)
                fields = self._own_fields(before, after, fields)
            if isinstance(before, Table) and isinstance(after, Table):
                fields = tuple(name for name in fields if name not in ("partition_of", "partition_bound"))
            key = ("alter", ref)
            statements = writers.alter(before, after, fields, self.context, default_apart=ref in self.closure.defaults)
            step = self.add(key, statements, after)
            if isinstance(after, Routine):
                step.stub = routines.stub(after) if "definition" in fields else None
            if isinstance(before, Column) and isinstance(after, Column) and "identity" in fields and not after.identity:
                self._drop_identity(before, step)
            step.needs.add(("move", ref))
            if isinstance(after, Column):
                step.needs.add(("detach", Ref("table", ref.schema, ref.parent)))
                if "nullable" in change.fields:
                    # What is NOT NULL above is so below, and has its name from there.
                    step.needs |= {("alter", above) for above in self._above(ref)}
            self.make[ref].add(key)
            self.unmake[ref].add(key)
            self.takes[key].append(after)
            self.releases[key].append(before)
            if ref.kind == "column" and isinstance(self.delta.after.get(Ref("type", ref.schema, ref.parent)), Type):
                # What stores the type comes when its attributes are right, or goes before they change.
                self.make[Ref("type", ref.schema, ref.parent)].add(key)
                self.unmake[Ref("type", ref.schema, ref.parent)].add(key)
            if isinstance(after, Sequence) and "owned_by" in fields:
                self._own(after)
            if isinstance(after, View):
                for column in self.context.columns_of(ref):
                    self._view_column(column, key)

    def _drop_identity(self, before: Column, step: Step) -> None:
        """Before anything that may take its sequence's name."""
        key = ("drop-identity", before.ref)
        self.add(key, columns.drop_identity(before), before)
        step.needs.add(key)
        name = before.identity_sequence or f"{before.ref.parent}_{before.ref.name}_seq"
        self.unmake[Ref("sequence", before.ref.schema, name)].add(key)

    def _own_fields(self, before: Column, after: Column, fields: tuple[str, ...]) -> tuple[str, ...]:
        """A column's fields without those that its parent's change brings, or its parent's coming and going."""
        brought: set[str] = set()
        if (before.identity, before.identity_options) == (after.identity, after.identity_options):
            brought |= {"identity", "identity_options"}
        for above in () if after.local else self._above(after.ref):
            change = self.changes.get(above)
            brought |= _INHERITED & set(change.fields if change else ())
        if (attribute := self.homes.attribute_of(after)) in self.changes:
            brought |= {"type", "collation"} & set(self.changes[attribute].fields)
        return tuple(name for name in fields if name not in brought)

    def _above(self, column: Ref) -> list[Ref]:
        """The columns that it comes from, of parents that its table keeps."""
        table = Ref("table", column.schema, column.parent)
        was, becomes = self.delta.base.get(table), self.delta.after.get(table)
        if not isinstance(was, Table) or not isinstance(becomes, Table):
            return []
        kept = {*was.inherits, was.partition_of} & {*becomes.inherits, becomes.partition_of}
        return [column_ref(parent, column.name) for parent in kept if parent is not None]

    def _view_column(self, column: Column, key: Key) -> None:
        """A column that CREATE OR REPLACE VIEW adds comes with what its own statements give it."""
        if column.ref in self.made:
            self.steps[key].statements += views.column_extras(column, self.context)
            self.make[column.ref].add(key)

    def _defaults(self) -> None:
        """Defaults that stand in the way are taken off and put back."""
        for ref in sorted(self.closure.defaults - self.gone):
            before, after = self.delta.base.objects[ref], self.delta.after.objects[ref]
            if not isinstance(before, Column) or not isinstance(after, Column):
                continue
            if before.default is not None:
                key = ("drop-default", ref)
                self.add(key, columns.drop_default(before), before)
                self.releases[key].append(before)
            if after.default is not None and not after.generated:
                key = ("set-default", ref)
                self.add(key, columns.set_default(after), after).needs |= {("alter", ref), ("move", ref)}
                self.takes[key].append(after)
