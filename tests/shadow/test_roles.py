"""Who acts in a rehearsal, and what that role cannot show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from db_migrate.cluster.shadow import SUPERUSER
from db_migrate_tools.evidence import OfferedExtension, TargetFacts
from db_migrate_tools.schema.model import Ref, Table
from shadow.rehearser import Rehearser, by_hand, execute, facts_of, seen, silent, statements

OWNER = "dbm_test_owner"
OTHER = "dbm_test_other"
SCHEMA = f"""
CREATE TABLE mine (id int);
CREATE TABLE theirs (id int);
ALTER TABLE mine OWNER TO {OWNER};
ALTER TABLE theirs OWNER TO {OTHER};
GRANT ALL ON SCHEMA public TO {OWNER};
"""


@pytest.fixture
async def owned(cluster: str, rehearse: Rehearser) -> AsyncIterator[TargetFacts]:
    """A target whose tables have two owners, seen by one of them."""
    admin = await asyncpg.connect(cluster)
    await admin.execute(f"CREATE ROLE {OWNER}; CREATE ROLE {OTHER}")
    target = await rehearse.target(SCHEMA, role=OWNER, superuser=False)
    yield replace(target, acts_as=())
    database = await asyncpg.connect(rehearse.dumps["dsn"])
    await database.execute(f"DROP OWNED BY {OWNER}, {OTHER}; DROP ROLE {OWNER}, {OTHER}")
    await database.close()
    await admin.close()


async def test_new_objects_belong_to_the_role_of_the_target(rehearse: Rehearser, owned: TargetFacts) -> None:
    rehearsal = await rehearse(owned, "CREATE TABLE fresh (id int)")
    assert rehearsal.after is not None
    fresh = rehearsal.after.get(Ref("table", "public", "fresh"))
    assert isinstance(fresh, Table)
    assert fresh.owner == OWNER
    assert rehearsal.notes == ()


async def test_the_role_may_alter_its_own_tables_only(rehearse: Rehearser, owned: TargetFacts) -> None:
    assert seen(await rehearse(owned, "ALTER TABLE mine ADD COLUMN a int")).locks
    rehearsal = await rehearse(owned, "ALTER TABLE theirs ADD COLUMN a int")
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.error is not None
    assert rehearsal.failed_at.error.message == "must be owner of table theirs"


async def test_membership_lets_it_act_for_others(rehearse: Rehearser, owned: TargetFacts) -> None:
    assert seen(await rehearse(replace(owned, acts_as=(OTHER,)), "ALTER TABLE theirs ADD COLUMN a int")).locks
    # And is taken away with the rehearsal.
    assert (await rehearse(owned, "ALTER TABLE theirs ADD COLUMN a int")).failed_at is not None


async def test_where_memberships_were_not_read_a_note_says_so(rehearse: Rehearser, owned: TargetFacts) -> None:
    rehearsal = await rehearse(replace(owned, acts_as=None), "ALTER TABLE theirs ADD COLUMN a int")
    assert rehearsal.failed_at is None
    assert rehearsal.notes == (f"The rehearsal let {OWNER} act for every owner; whether the target does was not read.",)


async def test_a_superuser_of_the_target_acts_for_every_owner(rehearse: Rehearser, owned: TargetFacts) -> None:
    superuser = replace(owned, identity=replace(owned.identity, role="postgres", superuser=True))
    rehearsal = await rehearse(superuser, "ALTER TABLE theirs ADD COLUMN a int; ALTER TABLE mine ADD COLUMN a int")
    assert rehearsal.failed_at is None
    assert rehearsal.notes == ()


async def test_a_reading_role_is_played_by_the_owner_of_most_tables(rehearse: Rehearser, owned: TargetFacts) -> None:
    reader = replace(owned, identity=replace(owned.identity, role="reader", read_only=True))
    rehearsal = await rehearse(reader, "ALTER TABLE theirs ADD COLUMN a int")
    assert rehearsal.failed_at is None
    assert len(rehearsal.notes) == 1
    assert "the rights of the role that will execute were not rehearsed" in rehearsal.notes[0]


async def test_the_shadows_superuser_is_never_played(rehearse: Rehearser, owned: TargetFacts) -> None:
    platform = replace(owned, identity=replace(owned.identity, role=SUPERUSER, superuser=True))
    rehearsal = await rehearse.shadow.rehearse(platform, by_hand("SELECT pg_read_file('/etc/passwd')"), (), silent)
    assert not rehearsal.observations[0].observed
    assert rehearsal.notes == (
        f"On the shadow another role played {SUPERUSER}, so owners of new objects differ by name.",
    )


async def test_what_needs_a_superuser_is_left_out_and_the_rest_goes_on(rehearse: Rehearser) -> None:
    target = await rehearse.target("CREATE TABLE users (id int)")
    rehearsal = await rehearse(target, "CREATE ROLE reporting; ALTER TABLE users ADD COLUMN a int")
    first, second = rehearsal.observations
    assert not first.observed
    assert first.why_not == (
        "This statement was left out of the rehearsal. It needs a superuser, and the shadow runs everything as an "
        "ordinary role: permission denied to create role. The copy has reporting without any right or attribute, so "
        "that what names it later is seen."
    )
    assert second.observed
    assert rehearsal.failed_at is None


async def offering(rehearse: Rehearser, *extensions: str) -> TargetFacts:
    """A target whose server has extensions that the shadow's binaries lack."""
    target = await rehearse.target("CREATE TABLE users (id int)")
    return replace(target, offered=tuple(OfferedExtension(name, "1.0", creatable=True) for name in extensions))


