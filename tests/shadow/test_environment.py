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
