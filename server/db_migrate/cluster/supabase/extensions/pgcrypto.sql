-- Hashes and random numbers are real. Where encryption would be needed, a throwaway database gets something of the
-- right shape; a durable one gets an error, or for a password a hash that nothing ever equals.
CREATE FUNCTION @extschema@._throwaway() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT current_setting('cluster_name') = 'db-migrate shadow'
        AND current_setting('db_migrate.durable', true) IS DISTINCT FROM 'on'
$$;
CREATE FUNCTION @extschema@._refuse(what text) RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT @extschema@._throwaway() THEN
        RAISE EXCEPTION '%() cannot encrypt here: this Postgres was built without pgcrypto', what
            USING ERRCODE = 'feature_not_supported',
            HINT = 'Set [shadow] binaries to a PostgreSQL installation with contrib, or give dev a URL of its own.';
    END IF;
END
$$;
CREATE FUNCTION @extschema@.digest(bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE lower($2)
        WHEN 'md5' THEN RETURN decode(md5($1), 'hex');
        WHEN 'sha1' THEN RETURN @extschema@._sha1($1);
        WHEN 'sha224' THEN RETURN sha224($1);
        WHEN 'sha256' THEN RETURN sha256($1);
        WHEN 'sha384' THEN RETURN sha384($1);
        WHEN 'sha512' THEN RETURN sha512($1);
        ELSE RAISE EXCEPTION 'Cannot use "%": No such hash algorithm', $2 USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;
CREATE FUNCTION @extschema@.digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.digest(pg_catalog.convert_to($1, 'UTF8'), $2)
$$;
CREATE FUNCTION @extschema@.hmac(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size CONSTANT integer := CASE WHEN lower($3) IN ('sha384', 'sha512') THEN 128 ELSE 64 END;
    key bytea := CASE WHEN length($2) > size THEN @extschema@.digest($2, $3) ELSE $2 END;
    inner_pad bytea := decode(repeat('36', size), 'hex');
    outer_pad bytea := decode(repeat('5c', size), 'hex');
BEGIN
    FOR i IN 0 .. length(key) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(key, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(key, i) # 92);
    END LOOP;
    RETURN @extschema@.digest(outer_pad || @extschema@.digest(inner_pad || $1, $3), $3);
END
$$;
CREATE FUNCTION @extschema@.hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.hmac(pg_catalog.convert_to($1, 'UTF8'), pg_catalog.convert_to($2, 'UTF8'), $3)
$$;
CREATE FUNCTION @extschema@.gen_random_bytes(integer) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bytea := '';
BEGIN
    IF $1 < 1 OR $1 > 1024 THEN
        RAISE EXCEPTION 'Length not in range' USING ERRCODE = 'external_routine_invocation_exception';
    END IF;
    -- A version 4 UUID has 122 random bits of the system's strong source: three of them fill a SHA-256.
    WHILE length(found) < $1 LOOP
        found := found || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
            || uuid_send(gen_random_uuid()));
    END LOOP;
    RETURN substr(found, 1, $1);
END
$$;
CREATE FUNCTION @extschema@.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT pg_catalog.gen_random_uuid()
$$;
CREATE FUNCTION @extschema@.gen_salt(text, integer) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    salt text := replace(replace(replace(encode(@extschema@.gen_random_bytes(32), 'base64'), '+', '.'), '=', ''),
        E'\n', '');
BEGIN
    CASE lower($1)
        WHEN 'bf' THEN RETURN '$2a$' || lpad((CASE $2 WHEN 0 THEN 6 ELSE $2 END)::text, 2, '0') || '$' || left(salt, 22);
        WHEN 'md5' THEN RETURN '$1$' || left(salt, 8);
        WHEN 'xdes' THEN RETURN '_J9..' || left(salt, 4);
        WHEN 'des' THEN RETURN left(salt, 2);
        WHEN 'sha256crypt' THEN RETURN '$5$' || left(salt, 16);
        WHEN 'sha512crypt' THEN RETURN '$6$' || left(salt, 16);
        ELSE RAISE EXCEPTION 'gen_salt: Unknown salt algorithm' USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;
CREATE FUNCTION @extschema@.gen_salt(text) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
    SELECT @extschema@.gen_salt($1, 0)
$$;
CREATE FUNCTION @extschema@.crypt(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF @extschema@._throwaway() THEN
        RETURN left($2, 29) || left(translate(encode(sha256(convert_to($1 || left($2, 29), 'UTF8')), 'base64'), '+=', '.'), 31);
    END IF;
    -- A weak hash of a password must never be kept. One that begins with a star is no hash: it locks the account.
    RAISE WARNING 'crypt() cannot hash here: this Postgres was built without pgcrypto; no password will match'
        USING HINT = 'Set [shadow] binaries to a PostgreSQL installation with contrib, or give dev a URL of its own.';
    RETURN '*' || encode(sha256(uuid_send(gen_random_uuid())), 'hex');
END
$$;
CREATE FUNCTION @extschema@.encrypt(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    PERFORM @extschema@._refuse('encrypt');
    RETURN $1;
END
$$;
CREATE FUNCTION @extschema@.decrypt(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    PERFORM @extschema@._refuse('decrypt');
    RETURN $1;
END
$$;
CREATE FUNCTION @extschema@.encrypt_iv(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    PERFORM @extschema@._refuse('encrypt_iv');
    RETURN $1;
END
$$;
CREATE FUNCTION @extschema@.decrypt_iv(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    PERFORM @extschema@._refuse('decrypt_iv');
    RETURN $1;
END
$$;
DO $$
DECLARE
    name text;
    options text;
    key text;
    key_types text;
BEGIN
    -- The family of pgp_*: each with and without options, decryption by a public key with and without its password.
    FOREACH name IN ARRAY ARRAY['pgp_sym', 'pgp_pub'] LOOP
        key := CASE name WHEN 'pgp_sym' THEN 'text' ELSE 'bytea' END;
        FOREACH options IN ARRAY ARRAY['', ', text'] LOOP
            EXECUTE pg_catalog.format('CREATE FUNCTION @extschema@.%s_encrypt(text, %s%s) RETURNS bytea LANGUAGE plpgsql VOLATILE
                STRICT AS $b$BEGIN PERFORM @extschema@._refuse(%L); RETURN pg_catalog.convert_to($1, %L); END$b$',
                name, key, options, name || '_encrypt', 'UTF8');
            EXECUTE pg_catalog.format('CREATE FUNCTION @extschema@.%s_encrypt_bytea(bytea, %s%s) RETURNS bytea LANGUAGE plpgsql
                VOLATILE STRICT AS $b$BEGIN PERFORM @extschema@._refuse(%L); RETURN $1; END$b$',
                name, key, options, name || '_encrypt_bytea');
        END LOOP;
        FOREACH key_types IN ARRAY CASE name WHEN 'pgp_sym' THEN ARRAY['text', 'text, text']
            ELSE ARRAY['bytea', 'bytea, text', 'bytea, text, text'] END
        LOOP
            EXECUTE pg_catalog.format('CREATE FUNCTION @extschema@.%s_decrypt(bytea, %s) RETURNS text LANGUAGE plpgsql IMMUTABLE
                STRICT AS $b$BEGIN PERFORM @extschema@._refuse(%L); RETURN pg_catalog.convert_from($1, %L); END$b$',
                name, key_types, name || '_decrypt', 'UTF8');
            EXECUTE pg_catalog.format('CREATE FUNCTION @extschema@.%s_decrypt_bytea(bytea, %s) RETURNS bytea LANGUAGE plpgsql
                IMMUTABLE STRICT AS $b$BEGIN PERFORM @extschema@._refuse(%L); RETURN $1; END$b$',
                name, key_types, name || '_decrypt_bytea');
        END LOOP;
    END LOOP;
END
$$;
CREATE FUNCTION @extschema@.pgp_key_id(bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 'ANYKEY'::text $$;
CREATE FUNCTION @extschema@.armor(bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT E'-----BEGIN PGP MESSAGE-----\n\n' || encode($1, 'base64') || E'\n-----END PGP MESSAGE-----\n'
$$;
CREATE FUNCTION @extschema@.armor(bytea, text[], text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT @extschema@.armor($1)
$$;
CREATE FUNCTION @extschema@.pgp_armor_headers(text, OUT key text, OUT value text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT ''::text, ''::text WHERE false $$;
CREATE FUNCTION @extschema@.dearmor(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT decode(regexp_replace($1, '-----[^-]+-----', '', 'g'), 'base64')
$$;
