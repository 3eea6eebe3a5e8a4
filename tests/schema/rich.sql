CREATE SCHEMA app;
CREATE SCHEMA "Odd schema";
CREATE EXTENSION hstore SCHEMA app;
COMMENT ON SCHEMA app IS 'the application';
GRANT USAGE ON SCHEMA app TO case_reader, "odd ""role";
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO case_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON SEQUENCES TO case_writer WITH GRANT OPTION;
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'it''s fine');
CREATE DOMAIN app.email AS text DEFAULT 'a@b' CONSTRAINT has_at CHECK (VALUE ~ '@');
ALTER DOMAIN app.email ADD CONSTRAINT long CHECK (length(VALUE) > 2) NOT VALID;
CREATE TYPE app.pair AS (a int, "B" text COLLATE "C");
CREATE TYPE app.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE SEQUENCE app.numbers AS int START 10 INCREMENT 5 CYCLE;
CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100) PRIMARY KEY,
    mail app.email NOT NULL UNIQUE,
    mood app.mood NOT NULL DEFAULT 'ok',
    moods app.mood[] DEFAULT '{}',
    place app.pair,
    extra app.hstore,
    boss bigint REFERENCES app.users ON DELETE SET NULL DEFERRABLE,
    number int DEFAULT nextval('app.numbers'),
    born date CONSTRAINT sane CHECK (born > '1900-01-01'),
    seen timestamptz DEFAULT '2020-02-03 04:05:06+02',
    initial text GENERATED ALWAYS AS (substr(mail, 1, 1)) STORED
);
COMMENT ON TABLE app.users IS E'people\nof \\ the app';
COMMENT ON COLUMN app.users.mail IS 'where to write';
COMMENT ON CONSTRAINT sane ON app.users IS 'nobody is that old';
GRANT SELECT, UPDATE ON app.users TO case_reader;
GRANT INSERT (mail, mood) ON app.users TO case_writer;
REVOKE SELECT ON app.users FROM case_reader;
CREATE INDEX users_lower ON app.users (lower(mail::text)) WHERE mood <> 'sad';
CREATE INDEX users_place ON app.users USING hash (number);
ALTER TABLE app.users CLUSTER ON users_pkey;
ALTER TABLE app.users REPLICA IDENTITY USING INDEX users_mail_key;
CREATE TABLE app.teams (id serial PRIMARY KEY, lead bigint, name varchar(40) NOT NULL);
CREATE TABLE app.members (team int REFERENCES app.teams ON DELETE CASCADE, member bigint REFERENCES app.users, PRIMARY KEY (team, member));
ALTER TABLE app.teams ADD FOREIGN KEY (id, lead) REFERENCES app.members NOT VALID;
CREATE UNLOGGED TABLE "Odd schema"."Table" ("select" int, "a b" text) WITH (fillfactor = 50);
ALTER TABLE "Odd schema"."Table" OWNER TO case_writer;
ALTER TABLE "Odd schema"."Table" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE app.notes (id int NOT NULL, body text CHECK (body <> ''));
CREATE TABLE app.long_notes (pages int DEFAULT 1) INHERITS (app.notes);
CREATE TABLE app.events (id bigint, at date NOT NULL, kind text DEFAULT 'x', who bigint REFERENCES app.users, PRIMARY KEY (id, at, kind)) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind);
CREATE TABLE app.events_2024_x PARTITION OF app.events_2024 FOR VALUES IN ('x');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE INDEX events_kind ON app.events (kind);
CREATE FUNCTION app.team_of(bigint) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT team FROM app.members WHERE member = $1 LIMIT 1; END;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $body$ BEGIN new.seen := now(); RETURN new; END $body$;
CREATE FUNCTION app.search(q text, VARIADIC tags text[] DEFAULT '{}') RETURNS SETOF app.users LANGUAGE sql AS $$ SELECT * FROM app.users WHERE mail ~ q $$;
CREATE FUNCTION app.label(app.users) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1.mail || '' $$;
CREATE PROCEDURE app.tidy(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := 1; END $$;
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
REVOKE EXECUTE ON FUNCTION app.touch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.touch TO case_reader;
COMMENT ON FUNCTION app.search IS 'finds';
ALTER TABLE app.users ALTER COLUMN number SET DEFAULT app.team_of(1);
CREATE TRIGGER touch BEFORE UPDATE OF mail ON app.users FOR EACH ROW WHEN (old.mail IS DISTINCT FROM new.mail) EXECUTE FUNCTION app.touch();
CREATE TRIGGER later AFTER DELETE ON app.users FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
ALTER TABLE app.users DISABLE TRIGGER later;
CREATE TRIGGER stamp BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.users FOR SELECT TO case_reader USING (app.team_of(id) IS NOT NULL);
CREATE POLICY "no more" ON app.users AS RESTRICTIVE TO case_reader, case_writer USING (true) WITH CHECK (mood <> 'sad');
CREATE VIEW app.happy WITH (security_barrier = true) AS SELECT u.id, u.mail, app.label(u.*) AS label, count(*) AS n FROM app.users u JOIN app.members m ON m.member = u.id WHERE u.mood <> 'sad' GROUP BY u.id;
CREATE VIEW app.happier AS SELECT id, label FROM app.happy WHERE n > 1;
ALTER VIEW app.happier ALTER COLUMN label SET DEFAULT 'x';
COMMENT ON COLUMN app.happier.label IS 'a label';
GRANT SELECT ON app.happier TO PUBLIC;
CREATE MATERIALIZED VIEW app.counts AS SELECT mood, count(*) AS n FROM app.users GROUP BY mood;
CREATE UNIQUE INDEX counts_mood ON app.counts (mood);
COMMENT ON INDEX app.counts_mood IS 'one a mood';
CREATE MATERIALIZED VIEW app.empty AS SELECT 1 AS a WITH NO DATA;
CREATE TABLE app.loose (a int CONSTRAINT must_be_there NOT NULL, b int);
ALTER TABLE app.loose ADD CONSTRAINT b_there NOT NULL b NOT VALID;
ALTER TABLE app.loose ALTER COLUMN b SET STATISTICS 50;
REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
