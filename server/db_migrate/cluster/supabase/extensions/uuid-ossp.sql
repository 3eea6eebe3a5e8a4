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
CREATE FUNCTION @extschema@._sha1_of(data bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    word CONSTANT bigint := 4294967295;
    padded bytea := data || '\x80' || decode(repeat('00', (119 - length(data) % 64) % 64), 'hex')
        || int8send(length(data)::bigint * 8);
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; t bigint;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        FOR i IN 0 .. 15 LOOP
            t := block * 64 + i * 4;
            w[i] := (get_byte(padded, t::integer)::bigint << 24) | (get_byte(padded, t::integer + 1) << 16)
                | (get_byte(padded, t::integer + 2) << 8) | get_byte(padded, t::integer + 3);
        END LOOP;
        FOR i IN 16 .. 79 LOOP
            t := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
            w[i] := ((t << 1) | (t >> 31)) & word;
        END LOOP;
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR i IN 0 .. 79 LOOP
            IF i < 20 THEN f := (b & c) | ((b # word) & d); k := 1518500249;
            ELSIF i < 40 THEN f := b # c # d; k := 1859775393;
            ELSIF i < 60 THEN f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE f := b # c # d; k := 3395469782;
            END IF;
            t := ((((a << 5) | (a >> 27)) & word) + f + e + k + w[i]) & word;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & word; b := a; a := t;
        END LOOP;
        h := ARRAY[(h[1] + a) & word, (h[2] + b) & word, (h[3] + c) & word, (h[4] + d) & word, (h[5] + e) & word];
    END LOOP;
    RETURN int4send(((h[1] # 2147483648) - 2147483648)::integer) || int4send(((h[2] # 2147483648) - 2147483648)::integer)
        || int4send(((h[3] # 2147483648) - 2147483648)::integer) || int4send(((h[4] # 2147483648) - 2147483648)::integer)
        || int4send(((h[5] # 2147483648) - 2147483648)::integer);
END
$$;
CREATE FUNCTION @extschema@.uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT @extschema@._stamped(@extschema@._sha1_of(uuid_send(namespace) || convert_to(name, 'UTF8')), 5)
$$;
