-- Finds nothing.
CREATE FUNCTION @extschema@.plpgsql_check_function(
    funcoid regprocedure, relid regclass DEFAULT 0, format text DEFAULT 'text', fatal_errors boolean DEFAULT true,
    other_warnings boolean DEFAULT true, performance_warnings boolean DEFAULT false,
    extra_warnings boolean DEFAULT true, security_warnings boolean DEFAULT false
) RETURNS SETOF text LANGUAGE sql AS $$ SELECT ''::text WHERE false $$;
