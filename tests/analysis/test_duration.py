from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import USERS, rehearsal, script, statement, target
from db_migrate_tools.analysis import duration
from db_migrate_tools.analysis.situation import Ground, Situation, situations
from db_migrate_tools.evidence import Observation, TableSize
from db_migrate_tools.sql.model import Statement

MEASURED = TableSize(2_000_000, 505_000_000)


def situation(seen: Observation, size: TableSize | None = MEASURED, made: Statement | None = None) -> Situation:
    return situations(script(made or statement()), target(size=size), rehearsal(seen))[0]


@pytest.mark.parametrize(
    ("seen", "text", "kind", "measured_s"),
    [
        (Observation(1, rewrites=("public.users",)), "ALTER …", "AlterTableStmt", 5.3),
        (Observation(1, rewrites=("public.users",)), "ALTER …", "AlterTableStmt", 3.6),
        (Observation(1, index_builds=("public.users",)), "CREATE INDEX …", "IndexStmt", 1.0),
        (Observation(1, index_builds=("public.users",)), "CREATE INDEX …", "IndexStmt", 3.9),
        (Observation(1, scans=("public.users",)), "ALTER …", "AlterTableStmt", 0.10),
        (Observation(1), "UPDATE users SET n = 1", "UpdateStmt", 35.0),
    ],
)
def test_the_band_holds_what_was_measured_at_two_million_rows(
    seen: Observation, text: str, kind: str, measured_s: float
) -> None:
    band = duration.estimate(situation(seen, made=statement(text=text, kind=kind)))
    assert band.low / 1000 <= measured_s <= band.high / 1000


def test_catalog_changes_take_milliseconds_whatever_the_size() -> None:
    band = duration.estimate(situation(Observation(1)))
    assert band.high < 100
    assert "only the catalog changes" in band.basis


def test_new_rows_are_not_called_a_catalog_change() -> None:
    made = statement(text="INSERT INTO users VALUES (1)", kind="InsertStmt", writes_rows=True)
    assert "a few rows" in duration.estimate(situation(Observation(1), made=made)).basis


def test_rows_that_were_never_counted_are_said_and_taken_from_the_bytes() -> None:
    band = duration.estimate(situation(Observation(1, scans=("public.users",)), TableSize(None, 505_000_000)))
    assert "rows unknown (never analyzed)" in band.basis
    assert band.low / 1000 <= 0.10 <= band.high / 1000


def test_a_filtered_update_may_be_quick() -> None:
    made = statement(text="UPDATE users SET n = 1 WHERE id = 3", kind="UpdateStmt")
    band = duration.estimate(situation(Observation(1), made=made))
    assert band.low == 1
    assert "if WHERE picks every row" in band.basis


def test_an_index_that_nobody_watched_is_estimated_from_its_table() -> None:
    made = statement(text="CREATE INDEX CONCURRENTLY i ON users (n)", kind="IndexStmt", transactional=False)
    band = duration.estimate(situation(Observation(1, observed=False), made=made))
    assert "index build of users" in band.basis
    vacuum = statement(text="VACUUM FULL users", kind="VacuumStmt", transactional=False)
    assert "rewrite of users" in duration.estimate(situation(Observation(1, observed=False), made=vacuum)).basis


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_rows_never_take_less_time(one: int, other: int) -> None:
    fewer, more = sorted((one, other))
    for ms in (duration.scan_ms, duration.index_ms, duration.rewrite_ms, duration.update_ms):
        small, large = (Ground.of(target(size=TableSize(n, n * 250))) for n in (fewer, more))
        assert ms(small, USERS) <= ms(large, USERS)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 20, "under a second"),
        (300, 4000, "up to 4 s"),
        (2000, 12_000, "2–12 s"),
        (40_000, 180_000, "40 s – 3 min"),
        (180_000, 480_000, "3–8 min"),
        (5_000, 5_100, "about 5 s"),
        (3_600_000 * 2, 3_600_000 * 9, "2–9 h"),
        (1200, 1900, "1.2–1.9 s"),
    ],
)
def test_bands_are_told_in_units_that_people_use(low: float, high: float, expected: str) -> None:
    assert duration.words(low, high) == expected


def test_a_total_is_one_after_the_other() -> None:
    bands = [duration.estimate(situation(Observation(1)))] * 3
    assert duration.total(bands) == (3, 60)
    assert duration.total([]) == (0, 0)


def test_undoing_a_rewrite_or_an_update_takes_time_too() -> None:
    assert duration.undo_ms(situation(Observation(1, rewrites=("public.users",)))) > 1000
    assert duration.undo_ms(situation(Observation(1), made=statement(kind="UpdateStmt"))) > 1000
    assert duration.undo_ms(situation(Observation(1))) == 0
