-- What new objects in `public` give to the API roles, what Realtime listens to, and where names are looked for.
GRANT USAGE ON SCHEMA public TO {application}, anon, authenticated, service_role;
GRANT CREATE ON SCHEMA public TO {application};
ALTER DEFAULT PRIVILEGES FOR ROLE {application} IN SCHEMA public
    GRANT ALL ON TABLES TO {application}, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE {application} IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO {application}, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE {application} IN SCHEMA public
    GRANT ALL ON SEQUENCES TO {application}, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public
    GRANT ALL ON TABLES TO {application}, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO {application}, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public
    GRANT ALL ON SEQUENCES TO {application}, anon, authenticated, service_role;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = 'supabase_realtime') THEN
        SET LOCAL client_min_messages = error;
        CREATE PUBLICATION supabase_realtime;
        ALTER PUBLICATION supabase_realtime OWNER TO {application};
        SET LOCAL client_min_messages = warning;
    END IF;
END
$$;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS given
        WHERE s.setrole = {role}::regrole AND given LIKE 'search_path=%'
    ) THEN
        ALTER ROLE {application} SET search_path = "$user", public, extensions;
    END IF;
END
$$;
