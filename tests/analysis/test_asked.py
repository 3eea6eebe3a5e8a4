"""Hazards speak of what the user asked for; what keeping data adds costs time and nothing else."""

from __future__ import annotations

import pytest

from analysis.judge import Case, Judge
from db_migrate_tools.wire import MigrationOperation

SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text, country text, seen timestamptz);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers, note text, state text);
CREATE TABLE log (id int PRIMARY KEY, line text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'x'; RETURN NEW; END $$;
CREATE TABLE watched (id bigint PRIMARY KEY, note text, state text);
CREATE TRIGGER t BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION touch();
"""


def asked(case: Case) -> list[MigrationOperation]:
    return [operation for operation in case.plan.operations if not operation.ours]


async def test_a_table_that_is_kept_is_told_as_going_and_not_as_renamed(judge: Judge) -> None:
    case = await judge(SHOP, "DROP TABLE log", reversible=True)
    assert case.codes() == {"drop-table"}
    told = case.hazard("drop-table")
    assert told.severity == "MEDIUM"
    assert told.message.startswith("log: a table goes; the data are kept in db_migrate_kept.")
    assert not case.plan.risk_assessment.data_loss
    assert case.plan.risk_assessment.breaking_changes
    assert asked(case) == []
    assert "No longer there: log." in case.plan.validation_steps


async def test_statements_that_keep_data_are_no_hazards_and_count_once(judge: Judge) -> None:
    sql = "ALTER TABLE orders DROP COLUMN note; DELETE FROM customers WHERE id = 1"
    case = await judge(SHOP, sql, sizes={}, reversible=True)
    assert case.codes() == {"drop-column"}
    added = [operation for operation in case.plan.operations if operation.ours]
    assert {operation.sql.split()[0] for operation in added} >= {"LOCK", "CREATE", "COMMENT"}
    assert all(not operation.hazards and operation.risk_level == "LOW" for operation in added)
    reasons = [reason.why for reason in case.plan.risk_assessment.reasons]
    assert f"{len(added)} more statements, which keep the data" in reasons
    assert "change of rows: customers" in reasons


async def test_copying_under_a_lock_is_told_with_its_time(judge: Judge) -> None:
    case = await judge(SHOP, "ALTER TABLE orders DROP COLUMN note", reversible=True)
    told = case.hazard("keeping-takes-time")
    assert told.message.startswith("Reads and writes of orders stop")
    assert "explicit-lock" not in case.codes()
    assert "ddl-after-access-exclusive" not in case.codes()


async def test_a_lock_that_the_user_takes_is_still_told(judge: Judge) -> None:
    case = await judge(SHOP, "LOCK TABLE orders; ALTER TABLE orders DROP COLUMN note", sizes={}, reversible=True)
    assert "explicit-lock" in {hazard.code for operation in asked(case) for hazard in operation.hazards}


FILLS = {
    "a new column": "ALTER TABLE customers ADD COLUMN lang text; UPDATE customers SET lang = 'de'",
    "a new column by a condition": "ALTER TABLE customers ADD COLUMN lang text; "
    "UPDATE customers SET lang = 'de' WHERE email LIKE '%.de'",
    "NULLs": "UPDATE customers SET country = 'XX' WHERE country IS NULL AND seen IS NULL",
    "NULLs by the table's alias": "UPDATE customers c SET country = 'XX' FROM orders o "
    "WHERE o.customer = c.id AND c.country IS NULL",
}
OVERWRITES = {
    "no condition": "UPDATE customers SET country = 'XX'",
    "a condition on another column": "UPDATE customers SET country = 'XX' WHERE email IS NULL",
    "either of two": "UPDATE customers SET country = 'XX' WHERE country IS NULL OR email IS NULL",
    "one of two columns": "UPDATE customers SET country = 'XX', email = 'x' WHERE country IS NULL",
    "another table's column": "UPDATE customers c SET country = 'XX' FROM customers o WHERE o.country IS NULL",
    "a trigger writes more": "UPDATE watched SET state = 'x' WHERE state IS NULL",
}


@pytest.mark.parametrize("what", FILLS)
async def test_filling_what_was_empty_is_no_loss(judge: Judge, what: str) -> None:
    case = await judge(SHOP, FILLS[what])
    assert not case.plan.risk_assessment.data_loss
    assert case.codes() & {"update-no-where", "dml-row-limit"} == set()


@pytest.mark.parametrize("what", OVERWRITES)
async def test_overwriting_is_a_loss(judge: Judge, what: str) -> None:
    assert (await judge(SHOP, OVERWRITES[what])).plan.risk_assessment.data_loss


async def test_a_column_that_is_filled_before_it_is_required_does_not_fail(judge: Judge) -> None:
    sql = "ALTER TABLE customers ADD COLUMN lang text; UPDATE customers SET lang = 'de'; "
    case = await judge(SHOP, sql + "ALTER TABLE customers ALTER lang SET NOT NULL")
    assert "add-required-column" not in case.codes()
    at_once = await judge(
        SHOP, "ALTER TABLE customers ADD COLUMN lang text NOT NULL; ALTER TABLE customers ALTER lang SET DEFAULT 'x'"
    )
    assert at_once.hazard("add-required-column").severity == "CRITICAL"


async def test_short_work_under_a_lock_is_not_told(judge: Judge) -> None:
    sql = "ALTER TABLE orders ADD COLUMN n int; CREATE INDEX by_state ON orders (state)"
    assert "ddl-after-access-exclusive" not in (await judge(SHOP, sql, sizes={})).codes()


async def test_statements_that_write_rows_list_no_locks_of_indexes(judge: Judge) -> None:
    case = await judge(
        SHOP,
        "INSERT INTO log VALUES (1, 'x'); UPDATE log SET line = 'y' WHERE id = 1; DELETE FROM log WHERE id = 1",
    )
    assert [[lock.relation for lock in operation.locks] for operation in case.plan.operations] == [["public.log"]] * 3


async def test_the_way_back_is_told_for_each_statement(judge: Judge) -> None:
    case = await judge(
        SHOP,
        "ALTER TABLE orders ADD COLUMN n int; "
        "INSERT INTO log VALUES (1, 'x') ON CONFLICT DO NOTHING; CREATE INDEX by_state ON orders (state)",
    )
    assert case.rehearsal.rollback is not None
    assert case.rehearsal.rollback.proof == "not-proven"
    assert [operation.way_back for operation in case.plan.operations] == ["proven", "not-proven", "proven"]


async def test_rows_are_counted_once_and_what_was_not_counted_is_named(judge: Judge) -> None:
    setup = (
        "CREATE TABLE parted (id int) PARTITION BY RANGE (id); "
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10); "
        "INSERT INTO parted VALUES (1), (2); CREATE TABLE other (id int)"
    )
    scope = (await judge(setup, "ALTER TABLE parted ADD COLUMN n int", sizes={})).plan.impact_scope
    assert (scope.rows, scope.exact, scope.uncounted) == (2, True, [])
