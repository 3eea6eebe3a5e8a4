"""What a rehearsal sees of statements, on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import asyncpg
import pytest

from db_migrate_tools.evidence import Lock, TargetFacts
from db_migrate_tools.schema.model import Ref
from shadow.forms import FORMS, SCHEMA, Form
from shadow.rehearser import Rehearser, by_hand, execute, facts_of, seen, silent, statements

MODES = (
    "AccessShare",
    "RowShare",
    "RowExclusive",
    "ShareUpdateExclusive",
    "Share",
    "ShareRowExclusive",
    "Exclusive",
    "AccessExclusive",
)
INDEXES = ("_pkey", "_email", "_age", "_name", "_user", "plain_b")


@pytest.fixture(scope="session")
async def forms(cluster: str) -> AsyncIterator[TargetFacts]:
    """The target on which DDL forms are tried."""
    admin = await asyncpg.connect(cluster)
    await admin.execute("CREATE DATABASE forms")
    dsn = cluster.replace("/postgres?", "/forms?")
    await execute(dsn, SCHEMA)
    yield await facts_of(dsn)
    await admin.execute("DROP DATABASE forms WITH (FORCE)")
    await admin.close()


@pytest.fixture
def on_forms(rehearse: Rehearser, cluster: str) -> Rehearser:
    rehearse.dumps["dsn"] = cluster.replace("/postgres?", "/forms?")
    return rehearse


def strongest(locks: Iterable[Lock]) -> str:
    """The strongest lock on each relation that is no index, as the forms write it."""
    found: dict[str, int] = {}
    for lock in locks:
        name = lock.relation.removeprefix("public.")
        if not name.endswith(INDEXES):
            found[name] = max(found.get(name, 0), MODES.index(lock.mode.removesuffix("Lock")))
    return " ".join(f"{name}={MODES[rank]}" for name, rank in sorted(found.items()))


def listed(names: Iterable[str]) -> str:
    return " ".join(name.removeprefix("public.") for name in names)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.sql)
async def test_a_form_takes_its_locks_rewrites_scans_and_builds(
    on_forms: Rehearser, forms: TargetFacts, form: Form
) -> None:
    rehearsal = await on_forms(forms, form.sql)
    found = seen(rehearsal)
    assert (
        strongest(found.locks),
        listed(found.rewrites),
        listed(found.scans),
        listed(found.index_builds),
    ) == (form.locks, form.rewrites, form.scans, form.builds)
    assert rehearsal.notes == ()


async def test_locks_on_indexes_bear_the_indexes_names(on_forms: Rehearser, forms: TargetFacts) -> None:
    found = seen(await on_forms(forms, "DROP INDEX users_email"))
    assert Lock("public.users_email", "AccessExclusiveLock") in found.locks


async def test_a_lock_that_an_earlier_statement_holds_is_told_of_the_later_one_too(
    on_forms: Rehearser, forms: TargetFacts
) -> None:
    rehearsal = await on_forms(
        forms,
        "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int; UPDATE users SET b = 1;"
        "ALTER TABLE teams ADD COLUMN a int",
    )
    assert [strongest(seen(rehearsal, n).locks) for n in (1, 2, 3, 4)] == [
        "users=AccessExclusive",
        "users=AccessExclusive",
        "users=RowExclusive",
        "teams=AccessExclusive",
    ]
    assert rehearsal.notes == ()


async def test_set_local_holds_for_the_rest_of_the_migration(on_forms: Rehearser, forms: TargetFacts) -> None:
    script = statements(
        "CREATE SCHEMA other; CREATE TABLE other.users (a int); SELECT 1;"
        "ALTER TABLE public.users ADD a int; ALTER TABLE users ADD b int"
    )
    pinned = replace(script[2], text="SET LOCAL search_path = other", kind="VariableSetStmt")
    rehearsal = await on_forms.shadow.rehearse(forms, (*script[:2], pinned, *script[3:]), (), silent)
    assert strongest(seen(rehearsal, 4).locks) == "users=AccessExclusive"
    assert strongest(seen(rehearsal, 5).locks) == ""
    assert seen(rehearsal, 5).created == (Ref("column", "other", "b", "users"),)
    assert rehearsal.notes == ()


async def test_statements_that_need_each_other_are_told_apart_from_all_others(
    on_forms: Rehearser, forms: TargetFacts
) -> None:
    rehearsal = await on_forms(
        forms,
        "ALTER TABLE users ADD COLUMN a int;"
        "CREATE TEMP TABLE passing (a int) ON COMMIT DROP;"
        "INSERT INTO passing VALUES (1); ALTER TABLE users ADD COLUMN b int",
    )
    assert [strongest(seen(rehearsal, n).locks) for n in (1, 2, 3, 4)] == [
        "users=AccessExclusive",
        "",
        "",
        "users=AccessExclusive",
    ]
    assert rehearsal.notes == ()


async def test_where_statements_cannot_be_told_apart_a_note_says_so(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(
        forms,
        "CREATE TEMP TABLE passing (a int) ON COMMIT DROP;"
        "ALTER TABLE users ADD COLUMN a int;"
        "INSERT INTO passing VALUES (1); ALTER TABLE users ADD COLUMN b int;"
        "INSERT INTO passing SELECT age FROM users; ALTER TABLE users ADD COLUMN c int",
    )
    assert strongest(seen(rehearsal, 2).locks) == strongest(seen(rehearsal, 6).locks) == "users=AccessExclusive"
    assert len(rehearsal.notes) == 1
    assert rehearsal.notes[0].startswith("Statements 3, 4 and 5: locks that an earlier statement of the same")


async def test_relations_made_by_the_migration_are_nobodys_concern(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(
        forms,
        "CREATE TABLE fresh (id int PRIMARY KEY, a int); CREATE INDEX ON fresh (a);"
        "ALTER TABLE fresh ALTER a TYPE bigint;"
        "ALTER TABLE fresh ALTER a SET NOT NULL; INSERT INTO fresh VALUES (1, 2), (3, 4)",
    )
    for number in range(1, 6):
        found = seen(rehearsal, number)
        assert (found.locks, found.rewrites, found.scans, found.index_builds, found.messages) == ((), (), (), (), ())
    assert seen(rehearsal, 5).rows == 2


async def test_relations_keep_the_name_they_had_before_the_migration(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(forms, "ALTER TABLE plain RENAME TO simple; ALTER TABLE simple ALTER a TYPE bigint")
    assert strongest(seen(rehearsal, 2).locks) == "plain=AccessExclusive"
    assert seen(rehearsal, 2).rewrites == ("public.plain",)
    assert seen(rehearsal, 1).altered == (Ref("table", "public", "plain"), Ref("table", "public", "simple"))
    assert seen(rehearsal, 1).dropped == ()


async def test_postgres_says_why_a_scan_is_not_needed(on_forms: Rehearser, forms: TargetFacts) -> None:
    found = seen(await on_forms(forms, "ALTER TABLE users ALTER COLUMN nick SET NOT NULL"))
    assert found.messages == (
        'existing constraints on column "users.nick" are sufficient to prove that it does not contain nulls',
    )


async def test_messages_are_heard_even_when_the_migration_silences_them(
    on_forms: Rehearser, forms: TargetFacts
) -> None:
    script = by_hand("SET client_min_messages = error", "ALTER TABLE users ALTER COLUMN age TYPE bigint")
    found = seen(await on_forms.shadow.rehearse(forms, script, (), silent), 2)
    assert 'rewriting table "users"' in found.messages


async def test_each_statement_tells_what_it_created_altered_and_dropped(
    on_forms: Rehearser, forms: TargetFacts
) -> None:
    rehearsal = await on_forms(
        forms, "ALTER TABLE plain DROP b, ADD c int; ALTER TABLE plain ALTER c SET NOT NULL; SELECT 1; DROP VIEW names"
    )
    first, second, third, fourth = (seen(rehearsal, n) for n in (1, 2, 3, 4))
    assert Ref("column", "public", "c", "plain") in first.created
    assert Ref("column", "public", "b", "plain") in first.dropped
    assert Ref("index", "public", "plain_b") in first.dropped
    assert Ref("column", "public", "c", "plain") in second.altered
    assert (third.created, third.altered, third.dropped, third.rows) == ((), (), (), 1)
    assert Ref("view", "public", "names") in fourth.dropped


async def test_the_catalog_after_the_migration_is_handed_on(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(forms, "CREATE TABLE fresh (id int)")
    assert rehearsal.after is not None
    assert Ref("column", "public", "id", "fresh") in rehearsal.after


async def test_statements_outside_a_transaction_part_it_as_the_runner_will(
    on_forms: Rehearser, forms: TargetFacts
) -> None:
    rehearsal = await on_forms(
        forms,
        "ALTER TYPE mood ADD VALUE 'bored'; CREATE INDEX CONCURRENTLY late ON users (team_id);"
        "ALTER TABLE users ADD COLUMN m mood DEFAULT 'bored'; DROP INDEX CONCURRENTLY late",
    )
    assert [strongest(seen(rehearsal, n).locks) for n in (1, 2, 3, 4)] == [
        "",
        "users=ShareUpdateExclusive",
        "users=AccessExclusive",
        "users=ShareUpdateExclusive",
    ]
    assert seen(rehearsal, 2).created == (Ref("index", "public", "late"),)
    assert seen(rehearsal, 4).dropped == (Ref("index", "public", "late"),)


async def test_a_scan_that_only_the_planner_chose_is_not_told(on_forms: Rehearser, forms: TargetFacts) -> None:
    assert seen(await on_forms(forms, "DELETE FROM users WHERE id = 1")).scans == ()


async def test_the_first_failure_ends_the_rehearsal(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(
        forms, "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN age int; DROP TABLE plain"
    )
    first, second, third = rehearsal.observations
    assert first.error is None
    assert second.error is not None
    assert (second.error.sqlstate, second.error.message) == (
        "42701",
        'column "age" of relation "users" already exists',
    )
    assert (third.observed, third.why_not) == (False, "Statement 2 failed first.")
    assert rehearsal.failed_at is second
    assert (rehearsal.after, rehearsal.rollback) == (None, None)


async def test_an_error_has_its_position_detail_and_hint(on_forms: Rehearser, forms: TargetFacts) -> None:
    said = (await on_forms(forms, "SELECT 1; DROP TABLE posts")).observations[1].error
    assert said is not None
    assert said.detail == "materialized view counts depends on table posts"
    assert said.hint == "Use DROP ... CASCADE to drop the dependent objects too."
    said = (await on_forms(forms, "SELECT nobody FROM users")).observations[0].error
    assert said is not None
    assert said.position == 8


async def test_a_failure_outside_a_transaction_ends_the_rehearsal_too(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(forms, "CREATE INDEX CONCURRENTLY ON users (nobody); SELECT 1")
    assert rehearsal.observations[0].error is not None
    assert rehearsal.observations[0].error.sqlstate == "42703"
    assert rehearsal.observations[1].why_not == "Statement 1 failed first."


async def test_what_fails_at_commit_is_told_of_the_last_statement(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO b VALUES (1); SELECT 1",
    )
    assert rehearsal.observations[0].error is None
    said = rehearsal.observations[1].error
    assert said is not None
    assert said.sqlstate == "23503"
    assert said.context == "Raised when the transaction was committed, after this statement."


async def test_a_new_enum_value_cannot_be_used_in_the_same_transaction(on_forms: Rehearser, forms: TargetFacts) -> None:
    rehearsal = await on_forms(
        forms, "ALTER TYPE mood ADD VALUE 'bored'; ALTER TABLE users ADD COLUMN m mood DEFAULT 'bored'"
    )
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.statement == 2
    assert rehearsal.failed_at.error is not None
    assert rehearsal.failed_at.error.sqlstate == "55P04"
