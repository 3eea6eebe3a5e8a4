"""Migrations rewritten so that nothing is lost: what runs instead, what is told, how the data come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db_migrate_tools.evidence import AppliedMigration, TargetFacts
from db_migrate_tools.kept import purge
from db_migrate_tools.kept.cut import clauses, without_returning
from db_migrate_tools.kept.guard import guarded
from db_migrate_tools.kept.names import mentioned, shortened
from db_migrate_tools.kept.transform import keep, would_keep
from db_migrate_tools.kept.types import keeps_values
from db_migrate_tools.kept.way_back import halfway
from db_migrate_tools.schema.model import Catalog, Constraint, Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build
from kept.keptcases import Case, cases, kept, page


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
async def test_case(case: Case, facts: TargetFacts) -> None:
    assert page(kept(case.sql, facts)) == case.expected


async def test_names_are_the_same_for_the_same_migration_and_others_once_something_is_kept(facts: TargetFacts) -> None:
    first, second = kept("DROP TABLE log", facts), kept("DROP TABLE log", facts)
    assert first == second
    moved = replace(facts, fingerprint="another")
    assert kept("DROP TABLE log", moved).tables != first.tables


async def test_every_statement_of_ours_stands_in_the_line_and_category_of_the_one_that_it_replaces(
    facts: TargetFacts,
) -> None:
    found = kept("SELECT 1;\n\nTRUNCATE log", facts).script.statements
    assert [s.number for s in found] == list(range(1, len(found) + 1))
    assert {s.line for s in found[1:]} == {3}
    assert {s.category for s in found[1:]} == {"data"}
    assert found[-1].kept.startswith(f"{KEPT_SCHEMA}.public_log_")


async def test_rows_that_row_security_hides_cannot_be_copied(facts: TargetFacts) -> None:
    ordinary = replace(facts, identity=replace(facts.identity, superuser=False))
    found = kept("DELETE FROM forced", ordinary)
    assert found.way_back is None
    assert "row level security may hide rows" in found.script.choices[0].what


async def test_only_what_loses_data_is_offered_a_reversible_form(facts: TargetFacts) -> None:
    def offered(sql: str) -> bool:
        return would_keep(build([Piece(sql)]), facts)

    assert offered("UPDATE stamps SET price = 1")
    assert not offered("INSERT INTO stamps (id) VALUES (1)")
    assert not offered("CREATE TABLE x (id int)")
    assert not offered("ALTER TABLE log DROP COLUMN what")


async def test_our_own_rewritten_sql_is_left_alone_when_it_is_planned_again(facts: TargetFacts) -> None:
    once = kept("DELETE FROM stamps", facts).script
    assert keep(once, facts, "source").way_back is None
    assert list(guarded(once, "file")) == []


@pytest.mark.parametrize(
    "sql",
    [
        f"DROP TABLE {KEPT_SCHEMA}.x",
        f"DROP SCHEMA {KEPT_SCHEMA} CASCADE",
        f"DELETE FROM {KEPT_SCHEMA}.x",
        f"ALTER TABLE {KEPT_SCHEMA}.x SET SCHEMA public",
        f"GRANT SELECT ON {KEPT_SCHEMA}.x TO public",
    ],
)
def test_only_our_plans_take_away_what_is_kept(sql: str) -> None:
    script = build([Piece(sql)])
    assert list(guarded(script, "sql"))
    assert not list(guarded(script, "kept"))


@pytest.mark.parametrize(
    ("sql", "head", "has_from", "condition"),
    [
        ("UPDATE t SET a = 1", "UPDATE t SET a = 1", False, ""),
        ("UPDATE t SET a = b IS DISTINCT FROM c WHERE d", "UPDATE t SET a = b IS DISTINCT FROM c", False, "d"),
        ("UPDATE t SET a = (SELECT 1 FROM x WHERE y) FROM z RETURNING a", "", True, ""),
        ("WITH q AS (SELECT 1 FROM w WHERE v) UPDATE t SET a = 'from' WHERE b = 'where' -- returning", "", False, ""),
        ("UPDATE t SET é = 'ü' WHERE \"where\" = 'ö' RETURNING *", "UPDATE t SET é = 'ü'", False, "\"where\" = 'ö'"),
    ],
)
def test_clauses_are_found_by_tokens_and_not_by_words(sql: str, head: str, condition: str, *, has_from: bool) -> None:
    found = clauses(sql)
    assert found.has_from is has_from
    if head:
        assert (found.head, found.condition) == (head, condition)


def test_returning_is_cut_off_only_at_the_end() -> None:
    assert without_returning("DELETE FROM t WHERE a = 'RETURNING' RETURNING *") == "DELETE FROM t WHERE a = 'RETURNING'"
    assert without_returning('DELETE FROM "returning"') == 'DELETE FROM "returning"'


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("character varying(10)", "character varying(20)", True),
        ("character varying(20)", "character varying(10)", False),
        ("character varying", "text", True),
        ("timestamp with time zone", "date", False),
        ("numeric(10,2)", "numeric(10,2)", True),
    ],
)
def test_types_that_keep_every_value(before: str, after: str, *, keeps: bool) -> None:
    assert keeps_values(before, after) is keeps


def test_a_long_name_is_cut_to_what_postgres_takes_without_breaking_a_letter() -> None:
    found = shortened("ü" * 60, "_abcdef_12")
    assert found.endswith("_abcdef_12")
    assert len(found.encode()) <= 63


async def test_half_way_back_nothing_refuses_rows(facts: TargetFacts) -> None:
    before = facts.catalog
    gone = Ref("table", "public", "stamps")
    now = Catalog(
        {r: o for r, o in before.objects.items() if r != gone and r.parent != "stamps" and r.name != "stamps_pkey"}
    )
    found = halfway(now, before)
    assert gone in found
    assert not [o for o in found if isinstance(o, Constraint) and o.ref.parent == "stamps"]
    assert [o.ref.name for o in found if isinstance(o, Constraint) and o.ref.parent == "codes"]
    assert all(column.nullable for column in found.columns_of(gone))


async def test_a_rollback_whose_data_were_removed_says_by_whom(facts: TargetFacts) -> None:
    kept_by = AppliedMigration("1", "away", rollback=(f"INSERT INTO t SELECT * FROM {KEPT_SCHEMA}.public_t_abcdef_1",))
    removed = AppliedMigration("2", "purge", sql=(f"DROP TABLE {KEPT_SCHEMA}.public_t_abcdef_1",))
    said = purge.gone(kept_by, replace(facts, history=(removed, kept_by)))
    assert said is not None
    assert "2 purge removed it" in said
    assert purge.gone(removed, facts) is None


def test_kept_tables_are_found_in_sql_under_any_name() -> None:
    assert mentioned([f'DROP TABLE {KEPT_SCHEMA}."a ""b"', f"x {KEPT_SCHEMA}.c; y_{KEPT_SCHEMA}.d"]) == ('a "b', "c")
