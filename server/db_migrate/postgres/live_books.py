"""The objects of a live catalog and what led to them, changed as their rows are read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from db_migrate.postgres import catalog_sql as sql
from db_migrate.postgres import catalog_types
from db_migrate.postgres.catalog import Reading, name_all, objects_of
from db_migrate.postgres.catalog_extra import Extra, extra_objects, extra_query, forget_extra, name_extra, read_extra
from db_migrate.postgres.catalog_extra_sql import CATALOGS, COMMENTS, DEPENDENCIES
from db_migrate.postgres.catalog_names import PG_CLASS, PG_TYPE, Names
from db_migrate.postgres.catalog_parted import KNOWN_KINDS, PART_KINDS, holder, roles_of
from db_migrate.postgres.catalog_rows import Scope, Snapshot, read_some
from db_migrate.postgres.live_scope import (
    Changed,
    Key,
    Unknown,
    dependents,
    keys_in,
    keys_of,
    known_oids,
    together,
    without,
)
from db_migrate.postgres.prepared import Prepared
from db_migrate_tools.schema.model import Object, Ref, Routine, Schema, Table, Type, View
from db_migrate_tools.schema.model import Sequence as OwnSequence

_SHAPE = ("column", "view", "trigger")
"""Kinds of a relation's objects that decide how queries over it read, or whether views over it can be written."""

_RARER = frozenset(CATALOGS.values())


def _says_more(was: Object, now: Object) -> bool:
    """Whether something else than its name has changed that the texts of others show."""
    if isinstance(was, Type) and isinstance(now, Type):
        return not set(was.labels) <= set(now.labels)
    if isinstance(was, Routine) and isinstance(now, Routine):
        return (was.arguments, was.returns, was.type) != (now.arguments, now.returns, now.type)
    return False


