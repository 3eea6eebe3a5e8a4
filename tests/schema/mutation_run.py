"""All mutations on one server: made, and the DDL of their deltas tried both ways on copies of the database.

The mutations share a database, each in a schema of its own, so that a server is asked for a handful of databases,
catalogs and dumps and not for a thousand. Those that concern more than a schema have databases of their own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import asyncpg

from db_migrate.cluster.binaries import Binaries
from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import Delta, describe, diff
from db_migrate_tools.schema.model import Catalog
from schema.dumps import Entry, about, dump
from schema.mutations import WAYS, Mutation, Way

ROLES = ("reader", "writer", "keeper")
_TABLES = """
SELECT n.nspname, c.relname, c.oid, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'S', 'i') AND n.nspname LIKE 'case%'
"""


@dataclass
class State:
    """A database as one moment has it, as far as one mutation is concerned."""

    catalog: Catalog
    dump: Counter[Entry]
    tables: dict[tuple[str, str], tuple[int, int]]


@dataclass
class Attempt:
    """One way of one mutation: the delta, its statements, and where they led."""

    delta: Delta
    statements: tuple[str, ...]
    goal: State
    start: State
    error: str = ""
    reached: State | None = None


@dataclass
class Run:
    mutation: Mutation
    before: State
    after: State
    ways: dict[Way, Attempt] = field(default_factory=dict[Way, Attempt])
    apart: dict[Way, Attempt] = field(default_factory=dict[Way, Attempt])
    """The same as if the two catalogs were of two databases: renamed objects are dropped and created."""


class Bench:
    """One server and its runs."""

    def __init__(self, dsn: str, binaries: Binaries) -> None:
        self.dsn, self.binaries = dsn, binaries
        self.runs: dict[str, Run] = {}
        self.broken: dict[str, str] = {}
        """Mutations whose own SQL failed, and how."""

    async def prepare(self) -> None:
        await self._as("postgres", "postgres", "CREATE ROLE owner LOGIN CREATEROLE")
        for role in ROLES:
            await self._as("postgres", "postgres", f"CREATE ROLE {role}; GRANT {role} TO owner")
        await self._as("postgres", "postgres", "CREATE DATABASE nothing OWNER owner")
        await self._as("nothing", "postgres", "ALTER SCHEMA public OWNER TO owner")

    def address(self, database: str, role: str = "postgres") -> str:
        return self.dsn.replace("postgres@/postgres?", f"{role}@/{database}?")

    async def _as(self, database: str, role: str, sql: str) -> None:
        connection = await asyncpg.connect(self.address(database, role))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def copy(self, name: str, of: str) -> None:
        await self._as("postgres", "postgres", f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy OWNER owner")

    async def fill(self, database: str, mutations: list[Mutation]) -> None:
        """A database with what the mutations begin with."""
        await self.copy(database, "nothing")
        await self._each(database, mutations, "before")

    async def run(self, mutations: list[Mutation], prefix: str) -> None:
        """`mutations` side by side in one set of databases whose names begin with `prefix`."""
        before, after = f"{prefix}_before", f"{prefix}_after"
        await self.fill(before, mutations)
        await self.copy(after, before)
        await self._each(after, mutations, "then")
        todo = [mutation for mutation in mutations if mutation.name not in self.broken]
        first, second = await self._states(before, todo), await self._states(after, todo)
        for mutation in todo:
            self.runs[mutation.name] = Run(mutation, first[mutation.name], second[mutation.name])
        for apart in (False, True):
            for way in WAYS:
                await self._go(todo, way, f"{prefix}_{way}{'_apart' if apart else ''}", (before, after), apart=apart)

    async def _each(self, database: str, todo: list[Mutation], part: str) -> None:
        for mutation in todo:
            role = "postgres" if mutation.superuser else "owner"
            connection = await asyncpg.connect(self.address(database, role))
            try:
                if part == "before":
                    await connection.execute(f"CREATE SCHEMA {mutation.schema} AUTHORIZATION owner")
                await connection.execute(f"SET search_path = {mutation.schema}")
                await connection.execute(getattr(mutation, part) or "SELECT")
            except asyncpg.PostgresError as error:
                self.broken.setdefault(mutation.name, f"{part}: {error}")
            finally:
                await connection.close()

    async def _states(self, database: str, todo: list[Mutation]) -> dict[str, State]:
        text = dump(self.binaries.program("pg_dump"), self.address(database))
        connection = await asyncpg.connect(self.address(database))
        try:
            catalog = await read_catalog(connection)
            rows = await connection.fetch(_TABLES)
        finally:
            await connection.close()
        tables = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows}
        return {
            m.name: State(catalog, text, tables)
            if m.alone
            else State(part(catalog, m.schema), about(text, m.schema), tables)
            for m in todo
        }

    async def _go(self, todo: list[Mutation], way: Way, database: str, states: tuple[str, str], *, apart: bool) -> None:
        started: list[tuple[Mutation, Attempt]] = []
        for mutation in todo:
            run = self.runs[mutation.name]
            start, goal = (run.before, run.after) if way == "made" else (run.after, run.before)
            names = ("one", "other") if apart else ("one", "one")
            delta = diff(*(replace(s.catalog, origin=n) for s, n in zip((start, goal), names, strict=True)))
            if apart and not run.ways[way].delta.renamed:
                continue
            one = Attempt(delta, ddl(delta), goal, start)
            (run.apart if apart else run.ways)[way] = one
            started.append((mutation, one))
        if not started:
            return
        await self.copy(database, states[0 if way == "made" else 1])
        for mutation, one in started:
            one.error = await self._apply(database, mutation, one.statements)
        reached = await self._states(database, [mutation for mutation, _ in started])
        for mutation, one in started:
            one.reached = reached[mutation.name]

    async def _apply(self, database: str, mutation: Mutation, statements: tuple[str, ...]) -> str:
        connection = await asyncpg.connect(self.address(database, "postgres" if mutation.superuser else "owner"))
        try:
            async with connection.transaction():
                for statement in statements:
                    try:
                        await connection.execute(statement)
                    except asyncpg.PostgresError as error:
                        error.add_note(f"in: {statement}")
                        raise
        except asyncpg.PostgresError as error:
            return "\n".join([f"{error}", *error.__notes__])
        finally:
            await connection.close()
        return ""

    async def all_at_once(self, way: Way) -> tuple[str, ...]:
        """Every mutation that shares the database, by one delta; what is left, in words."""
        start, goal = ("all_before", "all_after") if way == "made" else ("all_after", "all_before")
        database = f"at_once_{way}"
        catalogs = [replace(await self.catalog(name), origin="one") for name in (start, goal)]
        await self.copy(database, start)
        statements = ddl(diff(*catalogs))
        connection = await asyncpg.connect(self.address(database))
        try:
            async with connection.transaction():
                for statement in statements:
                    try:
                        await connection.execute(statement)
                    except asyncpg.PostgresError as error:
                        error.add_note(f"in: {statement}")
                        raise
        finally:
            await connection.close()
        return describe(diff(catalogs[1], replace(await self.catalog(database), origin="other")))

    async def catalog(self, database: str) -> Catalog:
        connection = await asyncpg.connect(self.address(database))
        try:
            return await read_catalog(connection)
        finally:
            await connection.close()


def part(catalog: Catalog, schema: str) -> Catalog:
    """The objects in a schema, or named after it."""
    return replace(catalog, objects={ref: item for ref, item in catalog.objects.items() if schema in f"{ref}"})
