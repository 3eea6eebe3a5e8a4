-- Keys have numbers and no contents. What would encrypt says that it cannot.
CREATE TYPE @extschema@.key_status AS ENUM ('default', 'valid', 'invalid', 'expired');
CREATE TYPE @extschema@.key_type AS ENUM (
    'aead-ietf', 'aead-det', 'hmacsha512', 'hmacsha256', 'auth', 'shorthash', 'generichash', 'kdf', 'secretbox',
    'secretstream', 'stream_xchacha20'
);
CREATE SEQUENCE @extschema@.key_key_id_seq;
CREATE TABLE @extschema@.key (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    status @extschema@.key_status DEFAULT 'valid',
    created timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires timestamptz,
    key_type @extschema@.key_type,
    key_id bigint DEFAULT nextval('@extschema@.key_key_id_seq'),
    key_context bytea DEFAULT '\x7067736f6469756d',
    name text UNIQUE,
    associated_data text DEFAULT 'associated',
    raw_key bytea,
    raw_key_nonce bytea,
    parent_key uuid,
    comment text,
    user_data text
);
CREATE VIEW @extschema@.valid_key AS
    SELECT id, name, status, key_type, key_id, key_context, created, expires, associated_data FROM @extschema@.key
    WHERE status IN ('valid', 'default') AND (expires IS NULL OR expires > now());
CREATE FUNCTION @extschema@.create_key(
    key_type @extschema@.key_type DEFAULT 'aead-det', name text DEFAULT NULL, raw_key bytea DEFAULT NULL,
    raw_key_nonce bytea DEFAULT NULL, parent_key uuid DEFAULT NULL, key_context bytea DEFAULT '\x7067736f6469756d',
    expires timestamptz DEFAULT NULL, associated_data text DEFAULT ''
) RETURNS @extschema@.valid_key LANGUAGE sql AS $$
    INSERT INTO @extschema@.key (key_type, name, key_context, expires, associated_data)
    VALUES (key_type, name, key_context, expires, associated_data)
    RETURNING id, name, status, key_type, key_id, key_context, created, expires, associated_data
$$;
CREATE FUNCTION @extschema@._refuse(what text) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'pgsodium.% cannot encrypt here: pgsodium is a stand-in', what
        USING ERRCODE = 'feature_not_supported';
END
$$;
CREATE FUNCTION @extschema@.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT @extschema@._refuse('crypto_aead_det_encrypt') $$;
CREATE FUNCTION @extschema@.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea DEFAULT NULL)
RETURNS bytea LANGUAGE sql AS $$ SELECT @extschema@._refuse('crypto_aead_det_decrypt') $$;
CREATE FUNCTION @extschema@.randombytes_buf(size integer) RETURNS bytea LANGUAGE sql VOLATILE AS $$
    SELECT substr(string_agg(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), ''::bytea), 1, size)
    FROM generate_series(1, size / 32 + 1)
$$;
