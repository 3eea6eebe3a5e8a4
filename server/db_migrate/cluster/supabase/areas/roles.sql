-- The roles of a Supabase project. {application} is the one that people and migrations use; it is no superuser.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('anon', 'NOLOGIN NOINHERIT'),
            ('authenticated', 'NOLOGIN NOINHERIT'),
            ('service_role', 'NOLOGIN NOINHERIT BYPASSRLS'),
            ('authenticator', 'LOGIN NOINHERIT'),
            ('supabase_auth_admin', 'NOLOGIN NOINHERIT CREATEROLE'),
            ('supabase_storage_admin', 'NOLOGIN NOINHERIT CREATEROLE'),
            ('supabase_functions_admin', 'NOLOGIN NOINHERIT CREATEROLE'),
            ('supabase_realtime_admin', 'NOLOGIN NOINHERIT'),
            ('supabase_replication_admin', 'NOLOGIN REPLICATION'),
            ('supabase_read_only_user', 'NOLOGIN BYPASSRLS'),
            ('dashboard_user', 'NOLOGIN CREATEDB CREATEROLE REPLICATION'),
            ('pgbouncer', 'NOLOGIN'),
            ('pgsodium_keyholder', 'NOLOGIN'),
            ('pgsodium_keyiduser', 'NOLOGIN'),
            ('pgsodium_keymaker', 'NOLOGIN')
        ) AS role (name, attributes)
        WHERE name NOT IN (SELECT rolname FROM pg_catalog.pg_roles)
    LOOP
        EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
    END LOOP;
END
$$;
GRANT anon, authenticated, service_role TO authenticator;
GRANT anon, authenticated, service_role, authenticator TO {application};
GRANT supabase_auth_admin, supabase_storage_admin, supabase_functions_admin, supabase_realtime_admin TO {application};
GRANT anon, authenticated, service_role TO supabase_storage_admin;
GRANT pg_read_all_data TO supabase_read_only_user;
GRANT pgsodium_keyiduser TO pgsodium_keyholder;
GRANT pgsodium_keyholder TO pgsodium_keymaker;
