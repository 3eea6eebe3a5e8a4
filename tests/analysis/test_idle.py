"""Statements that change nothing, and functions that do more than they should, are told as such."""

from __future__ import annotations

import pytest

from analysis.judge import Judge

SETUP = "CREATE TABLE pf (id int PRIMARY KEY, name text); CREATE INDEX pf_name ON pf (name)"


@pytest.mark.parametrize(
    ("sql", "severity"),
    [
        ("CREATE TABLE IF NOT EXISTS pf (id int, phone text)", "MEDIUM"),
        ("ALTER TABLE pf ADD COLUMN IF NOT EXISTS name varchar(5)", "MEDIUM"),
        ("CREATE INDEX IF NOT EXISTS pf_name ON pf (id)", "MEDIUM"),
        ("DROP TABLE IF EXISTS zzz", "LOW"),
        ("ALTER TABLE pf ALTER COLUMN id SET NOT NULL", "LOW"),
    ],
)
async def test_a_step_that_does_nothing_is_told(judge: Judge, sql: str, severity: str) -> None:
    found = (await judge(SETUP, sql, sizes={})).hazard("no-effect")
    assert found.severity == severity


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE IF NOT EXISTS other (id int PRIMARY KEY)",
        "ALTER TABLE pf ADD COLUMN IF NOT EXISTS phone text",
        "DROP INDEX IF EXISTS pf_name",
        "UPDATE pf SET name = 'x'",
        "DO $$ BEGIN PERFORM 1; END $$",
    ],
)
async def test_a_step_that_does_something_is_not(judge: Judge, sql: str) -> None:
    assert "no-effect" not in (await judge(SETUP, sql, sizes={})).codes()


async def test_a_function_with_its_owners_rights_on_any_search_path_is_told(judge: Judge) -> None:
    loose = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    assert "security-definer" in (await judge(SETUP, loose)).codes()
    pinned = loose.replace(" AS ", " SET search_path = '' AS ")
    assert "security-definer" not in (await judge(SETUP, pinned)).codes()


async def test_code_that_writes_rows_is_told_and_counts_as_loss(judge: Judge) -> None:
    code = "DO $$ BEGIN UPDATE pf SET name = 'x'; END $$"
    case = await judge(SETUP, code)
    assert "pf" in case.hazard("code-writes-rows").message
    assert case.plan.risk_assessment.data_loss
    reading = "DO $$ BEGIN PERFORM * FROM pf; END $$"
    assert "code-writes-rows" not in (await judge(SETUP, reading)).codes()
