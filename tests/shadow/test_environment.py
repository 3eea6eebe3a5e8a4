"""Settings and subscriptions of the target are on no copy, and make no difference to what is said of it."""

from __future__ import annotations

import asyncpg
import pytest

from shadow.rehearser import Rehearser, execute, facts_of, silent, statements

SETUP = """
    CREATE TABLE t (id int PRIMARY KEY);
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 77000', current_database()); END $$;
    DO $$ BEGIN
        EXECUTE format('ALTER ROLE postgres IN DATABASE %I SET lock_timeout = 5000', current_database());
    END $$;
    DO $$ BEGIN EXECUTE format('CREATE SUBSCRIPTION %I CONNECTION ''host=nowhere'' PUBLICATION p
                                WITH (connect = false, slot_name = NONE)', 's_' || current_database()); END $$;
"""


async def _unsubscribe(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    for name in await connection.fetch(
        "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()"
    ):
        await connection.execute(f'DROP SUBSCRIPTION "{name[0]}"')
    await connection.close()


@pytest.mark.parametrize("origin", ["pg_dump", "catalog"])
async def test_the_fingerprint_to_expect_is_known_with_settings_and_subscriptions(
    rehearse: Rehearser, origin: str
) -> None:
    target = await rehearse.target(f"{SETUP}; CREATE TABLE {origin} (id int)")
    dsn = rehearse.dumps["dsn"]
    if origin == "catalog":
        del rehearse.dumps["dsn"]
    sql = "ALTER TABLE t ADD COLUMN name text"
    found = await rehearse.shadow.rehearse(target, statements(sql), (), silent)
    assert found.schema_from == origin
    assert [note for note in found.notes if "differs from the target" in note] == []
    assert found.rollback is not None
    assert found.rollback.proof == "proven"
    await execute(dsn, sql)
    assert found.schema_after == (await facts_of(dsn)).fingerprint
    await _unsubscribe(dsn)


WHOSE = """
    CREATE TABLE t (id int);
    DO $$ BEGIN CREATE ROLE set_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    GRANT SELECT ON t TO set_reader;
    ALTER ROLE set_reader SET statement_timeout = '5s';
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''5s''', current_database()); END $$;
"""
OLD = (
    "DO $set$ BEGIN EXECUTE pg_catalog.format('ALTER DATABASE %I SET lock_timeout TO ''5s''', "
    "pg_catalog.current_database()); END $set$"
)


@pytest.mark.parametrize(
    ("sql", "proof", "back"),
    [
        (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 7', current_database()); END $$",
            "proven",
            [OLD],
        ),
        ("ALTER DATABASE {} RESET ALL", "not-proven", [OLD]),
        (
            "ALTER ROLE set_reader RESET statement_timeout",
            "not-proven",
            ["ALTER ROLE set_reader SET statement_timeout TO '5s'"],
        ),
        ("ALTER ROLE postgres RESET work_mem", "proven", ["ALTER ROLE postgres RESET work_mem"]),
    ],
)
async def test_the_rollback_puts_a_setting_back_to_what_the_target_has(
    rehearse: Rehearser, sql: str, proof: str, back: list[str]
) -> None:
    target = await rehearse.target(WHOSE)
    found = await rehearse(target, sql.format(target.identity.database))
    assert found.rollback is not None
    assert (found.rollback.proof, list(found.rollback.statements)) == (proof, back), found.rollback
    tried = [note for note in found.rollback.notes if "was not tried" in note]
    assert bool(tried) is (proof == "not-proven")
