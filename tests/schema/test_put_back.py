"""Settings are put back as the target has them, and where that is not known nothing is guessed."""

from __future__ import annotations

import pytest

from db_migrate_tools.schema.ddl.put_back import put_back
from db_migrate_tools.schema.kinds import Setting
from db_migrate_tools.schema.model import Catalog, Object, Ref
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build


def _setting(role: str, parameter: str, value: str, *, in_database: bool = False) -> Setting:
    ref = Ref("setting", "", f"{role}{in_database}/{parameter}")
    return Setting(ref=ref, parameter=parameter, value=value, role=role, in_database=in_database)


SETTINGS = (
    _setting("web", "search_path", 'public, "$user"'),
    _setting("web", "DateStyle", "ISO"),
    _setting("web", "lock_timeout", "5s", in_database=True),
    _setting("", "app.key", "v", in_database=True),
    _setting("", "work_mem", "4MB"),
)
OBJECTS: dict[Ref, Object] = {item.ref: item for item in SETTINGS}
TARGET = Catalog(OBJECTS, roles=("web", "other"))


def _here(sql: str) -> str:
    return f"DO $set$ BEGIN EXECUTE pg_catalog.format('{sql}', pg_catalog.current_database()); END $set$"


@pytest.mark.parametrize(
    ("sql", "back"),
    [
        ("ALTER ROLE web SET search_path = secret", ["ALTER ROLE web SET search_path TO 'public', '$user'"]),
        ("ALTER ROLE web SET datestyle = 'German'", ["""ALTER ROLE web SET "DateStyle" TO 'ISO'"""]),
        ("ALTER ROLE other SET work_mem = '1MB'", ["ALTER ROLE other RESET work_mem"]),
        ("ALTER ROLE ALL RESET ALL", ["ALTER ROLE ALL SET work_mem TO '4MB'"]),
        ("ALTER ROLE current_user SET work_mem = '1MB'", ["ALTER ROLE me RESET work_mem"]),
        (
            "ALTER ROLE web IN DATABASE shop RESET ALL",
            [_here("ALTER ROLE web IN DATABASE %I SET lock_timeout TO ''5s''")],
        ),
        ("ALTER DATABASE shop SET app.key TO 'w'", [_here("ALTER DATABASE %I SET app.key TO ''v''")]),
        (
            "ALTER ROLE web SET work_mem = '1MB'; ALTER ROLE web SET work_mem = '2MB'; ALTER ROLE ALL RESET work_mem",
            ["ALTER ROLE ALL SET work_mem TO '4MB'", "ALTER ROLE web RESET work_mem"],
        ),
        ("CREATE ROLE x", []),
    ],
)
def test_what_a_statement_sets_gets_the_value_that_the_target_has(sql: str, back: list[str]) -> None:
    found = put_back(build([Piece(sql)]).statements, TARGET, "shop", "me")
    assert (list(found.statements), found.unknown) == (back, ())


def test_settings_of_roles_and_databases_that_were_not_read_are_not_put_back() -> None:
    sql = "ALTER ROLE stranger SET work_mem = '1MB'; ALTER DATABASE elsewhere SET work_mem = '1MB'"
    found = put_back(build([Piece(sql)]).statements, TARGET, "shop", "me")
    assert (found.statements, found.unknown) == ((), ("role stranger", "database elsewhere"))


def test_of_what_was_played_on_a_copy_only_resets_are_read_from_the_text() -> None:
    sql = (
        "ALTER ROLE web SET search_path = x; ALTER ROLE web RESET datestyle; ALTER ROLE web SET lock_timeout TO DEFAULT"
    )
    found = put_back(build([Piece(sql)]).statements, TARGET, "shop", "me", resets=True)
    assert list(found.statements) == [
        "ALTER ROLE web RESET lock_timeout",
        """ALTER ROLE web SET "DateStyle" TO 'ISO'""",
    ]
