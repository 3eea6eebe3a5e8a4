"""The delta between two catalogs: what was created, dropped, altered, renamed, reordered."""

from __future__ import annotations

from dataclasses import dataclass

from db_migrate_tools.schema.model import Catalog, Column, Object, Ref, Table
from db_migrate_tools.schema.renames import Rename, apply_renames, find_renames, own_renames
from db_migrate_tools.schema.replaced import must_replace
from db_migrate_tools.schema.semantics import changed_fields, visible


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
    """`base` is `before` with the renames made: what `altered` and `dropped` are in terms of.

    `reordered` are tables whose columns are the same but stand in another order; Postgres cannot reorder columns,
    so no DDL comes of it.
    """

    before: Catalog
    after: Catalog
    base: Catalog
    created: tuple[Object, ...] = ()
    dropped: tuple[Object, ...] = ()
    altered: tuple[Change, ...] = ()
    renamed: tuple[Rename, ...] = ()
    reordered: tuple[Ref, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing differs, the order of columns included."""
        return not (self.created or self.dropped or self.altered or self.renamed or self.reordered)

    @property
    def only_order(self) -> bool:
        """The order of some tables' columns is all that differs."""
        return bool(self.reordered) and not (self.created or self.dropped or self.altered or self.renamed)


def diff(before: Catalog, after: Catalog, *, platform: bool = False) -> Delta:
    """What turns `before` into `after`. Renames are seen between two catalogs of the same database only.

    Without `platform` the schemas that a hosting platform owns are left out.
    """
    olds, news = visible(before, platform=platform), visible(after, platform=platform)
    mapping = find_renames(olds, news) if before.origin and before.origin == after.origin else {}
    base = apply_renames(before, after, mapping)
    if mapping:
        olds = {ref: base.objects[ref] for ref in (mapping.get(ref, ref) for ref in olds)}
    versions = (before.server_version, after.server_version)
    altered: list[Change] = []
    reordered: list[Ref] = []
    for ref, new in news.items():
        old = olds.get(ref)
        if old is None:
            continue
        changed = changed_fields(old, new, versions)
        if "columns" in changed and isinstance(old, Table) and isinstance(new, Table):
            changed = tuple(name for name in changed if name != "columns")
            if _order_differs(old, new):
                reordered.append(ref)
        if changed:
            altered.append(Change(old, new, changed))
    return Delta(
        before=before,
        after=after,
        base=base,
        created=tuple(news[ref] for ref in sorted(news.keys() - olds.keys())),
        dropped=tuple(olds[ref] for ref in sorted(olds.keys() - news.keys())),
        altered=tuple(sorted(altered, key=lambda change: change.ref)),
        renamed=own_renames(mapping),
        reordered=tuple(sorted(reordered)),
    )


def _order_differs(old: Table, new: Table) -> bool:
    """Whether the columns that both have stand in another order, or new ones stand elsewhere than at the end."""
    kept = [name for name in old.columns if name in new.columns]
    return list(new.columns[: len(kept)]) != kept


def lost(delta: Delta) -> tuple[Ref, ...]:
    """Tables and columns whose rows or values are gone once the delta is applied, in terms of `before`.

    Columns of a lost table are not listed; generated columns hold no values of their own.
    """
    found: set[Ref] = set()
    tables = {item.ref for item in delta.dropped if isinstance(item, Table)}
    tables |= {c.ref for c in delta.altered if isinstance(c.before, Table) and must_replace(c.before, c.after)}
    found |= {ref for ref in tables if _holds_rows(delta.base.get(ref))}
    of_tables = {(item.ref.schema, item.ref.name) for item in delta.base if isinstance(item, Table)}
    gone = [item for item in delta.dropped if isinstance(item, Column)]
    gone += [c.before for c in delta.altered if isinstance(c.before, Column) and must_replace(c.before, c.after)]
    for column in gone:
        holder = column.ref.relation
        if holder and (holder.schema, holder.name) in of_tables and holder not in tables and not column.generated:
            found.add(column.ref)
    names = {item.key: item.ref for item in delta.before} if delta.renamed else {}
    return tuple(sorted(_as_before(delta, ref, names) for ref in found))


def _holds_rows(item: Object | None) -> bool:
    return isinstance(item, Table) and item.foreign_server is None


def _as_before(delta: Delta, ref: Ref, names: dict[tuple[int, ...], Ref]) -> Ref:
    item = delta.base.get(ref)
    return names.get(item.key, ref) if item is not None and item.key else ref


def describe(delta: Delta) -> tuple[str, ...]:
    """One readable line per difference, as differences of `after` from `before`."""
    from db_migrate_tools.schema.describe import lines

    return lines(delta)
