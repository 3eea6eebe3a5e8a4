-- JSON Web Tokens signed and verified with pgcrypto's hmac(), wherever that was installed.
CREATE FUNCTION @extschema@.url_encode(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;
CREATE FUNCTION @extschema@.url_decode(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT decode(rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64')
$$;
CREATE FUNCTION @extschema@.algorithm_sign(signables text, secret text, algorithm text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    signature bytea;
    home regnamespace;
BEGIN
    IF algorithm NOT IN ('HS256', 'HS384', 'HS512') THEN
        RETURN @extschema@.url_encode('');
    END IF;
    SELECT extnamespace INTO home FROM pg_catalog.pg_extension WHERE extname = 'pgcrypto';
    EXECUTE format('SELECT %s.hmac($1, $2, $3)', home) INTO signature
        USING signables, secret, replace(algorithm, 'HS', 'sha');
    RETURN @extschema@.url_encode(signature);
END
$$;
CREATE FUNCTION @extschema@.sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    WITH parts AS (
        SELECT @extschema@.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) || '.'
            || @extschema@.url_encode(convert_to(payload::text, 'utf8')) AS signables
    )
    SELECT signables || '.' || @extschema@.algorithm_sign(signables, secret, algorithm) FROM parts
$$;
CREATE FUNCTION @extschema@.verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE (header json, payload json, valid boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_from(@extschema@.url_decode(r[1]), 'utf8')::json,
        convert_from(@extschema@.url_decode(r[2]), 'utf8')::json,
        r[3] = @extschema@.algorithm_sign(r[1] || '.' || r[2], secret, algorithm)
    FROM regexp_split_to_array(token, '\.') AS r
$$;
CREATE FUNCTION @extschema@.try_cast_double(inp text) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN inp::double precision;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;
