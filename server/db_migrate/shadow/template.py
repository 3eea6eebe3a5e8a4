"""The target's schema on the shadow, built once and copied for every rehearsal."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import anyio

from db_migrate.cluster.shadow import Cluster
from db_migrate.postgres.catalog import Reading, read_whole
from db_migrate.postgres.connect import Connection
from db_migrate.shadow import baseline, roles
from db_migrate.shadow.dump import DumpFailed, dump
from db_migrate.shadow.relations import Relations, read_relations
from db_migrate.shadow.restore import own_extensions, populate, restore
from db_migrate.shadow.server import ADMIN_DATABASE, connect, name
from db_migrate.shadow.spares import Spares
from db_migrate_tools.evidence import Env, TargetFacts
from db_migrate_tools.ports import Refused
from db_migrate_tools.rows.book import Book
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.environment import with_environment, without_environment
from db_migrate_tools.schema.fingerprint import Digests, fingerprint
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.schema.semantics import visible

DumpDsn = Callable[[Env], Awaitable[str | None]]
"""Where pg_dump finds an environment's database; None where it must not or cannot be used."""

SHOWN = 5

# A small sample is enough for the planner to look rows up by index; copies have it too.
_ANALYZE = """
SET default_statistics_target = 10;
ANALYZE pg_catalog.pg_attrdef, pg_catalog.pg_attribute, pg_catalog.pg_class, pg_catalog.pg_constraint,
        pg_catalog.pg_depend, pg_catalog.pg_description, pg_catalog.pg_index, pg_catalog.pg_inherits,
        pg_catalog.pg_policy, pg_catalog.pg_proc, pg_catalog.pg_rewrite, pg_catalog.pg_sequence,
        pg_catalog.pg_trigger, pg_catalog.pg_type;
RESET default_statistics_target
"""


@dataclass(frozen=True)
class Template:
    """A database with the target's schema. `reading` and `relations` are what was read from it and hold for its
    copies too, `notes` what differs from the target and why; `digests` are those of objects of its copies.
    """

    database: str
    schema_from: Literal["pg_dump", "catalog", "empty"]
    reading: Reading
    relations: Relations
    fingerprint: str
    notes: tuple[str, ...] = ()
    digests: Digests = field(default_factory=Digests)

    @property
    def catalog(self) -> Catalog:
        return self.reading.catalog

    @cached_property
    def book(self) -> Book:
        """Made once for all rehearsals on copies."""
        return Book(self.catalog)


class Templates:
    """The templates of one shadow server; the ones not used for longest go when there are too many."""

    def __init__(self, server: Cluster, dump_dsn: DumpDsn, *, keep: int) -> None:
        self.spares = Spares(server)
        self._server = server
        self._dump_dsn = dump_dsn
        self._keep = keep
        self._name = f"dbm_schema_{secrets.token_hex(4)}"
        self._made: dict[str, Template] = {}
        self._users: dict[str, int] = {}
        self._building = anyio.Lock()

    @asynccontextmanager
    async def of(self, target: TargetFacts) -> AsyncGenerator[Template]:
        """The template with the target's schema; it stays while the block runs."""
        key = key_of(target)
        async with self._building:
            baseline.stock(self._server.shelf, target)
            template = self._made.pop(key, None) or await self._make(key, target)
            self._made[key] = template
            self._users[key] = self._users.get(key, 0) + 1
            await self._forget()
        try:
            yield template
        finally:
            self._users[key] -= 1
            self.spares.restock(template.database)

    async def _forget(self) -> None:
        idle = [key for key in self._made if not self._users.get(key)]
        for key in idle[: max(0, len(self._made) - self._keep)]:
            database = self._made.pop(key).database
            await self.spares.forget(database)
            await self._server.drop_database(database)

    async def _make(self, key: str, target: TargetFacts) -> Template:
        database = f"{self._name}_{key[:24]}"
        await self._server.create_database(database, template="template0")
        try:
            async with _connected(self._server, database) as admin:
                fresh = await read_whole(admin)
                relations = await read_relations(admin)
                await roles.ensure(admin, {*target.catalog.roles, target.identity.role})
            if fingerprint(fresh.catalog, platform=True) == key:
                digests = Digests()
                found = fingerprint(fresh.catalog, digests=digests)
                made = Template(database, "empty", fresh, relations, found, digests=digests)
            else:
                made = await self._fill(database, fresh.catalog, target)
            async with _connected(self._server) as admin:
                await admin.execute(f"ALTER DATABASE {name(database)} ALLOW_CONNECTIONS false")
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._server.drop_database(database)
            raise
        return made

    async def _fill(self, database: str, fresh: Catalog, target: TargetFacts) -> Template:
        notes: list[str] = []
        try:
            dsn = await self._dump_dsn(target.identity.env)
            if dsn is not None:
                sql = await dump(dsn, target.identity.major)
                return await self._restored(database, sql, "pg_dump", target, notes)
        except (DumpFailed, Refused) as failed:
            why = failed.reason if isinstance(failed, Refused) else str(failed)
            notes.append(f"pg_dump could not copy the schema: {why} It was rebuilt from the catalog instead.")
        wanted = without_environment(target.catalog)
        # Event triggers last, as in a dump: what is made after them would run their code.
        statements = sorted(ddl(diff(fresh, wanted, platform=True)), key=lambda s: "EVENT TRIGGER" in s[:30])
        sql = "".join(f"{statement};\n" for statement in statements)
        return await self._restored(database, sql, "catalog", target, notes)

    async def _restored(
        self,
        database: str,
        sql: str,
        origin: Literal["pg_dump", "catalog"],
        target: TargetFacts,
        notes: list[str],
    ) -> Template:
        async with _connected(self._server, database) as admin:
            text = baseline.pin(sql, target.catalog)
            stand_ins = baseline.played(self._server.shelf)
            restored = await restore(admin, text, major=self._server.major, stand_ins=stand_ins)
        filled = [view.ref for view in target.catalog.views() if view.materialized and view.populated]
        # A new session: the dump has changed settings of the one before.
        async with _connected(self._server, database) as admin:
            await populate(admin, [f"{name(ref.schema)}.{name(ref.name)}" for ref in filled])
            await own_extensions(admin, target.catalog)
            await admin.execute(_ANALYZE)
            reading = await read_whole(admin)
            relations = await read_relations(admin)
        notes += restored.notes
        copy = with_environment(reading.catalog, target.catalog)
        digests = Digests()
        found = fingerprint(copy, digests=digests)
        if found != target.fingerprint:
            notes += _differences(target.catalog, copy)
        return Template(database, origin, reading, relations, found, tuple(notes), digests)


def key_of(target: TargetFacts) -> str:
    """What tells one schema from another, a platform's own parts included."""
    catalog = target.catalog
    if len(visible(catalog)) == len(catalog.objects):
        # Nothing of a platform is there, so the fingerprint that is known already says it all.
        return target.fingerprint
    return fingerprint(catalog, platform=True)


@asynccontextmanager
async def _connected(server: Cluster, database: str = ADMIN_DATABASE) -> AsyncGenerator[Connection]:
    connection = await connect(server, database)
    try:
        yield connection
    finally:
        connection.terminate()


def _differences(target: Catalog, copy: Catalog) -> list[str]:
    lines = describe(diff(target, copy))
    if not lines:
        return []
    more = f" (and {len(lines) - SHOWN} more)" if len(lines) > SHOWN else ""
    return [f"The copy on the shadow differs from the target: {'; '.join(lines[:SHOWN])}{more}."]
