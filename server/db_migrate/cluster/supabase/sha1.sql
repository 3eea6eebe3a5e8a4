-- Postgres has no SHA-1 of its own.
CREATE FUNCTION @extschema@.@sha1@(data bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
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
