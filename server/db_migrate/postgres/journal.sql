-- The journal: every statement that touches db_migrate or supabase_migrations. `-- name:` begins a query.

-- name: exists
SELECT count(*) = 3
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'db_migrate' AND c.relname IN ('runs', 'migrations')
   OR n.nspname = 'supabase_migrations' AND c.relname = 'schema_migrations'
      AND 2 = (SELECT count(*) FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname IN ('statements', 'name') AND NOT a.attisdropped);

-- name: create_ours
CREATE SCHEMA IF NOT EXISTS db_migrate;
COMMENT ON SCHEMA db_migrate IS
    'Journal of db-migrate (version 1): what it ran here, with the rollback of each migration. Do not edit by hand.';
CREATE TABLE IF NOT EXISTS db_migrate.runs (
    plan_id text PRIMARY KEY,
    digest text NOT NULL,
    env text NOT NULL,
    version text NOT NULL,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('executing', 'applied', 'rolled_back', 'failed')),
    statements integer NOT NULL,
    fingerprint text,
    fingerprint_after text,
    starts integer NOT NULL DEFAULT 1,
    backend_pid integer NOT NULL,
    tool_version text NOT NULL,
    problem text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE TABLE IF NOT EXISTS db_migrate.steps (
    plan_id text NOT NULL REFERENCES db_migrate.runs,
    number integer NOT NULL,
    sql_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('intent', 'done')),
    seen bigint[] NOT NULL DEFAULT '{}',
    fingerprint text,
    ms double precision,
    attempts integer NOT NULL DEFAULT 1,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (plan_id, number)
);
CREATE TABLE IF NOT EXISTS db_migrate.migrations (
    version text PRIMARY KEY,
    name text NOT NULL,
    plan_id text NOT NULL UNIQUE,
    digest text NOT NULL,
    env text NOT NULL,
    sql text[] NOT NULL,
    rollback text[] NOT NULL,
    rollback_proof text NOT NULL,
    source text,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT current_user,
    approved_by text NOT NULL,
    tool_version text NOT NULL,
    rolled_back_by text,
    rolled_back_at timestamptz
);

-- name: create_supabase
CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (
    version text NOT NULL PRIMARY KEY,
    statements text[],
    name text
);
ALTER TABLE supabase_migrations.schema_migrations
    ADD COLUMN IF NOT EXISTS statements text[], ADD COLUMN IF NOT EXISTS name text;

-- name: close_to_others
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT c.oid::regclass AS relation,
               CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'db_migrate'::regnamespace AND c.relkind = 'r' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', granted.relation, granted.grantee);
    END LOOP;
    FOR granted IN
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
        FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE n.nspname = 'db_migrate' AND a.grantee <> n.nspowner
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA db_migrate FROM %s', granted.grantee);
    END LOOP;
END
$$;

-- name: begin_run
INSERT INTO db_migrate.runs (plan_id, digest, env, version, name, state, statements, fingerprint, backend_pid,
                             tool_version)
VALUES ($1, $2, $3, $4, $5, 'executing', $6, $7, pg_backend_pid(), $8)
ON CONFLICT (plan_id) DO UPDATE
    SET state = 'executing', starts = runs.starts + 1, backend_pid = pg_backend_pid(), problem = NULL,
        finished_at = NULL, tool_version = excluded.tool_version;

-- name: run
SELECT digest, version, state, fingerprint, fingerprint_after, problem FROM db_migrate.runs WHERE plan_id = $1;

-- name: steps
SELECT number, sql_sha256, state, seen, fingerprint, coalesce(ms, 0) AS ms, attempts
FROM db_migrate.steps WHERE plan_id = $1 ORDER BY number;

-- name: unfinished
SELECT plan_id FROM db_migrate.runs r
WHERE (state = 'executing'
       OR state = 'failed' AND EXISTS (SELECT FROM db_migrate.steps s WHERE s.plan_id = r.plan_id))
  AND NOT EXISTS (SELECT FROM db_migrate.migrations m WHERE m.applied_at > r.started_at)
ORDER BY started_at DESC LIMIT 1;

-- name: intend
INSERT INTO db_migrate.steps (plan_id, number, sql_sha256, state, seen, fingerprint)
VALUES ($1, $2, $3, 'intent', $4, $5);

-- name: done
INSERT INTO db_migrate.steps (plan_id, number, sql_sha256, state, ms, attempts, finished_at)
SELECT $1, number, sql_sha256, 'done', ms, $5, clock_timestamp()
FROM unnest($2::int[], $3::text[], $4::float8[]) AS step (number, sql_sha256, ms)
ON CONFLICT (plan_id, number) DO UPDATE
    SET state = 'done', ms = excluded.ms, attempts = excluded.attempts, finished_at = excluded.finished_at;

-- name: forget_intent
DELETE FROM db_migrate.steps WHERE plan_id = $1 AND number = $2 AND state = 'intent';

-- name: end_run
UPDATE db_migrate.runs SET state = $2, problem = $3, finished_at = clock_timestamp()
WHERE plan_id = $1 AND state <> 'applied';

-- name: schema_unknown
UPDATE db_migrate.runs SET fingerprint = NULL WHERE plan_id = $1;

-- name: schema_is
UPDATE db_migrate.runs SET fingerprint = $2 WHERE plan_id = $1;

-- name: schema_after
UPDATE db_migrate.runs SET fingerprint_after = $2 WHERE plan_id = $1;

-- name: record
INSERT INTO db_migrate.migrations (version, name, plan_id, digest, env, sql, rollback, rollback_proof, source, sha256,
                                   approved_by, tool_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: record_for_supabase
INSERT INTO supabase_migrations.schema_migrations (version, statements, name) VALUES ($1, $2, $3);

-- name: mark_rolled_back
UPDATE db_migrate.migrations SET rolled_back_by = $2, rolled_back_at = clock_timestamp()
WHERE version = $1 AND rolled_back_by IS NULL;

-- name: taken
SELECT plan_id FROM db_migrate.migrations WHERE version = $1
UNION ALL
SELECT NULL FROM supabase_migrations.schema_migrations WHERE version = $1
LIMIT 1;

-- name: undone_by
SELECT rolled_back_by FROM db_migrate.migrations WHERE version = $1;

-- name: readable
SELECT n.nspname::text AS schema,
       bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) AS may
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'db_migrate' AND c.relname IN ('migrations', 'runs', 'steps')
   OR n.nspname = 'supabase_migrations' AND c.relname = 'schema_migrations'
GROUP BY 1;

-- name: history_ours
SELECT version, name, plan_id, digest, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS applied_at,
       approved_by, sql, rollback, rollback_proof, source, sha256, rolled_back_by
FROM db_migrate.migrations ORDER BY version DESC LIMIT $1;

-- name: history_theirs
SELECT version, coalesce(to_jsonb(m) ->> 'name', '') AS name, coalesce(to_jsonb(m) -> 'statements', '[]')::text AS sql
FROM supabase_migrations.schema_migrations m ORDER BY version DESC LIMIT $1;
