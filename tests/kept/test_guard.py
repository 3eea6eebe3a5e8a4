"""What is kept is only taken away by plans of ours: by the text of a statement, and by what the rehearsal saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db_migrate_tools.analysis.checks import checks, may_issue
from db_migrate_tools.evidence import Lock, Observation, Rehearsal, TargetFacts
from db_migrate_tools.kept.guard import guarded, taken
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build

K = KEPT_SCHEMA


@pytest.mark.parametrize(
    "sql",
    [
        f"WITH d AS (DELETE FROM {K}.a RETURNING *) SELECT * FROM d",
        f"CREATE TABLE t AS WITH d AS (DELETE FROM {K}.a RETURNING *) SELECT * FROM d",
        f"INSERT INTO t WITH d AS (UPDATE {K}.a SET x = 1 RETURNING *) SELECT * FROM d",
        f"MERGE INTO {K}.a USING t ON a.id = t.id WHEN MATCHED THEN DELETE",
        f"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DROP TABLE {K}.a $$",
        f"CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM {K}.a; END",
        f"DROP TABLE {K.upper()}.a",
        f'DROP TABLE "{K}".a',
        f"SELECT f('DELETE FROM {K}.a')",
    ],
)
def test_a_text_that_changes_what_is_kept_is_refused(sql: str) -> None:
    script = build([Piece(sql)])
    assert [blocker.line for blocker in guarded(script, "sql")] == [1]
    assert not list(guarded(script, "kept"))
    assert not list(guarded(script, "rollback"))


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM {K}.a",
        f"INSERT INTO t SELECT * FROM {K}.a",
        f"CREATE TABLE {K}.b AS WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        f"CREATE TABLE {K}.b AS SELECT id, updated_at FROM t",
        f"ALTER TABLE t SET SCHEMA {K}",
        "DELETE FROM t",
    ],
)
def test_reading_it_and_putting_into_it_are_let_through(sql: str) -> None:
    assert not list(guarded(build([Piece(sql)]), "sql"))


async def test_what_only_the_rehearsal_shows_issues_no_token(facts: TargetFacts) -> None:
    script = build([Piece("SELECT 1;\nDROP OWNED BY somebody")])
    seen = Rehearsal(
        ran=True,
        on="18.1",
        schema_from="pg_dump",
        observations=(
            Observation(1, locks=(Lock(f"{K}.a", "AccessShareLock"),)),
            Observation(2, locks=(Lock(f"{K}.a", "AccessExclusiveLock"), Lock("public.log", "AccessExclusiveLock"))),
        ),
    )
    assert [(s.number, tables) for s, tables in taken(script, "file", seen)] == [(2, (f"{K}.a",))]
    found = checks(script, replace(facts, history=()), seen, source_sha256="x", origin="file")
    (check,) = [check for check in found if check.name == "kept data"]
    assert check.status == "fail"
    assert check.detail.startswith(f"Statement 2 (line 2) changes {K}.a in the rehearsal")
    assert not may_issue(found)
    ours = checks(script, facts, seen, source_sha256="x", origin="rollback")
    assert all(check.name != "kept data" for check in ours)


def test_rights_to_what_is_kept_that_only_the_rehearsal_shows_count_as_taking_it() -> None:
    script = build(
        [
            Piece(
                f"CREATE TABLE {K}.new AS SELECT 1; COMMENT ON TABLE {K}.new IS 'x'; ALTER TABLE t SET SCHEMA {K};"
                f"REVOKE ALL ON SCHEMA {K} FROM PUBLIC; DO $$ BEGIN PERFORM give(); END $$; SELECT give()"
            )
        ]
    )
    new, moved, old = (Ref("table", K, name) for name in ("new", "t", "old"))
    schema, column = Ref("schema", "", K), Ref("column", K, "id", "old")
    altered = [(), (new,), (Ref("table", "public", "t"), moved), (schema,), (schema, column), (old,)]
    seen = Rehearsal(
        ran=True,
        on="18.1",
        schema_from="pg_dump",
        observations=tuple(
            Observation(number, created=(new,) if number == 1 else (), altered=refs)
            for number, refs in enumerate(altered, start=1)
        ),
    )
    assert [(s.number, tables) for s, tables in taken(script, "file", seen)] == [
        (5, (f"{K}.old", f"schema {K}")),
        (6, (f"{K}.old",)),
    ]
