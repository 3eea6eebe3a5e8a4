"""What derived SQL may say, and that nobody else's text of the same intent is taken for it."""

from __future__ import annotations

import pytest

from db_migrate_tools.schema.ddl import UNCHECKED_BODIES
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build

GRANT = """DO $grant$ DECLARE myself text := current_setting('role'); BEGIN
    PERFORM set_config('role', 'it''s', true);
    {};
    PERFORM set_config('role', myself, true);
END $grant$;"""


@pytest.mark.parametrize("one", ["GRANT SELECT ON TABLE t TO writer", "REVOKE ALL ON SCHEMA s FROM PUBLIC"])
def test_one_grant_as_another_role_is_ours(one: str) -> None:
    sql = GRANT.format(one)
    assert not build([Piece(sql)], derived=True).blockers
    assert build([Piece(sql)]).blockers


@pytest.mark.parametrize(
    "one",
    [
        "DELETE FROM t",
        "PERFORM f()",
        "EXECUTE 'DROP TABLE t'",
        "GRANT reader TO writer",
        "GRANT SELECT ON TABLE t TO writer; DROP TABLE t",
        "GRANT SELECT ON TABLE t TO writer -- ;",
        "GRANT SELECT ON TABLE t TO /* */ writer",
        "ALTER ROLE reader SUPERUSER",
        "NULL",
    ],
)
def test_anything_else_as_another_role_is_refused_wherever_it_was_stored(one: str) -> None:
    assert build([Piece(GRANT.format(one))], derived=True).blockers


@pytest.mark.parametrize(
    "sql",
    [
        GRANT.format("GRANT SELECT ON TABLE t TO w").replace("myself, true", "'other', true"),
        GRANT.format("GRANT SELECT ON TABLE t TO w").replace("'it''s', true", "'x', false"),
        GRANT.format("GRANT SELECT ON TABLE t TO w").replace("'it''s'", "f()"),
        "SET ROLE reader;",
        "SET LOCAL role = reader;",
        "SET LOCAL search_path = evil;",
        "SET LOCAL session_replication_role = replica;",
        "SELECT set_config('role', 'reader', true);",
    ],
)
def test_other_settings_are_refused_in_derived_sql_too(sql: str) -> None:
    assert build([Piece(sql)], derived=True).blockers


def test_functions_of_a_derived_script_may_name_what_comes_later() -> None:
    script = build([Piece(f"{UNCHECKED_BODIES};"), Piece("DROP TABLE t;")], derived=True)
    assert [s.text for s in script.statements] == [UNCHECKED_BODIES, "DROP TABLE t"]
    assert not script.choices


@pytest.mark.parametrize(
    "sql", ["SET check_function_bodies = off;", "SET LOCAL check_function_bodies = on;", "SET LOCAL lock_timeout = 0;"]
)
def test_other_harmless_settings_are_left_out_as_ever(sql: str) -> None:
    script = build([Piece(sql)], derived=True)
    assert not script.statements
    assert len(script.choices) == 1


def test_a_table_without_columns_is_meant_where_a_catalog_says_so() -> None:
    assert not build([Piece("CREATE TABLE t ();")], derived=True).blockers
    assert build([Piece("CREATE TABLE t ();")]).blockers
