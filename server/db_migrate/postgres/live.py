"""A catalog that follows a connection: after a statement only what it touched is read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from operator import sub

import asyncpg

from db_migrate.postgres import live_sql as sql
from db_migrate.postgres.catalog import BOOKKEEPING_SCHEMAS, Reading, read_whole, uncollected
from db_migrate.postgres.catalog_extra_sql import CATALOGS as RARER
from db_migrate.postgres.catalog_names import PG_NAMESPACE
from db_migrate.postgres.catalog_sql import SESSION
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.live_books import Books
from db_migrate.postgres.live_scope import LETTERS, Changed, Unknown, resolved
from db_migrate.postgres.prepared import Prepared
from db_migrate_tools.schema.model import Catalog, Ref

_RARER = frozenset(RARER)
_SAVEPOINT = "db_migrate_live"
# Before anything is named the migration's search_path must not hold, and its time limits not at all.
_OURS = (
    "SELECT pg_catalog.set_config('db_migrate.path', pg_catalog.current_setting('search_path'), true); "
    "SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; "
    "SET LOCAL client_min_messages = warning; SET LOCAL standard_conforming_strings = on; "
    # A few rows are looked for, and statistics of the system catalogs are often missing.
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; "
    "SET LOCAL plan_cache_mode = force_generic_plan; " + SESSION
)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The catalog as it is now, and the references whose objects came, went or changed since the last look; for a
    renamed object both names. `whole` says that everything was read again.

    `diff(last, catalog, only=touched)` is the whole difference. Untouched objects are the same Python objects.
    """

    catalog: Catalog
    touched: frozenset[Ref]
    whole: bool = False


_Row = tuple[str, int, int | None]
"""What kind of object a new row belongs to, the object's oid, the age of the transaction."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How far the last look saw: in which transaction, how much it had written in which system catalogs by then, the
    youngest transaction whose rows were seen, those that may write more, and the highest oid of an object.
    """

    began: str
    youngest: int
    links: int
    others: Mapping[str, int]
    open: tuple[int, ...] = ()
    written: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()
    top: int = 0


