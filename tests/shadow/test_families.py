"""Families of statements whose locks are not in plain sight: outside transactions, in code, fired by others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db_migrate.shadow import observe
from db_migrate_tools.evidence import Rehearsal
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.model import Statement
from shadow.rehearser import Rehearser, by_hand, seen, silent
from shadow.test_observation import strongest

TABLES = """
CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE INDEX a_lower ON a ((n + 1));
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
CREATE SCHEMA other;
CREATE TABLE other.c (id int PRIMARY KEY);
ALTER TABLE other.c CLUSTER ON c_pkey;
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE INDEX parts_id ON parts (id);
"""
SUE, SHARE, AE = "ShareUpdateExclusive", "Share", "AccessExclusive"


def told(rehearsal: Rehearsal, statement: int = 1) -> str:
    """The strongest locks on tables, without their indexes."""
    indexes = ("_pkey", "_id", "_idx", "lower")
    return strongest(lock for lock in seen(rehearsal, statement).locks if not lock.relation.endswith(indexes))


@pytest.mark.parametrize(
    ("sql", "locks", "rewrites", "builds"),
    [
        ("VACUUM", f"a={SUE} b={SUE} other.c={SUE} parts_1={SUE}", "", ""),
        ("VACUUM FULL", f"a={AE} b={AE} other.c={AE} parts_1={AE}", "other.c a b parts_1", ""),
        ("VACUUM parts", f"parts={SUE} parts_1={SUE}", "", ""),
        ("CLUSTER", f"other.c={AE}", "other.c", ""),
        ("REINDEX SCHEMA other", f"other.c={SHARE}", "", "other.c"),
        ("REINDEX (VERBOSE) SCHEMA CONCURRENTLY public", f"a={SUE} b={SUE} parts_1={SUE}", "", "a b parts_1"),
        ("REINDEX TABLE parts", f"parts={SHARE} parts_1={SHARE}", "", "parts_1"),
        ("CREATE INDEX CONCURRENTLY ON a (abs(n))", f"a={SUE}", "", "a"),
    ],
)
async def test_statements_that_go_from_table_to_table_are_watched_on_each(
    rehearse: Rehearser, sql: str, locks: str, rewrites: str, builds: str
) -> None:
    target = await rehearse.target(TABLES)
    rehearsal = await rehearse.shadow.rehearse(
        target, _outside(sql, ("parts",) if "parts" in sql else ("a",) if " ON a " in sql else ()), (), silent
    )
    found = seen(rehearsal)
    assert told(rehearsal) == locks
    assert " ".join(name.removeprefix("public.") for name in found.rewrites) == rewrites
    assert " ".join(name.removeprefix("public.") for name in found.index_builds) == builds
    assert rehearsal.notes == ()


async def test_what_cannot_be_held_and_so_not_watched_is_told(rehearse: Rehearser) -> None:
    target = await rehearse.target("CREATE TABLE a (n int); CREATE MATERIALIZED VIEW m AS TABLE a")
    rehearsal = await rehearse.shadow.rehearse(target, _outside("VACUUM", ()), (), silent)
    assert told(rehearsal) == f"a={SUE}"
    assert len(rehearsal.notes) == 1
    assert rehearsal.notes[0].endswith("; they were watched on 1 of 2 tables and materialized views.")


def _outside(sql: str, relations: tuple[str, ...]) -> tuple[Statement, ...]:
    (statement,) = by_hand(sql, kind="ClusterStmt" if sql == "CLUSTER" else "VacuumStmt", transactional=False)
    kind = statement.kind if sql.startswith(("VACUUM", "CLUSTER")) else "ReindexStmt"
    return (replace(statement, relations=relations, kind=kind),)


async def test_a_function_with_dynamic_sql_is_seen_through(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        TABLES + "CREATE FUNCTION widen(t text) RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN EXECUTE format('ALTER TABLE %I ALTER n TYPE bigint', t); PERFORM 1 FROM b; END $$",
        "SELECT widen('a')",
    )
    assert told(rehearsal) == f"a={AE} b=AccessShare"
    assert seen(rehearsal).rewrites == ("public.a",)
    assert Ref("column", "public", "n", "a") in seen(rehearsal).altered


async def test_a_block_that_makes_its_own_tables_is_told_of_the_others_only(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        TABLES,
        "DO $$ BEGIN CREATE TABLE own (id int PRIMARY KEY, a_id int); CREATE INDEX ON own (a_id);"
        "ALTER TABLE own ALTER a_id TYPE bigint; INSERT INTO own SELECT id, n FROM a; END $$",
    )
    assert told(rehearsal) == "a=AccessShare"
    assert (seen(rehearsal).rewrites, seen(rehearsal).index_builds) == ((), ())


async def test_an_event_trigger_of_the_target_fires_and_what_it_does_is_seen(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        TABLES + "CREATE TABLE ddl_log (tag text);"
        "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO ddl_log VALUES (tg_tag); END $$;"
        "CREATE EVENT TRIGGER noting ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION note()",
        "ALTER TABLE a ADD COLUMN x int; CREATE VIEW v AS SELECT 1",
    )
    assert told(rehearsal) == f"a={AE} ddl_log=RowExclusive"
    assert told(rehearsal, 2) == ""


async def test_rows_that_only_their_successors_make_valid_are_told_apart_from_the_rest(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        "CREATE TABLE a (id int PRIMARY KEY);"
        "CREATE TABLE b (a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED); CREATE TABLE c (id int)",
        "INSERT INTO b VALUES (1); INSERT INTO a VALUES (1); ALTER TABLE c ADD x int; UPDATE b SET a_id = 1",
    )
    assert [told(rehearsal, n) for n in (1, 3, 4)] == ["b=RowExclusive", f"c={AE}", "b=RowExclusive"]
    assert rehearsal.notes == (
        "Statement 2: locks that an earlier statement of the same transaction holds already are not listed again.",
    )


async def test_where_a_transaction_is_too_long_to_be_read_as_it_goes_each_statement_is_told_its_locks_all_the_same(
    rehearse: Rehearser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "LOOKED_AT", 5)
    many = "".join(f"ALTER TABLE {'ab'[n % 2]} ADD COLUMN x{n} int;" for n in range(4))
    rehearsal = await rehearse(TABLES, many + "UPDATE a SET n = 1; ALTER TABLE a ALTER n TYPE bigint")
    locks = [f"a={AE}", f"b={AE}", f"a={AE}", f"b={AE}", "a=RowExclusive", f"a={AE}"]
    assert [told(rehearsal, n) for n in range(1, 7)] == locks
    assert seen(rehearsal, 6).rewrites == ("public.a",)
    assert seen(rehearsal, 2).created == (Ref("column", "public", "x1", "b"),)
    assert rehearsal.notes == ()


async def test_a_migration_that_forgets_prepared_statements_is_seen_to_its_end(rehearse: Rehearser) -> None:
    target = await rehearse.target(TABLES)
    script = by_hand("ALTER TABLE a ADD x int", "DEALLOCATE ALL", "ALTER TABLE b ADD x int")
    rehearsal = await rehearse.shadow.rehearse(target, script, (), silent)
    assert [told(rehearsal, n) for n in (1, 2, 3)] == [f"a={AE}", "", f"b={AE}"]


async def test_more_locks_than_the_target_may_have_room_for_are_told(rehearse: Rehearser) -> None:
    target = replace(await rehearse.target(""), connections=(1, 1))
    few = await rehearse(target, "CREATE TABLE t (id int PRIMARY KEY)")
    assert few.notes == ()
    many = await rehearse(target, "".join(f"CREATE TABLE t{n} (id int PRIMARY KEY);" for n in range(40)))
    assert len(many.notes) == 1
    assert "makes room for about 64: raise it there, or split the migration." in many.notes[0]
