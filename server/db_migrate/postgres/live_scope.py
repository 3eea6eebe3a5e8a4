"""From rows of the system catalogs that are new or gone to the objects that must be read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from db_migrate.postgres import live_sql as sql
from db_migrate.postgres.catalog_names import (
    PG_CLASS,
    PG_CONSTRAINT,
    PG_DEFAULT_ACL,
    PG_NAMESPACE,
    PG_POLICY,
    PG_PROC,
    PG_TRIGGER,
    PG_TYPE,
    Names,
)
from db_migrate.postgres.catalog_rows import Scope, Snapshot
from db_migrate.postgres.prepared import Prepared
from db_migrate_tools.schema.model import Catalog, Index, Ref

Key = tuple[int, int]
"""A system catalog's oid and an object's."""

LETTERS = {
    PG_CLASS: "c",
    PG_TYPE: "t",
    PG_PROC: "p",
    PG_CONSTRAINT: "k",
    PG_TRIGGER: "g",
    PG_POLICY: "y",
    PG_NAMESPACE: "n",
    PG_DEFAULT_ACL: "n",
}


class Unknown(Exception):  # noqa: N818 - no error: it says what to do
    """Something was written that only reading everything can tell."""


class Changed:
    """Oids by what they are of: the letters of `live_sql.CHANGED`."""

    def __init__(self) -> None:
        self.oids: defaultdict[str, set[int]] = defaultdict(set)

    def add(self, letter: str, oid: int) -> None:
        """Raises Unknown."""
        if letter == "!":
            raise Unknown
        self.oids[letter].add(oid)

    def part(self, catalog: Catalog, ref: Ref) -> None:
        """What holds a part that is gone: the relation, or the domain."""
        item = catalog.get(ref)
        if isinstance(item, Index):
            held: tuple[Ref, ...] = (item.table,)
        elif ref.parent:
            held = tuple(Ref(kind, ref.schema, ref.parent) for kind in ("table", "view", "type"))
        else:
            held = (ref,)
        for one in held:
            holder = catalog.get(one)
            if holder is not None and holder.key:
                self.add(LETTERS.get(holder.key[0], "!"), holder.key[1])


async def resolved(reader: Prepared, changed: Changed) -> Scope:
    """The objects, of those that still exist, that the oids belong to; what comes with a relation included.
    Raises Unknown.
    """
    oids = changed.oids
    relations, types = oids["c"], set[int]()
    if oids["t"]:
        for letter, oid in await reader.fetch(sql.TYPES, list(oids["t"])):
            if letter == "!":
                raise Unknown
            (relations if letter == "r" else types).add(oid)
    scope = Scope(types=types, routines=set(oids["p"]))
    parts = [list(oids[letter]) for letter in "kdwgy"]
    if relations or any(parts):
        for letter, oid in await reader.fetch(sql.RESOLVE, list(relations), *parts):
            if letter:
                {"s": scope.sequences, "r": scope.relations, "t": scope.types}[letter].add(oid)
    if scope.relations or scope.types:
        owned = await reader.fetch(sql.OWNED, list(scope.relations), list(scope.types))
        for letter, oid in owned:
            (scope.sequences if letter == "s" else scope.types).add(oid)
    return scope


async def dependents(reader: Prepared, keys: Iterable[Key], *, by_name: bool) -> Scope:
    """The objects whose texts may change with these: all that name them, or those that ask them as a query does.
    Raises Unknown.
    """
    asked = list(keys)
    if not asked:
        return Scope()
    changed = Changed()
    rows = await reader.fetch(sql.DEPENDENTS, [key[0] for key in asked], [key[1] for key in asked], by_name)
    for letter, oid in rows:
        changed.add(letter, oid)
    return await resolved(reader, changed)


def without(scope: Scope, *others: Scope) -> Scope:
    """The scope less what others hold."""
    return Scope(
        scope.relations.difference(*(other.relations for other in others)),
        scope.sequences.difference(*(other.sequences for other in others)),
        scope.types.difference(*(other.types for other in others)),
        scope.routines.difference(*(other.routines for other in others)),
    )


def together(*scopes: Scope) -> Scope:
    """Everything that any of the scopes holds."""
    found = Scope()
    for scope in scopes:
        found.relations |= scope.relations
        found.sequences |= scope.sequences
        found.types |= scope.types
        found.routines |= scope.routines
    return found


def keys_of(snapshot: Snapshot) -> Iterator[Key]:
    """The objects that have rows of their own."""
    for catalog, rows in (
        (PG_CLASS, snapshot.relations),
        (PG_CLASS, snapshot.indexes),
        (PG_CLASS, snapshot.sequences),
        (PG_TYPE, snapshot.types),
        (PG_PROC, snapshot.routines),
        (PG_CONSTRAINT, snapshot.constraints),
        (PG_TRIGGER, snapshot.triggers),
        (PG_POLICY, snapshot.policies),
    ):
        for row in rows:
            yield catalog, row[0]
    for row in snapshot.relations:
        yield PG_TYPE, row[6]


def keys_in(scope: Scope) -> Iterator[Key]:
    """The scope's own objects."""
    for catalog, oids in (
        (PG_CLASS, scope.relations),
        (PG_CLASS, scope.sequences),
        (PG_TYPE, scope.types),
        (PG_PROC, scope.routines),
    ):
        for oid in oids:
            yield catalog, oid


def known_oids(names: Names) -> dict[int, set[int]]:
    """The oids of what was read, by system catalog."""
    found: dict[int, set[int]] = defaultdict(set)
    for (catalog, oid), ref in names.objects.items():
        if ref.kind != "extension":
            found[catalog].add(oid)
    return found
