"""What Supabase brings to a database, as our baseline has it: what is there, whose it is, and that it works."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid

import asyncpg
import pytest

from db_migrate.cluster.supabase import baseline
from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog, Schema
from db_migrate_tools.schema.semantics import platform_schemas, visible
from supabase.places import PASSWORD, Base, row

ANN = "8f14e45f-ceea-467f-8fb9-dbb9a2b3c1d4"

RELATIONS = [
    "auth.users",
    "auth.identities",
    "auth.sessions",
    "auth.refresh_tokens",
    "auth.mfa_factors",
    "auth.mfa_challenges",
    "auth.mfa_amr_claims",
    "auth.sso_providers",
    "auth.sso_domains",
    "auth.saml_providers",
    "auth.saml_relay_states",
    "auth.flow_state",
    "auth.one_time_tokens",
    "auth.oauth_clients",
    "auth.oauth_authorizations",
    "auth.oauth_consents",
    "auth.audit_log_entries",
    "auth.instances",
    "storage.buckets",
    "storage.objects",
    "storage.s3_multipart_uploads",
    "realtime.messages",
    "realtime.subscription",
    "cron.job",
    "cron.job_run_details",
    "net.http_request_queue",
    "net._http_response",
    "vault.secrets",
    "vault.decrypted_secrets",
    "supabase_functions.hooks",
]

FUNCTIONS = """
auth.uid() -> uuid, stable
auth.role() -> text, stable
auth.email() -> text, stable
auth.jwt() -> jsonb, stable
storage.foldername(name text) -> text[], immutable
storage.filename(name text) -> text, immutable
storage.extension(name text) -> text, immutable
storage.get_size_by_bucket() -> TABLE(size bigint, bucket_id text), stable
realtime.topic() -> text, stable
realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true) -> void, volatile
cron.schedule(schedule text, command text) -> bigint, volatile
cron.schedule(job_name text, schedule text, command text) -> bigint, volatile
cron.unschedule(job_id bigint) -> boolean, volatile
cron.unschedule(job_name text) -> boolean, volatile
supabase_functions.http_request() -> trigger, volatile
""".strip().splitlines()

NAMED = [
    "net.http_get",
    "net.http_post",
    "net.http_delete",
    "cron.alter_job",
    "realtime.broadcast_changes",
    "vault.create_secret",
    "vault.update_secret",
    "graphql.resolve",
    "graphql_public.graphql",
    "storage.search",
    "extensions.uuid_generate_v4",
    "extensions.digest",
    "extensions.hmac",
    "extensions.crypt",
    "extensions.gen_salt",
    "extensions.gen_random_bytes",
    "extensions.pgp_sym_encrypt",
    "extensions.pgp_pub_decrypt",
]

OWNERS = {
    "auth": "supabase_admin",
    "auth.users": "supabase_auth_admin",
    "storage.objects": "supabase_storage_admin",
    "realtime.messages": "supabase_realtime_admin",
    "supabase_functions.hooks": "supabase_functions_admin",
}


async def whole(base: Base) -> Catalog:
    connection = await base.admin()
    try:
        return await read_catalog(connection)
    finally:
        await connection.close()


async def claim(user: asyncpg.Connection, **claims: object) -> None:
    await user.execute("SELECT set_config('request.jwt.claims', $1, true)", json.dumps(claims))


async def test_a_second_time_it_changes_nothing(base: Base) -> None:
    before = fingerprint(await whole(base), platform=True)
    connection = await base.admin()
    for _ in range(2):
        await connection.execute("COMMENT ON ROLE supabase_read_only_user IS NULL")
        assert await baseline.complete(connection, "postgres") == base.notes
    await connection.close()
    assert fingerprint(await whole(base), platform=True) == before


async def test_it_has_the_tables_that_migrations_refer_to(user: asyncpg.Connection) -> None:
    missing = await user.fetchval(
        "SELECT array_agg(name) FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL", RELATIONS
    )
    assert missing is None
    columns = await user.fetch(
        "SELECT attname::text, attgenerated = 's'::\"char\" FROM pg_attribute "
        "WHERE attrelid = 'auth.users'::regclass AND attnum > 0"
    )
    assert len(columns) == 35
    assert [row[0] for row in columns if row[1]] == ["confirmed_at"]


async def test_it_has_the_functions_with_their_signatures(user: asyncpg.Connection) -> None:
    found = {
        row[0]
        for row in await user.fetch(
            "SELECT format('%s.%s(%s) -> %s, %s', pronamespace::regnamespace, proname, pg_get_function_arguments(oid), "
            "pg_get_function_result(oid), CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' "
            "ELSE 'volatile' END) FROM pg_proc WHERE pronamespace <> 'pg_catalog'::regnamespace"
        )
    }
    assert [line for line in FUNCTIONS if line not in found] == []
    named = {line.partition("(")[0] for line in found}
    assert [name for name in NAMED if name not in named] == []
    assert await user.fetchval("SELECT count(*) FROM pg_proc WHERE proname LIKE 'uuid\\_generate%'") == 5


async def test_everything_belongs_to_whom_it_belongs_on_supabase(base: Base) -> None:
    catalog = await whole(base)
    owners = {str(item.ref): item.owner for item in catalog if item.ref.kind in {"schema", "table"}}
    assert {name: owners[name] for name in OWNERS} == OWNERS
    schemas = {item.ref.name for item in catalog if isinstance(item, Schema)}
    assert schemas - platform_schemas(catalog) == {"public"}
    assert {ref.kind for ref in visible(catalog)} <= {"schema", "extension", "default-acl", "publication", "setting"}
    publication = await (connection := await base.user()).fetchval("SELECT pubowner::regrole::text FROM pg_publication")
    assert publication == "postgres"
    await connection.close()


async def test_the_user_s_role_is_no_superuser_and_acts_for_the_services(user: asyncpg.Connection) -> None:
    role = await row(
        user,
        "SELECT rolsuper, rolcreaterole, rolbypassrls, array(SELECT r::text FROM unnest("
        "'{anon,authenticated,service_role,supabase_auth_admin,supabase_storage_admin}'::regrole[]) r "
        "WHERE NOT pg_has_role(r, 'MEMBER')) FROM pg_roles WHERE rolname = current_user",
    )
    assert role == (False, True, True, [])
    assert await user.fetchval("SHOW search_path") == '"$user", public, extensions'


async def test_policies_know_who_asks(user: asyncpg.Connection) -> None:
    await user.execute(
        "CREATE TABLE note (id int, author uuid DEFAULT auth.uid());"
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON note USING (author = (SELECT auth.uid()) AND auth.role() = 'authenticated')"
    )
    await user.execute(f"INSERT INTO note VALUES (1, '{ANN}'), (2, '{uuid.uuid4()}')")
    assert await row(user, "SELECT auth.uid(), auth.role(), auth.jwt()") == (None, None, None)
    await claim(user, sub=ANN, role="authenticated", email="ann@example.org", app_metadata={"team": "blue"})
    await user.execute("SET LOCAL ROLE authenticated")
    assert [row[0] for row in await user.fetch("SELECT id FROM note")] == [1]
    assert await user.fetchval("SELECT auth.email()") == "ann@example.org"
    assert await user.fetchval("SELECT auth.jwt() -> 'app_metadata' ->> 'team'") == "blue"
    await user.execute("SET LOCAL ROLE anon")
    await claim(user, role="anon")
    assert await user.fetch("SELECT id FROM note") == []


async def test_files_are_kept_apart_by_folder(user: asyncpg.Connection) -> None:
    await user.execute(
        "INSERT INTO storage.buckets (id, name, public) VALUES ('avatars', 'avatars', true);"
        "CREATE POLICY own ON storage.objects FOR ALL TO authenticated "
        "USING (bucket_id = 'avatars' AND (storage.foldername(name))[1] = auth.uid()::text)"
    )
    await claim(user, sub=ANN, role="authenticated")
    await user.execute("SET LOCAL ROLE authenticated")
    await user.execute(
        "INSERT INTO storage.objects (bucket_id, name, metadata) VALUES "
        f"('avatars', '{ANN}/me.small.png', '{{\"size\": 5}}')"
    )
    names = await row(user, "SELECT path_tokens, storage.filename(name), storage.extension(name) FROM storage.objects")
    assert names == ([ANN, "me.small.png"], "me.small.png", "png")
    assert await row(user, "SELECT * FROM storage.get_size_by_bucket()") == (5, "avatars")
    assert await user.fetchval("SELECT name FROM storage.search('', 'avatars')") == ANN
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await user.execute("INSERT INTO storage.objects (bucket_id, name) VALUES ('avatars', 'somebody/else.png')")


async def test_a_sign_up_runs_the_project_s_trigger(user: asyncpg.Connection) -> None:
    await user.execute(
        "CREATE TABLE profile (id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE, name text);"
        "CREATE FUNCTION greet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN "
        "INSERT INTO public.profile VALUES (new.id, new.raw_user_meta_data ->> 'name'); RETURN new; END $$;"
        "CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION greet()"
    )
    await user.execute(f"INSERT INTO auth.users (id, raw_user_meta_data) VALUES ('{ANN}', '{{\"name\": \"Ann\"}}')")
    assert await user.fetchval("SELECT name FROM profile") == "Ann"


async def test_new_tables_are_granted_to_the_api(user: asyncpg.Connection) -> None:
    await user.execute("CREATE TABLE thing (id int)")
    for role in ("anon", "authenticated", "service_role"):
        assert await user.fetchval("SELECT has_table_privilege($1, 'thing', 'INSERT')", role)


async def test_jobs_requests_and_secrets_are_taken(user: asyncpg.Connection) -> None:
    job = await user.fetchval("SELECT cron.schedule('nightly', '0 3 * * *', $$SELECT 1$$)")
    assert await user.fetchval("SELECT cron.schedule('nightly', '0 4 * * *', $$SELECT 2$$)") == job
    await user.execute("SELECT cron.alter_job($1, active := false)", job)
    found = await row(user, "SELECT schedule, command, active, username FROM cron.job WHERE jobid = $1", job)
    assert found == ("0 4 * * *", "SELECT 2", False, "postgres")
    assert await user.fetchval("SELECT cron.unschedule('nightly')") is True
    first = await user.fetchval("SELECT net.http_post(url := 'https://example.org', headers := '{\"k\": \"v\"}')")
    assert await user.fetchval("SELECT net.http_get('https://example.org')") == first + 1
    assert await user.fetchval("SELECT count(*) FROM net.http_request_queue") == 0
    secret = await user.fetchval("SELECT vault.create_secret('s3cret', 'api_key', 'for a test')")
    await user.execute("SELECT vault.update_secret($1, 'other')", secret)
    assert await user.fetchval("SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'api_key'") == "other"
    await user.execute("SAVEPOINT before")
    with pytest.raises(asyncpg.RaiseError, match="invalid schedule"):
        await user.execute("SELECT cron.schedule('often', 'now and then', 'SELECT 1')")
    await user.execute("ROLLBACK TO before")
    await user.execute(
        "CREATE TABLE hooked (id int); CREATE TRIGGER hook AFTER INSERT ON hooked FOR EACH ROW EXECUTE FUNCTION "
        "supabase_functions.http_request('https://example.org', 'POST', '{}', '{}', '1000');"
        "INSERT INTO hooked VALUES (1)"
    )
    assert await user.fetchval("SELECT count(*) FROM supabase_functions.hooks") == 1


async def test_queues_work(user: asyncpg.Connection) -> None:
    await user.execute("CREATE EXTENSION IF NOT EXISTS pgmq; SELECT pgmq.create('mail')")
    assert await user.fetchval("SELECT pgmq.send('mail', '{\"to\": \"ann\"}')") == 1
    assert [row[0] for row in await user.fetch("SELECT pgmq.send_batch('mail', ARRAY['{}', '{}']::jsonb[])")] == [2, 3]
    read = await user.fetch("SELECT msg_id, read_ct, message FROM pgmq.read('mail', 30, 1)")
    assert [tuple(row) for row in read] == [(1, 1, '{"to": "ann"}')]
    assert await user.fetchval("SELECT pgmq.archive('mail', 1)") is True
    assert await user.fetchval("SELECT msg_id FROM pgmq.pop('mail')") == 2
    assert await user.fetchval("SELECT pgmq.delete('mail', 3)") is True
    assert await user.fetchval("SELECT (pgmq.metrics('mail')).queue_length") == 0
    assert await user.fetchval("SELECT queue_name FROM pgmq.list_queues()") == "mail"
    assert await user.fetchval("SELECT pgmq.drop_queue('mail')") is True


async def test_hashes_and_names_are_real(user: asyncpg.Connection) -> None:
    for length in (0, 3, 55, 56, 64, 200):
        data, key = b"x" * length, b"k" * length
        for kind in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            expected = hashlib.new(kind, data).digest(), hmac.new(key, data, kind).digest()
            assert await row(user, "SELECT digest($1::bytea, $3), hmac($1::bytea, $2, $3)", data, key, kind) == (
                expected
            )
    assert await user.fetchval("SELECT uuid_generate_v5(uuid_ns_url(), 'ä')") == uuid.uuid5(uuid.NAMESPACE_URL, "ä")
    assert await user.fetchval("SELECT uuid_generate_v3(uuid_ns_dns(), 'ä')") == uuid.uuid3(uuid.NAMESPACE_DNS, "ä")
    one, four = await user.fetchrow("SELECT uuid_generate_v1(), uuid_generate_v4()") or (None, None)
    assert (uuid.UUID(str(one)).version, uuid.UUID(str(four)).version) == (1, 4)
    await user.execute("CREATE EXTENSION pgjwt WITH SCHEMA extensions")
    signed = await user.fetchval("""SELECT sign('{"sub":"1234567890"}', 'secret')""")
    body = signed.rpartition(".")[0]
    mark = hmac.new(b"secret", body.encode(), "sha256").digest()
    assert await user.fetchval("SELECT url_decode($1)", signed.rpartition(".")[2]) == mark
    assert await user.fetchval("SELECT valid FROM verify($1, 'secret')", signed) is True


async def test_what_somebody_else_made_under_such_a_name_is_left_alone(base: Base) -> None:
    await base.cluster.create_database("theirs", owner="postgres")
    user = await base.user("theirs")
    await user.execute(
        "CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'"
    )
    connection = await base.cluster.connect("theirs", user="supabase_admin", password=PASSWORD)
    await connection.execute("COMMENT ON ROLE supabase_read_only_user IS NULL")
    notes = await baseline.complete(connection, "postgres")
    assert "schema auth" in notes[-1]
    assert await user.fetchval("SELECT to_regclass('auth.users')") is None
    assert await user.fetchval("SELECT to_regclass('storage.objects')::text") == "storage.objects"
    await connection.close()
    await user.close()


async def test_no_function_of_the_user_s_runs_as_the_superuser(base: Base) -> None:
    await base.cluster.create_database("trap", owner="postgres")
    user = await base.user("trap")
    for arguments in ("text, name", "text, text", "text, text, text", "text, name, text", "text, text, text, text"):
        await user.execute(
            f"CREATE FUNCTION public.format({arguments}) RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'caught'; END $$"
        )
    await user.execute("CREATE SCHEMA extensions; ALTER ROLE postgres IN DATABASE trap SET search_path = public")
    connection = await base.cluster.connect("trap", user="supabase_admin", password=PASSWORD)
    await connection.execute("COMMENT ON ROLE supabase_read_only_user IS NULL")
    await baseline.complete(connection, "postgres")
    await user.execute("CREATE EXTENSION pg_cron; CREATE EXTENSION pgmq")
    await connection.close()
    await user.close()
