-- mutation: an enum in the condition of an exclusion constraint gains a label in its middle
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, during tsrange, m mood NOT NULL DEFAULT 'ok', EXCLUDE USING gist (during WITH &&) WHERE (m <> 'sad'));
COMMENT ON CONSTRAINT t_during_excl ON t IS 'one at a time';
CREATE VIEW v AS SELECT id FROM t WHERE m = 'ok';
CREATE POLICY p ON t USING (m <> 'sad');
CREATE UNIQUE INDEX t_one ON t (id) WHERE m = 'ok';
CREATE INDEX t_text ON t ((m = 'ok'));
-- then
ALTER TYPE mood ADD VALUE 'happy' AFTER 'sad';
-- mutation: a column in the condition of an exclusion constraint changes its type
-- object: m text
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (during tsrange, m mood NOT NULL, CONSTRAINT one EXCLUDE USING gist (during WITH &&) WHERE (m <> 'sad'));
-- then
ALTER TABLE t DROP CONSTRAINT one;
ALTER TABLE t ALTER m TYPE text;
ALTER TABLE t ADD CONSTRAINT one EXCLUDE USING gist (during WITH &&) WHERE (m <> 'sad');
-- mutation: an enum under an exclusion constraint's index expression loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood[], during tsrange, EXCLUDE USING gist (during WITH &&, (int4range(0, array_length(array_remove(m, 'sad'), 1))) WITH &&));
-- then
DROP TABLE t;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood[], during tsrange, EXCLUDE USING gist (during WITH &&, (int4range(0, array_length(array_remove(m, 'sad'), 1))) WITH &&));
-- mutation: an enum loses a label under a range, an array of it, a domain over it and a multirange
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood, MULTIRANGE_TYPE_NAME = many_moods);
CREATE DOMAIN these AS moods CHECK (NOT isempty(VALUE));
CREATE TABLE t (id int, r moods DEFAULT '[ok,ok]', rs moods[], d these, m many_moods, z int, CHECK (NOT isempty(r)));
CREATE INDEX t_r ON t USING gist (r);
CREATE VIEW v AS SELECT id, r FROM t WHERE lower(r) = 'ok';
CREATE FUNCTION f(moods) RETURNS mood LANGUAGE sql AS 'SELECT lower($1)';
-- then
DROP VIEW v;
DROP FUNCTION f;
DROP TABLE t;
DROP DOMAIN these;
DROP TYPE moods;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood, MULTIRANGE_TYPE_NAME = many_moods);
CREATE DOMAIN these AS moods CHECK (NOT isempty(VALUE));
CREATE TABLE t (id int, r moods DEFAULT '[ok,ok]', rs moods[], d these, m many_moods, z int, CHECK (NOT isempty(r)));
CREATE INDEX t_r ON t USING gist (r);
CREATE VIEW v AS SELECT id, r FROM t WHERE lower(r) = 'ok';
CREATE FUNCTION f(moods) RETURNS mood LANGUAGE sql AS 'SELECT lower($1)';
-- mutation: a range in a composite type that a table stores changes
-- object: span
-- before
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE TYPE stay AS (a int, s span);
CREATE TYPE trip AS (stays stay[], name text);
CREATE TABLE t (a int, s stay DEFAULT ROW(1, NULL), p trip, z int);
-- then
DROP TABLE t;
DROP TYPE trip;
DROP TYPE stay;
DROP TYPE span;
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE stay AS (a int, s span);
CREATE TYPE trip AS (stays stay[], name text);
CREATE TABLE t (a int, s stay DEFAULT ROW(1, NULL), p trip, z int);
-- mutation: an enum under a range in a composite type loses a label
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood);
CREATE TYPE day AS (r moods, m mood);
CREATE TABLE t (id int, d day, ds day[]);
-- then
DROP TABLE t;
DROP TYPE day;
DROP TYPE moods;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE moods AS RANGE (SUBTYPE = mood);
CREATE TYPE day AS (r moods, m mood);
CREATE TABLE t (id int, d day, ds day[]);
-- mutation: a table whose rows another table stores changes a column's type
-- object: t a bigint
-- before
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE TABLE u (id int, c t DEFAULT ROW(1, 2)::t, cs t[], z int);
CREATE INDEX u_c ON u (c);
CREATE VIEW v AS SELECT id, c FROM u;
CREATE FUNCTION f(t) RETURNS SETOF t LANGUAGE sql AS 'SELECT $1';
-- then
DROP VIEW v;
DROP FUNCTION f;
DROP TABLE u;
ALTER TABLE t ALTER a TYPE bigint;
CREATE TABLE u (id int, c t DEFAULT ROW(1, 2)::t, cs t[], z int);
CREATE INDEX u_c ON u (c);
CREATE VIEW v AS SELECT id, c FROM u;
CREATE FUNCTION f(t) RETURNS SETOF t LANGUAGE sql AS 'SELECT $1';
-- mutation: a table whose rows another table stores gains a column with a default
-- object: t.b new
-- before
CREATE TABLE t (id int, a int);
CREATE TABLE u (id int, c t, z int);
-- then
DROP TABLE u;
ALTER TABLE t ADD b int NOT NULL DEFAULT 3;
CREATE TABLE u (id int, c t, z int);
-- mutation: a table whose rows another table stores loses a column
-- object: t.a gone
-- before
CREATE TABLE t (id int, a int);
CREATE TABLE u (id int, c t, cs t[], z int);
CREATE FUNCTION f(t[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
ALTER TABLE t DROP a;
-- mutation: a table's row type under a domain and in a composite type is retyped
-- object: t a bigint
-- before
CREATE TABLE t (id int, a int);
CREATE DOMAIN d AS t CHECK ((VALUE).id > 0);
CREATE TYPE pair AS (one t, other t[]);
CREATE TABLE u (id int, c d, p pair, z int);
CREATE FUNCTION f(d, pair) RETURNS t LANGUAGE sql AS 'SELECT $1';
-- then
DROP FUNCTION f;
DROP TABLE u;
DROP TYPE pair;
DROP DOMAIN d;
ALTER TABLE t ALTER a TYPE bigint;
CREATE DOMAIN d AS t CHECK ((VALUE).id > 0);
CREATE TYPE pair AS (one t, other t[]);
CREATE TABLE u (id int, c d, p pair, z int);
CREATE FUNCTION f(d, pair) RETURNS t LANGUAGE sql AS 'SELECT $1';
-- mutation: a table whose rows another table stores comes to use another enum
-- object: mood labels
-- before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int, m mood DEFAULT 'ok');
CREATE TABLE u (id int, c t, z int);
-- then
ALTER TYPE mood ADD VALUE 'happy' AFTER 'sad';
-- mutation: a table and the table that stores its rows are dropped
-- object: t gone
-- before
CREATE TABLE t (id int, a int);
CREATE TABLE u (id int, c t, cs t[]);
CREATE TABLE w (id int, c t);
CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f;
DROP TABLE u;
ALTER TABLE w DROP c;
DROP TABLE t;
-- mutation: a range in a composite type that nothing stores changes
-- object: span
-- before
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE TYPE stay AS (a int, s span, z int);
CREATE FUNCTION f(stay) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f;
DROP TYPE stay;
DROP TYPE span;
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE stay AS (a int, s span, z int);
CREATE FUNCTION f(stay) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- mutation: a domain over a range changes with the range under columns, arrays and views
-- object: span
-- before
CREATE TYPE span AS RANGE (SUBTYPE = float8);
CREATE DOMAIN some_span AS span CHECK (NOT isempty(VALUE));
CREATE TABLE t (a int, s some_span DEFAULT '[1,2]', ss some_span[], z int);
CREATE VIEW v AS SELECT s FROM t;
-- then
DROP VIEW v;
DROP TABLE t;
DROP DOMAIN some_span;
DROP TYPE span;
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE DOMAIN some_span AS span CHECK (NOT isempty(VALUE));
CREATE TABLE t (a int, s some_span DEFAULT '[1,2]', ss some_span[], z int);
CREATE VIEW v AS SELECT s FROM t;
