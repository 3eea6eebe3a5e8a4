from __future__ import annotations

import asyncpg
import pytest

from db_migrate_tools.analysis import locks

CLIENT = {"reads": "AccessShareLock", "writes": "RowExclusiveLock"}


@pytest.mark.parametrize("mode", locks.STRENGTH)
async def test_what_a_mode_blocks_is_what_postgres_blocks(dsn: str, mode: str) -> None:
    holder, client = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    await holder.execute("CREATE TABLE t ()")
    await holder.execute(f"BEGIN; LOCK TABLE t IN {locks.words(mode)} MODE")

    async def waits(wanted: str) -> bool:
        try:
            await client.execute(f"BEGIN; LOCK TABLE t IN {locks.words(wanted)} MODE NOWAIT")
        except asyncpg.LockNotAvailableError:
            return True
        finally:
            await client.execute("ROLLBACK")
        return False

    assert await waits(CLIENT["reads"]) == locks.stops_reads(mode)
    assert await waits(CLIENT["writes"]) == locks.stops_writes(mode)
    await holder.close()
    await client.close()


def test_an_unknown_mode_is_taken_for_the_worst() -> None:
    assert locks.stops_reads("NewLock")
    assert locks.strength("NewLock") == locks.strength("AccessExclusiveLock")


def test_locks_are_told_by_what_waits() -> None:
    assert locks.words("ShareRowExclusiveLock") == "SHARE ROW EXCLUSIVE"
    assert locks.blocks("AccessExclusiveLock") == "reads and writes"
    assert locks.blocks("ShareLock") == "writes"
    assert locks.blocks("ShareUpdateExclusiveLock") == "other schema changes and VACUUM"
    assert locks.blocks("RowExclusiveLock") == "nothing that an application does"


@pytest.mark.parametrize(
    ("modes", "works", "expected"),
    [
        ([], True, "none"),
        (["ShareUpdateExclusiveLock"], True, "none"),
        (["AccessExclusiveLock"], False, "brief"),
        (["ShareLock", "AccessShareLock"], True, "exclusive"),
    ],
)
def test_locking_behaviour_is_exclusive_only_where_it_grows_with_the_data(
    modes: list[str], works: bool, expected: str
) -> None:
    assert locks.locking_behavior(modes, works=works) == expected
