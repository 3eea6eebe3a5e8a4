"""Rehearsals of targets that have extensions which the shadow's Postgres lacks, and of targets that have none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.cluster.supabase import baseline
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env, Rehearsal, TargetFacts
from db_migrate_tools.schema.fingerprint import fingerprint
from shadow.rehearser import execute, facts_of, silent, statements
from supabase.places import PASSWORD


@pytest.fixture(scope="module")
async def target() -> AsyncIterator[Cluster]:
    """A server with other versions of the extensions than the shadow offers by itself."""
    async with await start_shadow() as cluster:
        assert cluster.shelf is not None
        for name, version in (("pg_net", "0.14.0"), ("pgcrypto", "1.2"), ("moddatetime", "0.9")):
            assert cluster.shelf.offer(name, version, default=True)
        await cluster.execute(f"CREATE ROLE supabase_admin SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        connection = await cluster.connect(user="supabase_admin", password=PASSWORD)
        await baseline.prepare(connection, "postgres", PASSWORD)
        await baseline.complete(connection, "postgres")
        await connection.close()
        yield cluster


@pytest.fixture(scope="module")
async def shadow(target: Cluster) -> AsyncIterator[ShadowRehearsal]:
    async def dump_dsn(_: Env) -> str:
        return target.dsn("postgres", "postgres", PASSWORD)

    made = ShadowRehearsal(lambda major: start_shadow(major=major), dump_dsn, deadline=60)
    yield made
    await made.close()


@pytest.fixture
async def project(target: Cluster) -> TargetFacts:
    return await facts_of(target.dsn("postgres", "postgres", PASSWORD))


async def rehearse(shadow: ShadowRehearsal, facts: TargetFacts, sql: str) -> Rehearsal:
    found = await shadow.rehearse(facts, statements(sql), (), silent)
    assert found.ran, found.why_not
    return found


async def test_a_supabase_project_is_copied_exactly_and_its_stand_ins_are_named(
    shadow: ShadowRehearsal, project: TargetFacts
) -> None:
    found = await rehearse(
        shadow,
        project,
        "CREATE TABLE public.note (id int PRIMARY KEY, author uuid REFERENCES auth.users (id));"
        "ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON public.note USING (author = auth.uid());"
        "CREATE EXTENSION pg_net WITH SCHEMA extensions;"
        "CREATE EXTENSION moddatetime WITH SCHEMA extensions;",
    )
    assert [o.error for o in found.observations] == [None] * 5
    assert all(o.observed for o in found.observations)
    assert found.schema_from == "pg_dump"
    assert not [note for note in found.notes if "differs" in note or "could not" in note]
    (said,) = [note for note in found.notes if "Stand-ins" in note]
    assert "pg_net sends no request" in said
    assert "pgcrypto does not encrypt" in said
    # Its own version, not ours, so what was rehearsed is what the target will have.
    assert found.schema_after is not None
    versions = {str(o.ref): getattr(o, "version", "") for o in (found.after or ()) if o.ref.kind == "extension"}
    assert (versions["pg_net"], versions["pgcrypto"], versions["moddatetime"]) == ("0.14.0", "1.2", "0.9")
    assert found.rollback is not None
    assert found.rollback.proof == "proven"


async def test_what_was_rehearsed_is_what_the_target_has_afterwards(
    shadow: ShadowRehearsal, target: Cluster, project: TargetFacts
) -> None:
    sql = "CREATE EXTENSION http WITH SCHEMA extensions; SELECT cron.schedule('tidy', '0 3 * * *', 'SELECT 1');"
    found = await rehearse(shadow, project, sql)
    dsn = target.dsn("postgres", "postgres", PASSWORD)
    await execute(dsn, sql)
    after = await facts_of(dsn)
    await execute(dsn, "DROP EXTENSION http; SELECT cron.unschedule('tidy')")
    assert found.schema_after == fingerprint(after.catalog)


async def test_the_migration_s_role_has_no_power_over_roles_or_outside(
    shadow: ShadowRehearsal, project: TargetFacts
) -> None:
    found = await rehearse(
        shadow,
        project,
        "CREATE TABLE public.seen AS SELECT rolcreaterole OR rolsuper OR rolcreatedb AS power FROM pg_roles "
        "WHERE rolname = current_user;"
        "ALTER TABLE public.seen ADD CHECK (NOT power);"
        "GRANT SELECT ON public.seen TO authenticated;"
        "CREATE TRIGGER t AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION storage.update_updated_at_column();",
    )
    assert [o.error for o in found.observations] == [None] * 4
    for name in ("dblink", "postgres_fdw", "file_fdw"):
        tried = await rehearse(shadow, project, f"CREATE EXTENSION {name};")
        assert tried.failed_at is not None
        assert tried.failed_at.error is not None
        assert "permission denied" in tried.failed_at.error.message


async def test_what_a_plain_target_lacks_fails_as_it_would_there(dsn: str) -> None:
    async def dump_dsn(_: Env) -> str:
        return dsn

    own = ShadowRehearsal(lambda major: start_shadow(major=major), dump_dsn)
    facts = await facts_of(dsn)
    facts = replace(facts, identity=replace(facts.identity, superuser=False))
    found = await rehearse(own, facts, "CREATE EXTENSION pg_net;")
    error = found.observations[0].error
    assert error is not None
    assert error.message == 'extension "pg_net" is not available'
    hidden = await rehearse(own, facts, "DO $$ BEGIN CREATE EXTENSION pg_cron; END $$;")
    assert hidden.observations[0].error is not None
    missing = await rehearse(own, facts, "CREATE TABLE t (id uuid DEFAULT auth.uid());")
    assert missing.observations[0].error is not None
    assert 'schema "auth" does not exist' in missing.observations[0].error.message
    real = await rehearse(own, facts, "CREATE EXTENSION vector;")
    assert real.observations[0].error is None
    untrusted = replace(facts, offered=tuple(replace(o, creatable=False) for o in facts.offered or ()))
    denied = (await rehearse(own, untrusted, "CREATE EXTENSION vector;")).observations[0].error
    assert denied is not None
    assert 'permission denied to create extension "vector"' in denied.message
    nobody_knows = await rehearse(own, replace(untrusted, powers=None), "CREATE EXTENSION vector;")
    assert not nobody_knows.observations[0].observed
    unread = replace(facts, offered=None)
    assert not (await rehearse(own, unread, "CREATE EXTENSION pg_net;")).observations[0].observed
    await own.close()


async def test_the_target_s_extensions_are_read_with_who_may_create_them(target: Cluster) -> None:
    facts = await facts_of(target.dsn("postgres", "postgres", PASSWORD))
    offered = {item.name: item for item in facts.offered or ()}
    assert offered["pg_net"].version == "0.14.0"
    assert offered["vector"].creatable
    assert not offered["dblink"].creatable
    connection = await asyncpg.connect(target.dsn("postgres", "postgres", PASSWORD))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE EXTENSION dblink")
    await connection.close()
