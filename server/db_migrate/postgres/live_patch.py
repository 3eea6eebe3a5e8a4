"""Puts what was read anew of a few objects in the place of what was known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from db_migrate.postgres.catalog import name_all, objects_of
from db_migrate.postgres.catalog_names import (
    PG_ATTRDEF,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_NAMESPACE,
    PG_POLICY,
    PG_PROC,
    PG_REWRITE,
    PG_TRIGGER,
    PG_TYPE,
    Names,
)
from db_migrate.postgres.catalog_parted import KNOWN_KINDS, PART_KINDS, Parts, holder, roles_of
from db_migrate.postgres.catalog_rows import Scope, Snapshot
from db_migrate.postgres.live_changes import EverythingChanged
from db_migrate_tools.schema.model import Column, Object, Ref, Routine, Sequence, Table, Type, View

_CLASSES = (PG_CLASS, PG_TYPE, PG_PROC, PG_CONSTRAINT, PG_ATTRDEF, PG_REWRITE, PG_TRIGGER, PG_POLICY)
Named = set[tuple[int, int]]


@dataclass(slots=True)
class Draft:
    """A catalog being brought up to date. `before` holds what stood at first under every reference touched."""

    objects: dict[Ref, Object]
    names: Names
    parts: Parts
    added: dict[int, set[int]]
    before: dict[Ref, Object | None] = field(default_factory=dict[Ref, "Object | None"])

    def replace(
        self, scope: Scope, snapshot: Snapshot, seen: Iterable[int], *, schemas: bool
    ) -> tuple[Named, Named, Named]:
        """Take the objects of `scope` out and put in what `snapshot` says of them (`schemas`: all schemas and default
        privileges too). Returns which (system catalog, oid) have other names now, which relations have another
        surface, and which types and routines: texts elsewhere may follow them.
        """
        old = self._take_out(scope, schemas=schemas)
        self._name(scope, snapshot, seen, schemas=schemas)
        new = list(objects_of(snapshot, self.names))
        for item in new:
            if item.ref.kind not in KNOWN_KINDS:
                raise EverythingChanged
            self._put_in(item, old)
        return _followed({item.key: item for item in old.values()}, new)

    def finish(self) -> frozenset[Ref]:
        """The references that have something else now; the counts of roles follow."""
        touched: set[Ref] = set()
        for ref, was in self.before.items():
            now = self.objects.get(ref)
            if now is was:
                continue
            touched.add(ref)
            if was is not None:
                self.parts.roles.subtract(roles_of(was))
            if now is not None:
                self.parts.roles.update(roles_of(now))
        return frozenset(touched)

    def _take_out(self, scope: Scope, *, schemas: bool) -> dict[Ref, Object]:
        refs: set[Ref] = set()
        get = self.names.objects.get
        for oid in scope.relations:
            ref = get((PG_CLASS, oid))
            if ref is not None and ref.kind in ("table", "view", "type"):
                refs.add(ref)
                refs |= self.parts.of.pop((ref.schema, ref.name), frozenset())
                if any((other.schema, other.parent) == (ref.schema, ref.name) for other in self.parts.others):
                    raise EverythingChanged
        for number, oids, kind in (
            (PG_CLASS, scope.sequences, "sequence"),
            (PG_TYPE, scope.types, "type"),
            (PG_PROC, scope.routines, "routine"),
        ):
            for oid in oids:
                ref = get((number, oid))
                if ref is not None and ref.kind == "extension":
                    raise EverythingChanged
                item = self.objects.get(ref) if ref is not None else None
                if ref is not None and ref.kind == kind and item is not None and item.key == (number, oid):
                    refs.add(ref)
        if schemas:
            refs |= {Ref("schema", "", name) for name in self.names.schemas.values()} | self.parts.default_acls
            self.parts.default_acls.clear()
        old: dict[Ref, Object] = {}
        for ref in refs:
            item = self.objects.pop(ref, None)
            if item is not None:
                old[ref] = item
                self.before.setdefault(ref, item)
            self.parts.sequences.discard(ref)
            self.names.depends.pop(ref, None)
        return old

    def _name(self, scope: Scope, snapshot: Snapshot, seen: Iterable[int], *, schemas: bool) -> None:
        names = self.names
        for oid in (*scope.relations, *scope.sequences):
            names.objects.pop((PG_CLASS, oid), None)
        for oid in scope.types:
            names.objects.pop((PG_TYPE, oid), None)
            names.arrays.discard(oid)
        for oid in scope.routines:
            names.objects.pop((PG_PROC, oid), None)
        for oid in seen:
            for number in _CLASSES:
                names.comments.pop((number, oid, 0), None)
        for row in snapshot.columns:
            names.comments.pop((PG_CLASS, row[0], row[1]), None)
        if schemas:
            now = {row[0]: row[1] for row in snapshot.schemas}
            if any(now.get(oid, name) != name for oid, name in names.schemas.items()):
                raise EverythingChanged
            for oid in names.schemas:
                names.comments.pop((PG_NAMESPACE, oid, 0), None)
            names.schemas.clear()
        name_all(snapshot, names)
        for oid in seen:
            for number in _CLASSES:
                ref = names.objects.get((number, oid))
                if ref is not None:
                    if ref.kind == "extension":
                        raise EverythingChanged
                    names.depends.pop(ref, None)
                    self.added.setdefault(number, set()).add(oid)
        for row in snapshot.columns:
            names.depends.pop(names.columns[row[0], row[1]], None)
        names.link((row[0], row[1], row[2], row[3], row[4], row[5]) for row in snapshot.dependencies)

    def _put_in(self, item: Object, old: dict[Ref, Object]) -> None:
        ref = item.ref
        was = old.get(ref)
        if was is not None and was.key == item.key and was == item:
            item = was
        self.before.setdefault(ref, self.objects.get(ref))
        self.objects[ref] = item
        if ref.kind in PART_KINDS:
            where = holder(item)
            if where is not None:
                self.parts.of[where] = self.parts.of.get(where, frozenset()) | {ref}
        elif isinstance(item, Sequence):
            if item.owned_by is not None:
                self.parts.sequences.add(ref)
        elif ref.kind == "default-acl":
            self.parts.default_acls.add(ref)


def _followed(old: dict[tuple[int, ...], Object], new: list[Object]) -> tuple[Named, Named, Named]:
    renamed: Named = set()
    surfaces: Named = set()
    others: Named = set()
    fresh = {item.key for item in new}
    for item in new:
        was = old.get(item.key)
        where = (item.key[0], item.key[1]) if item.key else (0, 0)
        if was is not None and was.ref != item.ref:
            renamed.add(where)
        if was is item:
            continue
        match item, was:
            case Column(), Column() if (was.type, was.position) == (item.type, item.position):
                pass
            case Column(), _:
                surfaces.add(where)
            case View(), View() if (was.insertable, was.updatable) == (item.insertable, item.updatable):
                pass
            case (View(), _) | (Table(), View()):
                surfaces.add(where)
            case Type(), Type():
                if not set(was.labels) <= set(item.labels):
                    others.add(where)
            case Routine(), Routine():
                if (was.arguments, was.returns, was.type) != (item.arguments, item.returns, item.type):
                    others.add(where)
            case _:
                pass
    surfaces |= {(key[0], key[1]) for key, was in old.items() if isinstance(was, Column) and key not in fresh}
    return renamed, surfaces, others
