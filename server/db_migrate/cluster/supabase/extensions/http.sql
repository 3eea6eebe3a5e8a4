-- No request leaves: every answer is 503.
CREATE DOMAIN @extschema@.http_method AS text;
CREATE DOMAIN @extschema@.content_type AS text CHECK (VALUE ~ '^\S+\/\S+');
CREATE TYPE @extschema@.http_header AS (field varchar, value varchar);
CREATE TYPE @extschema@.http_response AS (
    status integer, content_type varchar, headers @extschema@.http_header[], content varchar
);
CREATE TYPE @extschema@.http_request AS (
    method @extschema@.http_method, uri varchar, headers @extschema@.http_header[], content_type varchar,
    content varchar
);
CREATE FUNCTION @extschema@.http_header(field varchar, value varchar) RETURNS @extschema@.http_header
LANGUAGE sql AS $$ SELECT $1, $2 $$;
CREATE FUNCTION @extschema@.http(request @extschema@.http_request) RETURNS @extschema@.http_response
LANGUAGE sql AS $$
    SELECT 503, 'text/plain'::varchar, ARRAY[]::@extschema@.http_header[], 'No request is sent from here.'::varchar
$$;
CREATE FUNCTION @extschema@.http_get(uri varchar) RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('GET', $1, NULL, NULL, NULL)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_get(uri varchar, data jsonb) RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('GET', $1, NULL, NULL, NULL)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_post(uri varchar, content varchar, content_type varchar)
RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('POST', $1, NULL, $3, $2)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_post(uri varchar, data jsonb) RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('POST', $1, NULL, NULL, NULL)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_put(uri varchar, content varchar, content_type varchar)
RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('PUT', $1, NULL, $3, $2)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_patch(uri varchar, content varchar, content_type varchar)
RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('PATCH', $1, NULL, $3, $2)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_delete(uri varchar) RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('DELETE', $1, NULL, NULL, NULL)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_delete(uri varchar, content varchar, content_type varchar)
RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('DELETE', $1, NULL, $3, $2)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_head(uri varchar) RETURNS @extschema@.http_response LANGUAGE sql AS $$
    SELECT @extschema@.http(('HEAD', $1, NULL, NULL, NULL)::@extschema@.http_request)
$$;
CREATE FUNCTION @extschema@.http_set_curlopt(curlopt varchar, value varchar) RETURNS boolean LANGUAGE sql AS $$
    SELECT true
$$;
CREATE FUNCTION @extschema@.http_reset_curlopt() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE FUNCTION @extschema@.http_list_curlopt() RETURNS TABLE (curlopt text, value text) LANGUAGE sql AS $$
    SELECT NULL::text, NULL::text WHERE false
$$;
CREATE FUNCTION @extschema@.urlencode(string varchar) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT string_agg(
        CASE WHEN letter ~ '^[A-Za-z0-9_.~-]$' THEN letter
            ELSE regexp_replace(upper(encode(convert_to(letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, ''
        ORDER BY place)
    FROM regexp_split_to_table($1, '') WITH ORDINALITY AS split (letter, place)
$$;
CREATE FUNCTION @extschema@.urlencode(string bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT @extschema@.urlencode(convert_from($1, 'UTF8')::varchar)
$$;
CREATE FUNCTION @extschema@.urlencode(data jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT string_agg(
        @extschema@.urlencode(key::varchar) || '=' || @extschema@.urlencode(value::varchar), '&' ORDER BY key)
    FROM jsonb_each_text($1)
$$;
CREATE FUNCTION @extschema@.text_to_bytea(data text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT convert_to($1, 'UTF8')
$$;
CREATE FUNCTION @extschema@.bytea_to_text(data bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT convert_from($1, 'UTF8')
$$;
