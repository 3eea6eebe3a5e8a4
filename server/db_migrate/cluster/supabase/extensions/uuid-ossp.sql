-- Versions 3, 4 and 5 are what the RFC says; version 1 has a random node, as the RFC allows.
CREATE FUNCTION @extschema@.uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '00000000-0000-0000-0000-000000000000'::uuid
$$;
CREATE FUNCTION @extschema@.uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid
$$;
CREATE FUNCTION @extschema@.uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid
$$;
CREATE FUNCTION @extschema@.uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid
$$;
CREATE FUNCTION @extschema@.uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid
$$;
CREATE FUNCTION @extschema@.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT pg_catalog.gen_random_uuid()
$$;
CREATE FUNCTION @extschema@._stamped(hash bytea, version integer) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(set_byte(set_byte(substr(hash, 1, 16), 6, (get_byte(hash, 6) & 15) | (version << 4)), 8,
        (get_byte(hash, 8) & 63) | 128), 'hex')::uuid
$$;
CREATE FUNCTION @extschema@.uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    WITH ticks AS (
        SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000), 16, '0')
            AS t, uuid_send(gen_random_uuid()) AS r
    )
    SELECT @extschema@._stamped(
        decode(substr(t, 9, 8) || substr(t, 5, 4) || substr(t, 1, 4), 'hex') || substr(r, 1, 2)
            || set_byte(substr(r, 11, 6), 0, get_byte(r, 10) | 1), 1)
    FROM ticks
$$;
CREATE FUNCTION @extschema@.uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.uuid_generate_v1mc()
$$;
CREATE FUNCTION @extschema@.uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @extschema@._stamped(decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 3)
$$;
CREATE FUNCTION @extschema@.uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @extschema@._stamped(@extschema@._sha1_of(uuid_send(namespace) || convert_to(name, 'UTF8')), 5)
$$;
