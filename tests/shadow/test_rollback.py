"""Rollbacks: what is run, and what the result is called."""

from __future__ import annotations

from db_migrate_tools.evidence import Rehearsal, RollbackEvidence
from db_migrate_tools.schema.model import Ref
from shadow.rehearser import Rehearser

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email varchar(50) NOT NULL, age int, note text);
CREATE INDEX users_age ON users (age);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));
CREATE TYPE mood AS ENUM ('sad', 'happy');
"""


def rollback_of(rehearsal: Rehearsal) -> RollbackEvidence:
    assert rehearsal.failed_at is None
    assert rehearsal.rollback is not None
    return rehearsal.rollback


async def test_the_rollback_of_additions_is_proven(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            SCHEMA,
            "CREATE TABLE tags (id serial PRIMARY KEY, user_id int REFERENCES users (id));"
            "CREATE INDEX ON tags (user_id);"
            "ALTER TABLE users ADD COLUMN tag int DEFAULT 1; COMMENT ON COLUMN users.tag IS 'x';"
            "CREATE INDEX CONCURRENTLY users_note ON users (note)",
        )
    )
    assert (found.proof, found.why, found.written_by) == ("proven", None, "derived")
    assert (found.differences, found.lost, found.notes) == ((), (), ())
    assert found.statements
    assert found.ms > 0


async def test_what_a_do_block_did_is_rolled_back_as_well(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x int'; END $$"))
    assert found.proof == "proven"


async def test_a_dropped_table_and_column_come_back_without_their_data(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "DROP TABLE orders; ALTER TABLE users DROP COLUMN age"))
    assert found.proof == "proven-with-data-loss"
    assert found.why == (
        "The schema comes back without the data of column public.users.age (179 of 200 values), "
        "table public.orders (200 rows)."
    )
    assert found.lost == (Ref("column", "public", "age", "users"), Ref("table", "public", "orders"))


async def test_another_order_of_columns_is_told_and_forgiven(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "ALTER TABLE users DROP COLUMN age"))
    assert found.proof == "proven-with-data-loss"
    assert found.notes == ("The columns of public.users stand in another order after the rollback.",)


async def test_an_emptied_table_is_data_lost(rehearse: Rehearser) -> None:
    for sql in ("TRUNCATE orders", "DO $$ BEGIN TRUNCATE orders; END $$"):
        found = rollback_of(await rehearse(SCHEMA, sql))
        assert (found.proof, found.statements, found.written_by) == ("proven-with-data-loss", (), "none")
        assert found.lost == (Ref("table", "public", "orders"),)


async def test_changed_rows_are_counted(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(SCHEMA, "ALTER TABLE users ADD COLUMN x int; UPDATE users SET x = age; DELETE FROM orders")
    )
    assert found.proof == "proven-with-data-loss"
    assert (
        found.why
        == "After the rollback, of the synthetic rows: 200 of 200 rows of public.orders are not there any more."
    )
    assert found.lost == (Ref("table", "public", "orders"),)
    assert found.statements


async def test_rows_that_a_do_block_changes_are_noticed(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "DO $$ BEGIN EXECUTE 'UPDATE users SET age = 0'; END $$"))
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("column", "public", "age", "users"),)
    assert "values of public.users.age differ" in (found.why or "")


async def test_rows_of_a_table_that_the_migration_makes_go_with_it(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)"))
    assert found.proof == "proven"


async def test_the_weaker_word_wins(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "DROP TABLE orders; UPDATE users SET age = 0 WHERE age = 1 AND age = 2"))
    assert found.proof == "not-proven"
    assert found.lost == (Ref("table", "public", "orders"),)
    assert found.why == (
        "The schema comes back without the data of table public.orders (200 rows). Statement 2 changes rows of "
        "public.users, but none of the synthetic rows was one of those, so it was not seen whether the rollback brings "
        "them back."
    )


async def test_widened_columns_are_proven_and_converted_ones_lose_values(rehearse: Rehearser) -> None:
    for sql in ("ALTER TABLE users ALTER age TYPE bigint", "ALTER TABLE users ALTER email TYPE varchar(80)"):
        assert rollback_of(await rehearse(SCHEMA, sql)).proof == "proven"
    found = rollback_of(await rehearse(SCHEMA, "ALTER TABLE users ALTER note TYPE int USING length(note)"))
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("column", "public", "note", "users"),)
    assert "values of public.users.note differ, after text to integer and back" in (found.why or "")


async def test_a_migration_that_changes_nothing_needs_no_rollback(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "CREATE TABLE IF NOT EXISTS users (id int); ANALYZE users"))
    assert (found.proof, found.statements, found.written_by) == ("proven", (), "none")


async def test_a_humans_rollback_that_restores_the_schema_is_taken(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(SCHEMA, "ALTER TABLE users ADD COLUMN x int", "ALTER TABLE users DROP COLUMN x"))
    assert (found.proof, found.written_by, found.statements) == (
        "proven",
        "human",
        ("ALTER TABLE users DROP COLUMN x",),
    )


async def test_a_humans_rollback_outside_a_transaction_is_run_that_way(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            SCHEMA,
            "CREATE INDEX CONCURRENTLY new_one ON users (note); ALTER TABLE users ADD COLUMN x int",
            "ALTER TABLE users DROP COLUMN x; DROP INDEX CONCURRENTLY new_one",
        )
    )
    assert (found.proof, found.written_by) == ("proven", "human")


async def test_a_humans_rollback_that_leaves_something_is_replaced_by_ours(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            SCHEMA,
            "ALTER TABLE users ADD COLUMN x int; ALTER TABLE users ADD COLUMN y int",
            "ALTER TABLE users DROP COLUMN x",
        )
    )
    assert (found.proof, found.written_by) == ("proven", "derived")
    assert len(found.notes) == 1
    assert found.notes[0].startswith(
        "The rollback that the source brings along does not restore the schema, so another was derived. "
        "After the rollback the schema is not as it was: "
    )
    assert "public.users.y" in found.notes[0]


async def test_a_humans_rollback_that_fails_is_replaced_by_ours(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            SCHEMA, "ALTER TABLE users ADD COLUMN x int", "ALTER TABLE users DROP COLUMN x; DROP TABLE nowhere"
        )
    )
    assert (found.proof, found.written_by) == ("proven", "derived")
    assert 'Statement 2 of 2 of the rollback failed: table "nowhere" does not exist.' in found.notes[0]


async def test_a_renamed_table_is_renamed_back(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(SCHEMA, "ALTER TABLE orders RENAME TO purchases; ALTER TABLE users RENAME age TO years")
    )
    assert (found.proof, found.lost) == ("proven", ())
