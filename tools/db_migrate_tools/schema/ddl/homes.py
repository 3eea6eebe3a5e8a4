"""Which statement an object comes with and goes with: a column with its table, a key's index with its constraint."""

from __future__ import annotations

from collections import defaultdict

from db_migrate_tools.schema.kinds import goes_with
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Index, Object, Ref, Sequence, Table, View
from db_migrate_tools.schema.order import BY_NAME

_CAN_GO_FIRST = frozenset({"constraint", "policy", "trigger", "column"})


class Homes:
    """`early` go by statements of their own although their table goes too, to break circles between tables."""

    def __init__(self, base: Catalog, after: Catalog, gone: frozenset[Ref], made: frozenset[Ref]) -> None:
        self.base, self.after, self.gone, self.made = base, after, gone, made
        self.relations_gone, self.relations_made = _relations(gone), _relations(made)
        self._parts_gone: dict[tuple[str, str], list[Ref]] = defaultdict(list)
        for ref in gone:
            if ref.parent:
                self._parts_gone[ref.schema, ref.parent].append(ref)
        self.early: set[Ref] = set()
        self.early_defaults: list[Column] = []
        self._find_circles()

    def relation_of(self, ref: Ref) -> Ref | None:
        """The table or view that an object is part of, afterwards or else before."""
        item = self.after.get(ref) or self.base.get(ref)
        if isinstance(item, Index):
            return item.table
        if not ref.parent:
            return None
        for catalog in (self.after, self.base):
            for candidate in _candidates(ref):
                if candidate in catalog:
                    return candidate
        return None

    def holder(self, item: Object) -> Ref | None:
        """What the object is part of before, if that goes too."""
        for ref in goes_with(item):
            if ref in self.gone:
                return ref
        if item.ref.parent:
            return self.relations_gone.get((item.ref.schema, item.ref.parent))
        if isinstance(item, Index):
            if item.table in self.gone:
                return item.table
            constraint = Ref("constraint", item.ref.schema, item.constraint or "", item.table.name)
            if item.constraint is not None:
                return constraint if constraint in self.gone else None
            return item.partition_of if item.partition_of in self.gone and self._stays_attached(item) else None
        if isinstance(item, Sequence) and item.owned_by in self.gone:
            return item.owned_by
        return None

    def _stays_attached(self, item: Index) -> bool:
        """Whether its table stays a partition of the same parent, so that the parent's index takes this one along."""
        before, after = self.base.get(item.table), self.after.get(item.table)
        if not isinstance(before, Table) or not isinstance(after, Table):
            return True
        return before.partition_of == after.partition_of and before.partition_of not in self.gone

    def of_drop(self, item: Object) -> Ref | None:
        """The object whose DROP takes this one along, itself when none does; None when nothing needs doing."""
        if item.ref in self.early:
            return item.ref
        holder = self.holder(item)
        if holder is not None:
            return self.of_drop(self.base.objects[holder])
        if isinstance(item, Column) and (attribute := self.attribute_of(item)) in self.gone:
            return self.of_drop(self.base.objects[attribute])
        if isinstance(item, Constraint | Column) and not item.local:
            above = self._inherited_from(item)
            if above is not None:
                return self.of_drop(above)
        if isinstance(item, Index) and item.constraint is not None:
            return item.ref
        if isinstance(item, Column) and self._of_view(item, self.base):
            return None
        return item.ref

    def of_create(self, item: Object) -> Ref | None:
        """The object whose CREATE brings this one along; None when another statement does without being told."""
        if isinstance(item, Column):
            relation = self.relations_made.get((item.ref.schema, item.ref.parent))
            if relation is not None:
                return relation
            if self._of_view(item, self.after):
                return None
            if (attribute := self.attribute_of(item)) in self.made:
                return attribute
            return None if not item.local and self._table_stays(item) and self._brought(item) else item.ref
        if isinstance(item, Constraint) and not item.local:
            table = self.after.get(Ref("table", item.ref.schema, item.ref.parent))
            if item.type in ("foreign key", "not null"):
                return None
            if item.type == "check" and (not isinstance(table, Table) or table.ref not in self.made or table.inherits):
                return None
        return item.ref

    def attribute_of(self, item: Column) -> Ref | None:
        """The attribute that brings and takes a typed table's column, where the table keeps its type."""
        table = Ref("table", item.ref.schema, item.ref.parent)
        before, after = self.base.get(table), self.after.get(table)
        if not isinstance(before, Table) or not isinstance(after, Table) or before.of_type != after.of_type:
            return None
        kept = after.of_type
        return Ref("column", kept.schema, item.ref.name, kept.name) if kept is not None else None

    def _brought(self, item: Column) -> bool:
        """Whether a parent that the table had before brings the column."""
        before = self.base.get(Ref("table", item.ref.schema, item.ref.parent))
        after = self.after.get(Ref("table", item.ref.schema, item.ref.parent))
        if not isinstance(before, Table) or not isinstance(after, Table) or after.partition_of is not None:
            return True
        return any(
            parent in before.inherits and Ref("column", parent.schema, item.ref.name, parent.name) in self.after.objects
            for parent in after.inherits
        )

    def _table_stays(self, item: Column) -> bool:
        return Ref("table", item.ref.schema, item.ref.parent) not in self.made

    def _of_view(self, item: Column, catalog: Catalog) -> bool:
        return isinstance(catalog.get(Ref("view", item.ref.schema, item.ref.parent)), View)

    def _inherited_from(self, item: Constraint | Column) -> Object | None:
        """The parent table's column or constraint that goes and takes the inherited one along."""
        table = self.base.get(Ref("table", item.ref.schema, item.ref.parent))
        if not isinstance(table, Table):
            return None
        after = self.after.get(table.ref)
        for parent in (*table.inherits, *((table.partition_of,) if table.partition_of else ())):
            still = isinstance(after, Table) and parent in (*after.inherits, after.partition_of)
            if not still:
                continue
            for ref in self._parts_gone.get((parent.schema, parent.name), ()):
                other = self.base.objects[ref]
                if type(other) is not type(item):
                    continue
                if isinstance(item, Column) and ref.name == item.ref.name:
                    return other
                if (
                    isinstance(item, Constraint)
                    and isinstance(other, Constraint)
                    and other.definition == item.definition
                ):
                    return other
        return None

    def _find_circles(self) -> None:
        """Parts of a table that need something which in turn needs the table must go before either."""
        edges: dict[Ref, set[Ref]] = defaultdict(set)
        homes: dict[Ref, Ref] = {}
        for ref in self.gone:
            home = self.of_drop(self.base.objects[ref])
            if home is not None:
                homes[ref] = home
        for ref, home in homes.items():
            edges[home] |= {homes[dep] for dep in self.base.objects[ref].depends if dep in homes} - {home}
        circle = _components(edges)
        for ref in sorted(homes, key=BY_NAME):
            home = homes[ref]
            item = self.base.objects[ref]
            if ref == home or ref.kind not in _CAN_GO_FIRST:
                continue
            if not any(
                dep in homes and homes[dep] != home and circle[homes[dep]] == circle[home] for dep in item.depends
            ):
                continue
            if isinstance(item, Column):
                if item.default is not None and not item.generated:
                    self.early_defaults.append(item)
            else:
                self.early.add(ref)


