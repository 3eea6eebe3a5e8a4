-- case: a column is added
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t ADD COLUMN name text NOT NULL DEFAULT 'x';
-- case: a column in the middle is dropped
-- setup
CREATE TABLE t (id int, name varchar(20) NOT NULL DEFAULT 'x', at date);
COMMENT ON COLUMN t.name IS 'the name';
GRANT SELECT (name) ON t TO case_reader;
-- change
ALTER TABLE t DROP COLUMN name;
-- case: a column with dependents is dropped
-- setup
CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE, price numeric(10, 2) CHECK (price > 0));
CREATE INDEX ON t (price);
CREATE VIEW v AS SELECT id, price FROM t;
CREATE VIEW w AS SELECT price * 2 AS twice FROM v;
GRANT SELECT ON w TO case_reader;
COMMENT ON COLUMN w.twice IS 'doubled';
-- change
ALTER TABLE t DROP COLUMN price CASCADE;
-- case: a column is renamed
-- setup
CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE CHECK (name <> ''), up int REFERENCES t);
CREATE INDEX ON t (lower(name));
CREATE POLICY p ON t USING (name = 'x');
-- change
ALTER TABLE t RENAME COLUMN name TO title;
-- case: a renamed column is in a view
-- setup
CREATE TABLE t (id int, name text);
CREATE VIEW v AS SELECT id, name FROM t WHERE name <> '';
-- change
ALTER TABLE t RENAME COLUMN name TO title;
-- case: a column goes and another takes its name
-- setup
CREATE TABLE t (id int, a text, b int);
-- change
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t RENAME COLUMN b TO a;
-- case: a column's type widens
-- setup
CREATE TABLE t (id int PRIMARY KEY, name varchar(20) DEFAULT 'x' CHECK (name <> ''));
CREATE INDEX ON t (name);
-- change
ALTER TABLE t ALTER COLUMN name TYPE text;
-- case: a column's type changes under a view
-- setup
CREATE TABLE t (id int, price numeric(10, 2));
CREATE VIEW v AS SELECT id, price FROM t;
CREATE MATERIALIZED VIEW m AS SELECT sum(price) AS total FROM v;
CREATE UNIQUE INDEX m_total ON m (total);
GRANT SELECT ON v, m TO case_reader;
COMMENT ON VIEW v IS 'prices';
-- change
DROP MATERIALIZED VIEW m;
DROP VIEW v;
ALTER TABLE t ALTER COLUMN price TYPE numeric(12, 4);
CREATE VIEW v AS SELECT id, price FROM t;
CREATE MATERIALIZED VIEW m AS SELECT sum(price) AS total FROM v;
CREATE UNIQUE INDEX m_total ON m (total);
GRANT SELECT ON v, m TO case_reader;
COMMENT ON VIEW v IS 'prices';
-- case: a column with a default and no automatic cast changes its type
-- setup
CREATE TABLE t (id int, n text DEFAULT '7');
-- change
ALTER TABLE t ALTER COLUMN n DROP DEFAULT;
ALTER TABLE t ALTER COLUMN n TYPE int USING n::int;
ALTER TABLE t ALTER COLUMN n SET DEFAULT 8;
-- case: a column used by a policy changes its type
-- setup
CREATE TABLE t (id int, owner varchar(40));
CREATE POLICY p ON t FOR SELECT TO case_reader USING (owner = CURRENT_USER);
-- change
DROP POLICY p ON t;
ALTER TABLE t ALTER COLUMN owner TYPE text;
CREATE POLICY p ON t FOR SELECT TO case_reader USING (owner = CURRENT_USER);
-- case: both ends of a foreign key change their type
-- setup
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE);
-- change
ALTER TABLE b DROP CONSTRAINT b_a_fkey;
ALTER TABLE a ALTER COLUMN id TYPE text;
ALTER TABLE b ALTER COLUMN a TYPE text;
ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a ON DELETE CASCADE;
-- case: a default is set
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t ALTER COLUMN id SET DEFAULT 5;
-- case: a default goes
-- setup
CREATE TABLE t (id int DEFAULT 5);
-- change
ALTER TABLE t ALTER COLUMN id DROP DEFAULT;
-- case: a default calls a function made at the same time
-- setup
CREATE TABLE t (id int);
-- change
CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7';
ALTER TABLE t ALTER COLUMN id SET DEFAULT seven();
-- case: not null is set
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t ALTER COLUMN id SET NOT NULL;
-- case: not null goes
-- setup
CREATE TABLE t (id int NOT NULL);
-- change
ALTER TABLE t ALTER COLUMN id DROP NOT NULL;
-- case: a named not null that is not valid is added
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t ADD CONSTRAINT must_be_there NOT NULL id NOT VALID;
-- case: a not null that is not valid is validated
-- setup
CREATE TABLE t (id int);
ALTER TABLE t ADD CONSTRAINT must_be_there NOT NULL id NOT VALID;
-- change
ALTER TABLE t VALIDATE CONSTRAINT must_be_there;
-- case: a named not null takes an unnamed one's place
-- setup
CREATE TABLE t (id int NOT NULL);
-- change
ALTER TABLE t ALTER COLUMN id DROP NOT NULL;
ALTER TABLE t ADD CONSTRAINT must_be_there NOT NULL id;
-- case: a table with a named not null is created
-- setup
-- change
CREATE TABLE t (id int CONSTRAINT must_be_there NOT NULL, n int CONSTRAINT n_there NOT NULL NO INHERIT);
-- case: a serial column is added
-- setup
CREATE TABLE t (name text);
-- change
ALTER TABLE t ADD COLUMN id bigserial PRIMARY KEY;
-- case: a serial column becomes a plain one
-- setup
CREATE TABLE t (id serial);
-- change
ALTER TABLE t ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE t_id_seq;
-- case: an identity column is added
-- setup
CREATE TABLE t (name text);
-- change
ALTER TABLE t ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY;
-- case: a column becomes an identity
-- setup
CREATE TABLE t (id int NOT NULL);
-- change
ALTER TABLE t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
-- case: an identity changes
-- setup
CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY);
-- change
ALTER TABLE t ALTER COLUMN id SET GENERATED ALWAYS SET INCREMENT BY 10 SET CYCLE;
-- case: a stored generated column is added
-- setup
CREATE TABLE t (a int, b int);
-- change
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + b) STORED;
-- case: a virtual generated column is added
-- setup
CREATE TABLE t (a int, b int);
-- change
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + b) VIRTUAL;
-- case: a generated column stops being generated
-- setup
CREATE TABLE t (a int, c int GENERATED ALWAYS AS (a + 1) STORED);
-- change
ALTER TABLE t ALTER COLUMN c DROP EXPRESSION;
-- case: a generated column's expression changes
-- setup
CREATE TABLE t (a int, c int GENERATED ALWAYS AS (a + 1) STORED);
-- change
ALTER TABLE t ALTER COLUMN c SET EXPRESSION AS (a + 2);
-- case: a column below a generated one changes its type
-- setup
CREATE TABLE t (a int, c int GENERATED ALWAYS AS (a + 1) STORED);
-- change
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t ALTER COLUMN a TYPE bigint;
ALTER TABLE t ADD COLUMN c bigint GENERATED ALWAYS AS (a + 1) STORED;
-- case: a collation changes
-- setup
CREATE TABLE t (a text);
CREATE INDEX ON t (a);
-- change
ALTER TABLE t ALTER COLUMN a TYPE text COLLATE "C";
-- case: storage, compression, statistics and options change
-- setup
CREATE TABLE t (a text, b text STORAGE EXTERNAL);
-- change
ALTER TABLE t ALTER COLUMN a SET STORAGE MAIN;
ALTER TABLE t ALTER COLUMN b SET STORAGE EXTENDED;
ALTER TABLE t ALTER COLUMN a SET STATISTICS 500;
ALTER TABLE t ALTER COLUMN a SET (n_distinct = 100);
-- case: an array column is added
-- setup
CREATE TABLE t (a int);
-- change
ALTER TABLE t ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
-- case: a column's comment changes
-- setup
CREATE TABLE t (a int);
-- change
COMMENT ON COLUMN t.a IS 'a';
-- case: column privileges change
-- setup
CREATE TABLE t (a int, b int);
GRANT SELECT (a), UPDATE (a) ON t TO case_reader;
-- change
REVOKE UPDATE (a) ON t FROM case_reader;
GRANT SELECT (b) ON t TO case_reader WITH GRANT OPTION;
-- case: a plain column becomes generated
-- setup
CREATE TABLE t (a int, c int);
CREATE INDEX ON t (c);
-- change
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) STORED;
CREATE INDEX ON t (c);
-- case: a generated column's function changes its result
-- setup
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a int, c int GENERATED ALWAYS AS (f(a)) STORED);
-- change
ALTER TABLE t DROP COLUMN c;
DROP FUNCTION f;
CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (f(a)) STORED;
-- case: an enum gains a value that a default uses at once
-- setup
CREATE TABLE t (m text);
CREATE TYPE mood AS ENUM ('a', 'b');
-- change
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('a', 'b', 'c');
ALTER TABLE t ALTER COLUMN m TYPE mood USING m::mood;
ALTER TABLE t ALTER COLUMN m SET DEFAULT 'c';
-- case: a serial column is renamed with its table
-- setup
CREATE TABLE t (id serial PRIMARY KEY);
-- change
ALTER TABLE t RENAME COLUMN id TO key;
ALTER TABLE t RENAME TO u;
ALTER SEQUENCE t_id_seq RENAME TO u_key_seq;
ALTER INDEX t_pkey RENAME TO u_pkey;
-- case: columns with storage and options are created
-- setup
-- change
CREATE TABLE t (a text STORAGE MAIN, b text COLLATE "C", c int);
ALTER TABLE t ALTER COLUMN a SET STATISTICS 7, ALTER COLUMN c SET (n_distinct = 5);
-- case: an identity goes and a default comes
-- setup
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
-- change
ALTER TABLE t ALTER COLUMN id DROP IDENTITY;
ALTER TABLE t ALTER COLUMN id SET DEFAULT 1;
-- case: an identity's sequence has a name of its own
-- setup
-- change
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME numbers));
