"""Which functions a code block calls: what only bears the name of one is none."""

from __future__ import annotations

from db_migrate_tools.rows.branches import Target, targets
from db_migrate_tools.rows.code import Code
from db_migrate_tools.schema.model import Catalog, Ref, Routine
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import read

MADE = Ref("routine", "queues", "create(text)")
KNOWN = Catalog(
    {
        MADE: Routine(
            ref=MADE,
            type="function",
            definition="CREATE FUNCTION queues.create(q text) LANGUAGE sql AS 'INSERT INTO queues.meta VALUES (q)'",
            base_name="create",
        )
    }
)


def written(sql: str) -> list[Target]:
    (statement,) = read(Piece(sql)).statements
    return list(targets(statement.node, Code(KNOWN)))


def test_a_word_that_is_a_function_s_name_too_is_a_call_only_before_a_parenthesis() -> None:
    assert written("DO $$ BEGIN CREATE TABLE t (a int); END $$") == []
    assert written("DO $$ BEGIN PERFORM queues.create ('q'); END $$") == [Target(("queues", "meta"))]
