-- mutation: an enum is created and used
-- object: type case_here.mood new
-- before
CREATE TABLE t (a int);
-- then
CREATE TYPE mood AS ENUM ('sad', 'it''s \ ok', 'Happy');
ALTER TABLE t ADD m mood DEFAULT 'Happy', ADD ms mood[] DEFAULT '{sad}';
-- mutation: a label is appended to an enum
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');
CREATE INDEX t_m ON t (m) WHERE m <> 'sad';
-- then
ALTER TYPE mood ADD VALUE 'happy';
-- mutation: labels are put between others
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood);
-- then
ALTER TYPE mood ADD VALUE 'awful' BEFORE 'sad';
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
ALTER TYPE mood ADD VALUE 'happy' AFTER 'ok';
-- mutation: a label is renamed
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok' CHECK (m <> 'sad'));
CREATE VIEW v AS SELECT m FROM t WHERE m = 'sad';
-- then
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
-- mutation: two labels swap their names
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood);
-- then
ALTER TYPE mood RENAME VALUE 'sad' TO 'x';
ALTER TYPE mood RENAME VALUE 'ok' TO 'sad';
ALTER TYPE mood RENAME VALUE 'x' TO 'ok';
-- mutation: an enum loses a label under defaults, checks, indexes, views, policies and functions
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok' CHECK (m <> 'sad'), ms mood[] DEFAULT '{ok}', g text GENERATED ALWAYS AS (CASE WHEN m = 'ok'::mood THEN 'x' END) STORED, UNIQUE (m, id));
CREATE TABLE u (m mood, id int, FOREIGN KEY (m, id) REFERENCES t (m, id));
CREATE INDEX t_m ON t (m) WHERE m <> 'sad';
CREATE INDEX t_ms ON t ((ms[1]));
CREATE VIEW v AS SELECT id, m FROM t WHERE m = 'ok';
CREATE MATERIALIZED VIEW mv AS SELECT m FROM v;
CREATE POLICY p ON t USING (m <> 'sad');
CREATE FUNCTION f(mood, mood[] DEFAULT '{ok}') RETURNS SETOF mood LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION g() RETURNS TABLE (m mood) LANGUAGE sql BEGIN ATOMIC SELECT m FROM t WHERE m = 'ok'::mood; END;
GRANT USAGE ON TYPE mood TO reader;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
COMMENT ON TYPE mood IS 'how it is';
COMMENT ON FUNCTION g IS 'all';
GRANT SELECT ON v TO reader;
-- then
DROP MATERIALIZED VIEW mv;
DROP VIEW v;
DROP POLICY p ON t;
DROP FUNCTION g;
DROP FUNCTION f(mood, mood[]);
DROP TABLE u, t;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok', 'happy', 'sad');
CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok' CHECK (m <> 'sad'), ms mood[] DEFAULT '{ok}', g text GENERATED ALWAYS AS (CASE WHEN m = 'ok'::mood THEN 'x' END) STORED, UNIQUE (m, id));
CREATE TABLE u (m mood, id int, FOREIGN KEY (m, id) REFERENCES t (m, id));
CREATE INDEX t_m ON t (m) WHERE m <> 'sad';
CREATE INDEX t_ms ON t ((ms[1]));
CREATE VIEW v AS SELECT id, m FROM t WHERE m = 'ok';
CREATE MATERIALIZED VIEW mv AS SELECT m FROM v;
CREATE POLICY p ON t USING (m <> 'sad');
CREATE FUNCTION f(mood, mood[] DEFAULT '{ok}') RETURNS SETOF mood LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION g() RETURNS TABLE (m mood) LANGUAGE sql BEGIN ATOMIC SELECT m FROM t WHERE m = 'ok'::mood; END;
GRANT USAGE ON TYPE mood TO reader;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
COMMENT ON TYPE mood IS 'how it is';
COMMENT ON FUNCTION g IS 'all';
GRANT SELECT ON v TO reader;
-- mutation: an enum under a domain loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN good AS mood DEFAULT 'ok' CHECK (VALUE <> 'sad');
CREATE TABLE t (a int, g good, gs good[]);
-- then
DROP TABLE t;
DROP DOMAIN good;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE DOMAIN good AS mood DEFAULT 'ok';
CREATE TABLE t (a int, g good, gs good[]);
-- mutation: an enum in a composite type loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a int, m mood);
CREATE TABLE t (id int, p pair, ps pair[], z int);
CREATE FUNCTION f(pair) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f(pair);
DROP TABLE t;
DROP TYPE pair;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE pair AS (a int, m mood);
CREATE TABLE t (id int, p pair, ps pair[], z int);
CREATE FUNCTION f(pair) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- mutation: an enum under a range loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood);
CREATE TABLE t (id int, r moods, z int);
-- then
DROP TABLE t;
DROP TYPE moods;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood);
CREATE TABLE t (id int, r moods, z int);
-- mutation: an enum that partitions a table loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int, m mood) PARTITION BY LIST (m);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('ok');
-- then
DROP TABLE t;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE t (id int, m mood) PARTITION BY LIST (m);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('ok');
-- mutation: an enum's owner and privileges change
-- object: mood owner
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
-- then
GRANT ALL ON SCHEMA case_here TO keeper;
ALTER TYPE mood OWNER TO keeper;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO reader;
-- mutation: a type's comment changes
-- object: mood comment
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN d AS int;
CREATE TYPE pair AS (a int);
-- then
COMMENT ON TYPE mood IS 'one';
COMMENT ON DOMAIN d IS 'two';
COMMENT ON TYPE pair IS 'three';
COMMENT ON COLUMN pair.a IS 'four';
-- mutation: a text column becomes an enum
-- object: t m mood
-- before
CREATE TABLE t (m text DEFAULT 'ok' NOT NULL);
-- then
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TABLE t ALTER m DROP DEFAULT;
ALTER TABLE t ALTER m TYPE mood USING m::mood;
ALTER TABLE t ALTER m SET DEFAULT 'ok';
-- mutation: a domain is created
-- object: type case_here.mail new
-- before
-- then
CREATE DOMAIN mail AS varchar(50) COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT at CHECK (VALUE ~ '@');
CREATE DOMAIN mails AS mail[];
GRANT USAGE ON DOMAIN mail TO reader;
COMMENT ON DOMAIN mail IS 'where to write';
COMMENT ON CONSTRAINT at ON DOMAIN mail IS 'has one';
-- mutation: a domain's default and null change
-- object: mail default
-- before
CREATE DOMAIN mail AS text DEFAULT 'a';
CREATE TABLE t (m mail);
-- then
ALTER DOMAIN mail SET DEFAULT 'b';
ALTER DOMAIN mail SET NOT NULL;
-- mutation: a domain's checks change
-- object: mail checks
-- before
CREATE DOMAIN mail AS text CONSTRAINT at CHECK (VALUE ~ '@') CONSTRAINT long CHECK (length(VALUE) > 2);
CREATE TABLE t (m mail);
-- then
ALTER DOMAIN mail DROP CONSTRAINT at;
ALTER DOMAIN mail ADD CONSTRAINT short CHECK (length(VALUE) < 9) NOT VALID;
-- mutation: a domain's check is validated
-- object: mail checks
-- before
CREATE DOMAIN mail AS text;
ALTER DOMAIN mail ADD CONSTRAINT short CHECK (length(VALUE) < 9) NOT VALID;
-- then
ALTER DOMAIN mail VALIDATE CONSTRAINT short;
-- mutation: a domain's check is renamed
-- object: mail checks
-- before
CREATE DOMAIN mail AS text CONSTRAINT at CHECK (VALUE ~ '@');
-- then
ALTER DOMAIN mail RENAME CONSTRAINT at TO has_at;
-- mutation: a domain's check gains a comment
-- object: mail
-- before
CREATE DOMAIN mail AS text CONSTRAINT at CHECK (VALUE ~ '@');
-- then
COMMENT ON CONSTRAINT at ON DOMAIN mail IS 'has one';
-- mutation: a domain's base type changes
-- object: n base
-- before
CREATE DOMAIN n AS int DEFAULT 5 CHECK (VALUE > 0);
CREATE TABLE t (a int, n n DEFAULT 7, z int);
CREATE VIEW v AS SELECT n FROM t;
CREATE FUNCTION f(n) RETURNS n LANGUAGE sql AS 'SELECT $1';
-- then
DROP FUNCTION f(n);
DROP VIEW v;
DROP TABLE t;
DROP DOMAIN n;
CREATE DOMAIN n AS bigint DEFAULT 5 CHECK (VALUE > 0);
CREATE TABLE t (a int, n n DEFAULT 7, z int);
CREATE VIEW v AS SELECT n FROM t;
CREATE FUNCTION f(n) RETURNS n LANGUAGE sql AS 'SELECT $1';
-- mutation: a domain over a domain changes its base type
-- object: n base
-- before
CREATE DOMAIN n AS int;
CREATE DOMAIN m AS n CHECK (VALUE > 0);
CREATE TABLE t (a m);
-- then
DROP TABLE t;
DROP DOMAIN m;
DROP DOMAIN n;
CREATE DOMAIN n AS bigint;
CREATE DOMAIN m AS n CHECK (VALUE > 0);
CREATE TABLE t (a m);
-- mutation: a composite type is created
-- object: type case_here.pair new
-- before
-- then
CREATE TYPE pair AS (a int, "B" text COLLATE "C", c numeric(5, 2)[]);
COMMENT ON COLUMN pair.a IS 'one';
GRANT USAGE ON TYPE pair TO reader;
-- mutation: a composite type gains an attribute
-- object: pair.b new
-- before
CREATE TYPE pair AS (a int);
CREATE FUNCTION f(pair) RETURNS pair LANGUAGE sql AS 'SELECT $1';
-- then
ALTER TYPE pair ADD ATTRIBUTE b text;
-- mutation: a composite type's attribute changes its type
-- object: a bigint
-- before
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION f(pair) RETURNS pair LANGUAGE sql AS 'SELECT $1';
-- then
ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint;
-- mutation: a composite type's first attribute goes
-- object: pair.a gone
-- order: unmade
-- before
CREATE TYPE pair AS (a int, b text);
CREATE VIEW v AS SELECT NULL::pair AS p;
-- then
ALTER TYPE pair DROP ATTRIBUTE a;
-- mutation: a composite type that a table stores changes an attribute
-- object: b integer
-- before
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (p pair, ps pair[], z int);
-- then
DROP TABLE t;
DROP TYPE pair;
CREATE TYPE pair AS (a int, b int);
CREATE TABLE t (p pair, ps pair[], z int);
-- mutation: an attribute is renamed
-- object: pair
-- before
CREATE TYPE pair AS (a int, b text);
-- then
ALTER TYPE pair RENAME ATTRIBUTE a TO one;
-- mutation: a range is created
-- object: span new
-- before
-- then
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = case_spans);
CREATE TABLE t (s span, ss case_spans);
-- mutation: a range changes
-- object: span
-- before
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE TABLE t (a int, s span, z int);
CREATE INDEX t_s ON t USING gist (s);
-- then
DROP TABLE t;
DROP TYPE span;
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TABLE t (a int, s span, z int);
CREATE INDEX t_s ON t USING gist (s);