def _relations(refs: frozenset[Ref]) -> dict[tuple[str, str], Ref]:
    return {(ref.schema, ref.name): ref for ref in refs if ref.kind in ("table", "view", "type")}


def _candidates(ref: Ref) -> tuple[Ref, Ref, Ref]:
    return (
        Ref("table", ref.schema, ref.parent),
        Ref("view", ref.schema, ref.parent),
        Ref("type", ref.schema, ref.parent),
    )


def _components(edges: dict[Ref, set[Ref]]) -> dict[Ref, Ref]:
    """Tarjan's strongly connected components: two references are in one circle if they lead to the same value."""
    found: dict[Ref, Ref] = {}
    number: dict[Ref, int] = {}
    low: dict[Ref, int] = {}
    stack: list[Ref] = []
    for start in list(edges):
        if start in number:
            continue
        number[start] = low[start] = len(number)
        stack.append(start)
        path = [(start, iter(edges[start]))]
        while path:
            ref, rest = path[-1]
            other = next(rest, None)
            if other is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[ref])
                if low[ref] == number[ref]:
                    while True:
                        member = stack.pop()
                        found[member] = ref
                        if member == ref:
                            break
            elif other not in number:
                number[other] = low[other] = len(number)
                stack.append(other)
                path.append((other, iter(edges.get(other, ()))))
            elif other not in found:
                low[ref] = min(low[ref], number[other])
    return found
