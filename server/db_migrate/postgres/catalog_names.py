"""From oids to names: which object of the catalog a row of Postgres's system tables means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from db_migrate_tools.schema.model import Ref

PG_CLASS = 1259
PG_TYPE = 1247
PG_PROC = 1255
PG_CONSTRAINT = 2606
PG_ATTRDEF = 2604
PG_REWRITE = 2618
PG_TRIGGER = 2620
PG_POLICY = 3256
PG_NAMESPACE = 2615
PG_EXTENSION = 3079
PG_DEFAULT_ACL = 826


@dataclass(slots=True)
class Names:
    """`objects` and `columns` are keyed by (system table, oid) and (relation oid, attribute number)."""

    schemas: dict[int, str] = field(default_factory=dict[int, str])
    roles: dict[int, str] = field(default_factory=dict[int, str])
    objects: dict[tuple[int, int], Ref] = field(default_factory=dict[tuple[int, int], Ref])
    columns: dict[tuple[int, int], Ref] = field(default_factory=dict[tuple[int, int], Ref])
    arrays: set[int] = field(default_factory=set[int])
    comments: dict[tuple[int, int, int], str] = field(default_factory=dict[tuple[int, int, int], str])
    depends: dict[Ref, set[Ref]] = field(default_factory=lambda: defaultdict[Ref, set[Ref]](set))

    def copy(self) -> Names:
        """For changing it; the sets in `depends` must be replaced, not changed."""
        depends: dict[Ref, set[Ref]] = defaultdict[Ref, set[Ref]](set)
        depends.update(self.depends)
        return Names(
            dict(self.schemas),
            dict(self.roles),
            dict(self.objects),
            dict(self.columns),
            set(self.arrays),
            dict(self.comments),
            depends,
        )

    def relation(self, oid: int) -> Ref | None:
        ref = self.objects.get((PG_CLASS, oid))
        return None if ref is None or ref.kind == "extension" else ref

    def relation_set(self, oid: int) -> frozenset[Ref]:
        """The relation alone, for adding to dependencies."""
        ref = self.relation(oid)
        return frozenset() if ref is None else frozenset((ref,))

    def type(self, oid: int) -> Ref | None:
        """The user-defined type behind a type, for an array its element's; None for Postgres's and extensions'."""
        ref = self.objects.get((PG_TYPE, oid))
        return None if ref is None or ref.kind == "extension" else ref

    def routine(self, oid: int) -> Ref | None:
        ref = self.objects.get((PG_PROC, oid))
        return None if ref is None or ref.kind == "extension" else ref

    def role(self, oid: int) -> str:
        return self.roles.get(oid, str(oid)) if oid else ""

    def comment(self, catalog: int, oid: int, sub: int = 0) -> str | None:
        return self.comments.get((catalog, oid, sub))

    def of(self, ref: Ref) -> frozenset[Ref]:
        """What this object depends on; its relation, if it is part of one, included by the caller."""
        return frozenset(self.depends.get(ref, ()))

    def link(self, rows: Iterable[tuple[int, int, int, int, int, int]]) -> None:
        """Read rows of pg_depend into `depends`."""
        objects, columns, depends = self.objects.get, self.columns.get, self.depends
        for catalog, oid, sub, other_catalog, other_oid, other_sub in rows:
            dependent = (sub and catalog == PG_CLASS and columns((oid, sub))) or objects((catalog, oid))
            if not dependent:
                continue
            needed = (other_sub and other_catalog == PG_CLASS and columns((other_oid, other_sub))) or objects(
                (other_catalog, other_oid)
            )
            if needed and needed is not dependent:
                depends[dependent].add(needed)
