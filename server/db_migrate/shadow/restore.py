"""A dumped schema brought into a database of the shadow, as much of it as the shadow can hold."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow import roles
from db_migrate.shadow.server import name
from db_migrate_tools.schema.model import Catalog, Extension
from db_migrate_tools.sql.parser import split

# They reach other servers, files or programs; a rehearsal must not.
REACHING_OUT = frozenset({"dblink", "postgres_fdw", "file_fdw", "adminpack", "pg_net", "http"})

_META = re.compile(r"^\\(?:un)?restrict [A-Za-z0-9]+$")
_EXTENSION = re.compile(
    r"^(?:CREATE EXTENSION IF NOT EXISTS|COMMENT ON EXTENSION) (?:\"((?:[^\"]|\"\")+)\"|([^\s;]+))", re.MULTILINE
)
_OWNER = re.compile(r" OWNER TO (?:\"((?:[^\"]|\"\")+)\"|([^\s;\"]+));$", re.MULTILINE)
_NEWER_SETTINGS = {"SET transaction_timeout = 0;": 17}
SHOWN = 3
LONGEST = 300.0
"""Seconds for the whole text, and as many again for its statements one by one."""

# Whatever such a function may do is its owner's right: nothing may run with the shadow's own power.
_DISARM = """
DO $disarm$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT p.oid::pg_catalog.regprocedure AS routine, p.prokind = 'p' AS procedure
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
        WHERE p.prosecdef AND r.rolsuper AND p.oid >= 16384
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s SECURITY INVOKER', found.routine);
    END LOOP;