class LiveCatalog:
    """The catalog of one connection's database. Nobody else may change that database meanwhile.

    `start` takes a Reading of this very database, or of the template that it is a copy of (oids are copied too), so
    that nothing is read at first. It may be called inside a transaction or between two. `refresh` is called after a
    statement, by itself: it makes a savepoint (or a transaction) of its own, with settings of its own, and must not
    be called inside a savepoint that a caller keeps open over several looks.

    New rows are known by their transaction, gone ones by the oids that are left; everything else of the catalog
    stays as it was read. What depends on a changed object and may print its name is read again with it. Where a
    change is not among those that are followed, or what was seen has been taken back, all is read.
    """

    def __init__(self, connection: Connection, reading: Reading, number: int) -> None:
        marks = reading.marks
        self._connection = connection
        self._reader = Prepared(connection)
        self._reading = reading
        self._first = reading
        self._books: Books | None = None
        self._look = _Look("", marks.horizon, marks.links, marks.others)
        self._number = number

    @classmethod
    async def start(cls, connection: Connection, reading: Reading | None = None) -> LiveCatalog:
        """Begin to follow. Without `reading` the whole catalog is read now.

        A copy may have changed since: the first `refresh` tells of all that happened after the reading.
        """
        found = reading or await read_whole(connection)
        origin = await connection.fetchval(sql.ORIGIN)
        await connection.execute(sql.MARK.format(0))
        return cls(connection, _at(found, origin), 0)

    async def begin(self) -> None:
        """Say that nothing has been written since the reading and that a transaction has just begun: its own counters
        tell the first look then what there is to read.
        """
        if self._look.began or self._books is not None:
            return
        catalogs = list(self._first.marks.catalogs.values())
        async with _apart(self._connection):
            state = await self._reader.row(sql.STATE, catalogs, str(self._look.youngest))
        began, _, _, _, _, written, deleted, _, top = state
        self._look = replace(self._look, began=began, written=tuple(written), deleted=tuple(deleted), top=top)

    @property
    def catalog(self) -> Catalog:
        """The catalog at the last look; its origin is this connection's database."""
        return self._reading.catalog if self._books is None else self._books.catalog

    async def refresh(self) -> Refreshed:
        """What the catalog is now. Nearly free when no system catalog was written."""
        try:
            return await self._refreshed()
        except asyncpg.InvalidSQLStatementNameError:
            # The migration has thrown away what the session had prepared.
            self._reader.forget()
            return await self._refreshed()

    async def at_once(self) -> Refreshed:
        """All that has happened since `start`, found in one look that relies on none of those in between."""
        return await LiveCatalog(self._connection, self._first, self._number).refresh()

    async def _refreshed(self) -> Refreshed:
        before = self.catalog
        try:
            with uncollected():
                async with _apart(self._connection) as after:
                    found = await self._followed()
                    if found.catalog is not before:
                        after.append(self._mark())
        except Unknown:
            return await self._all(before)
        return found

    def _mark(self) -> str:
        self._number += 1
        return sql.MARK.format(self._number)

    async def _all(self, before: Catalog) -> Refreshed:
        read = await read_whole(self._connection)
        objects = dict(read.catalog.objects)
        for ref, item in read.catalog.objects.items():
            old = before.get(ref)
            if old is not None and old.key == item.key and old == item:
                objects[ref] = old
        self._reading = replace(read, catalog=replace(read.catalog, objects=objects))
        self._books = None
        self._look = _Look("", read.marks.horizon, read.marks.links, read.marks.others)
        await self._connection.execute(self._mark())
        refs = before.objects.keys() | objects.keys()
        touched = frozenset(ref for ref in refs if before.get(ref) is not objects.get(ref))
        return Refreshed(self.catalog, touched, whole=True)

    async def _followed(self) -> Refreshed:
        """Raises Unknown where all must be read."""
        last = self._look
        catalogs = self._first.marks.catalogs
        oids = list(catalogs.values())
        state = await self._reader.row(sql.STATE, oids, str(last.youngest))
        began, mine, age, mark, path, written, deleted, named, top = state
        mine = (int(mine),) if mine else ()
        look = replace(last, began=began, open=mine, written=tuple(written), deleted=tuple(deleted), top=top)
        if mark != str(self._number):
            raise Unknown
        together = began == last.began
        if together and (look.written, look.deleted) == (last.written, last.deleted):
            if path != self.catalog.search_path:
                self._books = self._books or Books(self._reading)
                self._books.settle(path)
            return Refreshed(self.catalog, frozenset())
        if together:
            more = {n for n, now, then in zip(catalogs, look.written, last.written, strict=True) if now != then}
            less = {n for n, now, then in zip(catalogs, look.deleted, last.deleted, strict=True) if now != then}
        else:
            # What other transactions wrote is not counted any more.
            more = less = set(sql.CHANGED)
        open_ = list({*last.open, *look.open})
        changed = Changed()
        if (more | less) - sql.CHANGED.keys() - sql.IGNORED - _RARER:
            raise Unknown
        # Not everybody may read all of these, so between transactions they count as written.
        rarer = not together or bool((more | less) & (_RARER - {"pg_rewrite"}))
        if not together:
            await self._count_others(age, open_)
        found = await self._probed(last, look, age, more) if together else {}
        rows = [row for probed in found.values() for row in probed]
        looks = [query for name, query in sql.CHANGED.items() if name in more - found.keys()]
        if looks:
            rows += map(tuple, await self._reader.fetch("\nUNION ALL\n".join(looks), age, open_))
        youngest = age
        for letter, oid, years in rows:
            changed.add(letter, oid)
            youngest = min(youngest, age if years is None else years)
        books = self._books or Books(self._reading)
        await self._gone(books, less, changed)
        roles = dict(named)
        if any(roles.get(oid) != name for oid, name in books.names.roles.items()):
            raise Unknown
        books.names.roles.update(roles)
        if "n" in changed.oids or less & {"pg_namespace", "pg_default_acl"}:
            await books.read_schemas(self._reader, BOOKKEEPING_SCHEMAS)
        if rarer or "x" in changed.oids or ("pg_rewrite" in less and books.has_rules):
            await books.fetch_rarer(self._reader)
        await books.read(self._reader, await resolved(self._reader, changed))
        await books.read_rarer(self._reader)
        touched = books.settle(path)
        self._books = books
        self._look = replace(look, youngest=last.youngest + age - youngest)
        return Refreshed(books.catalog, touched)

    async def _probed(self, last: _Look, look: _Look, age: int, more: Set[str]) -> dict[str, list[_Row]]:
        """What the probes say of the catalogs of which they find every row that was written since the last look."""
        catalogs = self._first.marks.catalogs
        written = dict(zip(catalogs, map(sub, look.written, last.written), strict=True))
        found: dict[str, list[_Row]] = {}
        for name in more & sql.PROBES.keys():
            rows = await self._reader.fetch(sql.PROBES[name], age, last.top, list(catalogs.values()))
            if sum(row[3] for row in rows) == written[name]:
                found[name] = [(row[0], row[1], row[2]) for row in rows]
        return found

    async def _count_others(self, age: int, open_: list[int]) -> None:
        others = self._look.others
        for name, rows, new in await self._reader.fetch(sql.others(list(others)), age, open_):
            if new or rows != others[name]:
                raise Unknown

    async def _gone(self, books: Books, less: Iterable[str], changed: Changed) -> None:
        """What is no longer there, and what has lost a part, a parent, a comment or its owner."""
        reader, names = self._reader, books.names
        gone: dict[int, set[int]] = defaultdict(set)
        for name in less:
            if name in sql.PRESENT:
                catalog, query = sql.PRESENT[name]
                present = set(await reader.value(query) or ())
                gone[catalog] = books.known[catalog] - present
        if "pg_description" in less:
            keys = {(row[0], row[1], row[2]) for row in await reader.fetch(sql.COMMENT_KEYS)}
            there = (key for key in names.comments if key[1] >= 16384 or key[0] == PG_NAMESPACE)
            for key in [key for key in there if key not in keys]:
                del names.comments[key]
                changed.add(LETTERS.get(key[0], "!"), key[1])
        if "pg_inherits" in less:
            for oid in books.heirs():
                changed.add("c", oid)
        if "pg_depend" in less:
            if await reader.value(sql.EXTENSION_LINKS) != self._look.links:
                raise Unknown
            owned = books.owned()
            for oid in owned - {row[0] for row in await reader.fetch(sql.SELF_OWNED, list(owned))}:
                changed.add("c", oid)
        books.forget(gone, changed)


def _at(reading: Reading, origin: str) -> Reading:
    """The reading as that of a copy; what was found out about its objects is shared."""
    if reading.catalog.origin == origin:
        return reading
    found = replace(reading, catalog=replace(reading.catalog, origin=origin))
    found.__dict__["parts"] = reading.parts
    return found


@asynccontextmanager
async def _apart(connection: Connection) -> AsyncGenerator[list[str]]:
    """Our own settings, and nothing left behind. What is appended to the list that this yields is run afterwards."""
    inside = connection.is_in_transaction()
    await connection.execute(f"{f'SAVEPOINT {_SAVEPOINT}' if inside else 'BEGIN READ ONLY'}; {_OURS}")
    after = [f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}", f"RELEASE SAVEPOINT {_SAVEPOINT}"] if inside else ["ROLLBACK"]
    try:
        yield after
    finally:
        await connection.execute("; ".join(after))
