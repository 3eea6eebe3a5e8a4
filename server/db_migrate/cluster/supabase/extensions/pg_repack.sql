CREATE SCHEMA repack;
CREATE FUNCTION repack.version() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'pg_repack stand-in'::text $$;
CREATE FUNCTION repack.version_sql() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'pg_repack stand-in'::text $$;
