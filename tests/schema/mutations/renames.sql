-- mutation: a table is renamed
-- object: table case_here.t u
-- before
CREATE TABLE t (id serial PRIMARY KEY, name text CHECK (name <> ''), g int GENERATED ALWAYS AS IDENTITY);
CREATE INDEX t_name ON t (name);
CREATE TABLE r (t int REFERENCES t);
CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION f(t) RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END;
CREATE POLICY p ON t USING (id > 0);
GRANT SELECT ON t TO reader;
COMMENT ON COLUMN t.name IS 'what';
-- then
ALTER TABLE t RENAME TO u;
-- mutation: two tables swap their names
-- object: table case_here.t
-- before
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (name text UNIQUE);
CREATE VIEW v AS SELECT id, name FROM t, u;
-- then
ALTER TABLE t RENAME TO w;
ALTER TABLE u RENAME TO t;
ALTER TABLE w RENAME TO u;
-- mutation: a table goes and another takes its name
-- object: case_here.t
-- before
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (id int, name text);
-- then
DROP TABLE t;
ALTER TABLE u RENAME TO t;
-- mutation: a table moves to another schema
-- object: case_here.t
-- before
CREATE SCHEMA case_two;
CREATE TABLE t (id serial PRIMARY KEY, name text, g int GENERATED ALWAYS AS IDENTITY);
CREATE INDEX t_name ON t (name);
CREATE VIEW v AS SELECT * FROM t;
-- then
ALTER TABLE t SET SCHEMA case_two;
-- mutation: a schema is renamed
-- object: schema case_two
-- before
CREATE SCHEMA case_two;
CREATE TYPE case_two.mood AS ENUM ('a');
CREATE TABLE case_two.t (id serial PRIMARY KEY, m case_two.mood DEFAULT 'a');
CREATE VIEW v AS SELECT * FROM case_two.t WHERE m = 'a';
CREATE FUNCTION case_two.f(case_two.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
ALTER SCHEMA case_two RENAME TO case_three;
-- mutation: a column is renamed
-- object: a
-- before
CREATE TABLE t (a int PRIMARY KEY, b int CHECK (b > 0), g int GENERATED ALWAYS AS (b + 1) STORED);
CREATE INDEX t_b ON t (b) WHERE b > 1;
CREATE TABLE u (t int REFERENCES t);
CREATE VIEW v AS SELECT b FROM t;
CREATE POLICY p ON t USING (b > 0);
COMMENT ON COLUMN t.b IS 'the b';
GRANT SELECT (b) ON t TO reader;
-- then
ALTER TABLE t RENAME a TO "Key";
ALTER TABLE t RENAME b TO c;
-- mutation: two columns swap their names
-- object: t
-- before
CREATE TABLE t (a int, b text);
-- then
ALTER TABLE t RENAME a TO c;
ALTER TABLE t RENAME b TO a;
ALTER TABLE t RENAME c TO b;
-- mutation: a column goes and another takes its name
-- object: t
-- order: unmade
-- before
CREATE TABLE t (a int, b text);
-- then
ALTER TABLE t DROP a;
ALTER TABLE t RENAME b TO a;
-- mutation: a constraint is renamed
-- object: t_a_check
-- before
CREATE TABLE t (a int CHECK (a > 0), b int UNIQUE, PRIMARY KEY (a));
CREATE TABLE u (a int REFERENCES t);
-- then
ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive;
ALTER TABLE t RENAME CONSTRAINT t_pkey TO the_key;
ALTER TABLE t RENAME CONSTRAINT t_b_key TO one_b;
ALTER TABLE u RENAME CONSTRAINT u_a_fkey TO to_t;
-- mutation: an index is renamed
-- object: t_a
-- before
CREATE TABLE t (a int);
CREATE INDEX t_a ON t (a);
COMMENT ON INDEX t_a IS 'by a';
-- then
ALTER INDEX t_a RENAME TO by_a;
-- mutation: a type is renamed
-- object: mood
-- before
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN d AS mood;
CREATE TYPE pair AS (m mood, d d);
CREATE TABLE t (m mood DEFAULT 'a', ms mood[], p pair);
CREATE FUNCTION f(mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
CREATE VIEW v AS SELECT m FROM t WHERE m = 'a';
-- then
ALTER TYPE mood RENAME TO feeling;
-- mutation: a type moves to another schema
-- object: mood
-- before
CREATE SCHEMA case_two;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (m mood DEFAULT 'a');
CREATE DOMAIN d AS int CHECK (VALUE > 0);
-- then
ALTER TYPE mood SET SCHEMA case_two;
ALTER DOMAIN d SET SCHEMA case_two;
-- mutation: a function is renamed
-- object: routine f
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int DEFAULT f(1) CHECK (f(a) > 0));
CREATE INDEX t_f ON t (f(a));
CREATE VIEW v AS SELECT f(a) AS f FROM t;
CREATE TRIGGER tt BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- then
ALTER FUNCTION f(int) RENAME TO g;
ALTER FUNCTION tf RENAME TO "Touch";
-- mutation: a function moves to another schema
-- object: routine f
-- before
CREATE SCHEMA case_two;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW v AS SELECT f(1) AS f;
-- then
ALTER FUNCTION f(int) SET SCHEMA case_two;
-- mutation: a view is renamed
-- object: view case_here.v
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM v;
CREATE INDEX m_a ON m (a);
-- then
ALTER VIEW v RENAME TO shown;
ALTER MATERIALIZED VIEW m RENAME TO kept;
-- mutation: a sequence is renamed
-- object: sequence case_here.s
-- before
CREATE SEQUENCE s;
CREATE TABLE t (a bigint DEFAULT nextval('s'));
-- then
ALTER SEQUENCE s RENAME TO numbers;
-- mutation: a trigger is renamed
-- object: tt
-- before
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE TRIGGER tt BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
-- then
ALTER TRIGGER tt ON t RENAME TO uu;
-- mutation: a policy is renamed
-- object: p
-- before
CREATE TABLE t (a int);
CREATE POLICY p ON t USING (a > 0);
-- then
ALTER POLICY p ON t RENAME TO "My policy";
-- mutation: a partition is renamed
-- object: t1
-- before
CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t1 RENAME TO first;
-- mutation: a renamed table's column changes too
-- object: t
-- before
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a FROM t;
-- then
ALTER TABLE t RENAME TO u;
ALTER TABLE u ADD c text;
ALTER TABLE u ALTER b SET NOT NULL;
COMMENT ON TABLE u IS 'was t';
