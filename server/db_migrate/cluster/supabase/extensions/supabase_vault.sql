-- Not a vault: nothing is encrypted, so a durable database does not keep the secrets at all, only their names.
CREATE TABLE @extschema@.secrets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text,
    description text NOT NULL DEFAULT '',
    secret text NOT NULL,
    key_id uuid,
    nonce bytea DEFAULT uuid_send(gen_random_uuid()),
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX secrets_name_idx ON @extschema@.secrets (name) WHERE name IS NOT NULL;
CREATE FUNCTION @extschema@._keep_nothing() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.secret <> '' AND (current_setting('cluster_name') <> 'db-migrate shadow'
                             OR current_setting('db_migrate.durable', true) = 'on') THEN
        NEW.secret := '';
        RAISE WARNING 'the value of this secret is not kept: the vault of a db-migrate database does not encrypt'
            USING HINT = 'Reading it from vault.decrypted_secrets gives null here.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_nothing BEFORE INSERT OR UPDATE ON @extschema@.secrets
    FOR EACH ROW EXECUTE FUNCTION @extschema@._keep_nothing();
CREATE VIEW @extschema@.decrypted_secrets AS
    SELECT id, name, description, secret, nullif(secret, '') AS decrypted_secret, key_id, nonce, created_at, updated_at
    FROM @extschema@.secrets;
CREATE FUNCTION @extschema@.create_secret(
    new_secret text, new_name text DEFAULT NULL, new_description text DEFAULT '', new_key_id uuid DEFAULT NULL
) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO @extschema@.secrets (secret, name, description, key_id)
    VALUES (new_secret, new_name, coalesce(new_description, ''), new_key_id)
    RETURNING id
$$;
CREATE FUNCTION @extschema@.update_secret(
    secret_id uuid, new_secret text DEFAULT NULL, new_name text DEFAULT NULL, new_description text DEFAULT NULL,
    new_key_id uuid DEFAULT NULL
) RETURNS void LANGUAGE sql AS $$
    UPDATE @extschema@.secrets s
    SET secret = coalesce(new_secret, s.secret), name = coalesce(new_name, s.name),
        description = coalesce(new_description, s.description), key_id = coalesce(new_key_id, s.key_id),
        updated_at = CURRENT_TIMESTAMP
    WHERE s.id = secret_id
$$;
REVOKE ALL ON FUNCTION @extschema@.create_secret(text, text, text, uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.update_secret(uuid, text, text, text, uuid) FROM PUBLIC;
