"""What every statement writer may look at: both catalogs and what is made, dropped or made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Catalog, Column, Constraint, DefaultAcl, Object, Ref, Schema, Table
from db_migrate_tools.schema.order import BY_NAME


@dataclass(frozen=True, slots=True)
class Context:
    """`made` and `gone` hold the references that get a create and a drop; what is made again is in both. `stored_rows`
    are tables that gain columns while columns of other tables store their rows. `children` are the tables that
    inherited from one before.
    """

    base: Catalog
    after: Catalog
    version: int
    made: frozenset[Ref]
    gone: frozenset[Ref]
    changed: Mapping[Ref, tuple[str, ...]]
    default_acls: tuple[DefaultAcl, ...] = ()
    not_null: Mapping[Ref, Constraint] = field(default_factory=dict[Ref, Constraint])
    parts_gone: Mapping[tuple[str, str], tuple[Ref, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Ref, ...]]
    )
    children: Mapping[Ref, tuple[Ref, ...]] = field(default_factory=dict[Ref, tuple[Ref, ...]])
    from_nothing: bool = False
    stored_rows: frozenset[Ref] = frozenset()

    def columns_of(self, ref: Ref) -> tuple[Column, ...]:
        """The columns that a relation or composite type has afterwards, in order."""
        names: tuple[str, ...] = getattr(self.after.get(ref), "columns", ())
        found = (self.after.get(column_ref(ref, name)) for name in names)
        return tuple(column for column in found if isinstance(column, Column))

    def gone_of(self, relation: Ref) -> tuple[Ref, ...]:
        """The parts of a relation that go."""
        return self.parts_gone.get((relation.schema, relation.name), ())

    def is_new(self, ref: Ref) -> bool:
        """Whether this reference is created (perhaps again) by the statements."""
        return ref in self.made

    def stays(self, ref: Ref) -> bool:
        return ref in self.after.objects and ref not in self.made

    def before(self, ref: Ref) -> Object | None:
        return self.base.objects.get(ref)


def column_ref(relation: Ref, name: str) -> Ref:
    return Ref("column", relation.schema, name, relation.name)


def context_of(
    delta: Delta,
    made: frozenset[Ref],
    gone: frozenset[Ref],
    changed: Mapping[Ref, tuple[str, ...]],
    stored_rows: frozenset[Ref],
) -> Context:
    """The context of a delta, once it is known what is made and what goes."""
    not_null: dict[Ref, Constraint] = {}
    for item in delta.after:
        if isinstance(item, Constraint) and item.type == "not null":
            not_null |= {Ref("column", item.ref.schema, name, item.ref.parent): item for name in item.columns}
    parts: dict[tuple[str, str], list[Ref]] = defaultdict(list)
    for ref in gone:
        if ref.parent:
            parts[ref.schema, ref.parent].append(ref)
    children: dict[Ref, list[Ref]] = defaultdict(list)
    for item in delta.base if parts else ():
        if isinstance(item, Table):
            for parent in item.inherits:
                children[parent].append(item.ref)
    default_acls = {
        (item.ref, item.acl): item
        for catalog in (delta.before, delta.after)
        for item in (catalog if made or changed else ())
        if isinstance(item, DefaultAcl)
    }
    return Context(
        base=delta.base,
        after=delta.after,
        version=delta.before.server_version or delta.after.server_version,
        made=made,
        gone=gone,
        changed=changed,
        default_acls=tuple(default_acls.values()),
        not_null=not_null,
        stored_rows=stored_rows,
        parts_gone={key: tuple(sorted(found, key=BY_NAME)) for key, found in parts.items()},
        children={ref: tuple(found) for ref, found in children.items()},
        from_nothing=all(isinstance(item, Schema) for item in delta.before),
    )