END
$disarm$
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What could not be brought in, in sentences."""

    notes: tuple[str, ...] = ()


async def restore(
    admin: Connection, sql: str, *, major: int, seconds: float = LONGEST, stand_ins: frozenset[str] = frozenset()
) -> Restored:
    """Run a dump in the connection's database, an empty one.

    First as one text, which is quick; where Postgres refuses some of it, statement by statement, and what it
    refuses is told. What does not end in `seconds` is given up and told too. `stand_ins` are extensions that reach
    nowhere on this shadow, whatever the real ones do.
    """
    available = {str(row[0]) for row in await admin.fetch("SELECT name::text FROM pg_catalog.pg_available_extensions")}
    text, missing = fit(sql, available - (REACHING_OUT - stand_ins), major)
    await roles.ensure(admin, owners(text))
    notes = [
        f"The shadow does without the extension {extension}: it is not there or must not be." for extension in missing
    ]
    try:
        # A text without any statement is more than asyncpg can bear.
        await admin.execute(f"{text}\nSELECT 1", timeout=seconds)
    except (asyncpg.PostgresError, TimeoutError):
        notes += await _piecemeal(admin, text, seconds)
    await admin.execute("RESET ALL; RESET SESSION AUTHORIZATION; SET search_path = pg_catalog, pg_temp")
    async with asleep(admin):
        await admin.execute(_DISARM)
    return Restored(tuple(notes))


@asynccontextmanager
async def asleep(admin: Connection) -> AsyncGenerator[None]:
    """No event trigger of the database is awake while the block runs: DDL of the superuser would run its code.

    Where Postgres knows event_triggers, the superuser's sessions have it off already. Before 17 a session can only put
    those to sleep that are not meant for replicas.
    """
    if admin.get_server_version().major >= 17:
        yield
        return
    found = await admin.fetch("SELECT oid::int8, evtenabled FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'")
    if found:
        # ALTER EVENT TRIGGER would do the same, but it has no word for each of them at once.
        await admin.execute("UPDATE pg_catalog.pg_event_trigger SET evtenabled = 'D'")
    try:
        yield
    finally:
        if found:
            await admin.executemany(
                "UPDATE pg_catalog.pg_event_trigger SET evtenabled = $2 WHERE oid = $1::int8::oid",
                [tuple(row) for row in found],
            )


_OWN_EXTENSIONS = """
UPDATE pg_catalog.pg_extension e SET extowner = r.oid
FROM unnest($1::text[], $2::text[]) AS wanted(extension, owner)
JOIN pg_catalog.pg_roles r ON r.rolname = wanted.owner
WHERE e.extname = wanted.extension AND e.extowner <> r.oid
"""


async def own_extensions(admin: Connection, target: Catalog) -> None:
    """Give the extensions the owners that they have on the target: no dump says them, and DROP EXTENSION asks."""
    owned = [(item.ref.name, item.owner) for item in target if isinstance(item, Extension) and item.owner]
    await admin.execute(_OWN_EXTENSIONS, [extension for extension, _ in owned], [owner for _, owner in owned])


_POWERFUL = """
SELECT n.nspname::text, c.relname::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE c.relkind = 'm' AND r.rolsuper
"""


async def populate(admin: Connection, views: Iterable[str]) -> None:
    """Fill materialized views, given as quoted names: a dump of the schema alone leaves them unreadable.

    Those that read others wait for them; those that cannot be filled stay as they are, and so do those of the
    superuser, for filling them runs their code with the owner's power.
    """
    powerful = {f"{name(str(schema))}.{name(str(view))}" for schema, view in await admin.fetch(_POWERFUL)}
    waiting = [view for view in views if view not in powerful]
    async with asleep(admin):
        await _fill(admin, waiting)


async def _fill(admin: Connection, waiting: list[str]) -> None:
    await admin.execute("SET statement_timeout = '5s'")
    while waiting:
        left: list[str] = []
        for view in waiting:
            try:
                await admin.execute(f"REFRESH MATERIALIZED VIEW {view}")
            except asyncpg.PostgresError:
                left.append(view)
        if len(left) == len(waiting):
            return
        waiting = left


def fit(sql: str, available: Iterable[str], major: int) -> tuple[str, list[str]]:
    """The dump without psql's words, without settings newer than `major`, without extensions that are not
    available; and the names of those.
    """
    there = set(available)
    missing: list[str] = []

    def lines() -> Iterator[str]:
        for line in sql.split("\n"):
            if _META.match(line) or _NEWER_SETTINGS.get(line, 0) > major:
                continue
            extension = _EXTENSION.match(line)
            if extension and (wanted := _identifier(extension)) not in there:
                if wanted not in missing:
                    missing.append(wanted)
                continue
            yield line

    return "\n".join(lines()), missing


def owners(sql: str) -> set[str]:
    """The roles that the dump makes owners."""
    return {_identifier(found) for found in _OWNER.finditer(sql)}


def _identifier(found: re.Match[str]) -> str:
    return found[1].replace('""', '"') if found[1] is not None else found[2]


async def _piecemeal(admin: Connection, text: str, seconds: float) -> list[str]:
    """Run the statements one by one; tells how many were refused, and why the first ones were."""
    deadline = anyio.current_time() + seconds
    refused: list[str] = []
    for statement in split(text):
        if not _head(statement):
            continue
        refusal = await _attempt(admin, statement, deadline)
        if refusal is not None:
            refused.append(f"{_head(statement)}: {refusal}")
    if not refused:
        return []
    more = f" (and {len(refused) - SHOWN} more)" if len(refused) > SHOWN else ""
    count = "a statement" if len(refused) == 1 else f"{len(refused)} statements"
    return [f"The shadow could not take over {count} of the schema: {'; '.join(refused[:SHOWN])}{more}."]


async def _attempt(admin: Connection, statement: str, deadline: float) -> str | None:
    """Run one statement; a role that it misses is made. Returns why it does not stand."""
    for _ in range(2):
        left = deadline - anyio.current_time()
        if left <= 0:
            return "there was no time left"
        try:
            await admin.execute(statement, timeout=left)
        except TimeoutError:
            return "it did not end in time"
        except asyncpg.UndefinedObjectError as error:
            role = re.match(r'role "(.+)" does not exist$', error.message)
            if role is None:
                return error.message
            await roles.ensure(admin, [role[1]])
        except asyncpg.PostgresError as error:
            return error.message
        else:
            return None
    return "a role is missing"


def _head(statement: str) -> str:
    """The statement's first words, to recognise it by."""
    bare = " ".join(line for line in statement.splitlines() if not line.startswith("--"))
    return " ".join(bare.split())[:60]
