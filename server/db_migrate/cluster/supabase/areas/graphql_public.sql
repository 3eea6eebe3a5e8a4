-- The schema through which the API answers GraphQL.
CREATE SCHEMA IF NOT EXISTS graphql_public;
GRANT USAGE ON SCHEMA graphql_public TO {application}, anon, authenticated, service_role;
CREATE OR REPLACE FUNCTION graphql_public.graphql(
    "operationName" text DEFAULT NULL, query text DEFAULT NULL, variables jsonb DEFAULT NULL,
    extensions jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE sql AS $$
    SELECT graphql.resolve(
        query := query, variables := coalesce(variables, '{}'), "operationName" := "operationName",
        extensions := extensions
    )
$$;
GRANT EXECUTE ON FUNCTION graphql_public.graphql(text, text, jsonb, jsonb)
    TO {application}, anon, authenticated, service_role;
