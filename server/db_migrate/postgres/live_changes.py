"""Which objects have rows of the system catalogs that are new or gone since the last look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from db_migrate.postgres import live_sql as sql
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
from db_migrate.postgres.catalog_rows import Scope
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.model import Index, Object, Ref, Type

_CLASS_OF = {
    "pg_class": PG_CLASS,
    "pg_type": PG_TYPE,
    "pg_proc": PG_PROC,
    "pg_constraint": PG_CONSTRAINT,
    "pg_rewrite": PG_REWRITE,
    "pg_trigger": PG_TRIGGER,
    "pg_policy": PG_POLICY,
}
_LETTERS = {
    PG_CLASS: "c",
    PG_TYPE: "t",
    PG_PROC: "p",
    PG_CONSTRAINT: "k",
    PG_ATTRDEF: "d",
    PG_REWRITE: "w",
    PG_TRIGGER: "g",
    PG_POLICY: "y",
    PG_NAMESPACE: "n",
}
_PARTS = "ckdwgy"


class EverythingChanged(Exception):  # noqa: N818 - no error: it says what to do
    """So much, or something so rare, has changed that everything must be read. Never leaves the live catalog."""


@dataclass(slots=True)
class Changes:
    """Oids by letter as in live_sql.CHANGED, and the last command that wrote a row."""

    oids: dict[str, set[int]] = field(default_factory=lambda: defaultdict[str, set[int]](set))
    command: int = 0

    def add(self, letter: str, oid: int) -> None:
        if letter == "!":
            raise EverythingChanged
        self.oids[letter].add(oid)


@dataclass(frozen=True, slots=True)
class Since:
    """What is new: rows of transactions not older than `age`, within one transaction of commands from `command` on."""

    age: int
    within: bool
    command: int


async def new_rows(connection: Connection, catalogs: Collection[str], since: Since) -> Changes:
    """The objects of new rows in these system catalogs."""
    found = Changes(command=since.command if since.within else 0)
    for catalog in sorted(catalogs & sql.CHANGED.keys()):
        for letter, oid, command in await connection.fetch(
            sql.CHANGED[catalog], since.age, since.within, since.command
        ):
            if oid >= 16384 or letter == "n":
                found.add(letter, oid)
            if command is not None:
                found.command = max(found.command, command)
    return found


async def gone_rows(
    connection: Connection,
    catalogs: Collection[str],
    names: Names,
    objects: Mapping[Ref, Object],
    known: Mapping[int, set[int]],
    changes: Changes,
    scope: Scope,
) -> None:
    """The objects whose rows went, added to `scope` and, where they were parts of others, to `changes`."""
    gone: dict[int, set[int]] = {}
    for catalog in catalogs:
        number = _CLASS_OF.get(catalog)
        if number is not None:
            gone[number] = known.get(number, set[int]()).difference(
                await connection.fetchval(sql.PRESENT[number]) or ()
            )
    relations = gone.get(PG_CLASS, set[int]())
    for number, oids in gone.items():
        for oid in oids:
            ref = names.objects.get((number, oid))
            if ref is None:
                continue
            if ref.kind == "extension":
                raise EverythingChanged
            _gone(number, oid, ref, relations, names, objects, scope)
    if "pg_description" in catalogs:
        present = {(row[0], row[1], row[2]) for row in await connection.fetch(sql.COMMENT_KEYS)}
        for key in [key for key in names.comments if key[1] >= 16384 and key not in present]:
            del names.comments[key]
            if key[:2] in names.objects:
                changes.add(_LETTERS.get(key[0], "!"), key[1])
            elif key[0] not in _LETTERS:
                raise EverythingChanged


def _gone(
    number: int,
    oid: int,
    ref: Ref,
    relations: set[int],
    names: Names,
    objects: Mapping[Ref, Object],
    scope: Scope,
) -> None:
    item = objects.get(ref)
    if number == PG_CLASS:
        if ref.kind in ("table", "view", "type"):
            scope.relations.add(oid)
        elif ref.kind == "sequence":
            scope.sequences.add(oid)
        elif isinstance(item, Index):
            scope.relations.add(objects[item.table].key[1])
        elif item is not None:
            scope.relations.add(item.key[1])
    elif number == PG_TYPE:
        if isinstance(item, Type) and item.key == (PG_TYPE, oid) and item.type != "composite":
            scope.types.add(oid)
    elif number == PG_PROC:
        scope.routines.add(oid)
    elif isinstance(item, Type):
        scope.types.add(item.key[1])
    else:
        holder = relation_of(ref, objects)
        if holder is not None:
            if number == PG_REWRITE and holder not in relations:
                raise EverythingChanged
            scope.relations.add(holder)


def relation_of(ref: Ref, objects: Mapping[Ref, Object]) -> int | None:
    """The oid of the table or view that a reference is part of, or is."""
    for kind in ("table", "view"):
        item = objects.get(Ref(kind, ref.schema, ref.parent or ref.name))
        if item is not None:
            return item.key[1]
    return None


async def resolve(connection: Connection, changes: Changes, scope: Scope) -> None:
    """Add to `scope` the relations, types and routines that what changed belongs to."""
    oids = changes.oids
    types = set(oids["t"])
    if any(oids[letter] for letter in _PARTS):
        for letter, oid in await connection.fetch(sql.RESOLVE, *(list(oids[letter]) for letter in _PARTS)):
            _put(letter, oid, scope, types)
    if types:
        ranges: set[int] = set()
        for letter, oid in await connection.fetch(sql.TYPES, list(types)):
            if letter == "m":
                ranges.add(oid)
            else:
                _put(letter, oid, scope, scope.types)
        scope.types |= ranges
    scope.routines |= oids["p"]


def _put(letter: str, oid: int, scope: Scope, types: set[int]) -> None:
    match letter:
        case "r":
            scope.relations.add(oid)
        case "s":
            scope.sequences.add(oid)
        case "t":
            types.add(oid)
        case "!":
            raise EverythingChanged
        case _:
            pass


async def complete(connection: Connection, scope: Scope) -> None:
    """Add the sequences and types that come with what is to be read."""
    if scope.relations or scope.types:
        for letter, oid in await connection.fetch(sql.OWNED, list(scope.relations), list(scope.types)):
            (scope.sequences if letter == "s" else scope.types).add(oid)


async def dependents(connection: Connection, named: Iterable[tuple[int, int]], letters: str) -> Changes:
    """What names these objects (system catalog, oid) in a text of its own, of the kinds `letters`."""
    pairs = list(named)
    found = Changes()
    if pairs:
        rows = await connection.fetch(sql.DEPENDENTS, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
        for letter, oid in rows:
            if letter in letters:
                found.add(letter, oid)
    return found
