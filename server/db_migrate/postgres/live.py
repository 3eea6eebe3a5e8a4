"""A catalog that follows a connection: after a statement only what it touched is read again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from db_migrate.postgres import catalog_sql, live_sql
from db_migrate.postgres.catalog import BOOKKEEPING_SCHEMAS, Reading, read_whole, uncollected
from db_migrate.postgres.catalog_rows import Scope, Snapshot, read_some
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.live_changes import (
    Changes,
    EverythingChanged,
    Since,
    complete,
    dependents,
    gone_rows,
    new_rows,
    resolve,
)
from db_migrate.postgres.live_patch import Draft, Named
from db_migrate_tools.schema.model import Catalog, Ref

AT_MOST = 1500
"""So many relations, types and routines are read again one by one; of more, everything is."""
_WAVES = 12
_UNDISTURBED = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL client_min_messages = warning"
Counters = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The catalog as it is now, and the references whose objects came, went or changed since the last look; for a
    renamed object both names. `whole` says that everything was read again.

    `diff(last, catalog, only=touched)` is the whole difference. Untouched objects are the same Python objects.
    """

    catalog: Catalog
    touched: frozenset[Ref]
    whole: bool = False


class LiveCatalog:
    """The catalog of one connection's database. Nobody else may change that database meanwhile.

    `start` takes a Reading of this very database, or of the template that it is an unchanged copy of (oids are
    copied too), so that nothing is read at first. It may be called inside a transaction or between two.
    `refresh` is called after a statement, by itself: it makes a savepoint (or a transaction) of its own, with
    settings of its own, and must not be called inside another one that will be taken back.

    How it is known what changed: inside a transaction Postgres counts the rows written in every system catalog;
    where a count moved, new rows are those whose xmin is not older than the last look and whose command is not
    either, and objects that went are those whose oid is missing. Between transactions every system catalog is
    looked through by xmin. A session setting, set after each look and taken back with it by ROLLBACK, tells when
    the transaction went back behind a look. In every doubt everything is read.
    """

    def __init__(self, connection: Connection, reading: Reading) -> None:
        self._connection = connection
        self._base = reading
        self._catalog = reading.catalog
        self._draft: Draft | None = None
        self._known: dict[int, set[int]] = {}
        self._horizon = ""
        self._links = 0
        self._totals: dict[str, int] = {}
        self._transaction = ""
        self._counters: Counters = {}
        self._command = 0
        self._look = 0

    @classmethod
    async def start(cls, connection: Connection, reading: Reading | None = None) -> LiveCatalog:
        """Begin to follow. Without `reading` the whole catalog is read now."""
        live = cls(connection, reading or await read_whole(connection))
        async with _Apart(connection):
            (server,) = await connection.fetch(catalog_sql.SERVER)
            await connection.execute(catalog_sql.SESSION)
            await live._begin()
        live._catalog = replace(live._catalog, search_path=server[1], origin=server[2])
        await live._mark()
        return live

    @property
    def catalog(self) -> Catalog:
        """The catalog at the last look; its origin is this connection's database."""
        return self._catalog

    async def refresh(self) -> Refreshed:
        """What the catalog is now. Nearly free when no system catalog was written."""
        with uncollected():
            async with _Apart(self._connection) as inside:
                found = await self._refresh(inside=inside)
            if found.touched or found.whole:
                await self._mark()
        return found

    async def _refresh(self, *, inside: bool) -> Refreshed:
        (state,) = await self._connection.fetch(live_sql.STATE, self._horizon)
        transaction, horizon, age, mark, search_path = state
        if search_path != self._catalog.search_path:
            self._catalog = replace(self._catalog, search_path=search_path)
        counters: Counters = {}
        if inside:
            rows = await self._connection.fetch(live_sql.COUNTERS)
            counters = {row[0]: (row[1], row[2], row[3]) for row in rows}
        within = inside and transaction == self._transaction
        if mark != str(self._look):
            found = await self._whole(search_path)
        elif within and counters == self._counters:
            return Refreshed(self._catalog, frozenset())
        else:
            since = Since(age, within, self._command)
            try:
                found = await self._changed(since, counters)
            except EverythingChanged:
                self._draft = None
                found = await self._whole(search_path)
        self._transaction = transaction if inside else ""
        self._counters, self._horizon = counters, horizon
        return found

    async def _changed(self, since: Since, counters: Counters) -> Refreshed:
        connection = self._connection
        await connection.execute(catalog_sql.SESSION)
        if since.within:
            written = {name for name, counts in counters.items() if counts != self._counters.get(name)}
            lost = {name for name in written if counters[name][2] != self._counters.get(name, (0, 0, 0))[2]}
            if written - live_sql.CHANGED.keys() - live_sql.IGNORED - live_sql.WHOLE - live_sql.ROLES:
                raise EverythingChanged
        else:
            written = lost = {*live_sql.CHANGED, *live_sql.WHOLE, *live_sql.ROLES}
            if await self._count_others() != self._totals or await self._others_written(since):
                raise EverythingChanged
        draft = self._drafted()
        if written & live_sql.ROLES:
            await self._roles(draft)
        scope = Scope()
        changes = await new_rows(connection, written, since)
        if lost:
            await gone_rows(connection, lost, draft.names, draft.objects, self._known, changes, scope)
        if "pg_depend" in lost:
            await self._links_lost(draft, changes)
        schemas = bool(written & live_sql.WHOLE or changes.oids["n"])
        await resolve(connection, changes, scope)
        await self._waves(draft, scope, schemas=schemas)
        touched = draft.finish()
        self._command = changes.command
        if touched:
            self._publish(draft)
        draft.before = {}
        return Refreshed(self._catalog, touched)

    def _drafted(self) -> Draft:
        if self._draft is None:
            self._known = {number: set(oids) for number, oids in self._base.oids.items()}
            self._draft = Draft(
                dict(self._base.catalog.objects), self._base.names.copy(), self._base.parts.copy(), self._known
            )
        return self._draft

    def _publish(self, draft: Draft) -> None:
        self._catalog = replace(
            self._catalog,
            objects=dict(draft.objects),
            roles=tuple(sorted(role for role, count in draft.parts.roles.items() if count > 0)),
        )

    async def _waves(self, draft: Draft, scope: Scope, *, schemas: bool) -> None:
        """Read what changed, then what names it in a text of its own, until nothing follows."""
        connection = self._connection
        for _ in range(_WAVES):
            if not scope and not schemas:
                return
            if len(scope) > AT_MOST:
                raise EverythingChanged
            snapshot = Snapshot()
            if schemas:
                await self._read_schemas(snapshot)
            inside = [row[0] for row in snapshot.schemas] if schemas else list(draft.names.schemas)
            await complete(connection, scope)
            seen = await read_some(connection, scope, inside, snapshot)
            if schemas:
                oids = [*(row[0] for row in snapshot.schemas), *draft.names.schemas]
                snapshot.comments += await connection.fetch(catalog_sql.SOME_COMMENTS, oids)
            renamed, surfaces, others = draft.replace(scope, snapshot, seen, schemas=schemas)
            scope = await self._followers(scope, renamed, surfaces, others)
            schemas = False
        raise EverythingChanged

    async def _followers(self, last: Scope, renamed: Named, surfaces: Named, others: Named) -> Scope:
        everything = await dependents(self._connection, renamed | others, "ctpkdwgyn!")
        texts = await dependents(self._connection, surfaces, "wyp")
        for letter, oids in texts.oids.items():
            everything.oids[letter] |= oids
        found = Scope()
        await resolve(self._connection, everything, found)
        found.relations -= last.relations
        found.sequences -= last.sequences
        found.types -= last.types
        found.routines -= last.routines
        return found

    async def _read_schemas(self, snapshot: Snapshot) -> None:
        fetch = self._connection.fetch
        snapshot.schemas = await fetch(catalog_sql.SCHEMAS, list(BOOKKEEPING_SCHEMAS))
        snapshot.members = await fetch(catalog_sql.MEMBERS)
        snapshot.default_acls = await fetch(catalog_sql.DEFAULT_ACLS, [row[0] for row in snapshot.schemas])

    async def _roles(self, draft: Draft) -> None:
        roles = {row[0]: row[1] for row in await self._connection.fetch(catalog_sql.ROLES)}
        if any(roles.get(oid, name) != name for oid, name in draft.names.roles.items()):
            raise EverythingChanged
        draft.names.roles.update(roles)

    async def _links_lost(self, draft: Draft, changes: Changes) -> None:
        """Dependencies may go without any other row: a sequence's owner, an extension's member."""
        if await self._connection.fetchval(live_sql.EXTENSION_LINKS) != self._links:
            raise EverythingChanged
        owned = {draft.objects[ref].key[1] for ref in draft.parts.sequences}
        if owned:
            still = {row[0] for row in await self._connection.fetch(live_sql.SELF_OWNED, list(owned))}
            changes.oids["c"] |= owned - still

    async def _whole(self, search_path: str) -> Refreshed:
        before = self._catalog.objects
        self._base = reading = await read_whole(self._connection)
        objects = dict(reading.catalog.objects)
        touched = {ref for ref in before if ref not in objects}
        for ref, item in reading.catalog.objects.items():
            was = before.get(ref)
            if was is not None and was.key == item.key and was == item:
                objects[ref] = was
            else:
                touched.add(ref)
        self._draft = None
        self._catalog = replace(reading.catalog, objects=objects, search_path=search_path)
        self._command = 0
        await self._begin()
        return Refreshed(self._catalog, frozenset(touched), whole=True)

    async def _begin(self) -> None:
        ((self._horizon, self._links),) = await self._connection.fetch(live_sql.FIRST)
        self._totals = await self._count_others()

    async def _count_others(self) -> dict[str, int]:
        """How many rows the system catalogs have that are only read as a whole."""
        return {name: total for name, total, _ in await self._others(0)}

    async def _others_written(self, since: Since) -> bool:
        return any(new for _, _, new in await self._others(since.age))

    async def _others(self, age: int) -> list[tuple[str, int, int]]:
        names = [row[0] for row in await self._connection.fetch(live_sql.READABLE)]
        left = sorted(set(names) - live_sql.CHANGED.keys() - live_sql.IGNORED - live_sql.WHOLE - live_sql.ROLES)
        rows = await self._connection.fetch("\nUNION ALL\n".join(live_sql.COUNT.format(name) for name in left), age)
        return [(row[0], row[1], row[2]) for row in rows]

    async def _mark(self) -> None:
        self._look += 1
        await self._connection.fetchval(live_sql.MARK, str(self._look))


class _Apart:
    """A savepoint, or between transactions a transaction, that is taken back; yields whether it is a savepoint."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inside = False

    async def __aenter__(self) -> bool:
        self._inside = self._connection.is_in_transaction()
        begin = "SAVEPOINT dbm_live" if self._inside else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        await self._connection.execute(f"{begin}; {_UNDISTURBED}")
        return self._inside

    async def __aexit__(self, *_: object) -> None:
        await self._connection.execute(
            "ROLLBACK TO SAVEPOINT dbm_live; RELEASE SAVEPOINT dbm_live" if self._inside else "ROLLBACK"
        )