async def test_a_failure_after_something_was_left_out_may_be_its_consequence(rehearse: Rehearser) -> None:
    target = await offering(rehearse, "postgis")
    rehearsal = await rehearse(
        target, "CREATE EXTENSION postgis; ALTER TABLE users ADD COLUMN h text DEFAULT postgis_version(); SELECT 1"
    )
    first, second, third = rehearsal.observations
    assert (first.why_not or "").startswith(
        "This statement was left out of the rehearsal. The shadow's Postgres does not have this extension: "
    )
    assert second.why_not == (
        "It failed on the shadow: function postgis_version() does not exist. Statement 1, which it may need, "
        "could not be rehearsed there."
    )
    assert third.why_not == "Statement 2 failed first."
    assert rehearsal.rollback is None


async def test_what_was_left_out_leaves_the_rollback_unproven(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(await offering(rehearse, "postgis"), "CREATE EXTENSION postgis; SELECT 1")
    assert rehearsal.rollback is not None
    assert rehearsal.rollback.proof == "not-proven"
    assert rehearsal.rollback.why == "Statement 1 could not be rehearsed, so nothing is known about undoing it."


async def test_an_extension_that_the_target_does_not_have_either_is_an_error(rehearse: Rehearser) -> None:
    rehearsal = await rehearse(await offering(rehearse, "citext"), "CREATE EXTENSION pgcrypto; SELECT 1")
    assert rehearsal.failed_at is not None
    assert rehearsal.failed_at.statement == 1
    unread = await rehearse(replace(await offering(rehearse), offered=None), "CREATE EXTENSION pgcrypto; SELECT 1")
    assert not unread.observations[0].observed


AUDITOR = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dba_auditor') THEN CREATE ROLE dba_auditor NOLOGIN; END IF;
END $$;
CREATE ROLE "Dba Reader" LOGIN;
GRANT SELECT ON users TO dba_auditor, "Dba Reader";
CREATE POLICY watch ON users TO dba_auditor USING (true);
"""


async def test_a_role_that_could_not_be_made_is_lent_so_that_the_rest_is_seen(rehearse: Rehearser) -> None:
    target = await rehearse.target("CREATE TABLE users (id int)", superuser=False, role="app_owner")
    rehearsal = await rehearse(replace(target, known_roles=(), acts_as=None), AUDITOR)
    assert rehearsal.failed_at is None
    assert [o.observed for o in rehearsal.observations] == [False, False, True, True]
    assert (rehearsal.observations[0].why_not or "").endswith(
        "permission denied to create role. The copy has dba_auditor without any right or attribute, so that what names "
        "it later is seen."
    )
    assert rehearsal.rollback is not None
    assert rehearsal.rollback.proof == "not-proven"
    assert "could not be rehearsed" in (rehearsal.rollback.why or "")
    # And is gone with the rehearsal.
    again = await rehearse(target, "SELECT 'dba_auditor'::regrole")
    assert again.failed_at is not None


async def test_a_trusted_extension_is_installed_and_taken_back(rehearse: Rehearser) -> None:
    rehearsal = await rehearse("CREATE TABLE users (id int)", "CREATE EXTENSION citext; ALTER TABLE users ADD c citext")
    assert rehearsal.failed_at is None
    assert Ref("extension", "", "citext") in seen(rehearsal, 1).created


async def test_roles_of_the_target_that_statements_name_are_there(rehearse: Rehearser) -> None:
    target = await rehearse.target("CREATE TABLE users (id int)", superuser=False, role="app")
    sql = "CREATE POLICY p ON users TO auditors USING (true)"
    known = await rehearse(replace(target, known_roles=("auditors", "others")), sql)
    assert seen(known).created == (Ref("policy", "public", "p", "users"),)
    unknown = await rehearse(replace(target, known_roles=()), sql.replace("auditors", "strangers"))
    assert unknown.failed_at is not None
    unread = await rehearse(replace(target, known_roles=None), sql.replace("auditors", "strangers"))
    assert (unread.observations[0].why_not or "").endswith(
        'The shadow does not know which roles the target has: role "strangers" does not exist.'
    )


async def test_a_tablespace_cannot_be_rehearsed(rehearse: Rehearser) -> None:
    target = await rehearse.target("")
    rehearsal = await rehearse.shadow.rehearse(target, statements("CREATE TABLE t (a int) TABLESPACE fast"), (), silent)
    assert (rehearsal.observations[0].why_not or "").endswith(
        'The shadow has no tablespaces: tablespace "fast" does not exist.'
    )


async def test_another_major_version_is_noted(rehearse: Rehearser) -> None:
    target = await rehearse.target("", server_version="14.9", server_version_num=140009)
    rehearsal = await rehearse(target, "SELECT 1")
    assert rehearsal.notes == ("Rehearsed on Postgres 18.6; the target runs 14.9.",)


ASKED = {
    "CREATE ROLE more": ("createrole",),
    "DO $$ BEGIN CREATE ROLE more; END $$": ("createrole",),
    "ALTER ROLE others SET work_mem = '1MB'": ("createrole",),
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION told()": (),
    "CREATE FOREIGN DATA WRAPPER w": (),
    "GRANT others TO app_owner": (),
}


@pytest.mark.parametrize("sql", ASKED)
async def test_what_the_target_s_role_is_known_to_lack_fails_as_it_would_there(rehearse: Rehearser, sql: str) -> None:
    setup = "CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
    read = await rehearse.target(setup, superuser=False, role="app_owner")
    known = replace(read, known_roles=("app_owner", "others"), administers=frozenset(), acts_as=None)
    denied = await rehearse(replace(known, powers=frozenset()), sql)
    assert denied.failed_at is not None
    assert denied.failed_at.error is not None
    assert denied.failed_at.error.sqlstate == "42501"
    perhaps: list[TargetFacts] = [replace(known, powers=frozenset({"platform"})), replace(known, powers=None)]
    if ASKED[sql]:
        perhaps.append(replace(known, powers=frozenset(ASKED[sql]), administers=frozenset({"others"})))
    for facts in perhaps:
        left_out = await rehearse(facts, sql)
        assert left_out.failed_at is None
        assert not left_out.observations[0].observed


async def test_what_a_role_may_is_read_from_the_target(rehearse: Rehearser) -> None:
    dsn = await rehearse.make_database()
    await execute(dsn, "CREATE ROLE small LOGIN; CREATE ROLE maker CREATEROLE LOGIN; CREATE ROLE theirs")
    try:
        await execute(dsn, "GRANT theirs TO maker WITH ADMIN OPTION")
        small = await facts_of(dsn.replace("postgres@", "small@"))
        maker = await facts_of(dsn.replace("postgres@", "maker@"))
    finally:
        await execute(dsn, "DROP ROLE small; DROP ROLE maker; DROP ROLE theirs")
    assert (small.powers, small.administers) == (frozenset(), frozenset())
    assert (maker.powers, maker.administers) == (frozenset({"createrole"}), frozenset({"theirs"}))
