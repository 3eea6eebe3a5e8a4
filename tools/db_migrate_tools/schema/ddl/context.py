"""What every statement writer may look at: both catalogs and what is made, dropped or made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db_migrate_tools.schema.model import Catalog, Column, Constraint, DefaultAcl, Object, Ref


@dataclass(frozen=True, slots=True)
class Context:
    """`made` and `gone` hold the references that get a create and a drop; what is made again is in both. `stored_rows`
    are tables that gain columns while columns of other tables store their rows.
    """

    base: Catalog
    after: Catalog
    version: int
    made: frozenset[Ref]
    gone: frozenset[Ref]
    changed: Mapping[Ref, tuple[str, ...]]
    default_acls: tuple[DefaultAcl, ...] = ()
    columns: Mapping[tuple[str, str], tuple[Column, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Column, ...]]
    )
    not_null: Mapping[Ref, Constraint] = field(default_factory=dict[Ref, Constraint])
    from_nothing: bool = False
    stored_rows: frozenset[Ref] = frozenset()

    def columns_of(self, ref: Ref) -> tuple[Column, ...]:
        """The columns that a relation or composite type has afterwards, in order."""
        return self.columns.get((ref.schema, ref.name), ())

    def is_new(self, ref: Ref) -> bool:
        """Whether this reference is created (perhaps again) by the statements."""
        return ref in self.made

    def stays(self, ref: Ref) -> bool:
        return ref in self.after.objects and ref not in self.made

    def before(self, ref: Ref) -> Object | None:
        return self.base.objects.get(ref)


def column_ref(relation: Ref, name: str) -> Ref:
    return Ref("column", relation.schema, name, relation.name)
