-- case: an enum is created and used
-- setup
-- change
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TABLE t (m mood NOT NULL DEFAULT 'sad', l mood[]);
-- case: a value is appended to an enum
-- setup
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok', l mood[]);
-- change
ALTER TYPE mood ADD VALUE 'happy';
-- case: a value is inserted into an enum
-- setup
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- change
ALTER TYPE mood ADD VALUE 'ok' BEFORE 'happy';
ALTER TYPE mood ADD VALUE 'awful' BEFORE 'sad';
-- case: an enum's value is renamed
-- setup
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- change
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
-- case: an enum loses a value under everything that may use it
-- setup
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
COMMENT ON TYPE mood IS 'moods';
CREATE FUNCTION better(mood) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'happy'::mood $$;
CREATE TABLE t (id int, m mood NOT NULL DEFAULT 'ok', l mood[] DEFAULT '{ok}', CHECK (m <> 'sad'));
CREATE INDEX ON t (m);
CREATE INDEX ON t (id) WHERE m = 'ok';
CREATE VIEW v AS SELECT m, better(m) AS b FROM t WHERE m = 'ok';
CREATE POLICY p ON t USING (m = 'ok');
-- change
DROP TABLE t CASCADE;
DROP FUNCTION better;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok', 'happy');
COMMENT ON TYPE mood IS 'moods';
CREATE FUNCTION better(mood) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'happy'::mood $$;
CREATE TABLE t (id int, m mood NOT NULL DEFAULT 'ok', l mood[] DEFAULT '{ok}', CHECK (m <> 'happy'));
CREATE INDEX ON t (m);
CREATE INDEX ON t (id) WHERE m = 'ok';
CREATE VIEW v AS SELECT m, better(m) AS b FROM t WHERE m = 'ok';
CREATE POLICY p ON t USING (m = 'ok');
-- case: a text column becomes an enum
-- setup
CREATE TABLE t (m text DEFAULT 'sad');
-- change
CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TABLE t ALTER COLUMN m DROP DEFAULT;
ALTER TABLE t ALTER COLUMN m TYPE mood USING m::mood;
ALTER TABLE t ALTER COLUMN m SET DEFAULT 'sad';
-- case: a type is renamed
-- setup
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE t (m mood DEFAULT 'sad');
CREATE FUNCTION f(mood) RETURNS mood LANGUAGE sql AS $$ SELECT $1 $$;
-- change
ALTER TYPE mood RENAME TO feeling;
-- case: a domain is created
-- setup
-- change
CREATE DOMAIN email AS text COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
CREATE TABLE t (e email);
COMMENT ON DOMAIN email IS 'mail';
-- case: a domain changes
-- setup
CREATE DOMAIN email AS text DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
CREATE TABLE t (e email);
-- change
ALTER DOMAIN email DROP NOT NULL;
ALTER DOMAIN email DROP DEFAULT;
ALTER DOMAIN email DROP CONSTRAINT has_at;
ALTER DOMAIN email ADD CONSTRAINT long CHECK (length(VALUE) > 3) NOT VALID;
-- case: a domain's constraint is validated
-- setup
CREATE DOMAIN email AS text;
ALTER DOMAIN email ADD CONSTRAINT long CHECK (length(VALUE) > 3) NOT VALID;
-- change
ALTER DOMAIN email VALIDATE CONSTRAINT long;
-- case: a domain's base type changes
-- setup
CREATE DOMAIN code AS varchar(3);
CREATE TABLE t (c code DEFAULT 'abc');
-- change
DROP TABLE t;
DROP DOMAIN code;
CREATE DOMAIN code AS text;
CREATE TABLE t (c code DEFAULT 'abc');
-- case: a composite type is created
-- setup
-- change
CREATE TYPE pair AS (a int, "B" text COLLATE "C");
COMMENT ON TYPE pair IS 'two';
COMMENT ON COLUMN pair.a IS 'first';
CREATE TABLE t (p pair);
CREATE FUNCTION f(pair) RETURNS SETOF pair LANGUAGE sql AS $$ SELECT $1 $$;
-- case: a composite type changes
-- setup
CREATE TYPE pair AS (a int, b text, c date);
-- change
ALTER TYPE pair DROP ATTRIBUTE b, ALTER ATTRIBUTE a TYPE bigint, ADD ATTRIBUTE d numeric(5, 2);
-- case: an attribute is renamed
-- setup
CREATE TYPE pair AS (a int, b text);
-- change
ALTER TYPE pair RENAME ATTRIBUTE a TO x;
-- case: a range is created
-- setup
-- change
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TABLE t (s span);
-- case: a type's owner and privileges change
-- setup
CREATE TYPE mood AS ENUM ('a');
-- change
ALTER TYPE mood OWNER TO case_writer;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
-- case: a sequence is created
-- setup
-- change
CREATE SEQUENCE s AS smallint START 5 INCREMENT -2 MINVALUE -100 MAXVALUE 50 CACHE 3 CYCLE;
COMMENT ON SEQUENCE s IS 'numbers';
GRANT USAGE ON SEQUENCE s TO case_reader;
-- case: a sequence changes
-- setup
CREATE SEQUENCE s;
-- change
ALTER SEQUENCE s AS integer INCREMENT 7 MAXVALUE 1000 CYCLE;
-- case: a sequence is given to a column
-- setup
CREATE TABLE t (id int);
CREATE SEQUENCE s;
-- change
ALTER SEQUENCE s OWNED BY t.id;
-- case: a sequence is renamed
-- setup
CREATE TABLE t (id serial);
-- change
ALTER SEQUENCE t_id_seq RENAME TO numbers;
