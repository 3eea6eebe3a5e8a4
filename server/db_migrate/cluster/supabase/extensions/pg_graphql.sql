-- Answers every query with an error in GraphQL's own form.
CREATE FUNCTION @extschema@.resolve(
    query text, variables jsonb DEFAULT '{}', "operationName" text DEFAULT NULL, extensions jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('data', NULL, 'errors', jsonb_build_array(
        jsonb_build_object('message', 'GraphQL is not answered here: pg_graphql is a stand-in without its engine')))
$$;
CREATE FUNCTION @extschema@._internal_resolve(
    query text, variables jsonb DEFAULT '{}', "operationName" text DEFAULT NULL, extensions jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE sql AS $$ SELECT @extschema@.resolve(query, variables, "operationName", extensions) $$;
CREATE FUNCTION @extschema@.comment_directive(comment_ text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((regexp_match(comment_, '@graphql\((.+)\)'))[1]::jsonb, '{}')
$$;
CREATE FUNCTION @extschema@.exception(message text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '22000', MESSAGE = message;
END
$$;
CREATE SEQUENCE @extschema@.seq_schema_version CYCLE;
CREATE FUNCTION @extschema@.get_schema_version() RETURNS integer LANGUAGE sql AS $$
    SELECT last_value::integer FROM @extschema@.seq_schema_version
$$;
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
GRANT SELECT ON SEQUENCE @extschema@.seq_schema_version TO PUBLIC;
