"""A secret in an option is seen to change, and is in no text that comes of a catalog."""

from __future__ import annotations

import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.schema.secrets import hide, is_hidden, is_secret, masked

SETUP = "CREATE FOREIGN DATA WRAPPER secret_wrapper; CREATE SERVER secret_server FOREIGN DATA WRAPPER secret_wrapper"
TABLE = """CREATE FOREIGN TABLE prices (a int OPTIONS (column_token 'hunter1'))
           SERVER secret_server OPTIONS (object 'prices', api_key 'hunter2')"""


async def _read(connection: Connection) -> Catalog:
    return await read_catalog(connection)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "x"),
        ("app.settings.jwt_secret", "x"),
        ("api_key", "x"),
        ("conn_string", "postgres://u:p@h/d"),
        ("options", "host=h password=x"),
    ],
)
def test_what_names_or_holds_a_password_is_hidden(name: str, value: str) -> None:
    assert is_secret(name, value)
    assert value not in masked(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", "u"),
        ("password_encryption", "md5"),
        ("api_key_id", "4"),
        ("search_path", "public"),
        ("url", "https://h"),
    ],
)
def test_what_only_speaks_of_one_is_shown(name: str, value: str) -> None:
    assert masked(name, value) == value


def test_a_marker_stays_what_it_is() -> None:
    assert is_hidden(hide("x"))
    assert masked("password", hide("x")) == hide("x")
    assert hide("x") != hide("y")


async def test_no_secret_of_a_foreign_table_leaves_the_reader(work: Connection) -> None:
    await work.execute(SETUP)
    before = await _read(work)
    await work.execute(TABLE)
    after = await _read(work)
    await work.execute("ALTER FOREIGN TABLE prices OPTIONS (SET api_key 'hunter3')")
    changed = await _read(work)
    assert fingerprint(after) != fingerprint(changed)
    deltas = [diff(before, after), diff(after, changed)]
    texts = [repr(after), repr(changed), *(repr((describe(delta), ddl(delta))) for delta in deltas)]
    assert not any("hunter" in text for text in texts)


async def test_statements_say_which_secrets_they_cannot_set(work: Connection) -> None:
    await work.execute(SETUP)
    before = await _read(work)
    await work.execute(f"SAVEPOINT start; {TABLE}")
    after = await _read(work)
    await work.execute("ROLLBACK TO start")
    told: list[str] = []

    def hear(_: object, message: object) -> None:
        told.append(str(message))

    work.add_log_listener(hear)
    try:
        for statement in ddl(diff(before, after)):
            await work.execute(statement)
    finally:
        work.remove_log_listener(hear)
    built = await _read(work)
    assert describe(diff(after, built)) != ()
    assert any("set api_key of FOREIGN TABLE work.prices again by hand" in line for line in told)
    assert any("set column_token of column work.prices.a again by hand" in line for line in told)