class Books:
    """A copy of a reading that changes. After `Unknown` it must be thrown away."""

    def __init__(self, reading: Reading) -> None:
        names = reading.names
        self.names = Names(
            dict(names.schemas),
            dict(names.roles),
            dict(names.objects),
            dict(names.columns),
            set(names.arrays),
            dict(names.comments),
            names.depends.copy(),
        )
        self.catalog = reading.catalog
        self._parts = reading.parts.copy()
        self._known: dict[int, set[int]] | None = None
        self._objects = dict(reading.catalog.objects)
        self._before: dict[Ref, Object | None] = {}
        self._moved = False
        self._rarer: list[Extra] | None = None
        self._concerned = self._others_aside()
        if self._parts.labelled:
            # Labels are put on objects of every kind, by a reading of all.
            raise Unknown

    @property
    def known(self) -> dict[int, set[int]]:
        """The oids of what was read, by system catalog."""
        if self._known is None:
            self._known = known_oids(self.names)
        return self._known

    @property
    def has_rules(self) -> bool:
        return any(ref.kind == "rule" for ref in self._parts.others)

    def heirs(self) -> set[int]:
        """Tables that have parents."""
        return {
            item.key[1]
            for item in self._objects.values()
            if isinstance(item, Table) and (item.inherits or item.partition_of) and item.key
        }

    def owned(self) -> set[int]:
        """Sequences that belong to a column."""
        return {item.key[1] for ref in self._parts.sequences if (item := self._objects.get(ref)) and item.key}

    def forget(self, gone: Mapping[int, set[int]], changed: Changed) -> None:
        """Take out what is gone; what held a part that is gone has changed."""
        refs = self.names.objects
        for catalog, oids in gone.items():
            for oid in oids:
                ref = refs.get((catalog, oid))
                item = None if ref is None else self._objects.get(ref)
                itself = item is not None and item.key == (catalog, oid)
                if item is not None and itself and not (item.ref.parent or item.ref.kind == "index"):
                    self._take_out(item.ref)
                elif ref is not None:
                    changed.part(self.catalog, ref)
        for catalog, oids in gone.items():
            self.known[catalog] -= oids
            for oid in oids:
                refs.pop((catalog, oid), None)

    async def read_schemas(self, reader: Prepared, left_out: Sequence[str]) -> None:
        """All schemas and default privileges. Raises Unknown when a schema has another name."""
        rows = await reader.fetch(sql.SCHEMAS, list(left_out))
        now = {row[0]: row[1] for row in rows}
        if any(now.get(oid, name) != name for oid, name in self.names.schemas.items()):
            raise Unknown
        members: dict[int, str] = {}
        for item in [item for item in self._objects.values() if isinstance(item, Schema)]:
            self._take_out(item.ref)
            if item.extension is not None:
                members[item.key[1]] = item.extension
        for ref in list(self._parts.default_acls):
            self._take_out(ref)
        self.names.schemas = now
        snapshot = Snapshot(schemas=rows, default_acls=await reader.fetch(sql.DEFAULT_ACLS, list(now)))
        snapshot.comments = await reader.fetch(sql.SOME_COMMENTS, list(now))
        name_all(snapshot, self.names)
        for item in catalog_types.schemas(rows, members, self.names):
            self._put(item)
        for acl in catalog_types.default_acls(snapshot.default_acls, self.names):
            self._put(acl)

    async def read(self, reader: Prepared, scope: Scope) -> None:
        """These objects and all whose texts may have changed with theirs. Raises Unknown."""
        done = Scope()
        while len(scope):
            renamed, shaped = await self._read(reader, scope)
            self._moved = self._moved or bool(renamed or shaped)
            done = together(done, scope)
            named = await dependents(reader, renamed, by_name=True)
            asking = await dependents(reader, shaped, by_name=False)
            scope = together(without(named, scope), without(asking, done))

    async def fetch_rarer(self, reader: Prepared) -> None:
        """Name the objects of the rarer kinds anew, before what may depend on them is read. Raises Unknown."""
        names, version = self.names, self.catalog.server_version
        rows = read_extra(await reader.fetch(extra_query(version), list(names.schemas)))
        if any(row.kind == "security-label" for row in rows):
            raise Unknown
        forget_extra(names)
        name_extra(rows, names)
        self._rarer = rows

    async def read_rarer(self, reader: Prepared) -> None:
        """The objects of the rarer kinds, all of them, where they may say something else now. Raises Unknown."""
        roles = self._others_aside()
        if self._rarer is None:
            if not (self._moved and self._parts.others) and roles == self._concerned:
                return
            await self.fetch_rarer(reader)
        names, rows = self.names, self._rarer or []
        old = {item.key: ref for ref in self._parts.others if (item := self._objects.get(ref)) and item.key}
        for key in [key for key in names.comments if key[0] in _RARER]:
            del names.comments[key]
        names.comments.update({(row[0], row[1], row[2]): row[3] for row in await reader.fetch(COMMENTS)})
        dependencies = await reader.fetch(DEPENDENCIES)
        names.link((row[0], row[1], row[2], row[3], row[4], row[5]) for row in dependencies)
        for ref in list(self._parts.others):
            self._take_out(ref)
        for item in extra_objects(rows, names, roles):
            # What names it is not looked for.
            if old.get(item.key, item.ref) != item.ref:
                raise Unknown
            self._put(item)
        self._concerned, self._rarer = roles, None

    def _others_aside(self) -> frozenset[str]:
        """The roles that objects of the usual kinds name."""
        counts = self._parts.roles.copy()
        for ref in self._parts.others:
            counts.subtract(roles_of(self._objects[ref]))
        return frozenset(role for role, count in counts.items() if count > 0)

    async def _read(self, reader: Prepared, scope: Scope) -> tuple[set[Key], set[Key]]:
        """Which objects have another name now, and which relations another shape."""
        names = self.names
        snapshot = Snapshot()
        await read_some(reader, scope, list(names.schemas), snapshot)
        before = self._taken_out(scope)
        keys = set(keys_of(snapshot))
        old = {key: names.objects.get(key) for key in (*keys, *keys_in(scope))}
        columns = {(row[0], row[1]): names.columns.get((row[0], row[1])) for row in snapshot.columns}
        for key, ref in old.items():
            # What has a name keeps it as a type.
            if (key not in keys or key[0] == PG_TYPE) and ref is not None and ref.kind != "extension":
                del names.objects[key]
        name_all(snapshot, names)
        if self._rarer is not None:
            name_extra(self._rarer, names)
        for key, was in old.items():
            ref = names.objects.get(key, was)
            if ref is not None:
                names.depends.pop(ref, None)
        for place in columns:
            names.depends.pop(names.columns[place], None)
        names.link((row[0], row[1], row[2], row[3], row[4], row[5]) for row in snapshot.dependencies)
        if self._known is not None:
            for catalog, oid in keys:
                self._known[catalog].add(oid)
        now = {item.ref: item for item in objects_of(snapshot, names)}
        for item in now.values():
            self._put(item)
        renamed = {key for key, ref in old.items() if ref is not None and ref != names.objects.get(key)}
        renamed |= {(PG_CLASS, place[0]) for place, ref in columns.items() if ref not in (None, names.columns[place])}
        for one, item in before.items():
            other = now.get(one)
            if other is not None and _says_more(item, other):
                renamed.add((item.key[0], item.key[1]))
        return renamed, self._shaped(before, now)

    def _shaped(self, before: Mapping[Ref, Object], now: Mapping[Ref, Object]) -> set[Key]:
        """Relations whose columns are others, and views that have changed."""
        found: set[Key] = set()
        for ref in before.keys() | now.keys():
            if ref.kind not in _SHAPE or before.get(ref) == now.get(ref):
                continue
            for kind in ("table", "view", "type") if ref.parent else (ref.kind,):
                item = self._objects.get(Ref(kind, ref.schema, ref.parent or ref.name))
                if item is not None and item.key and isinstance(item, Table | View):
                    found.add((item.key[0], item.key[1]))
        return found

    def _taken_out(self, scope: Scope) -> dict[Ref, Object]:
        """The scope's objects as they were, parts included; they are taken out."""
        found: dict[Ref, Object] = {}
        for key in keys_in(scope):
            ref = self.names.objects.get(key)
            item = None if ref is None else self._objects.get(ref)
            if item is None or item.ref.parent or item.ref.kind == "extension":
                continue
            for one in (item.ref, *self._parts.of.get((item.ref.schema, item.ref.name), ())):
                if (part := self._objects.get(one)) is not None:
                    found[one] = part
            self._take_out(item.ref)
        return found

    def _take_out(self, ref: Ref) -> None:
        relation = ref.kind in ("table", "view", "type")
        for one in (ref, *(self._parts.of.pop((ref.schema, ref.name), ()) if relation else ())):
            item = self._objects.pop(one, None)
            if item is None:
                continue
            self._before.setdefault(one, item)
            self._count(item, -1)

    def _put(self, item: Object) -> None:
        ref = item.ref
        self._before.setdefault(ref, None)
        replaced = self._objects.pop(ref, None)
        if replaced is not None:
            self._count(replaced, -1)
        old = self._before[ref]
        self._objects[ref] = item if old is None or old.key != item.key or old != item else old
        self._count(item, 1)

    def _count(self, item: Object, by: int) -> None:
        """Keep the lists of parts and of roles."""
        ref, parts = item.ref, self._parts
        where = holder(item) if ref.kind in PART_KINDS else None
        if where is not None:
            refs = parts.of.get(where, frozenset())
            parts.of[where] = refs | {ref} if by > 0 else refs - {ref}
        elif ref.kind not in KNOWN_KINDS:
            (parts.others.add if by > 0 else parts.others.discard)(ref)
        elif isinstance(item, OwnSequence) and item.owned_by is not None:
            (parts.sequences.add if by > 0 else parts.sequences.discard)(ref)
        elif ref.kind == "default-acl":
            (parts.default_acls.add if by > 0 else parts.default_acls.discard)(ref)
        for role in roles_of(item):
            parts.roles[role] += by

    def settle(self, search_path: str) -> frozenset[Ref]:
        """Make the catalog of now; the references whose objects differ."""
        touched = frozenset(ref for ref, old in self._before.items() if old is not self._objects.get(ref))
        roles = tuple(sorted(role for role, count in self._parts.roles.items() if count > 0))
        self._before = {}
        self._moved = False
        self.catalog = replace(self.catalog, objects=dict(self._objects), roles=roles, search_path=search_path)
        return touched
