"""DDL forms, the schema on which each is tried, and what Postgres does there."""

from __future__ import annotations

from typing import NamedTuple

SCHEMA = """
CREATE TABLE teams (id int PRIMARY KEY, name varchar(50));
CREATE INDEX teams_name ON teams (name);
CREATE TABLE users (
    id int PRIMARY KEY, email varchar(50), age int, score numeric(10, 2), born timestamp, team_id int,
    nick text, CONSTRAINT nick_there CHECK (nick IS NOT NULL)
);
CREATE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_age ON users (age);
CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users (id), body text);
ALTER TABLE posts ADD CONSTRAINT body_short CHECK (length(body) < 100) NOT VALID;
CREATE TABLE plain (id int PRIMARY KEY, a int, b text);
CREATE INDEX plain_b ON plain (b);
CREATE VIEW names AS SELECT id, email FROM users;
CREATE MATERIALIZED VIEW counts AS SELECT user_id, count(*) FROM posts GROUP BY 1;
CREATE UNIQUE INDEX counts_user ON counts (user_id);
CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2 (id int, day date);
CREATE TABLE logs (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE SEQUENCE counter;
CREATE TABLE "Odd Name" ("a.b" int);
"""


class Form(NamedTuple):
    """`locks` are the strongest on each table and view, as `users=Share`; the rest are names of tables."""

    sql: str
    locks: str
    rewrites: str = ""
    scans: str = ""
    builds: str = ""


