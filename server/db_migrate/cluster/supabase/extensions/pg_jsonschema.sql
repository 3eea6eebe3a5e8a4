-- Checks that a schema is a JSON object and takes every instance for valid.
CREATE FUNCTION @extschema@.json_matches_schema(schema json, instance json) RETURNS boolean LANGUAGE sql IMMUTABLE
STRICT PARALLEL SAFE AS $$ SELECT json_typeof(schema) IN ('object', 'boolean') $$;
CREATE FUNCTION @extschema@.jsonb_matches_schema(schema json, instance jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
STRICT PARALLEL SAFE AS $$ SELECT json_typeof(schema) IN ('object', 'boolean') $$;
CREATE FUNCTION @extschema@.jsonschema_is_valid(schema json) RETURNS boolean LANGUAGE sql IMMUTABLE
STRICT PARALLEL SAFE AS $$ SELECT json_typeof(schema) IN ('object', 'boolean') $$;
CREATE FUNCTION @extschema@.jsonschema_validation_errors(schema json, instance json) RETURNS text[] LANGUAGE sql
IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ARRAY[]::text[] $$;
