"""Rollbacks of what writes where nobody would look: triggers, functions, code that does not run, a human's rollback."""

from __future__ import annotations

import pytest

from db_migrate.shadow import observe
from shadow.rehearser import Rehearser
from shadow.test_rollback import rollback_of

TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, bio text, x smallint DEFAULT 0);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id), note text);
CREATE TABLE sessions (id int PRIMARY KEY, user_id int, token text);
CREATE TABLE settings (key text PRIMARY KEY, value text);
CREATE FUNCTION kill_sessions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM sessions; RETURN NEW; END $$;
CREATE FUNCTION touch(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM sessions; RETURN i; END $$;
CREATE FUNCTION wipe(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN TRUNCATE sessions; RETURN i; END $$;
"""
TRIGGER = "CREATE TRIGGER k AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION kill_sessions();"
LATE = (
    "CREATE CONSTRAINT TRIGGER k AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
    "EXECUTE FUNCTION kill_sessions();"
)


@pytest.mark.parametrize(
    ("more", "sql"),
    [
        (TRIGGER, "ALTER TABLE users ADD COLUMN tier text; UPDATE users SET tier = 'free'"),
        (LATE, "ALTER TABLE users ADD COLUMN tier text; UPDATE users SET tier = 'free'"),
        ("", "ALTER TABLE users ADD COLUMN y int; UPDATE users SET y = touch(id)"),
        ("", "ALTER TABLE users ADD COLUMN y int DEFAULT touch(1)"),
        ("", "SELECT touch(id) FROM users"),
        ("", "DO $$ BEGIN PERFORM wipe(id) FROM users; END $$"),
    ],
)
async def test_rows_that_go_elsewhere_because_there_are_rows_here_are_noticed(
    rehearse: Rehearser, more: str, sql: str
) -> None:
    found = rollback_of(await rehearse(TABLES + more, sql))
    assert found.proof == "proven-with-data-loss"
    assert "public.sessions" in (found.why or "")
    assert "200 rows" in (found.why or "")


@pytest.mark.parametrize("more", ["DELETE FROM settings", "TRUNCATE settings", "SELECT touch(1)"])
async def test_what_a_humans_rollback_takes_away_elsewhere_counts_against_it(rehearse: Rehearser, more: str) -> None:
    found = rollback_of(
        await rehearse(
            TABLES,
            "ALTER TABLE users ADD COLUMN tier text",
            f"ALTER TABLE users DROP COLUMN tier; {more}",
        )
    )
    assert found.why is None
    assert (found.proof, found.written_by) == ("proven", "derived")
    assert "which is proven-with-data-loss" in (found.choice or "")


async def test_a_sequence_that_a_humans_rollback_sets_back_counts_against_it(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            TABLES + "CREATE SEQUENCE tickets;",
            "ALTER TABLE orders ADD COLUMN tier text",
            "ALTER TABLE orders DROP COLUMN tier; SELECT setval('tickets', 1)",
        )
    )
    assert found.why is None
    assert (found.proof, found.written_by) == ("proven", "derived")


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN IF (SELECT count(*) FROM users) > 100000 THEN DELETE FROM orders; END IF; END $$",
        "DO $$ BEGIN IF current_database() = 'prod' THEN TRUNCATE TABLE public.orders; END IF; END $$",
        "DO $$ BEGIN IF current_database() = 'prod' THEN EXECUTE 'DELETE FROM orders'; END IF; END $$",
    ],
)
async def test_a_branch_that_was_not_taken_is_told(rehearse: Rehearser, sql: str) -> None:
    found = rollback_of(await rehearse(TABLES, sql))
    assert found.proof == "not-proven"
    assert "Statement 1 holds code that would change rows of public.orders, but a branch of it" in (found.why or "")


async def test_code_that_defines_something_has_no_branch_to_miss(rehearse: Rehearser) -> None:
    for sql in (
        (
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN "
            "CREATE TYPE mood AS ENUM ('sad'); END IF; END $$"
        ),
        (
            "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['users', 'orders'] LOOP "
            "EXECUTE format('ALTER TABLE %I ADD COLUMN y int', t); END LOOP; END $$"
        ),
    ):
        assert rollback_of(await rehearse(TABLES, sql)).proof == "proven"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE arch AS WITH g AS (DELETE FROM orders WHERE id > 7 AND id < 7 RETURNING *) SELECT * FROM g",
        "EXPLAIN ANALYZE DELETE FROM orders WHERE id > 7 AND id < 7",
        r"UPDATE users SET bio = regexp_replace(bio, '\d{9}', '')",
    ],
)
async def test_a_statement_that_leaves_the_rows_as_they_are_shows_nothing(rehearse: Rehearser, sql: str) -> None:
    found = rollback_of(await rehearse(TABLES, sql))
    assert found.proof == "not-proven"
    assert "none of the synthetic rows was one of those" in (found.why or "")


@pytest.mark.parametrize(
    "kind", ["varchar(200) USING left(bio, 200)", "integer USING bio::integer", "uuid USING bio::uuid"]
)
async def test_a_conversion_is_not_proven_by_the_values_that_were_tried(rehearse: Rehearser, kind: str) -> None:
    found = rollback_of(await rehearse(TABLES, f"ALTER TABLE users ALTER COLUMN bio TYPE {kind}"))
    assert found.proof == "not-proven"
    assert "other values than those tried may not come back" in (found.why or "")


async def test_a_number_that_gets_more_digits_keeps_its_values(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse("CREATE TABLE t (id int PRIMARY KEY, p numeric(6,2))", "ALTER TABLE t ALTER p TYPE numeric(9,3)")
    )
    assert found.proof == "proven"


async def test_large_objects_are_not_vouched_for(rehearse: Rehearser) -> None:
    for sql in (
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT oid FROM pg_largeobject_metadata LOOP "
            "PERFORM lo_unlink(r.oid); END LOOP; END $$"
        ),
        "SELECT lo_from_bytea(0, 'x')",
    ):
        found = rollback_of(await rehearse(TABLES, sql))
        assert found.proof == "not-proven"
        assert "Large objects are not looked at" in (found.why or "")


async def test_a_transaction_too_long_to_be_read_as_it_goes_gets_rows_all_the_same(
    rehearse: Rehearser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "LOOKED_AT", 3)
    many = "".join(f"COMMENT ON FUNCTION touch(int) IS 'c{n}';" for n in range(4))
    lost = rollback_of(await rehearse(TABLES, many + "DELETE FROM orders"))
    assert lost.proof == "proven-with-data-loss"
    assert "200 of 200 rows of public.orders are not there any more" in (lost.why or "")
    kept = rollback_of(await rehearse(TABLES, many + "ALTER TABLE orders ADD COLUMN y int; UPDATE orders SET y = 1"))
    assert (kept.proof, kept.why) == ("proven", None)
