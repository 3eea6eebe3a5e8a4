"""The delta between two catalogs: what was created, dropped, altered, renamed, reordered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from db_migrate_tools.schema.model import Catalog, Column, Object, Ref, Table, Type
from db_migrate_tools.schema.order import BY_NAME, order_differs, with_remade_columns
from db_migrate_tools.schema.renames import Rename, apply_renames, find_renames, own_renames
from db_migrate_tools.schema.replaced import must_replace
from db_migrate_tools.schema.semantics import belongs_to_platform, changed_fields, platform_schemas, visible


@dataclass(frozen=True, slots=True)
class Change:
    """One object before and after, and the names of the fields that differ (`owner` and `acl` among them)."""

    before: Object
    after: Object
    fields: tuple[str, ...]

    @property
    def ref(self) -> Ref:
        return self.after.ref


@dataclass(frozen=True, slots=True)
class Delta:
    """`created` is in terms of `after`, `dropped` of `before`. `base` is `before` with the renames made, and
    `mapping` leads from the one's references to the other's; a Change's `before` is in terms of `base`.

    `reordered` are tables and composite types whose columns are the same but stand in another order; Postgres
    cannot reorder columns, so no DDL comes of it.
    """

    before: Catalog
    after: Catalog
    base: Catalog
    created: tuple[Object, ...] = ()
    dropped: tuple[Object, ...] = ()
    altered: tuple[Change, ...] = ()
    renamed: tuple[Rename, ...] = ()
    reordered: tuple[Ref, ...] = ()
    mapping: Mapping[Ref, Ref] = field(default_factory=dict[Ref, Ref])

    @property
    def empty(self) -> bool:
        """Nothing differs, the order of columns included."""
        return not (self.created or self.dropped or self.altered or self.renamed or self.reordered)

    @property
    def only_order(self) -> bool:
        """The order of some tables' columns is all that differs."""
        return bool(self.reordered) and not (self.created or self.dropped or self.altered or self.renamed)


def diff(before: Catalog, after: Catalog, *, platform: bool = False, only: frozenset[Ref] | None = None) -> Delta:
    """What turns `before` into `after`. Renames are seen between two catalogs of the same database only.

    Without `platform` the schemas that a hosting platform owns are left out. `only` says that nothing but these
    references can differ (a live catalog knows), and then nothing else is looked at.
    """
    if only is not None and _platform_moved(before, after, only):
        only = None
    originals, news = _seen(before, only, platform=platform), _seen(after, only, platform=platform)
    mapping = find_renames(originals, news) if before.origin and before.origin == after.origin else {}
    base = apply_renames(before, after, mapping, only)
    olds = {mapping.get(ref, ref): base.objects[mapping.get(ref, ref)] for ref in originals}
    versions = (before.server_version, after.server_version)
    same = before.server_version == after.server_version
    altered: list[Change] = []
    reordered: list[Ref] = []
    for ref, new in news.items():
        old = olds.get(ref)
        if old is None or (old is new and same):
            continue
        changed = changed_fields(old, new, versions)
        if "columns" in changed and isinstance(old, Table | Type) and isinstance(new, Table | Type):
            changed = tuple(name for name in changed if name != "columns")
            if order_differs(old, new):
                reordered.append(ref)
        if changed:
            altered.append(Change(old, new, changed))
    gone = sorted((ref for ref in originals if mapping.get(ref, ref) not in news), key=BY_NAME)
    delta = Delta(
        before=before,
        after=after,
        base=base,
        created=tuple(news[ref] for ref in sorted(news.keys() - olds.keys(), key=BY_NAME)),
        dropped=tuple(originals[ref] for ref in gone),
        altered=tuple(sorted(altered, key=lambda change: BY_NAME(change.ref))),
        renamed=own_renames({one: other for one, other in mapping.items() if other in news}),
        reordered=tuple(sorted(reordered)),
        mapping=mapping,
    )
    return with_remade_columns(delta)


def _seen(catalog: Catalog, only: frozenset[Ref] | None, *, platform: bool) -> dict[Ref, Object]:
    """What of a catalog is compared."""
    if only is None:
        return visible(catalog, platform=platform)
    objects = {ref: item for ref in only if (item := catalog.get(ref)) is not None}
    if platform:
        return objects
    named = {ref.schema for item in objects.values() for ref in (item.ref, *item.depends)}
    named |= {ref.name for ref in objects if ref.kind == "schema"}
    schemas = platform_schemas(_schemas(catalog, named))
    return {ref: item for ref, item in objects.items() if not belongs_to_platform(item, schemas)}


def _schemas(catalog: Catalog, names: Iterable[str]) -> Catalog:
    refs = (Ref("schema", "", name) for name in names)
    return Catalog(objects={ref: item for ref in refs if (item := catalog.get(ref)) is not None})


def _platform_moved(before: Catalog, after: Catalog, only: frozenset[Ref]) -> bool:
    """Whether a schema became a platform's or ceased to be, and with it what is in it and did not change."""
    both = [ref.name for ref in only if ref.kind == "schema" and ref in before and ref in after]
    return platform_schemas(_schemas(before, both)) != platform_schemas(_schemas(after, both))


def lost(delta: Delta) -> tuple[Ref, ...]:
    """Tables and columns whose rows or values are gone once the delta is applied, in terms of `before`.

    Columns of a lost table are not listed; generated columns hold no values of their own.
    """
    names = {other: one for one, other in delta.mapping.items()}
    replaced = [c.before for c in delta.altered if must_replace(c.before, c.after)]
    gone = [*delta.dropped, *(delta.before.objects[names.get(item.ref, item.ref)] for item in replaced)]
    tables = {item.ref for item in gone if isinstance(item, Table)}
    found = {item.ref for item in gone if isinstance(item, Table) and item.foreign_server is None}
    for column in gone:
        holder = column.ref.relation
        if isinstance(column, Column) and holder is not None and holder not in tables and not column.generated:
            table = delta.before.get(holder)
            if isinstance(table, Table) and table.foreign_server is None:
                found.add(column.ref)
    return tuple(sorted(found))


def describe(delta: Delta) -> tuple[str, ...]:
    """One readable line per difference, as differences of `after` from `before`."""
    from db_migrate_tools.schema.describe import lines

    return lines(delta)
