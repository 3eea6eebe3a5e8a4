CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name varchar(40),
    score numeric,
    mood mood,
    initial text GENERATED ALWAYS AS (left(email, 1)) STORED
);
CREATE TABLE letters (id serial PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE, body text);
CREATE TABLE stamps (id int PRIMARY KEY, letter int REFERENCES letters ON DELETE SET NULL, price int);
CREATE TABLE log (at timestamptz, what text);
CREATE TABLE notes (id int PRIMARY KEY, body text, changed_at timestamptz);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE codes (code text PRIMARY KEY);
CREATE TABLE coded (id int PRIMARY KEY, code text REFERENCES codes ON UPDATE CASCADE);
CREATE TABLE base (id int PRIMARY KEY, v text);
CREATE TABLE heir (extra int) INHERITS (base);
CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE VIEW sent AS SELECT id, body FROM letters;
CREATE SCHEMA old;
CREATE TABLE old.things (id int PRIMARY KEY, v text);
CREATE TABLE "Odd ""one" ("A b" int PRIMARY KEY, "from" text);
CREATE TABLE forced (id int PRIMARY KEY, v text);
ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