FORMS = (
    Form("ALTER TABLE users ADD COLUMN a int DEFAULT 1", "users=AccessExclusive"),
    Form("ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now()", "users=AccessExclusive"),
    Form("ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()", "users=AccessExclusive", "users"),
    Form("ALTER TABLE users ADD COLUMN a serial", "users=AccessExclusive", "users"),
    Form("ALTER TABLE users ADD COLUMN a positive", "users=AccessExclusive", "users"),
    Form("ALTER TABLE users ADD COLUMN a int CHECK (a > 0)", "users=AccessExclusive", scans="users"),
    Form("ALTER TABLE users ADD COLUMN a int UNIQUE", "users=AccessExclusive", builds="users"),
    Form("ALTER TABLE users ADD COLUMN a int REFERENCES teams (id)", "teams=ShareRowExclusive users=AccessExclusive"),
    Form("ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (age + 1) STORED", "users=AccessExclusive", "users"),
    Form("ALTER TABLE teams ALTER COLUMN name TYPE varchar(80)", "teams=AccessExclusive"),
    Form("ALTER TABLE teams ALTER COLUMN name TYPE varchar(20)", "teams=AccessExclusive", "teams"),
    Form('ALTER TABLE teams ALTER COLUMN name TYPE text COLLATE "POSIX"', "teams=AccessExclusive", builds="teams"),
    Form("ALTER TABLE users ALTER COLUMN score TYPE numeric(12, 2)", "users=AccessExclusive"),
    Form("ALTER TABLE users ALTER COLUMN age TYPE bigint", "users=AccessExclusive", "users"),
    Form("ALTER TABLE users ALTER COLUMN born TYPE timestamptz", "users=AccessExclusive"),
    Form("ALTER TABLE users ALTER COLUMN age SET NOT NULL", "users=AccessExclusive", scans="users"),
    Form("ALTER TABLE users ALTER COLUMN nick SET NOT NULL", "users=AccessExclusive"),
    Form("ALTER TABLE users ALTER COLUMN age SET DEFAULT 3", "users=AccessExclusive"),
    Form("ALTER TABLE users DROP COLUMN nick", "users=AccessExclusive"),
    Form("ALTER TABLE users RENAME TO people", "users=AccessExclusive"),
    Form("ALTER TABLE users RENAME COLUMN nick TO handle", "users=AccessExclusive"),
    Form(
        "ALTER TABLE users ADD FOREIGN KEY (team_id) REFERENCES teams (id)",
        "teams=ShareRowExclusive users=ShareRowExclusive",
        scans="users",
    ),
    Form(
        "ALTER TABLE users ADD FOREIGN KEY (team_id) REFERENCES teams (id) NOT VALID",
        "teams=ShareRowExclusive users=ShareRowExclusive",
    ),
    Form("ALTER TABLE posts VALIDATE CONSTRAINT body_short", "posts=ShareUpdateExclusive", scans="posts"),
    Form("ALTER TABLE users ADD CHECK (age > 0)", "users=AccessExclusive", scans="users"),
    Form("ALTER TABLE users ADD CHECK (age > 0) NOT VALID", "users=AccessExclusive"),
    Form("ALTER TABLE users ADD UNIQUE (team_id)", "users=AccessExclusive", builds="users"),
    Form("ALTER TABLE users ADD CONSTRAINT one_age UNIQUE USING INDEX users_age", "users=AccessExclusive"),
    Form(
        "ALTER TABLE plain ADD UNIQUE (a), ALTER b SET NOT NULL", "plain=AccessExclusive", scans="plain", builds="plain"
    ),
    Form("ALTER TABLE posts DROP CONSTRAINT posts_user_id_fkey", "posts=AccessExclusive users=AccessExclusive"),
    Form("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "users=AccessExclusive"),
    Form("ALTER TABLE users SET (fillfactor = 80)", "users=ShareUpdateExclusive"),
    Form("ALTER TABLE plain SET UNLOGGED", "plain=AccessExclusive", "plain"),
    Form("CREATE INDEX ON users (team_id)", "users=Share", builds="users"),
    Form("CREATE INDEX ON ONLY events (id)", "events=Share"),
    Form("CREATE INDEX ON events (id)", "events=Share events_1=Share", builds="events_1"),
    Form("CREATE INDEX CONCURRENTLY ON users (team_id)", "users=ShareUpdateExclusive", builds="users"),
    Form('CREATE INDEX CONCURRENTLY ON "Odd Name" ("a.b")', "Odd Name=ShareUpdateExclusive", builds="Odd Name"),
    Form("DROP INDEX users_email", "users=AccessExclusive"),
    Form("DROP INDEX CONCURRENTLY users_email", "users=ShareUpdateExclusive"),
    Form("REINDEX TABLE users", "users=Share", builds="users"),
    Form("REINDEX INDEX users_email", "users=Share", builds="users"),
    Form("REINDEX TABLE CONCURRENTLY users", "users=ShareUpdateExclusive", builds="users"),
    Form("CREATE TABLE notes (id int PRIMARY KEY, user_id int REFERENCES users (id))", "users=ShareRowExclusive"),
    Form("DROP TABLE plain", "plain=AccessExclusive"),
    Form("DROP TABLE posts CASCADE", "counts=AccessExclusive posts=AccessExclusive users=AccessExclusive"),
    Form("TRUNCATE teams", "teams=AccessExclusive"),
    Form("TRUNCATE users CASCADE", "posts=AccessExclusive users=AccessExclusive"),
    Form("CLUSTER users USING users_email", "users=AccessExclusive", "users"),
    Form("VACUUM users", "users=ShareUpdateExclusive"),
    Form("VACUUM FULL users", "users=AccessExclusive", "users"),
    Form("ANALYZE users", "users=ShareUpdateExclusive"),
    Form("REFRESH MATERIALIZED VIEW counts", "counts=AccessExclusive posts=AccessShare", "counts", "posts"),
    Form("REFRESH MATERIALIZED VIEW CONCURRENTLY counts", "counts=Exclusive posts=AccessShare", scans="counts posts"),
    Form("CREATE OR REPLACE VIEW names AS SELECT id, email, age FROM users", "names=AccessExclusive users=AccessShare"),
    Form("CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()", "users=ShareRowExclusive"),
    Form("CREATE POLICY p ON users USING (true)", "users=AccessExclusive"),
    Form("COMMENT ON TABLE users IS 'people'", "users=ShareUpdateExclusive"),
    Form("GRANT SELECT ON users TO PUBLIC", "users=AccessShare"),
    Form("CREATE STATISTICS s ON age, score FROM users", "users=ShareUpdateExclusive"),
    Form("ALTER TYPE mood ADD VALUE 'bored'", ""),
    Form("ALTER SEQUENCE counter INCREMENT 2", "counter=ShareRowExclusive"),
    Form(
        "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        "events=ShareUpdateExclusive events_2=AccessExclusive",
        scans="events_2",
    ),
    Form("ALTER TABLE events DETACH PARTITION events_1", "events=AccessExclusive events_1=AccessExclusive"),
    Form(
        "ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY",
        "events=ShareUpdateExclusive events_1=AccessExclusive",
    ),
    Form(
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        "logs=AccessExclusive logs_rest=AccessExclusive",
        scans="logs_rest",
    ),
    Form("UPDATE users SET age = 1", "users=RowExclusive"),
    Form("INSERT INTO teams VALUES (1, 'a')", "teams=RowExclusive"),
    Form("LOCK TABLE users IN SHARE MODE", "users=Share"),
    Form(
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ALTER age TYPE bigint', 'users'); END $$",
        "users=AccessExclusive",
        "users",
    ),
    Form("DO $$ BEGIN TRUNCATE teams; END $$", "teams=AccessExclusive"),
    Form(
        "DO $$ BEGIN ALTER TABLE plain ADD CHECK (a > 0); CREATE INDEX ON teams (id); END $$",
        "plain=AccessExclusive teams=Share",
        scans="plain",
        builds="teams",
    ),
)
