-- mutation: a column is added
-- object: t.name new
-- before
CREATE TABLE t (id int);
CREATE VIEW v AS SELECT * FROM t;
-- then
ALTER TABLE t ADD name text NOT NULL DEFAULT 'none' COLLATE "C";
-- mutation: several columns are added in their order
-- object: t.b new
-- before
CREATE TABLE t (id int);
-- then
ALTER TABLE t ADD z int, ADD b text, ADD a date DEFAULT now(), ADD y int GENERATED ALWAYS AS (1) STORED;
-- mutation: the last columns are dropped
-- object: t.b gone
-- before
CREATE TABLE t (id int, c int, b int, a int);
-- then
ALTER TABLE t DROP c, DROP b, DROP a;
-- mutation: a column in the middle is dropped
-- object: t.b gone
-- order: unmade
-- before
CREATE TABLE t (a int, b int DEFAULT 1, c int);
COMMENT ON COLUMN t.b IS 'between';
-- then
ALTER TABLE t DROP b;
-- mutation: a column with dependents is dropped
-- object: t.b gone
-- order: unmade
-- before
CREATE TABLE t (a int PRIMARY KEY, b int CHECK (b > 0), c int);
CREATE INDEX t_b ON t (b, c);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT b FROM v;
CREATE STATISTICS case_s ON b, c FROM t;
-- then
DROP VIEW w, v;
ALTER TABLE t DROP b;
-- mutation: a column's type widens
-- object: t a bigint
-- before
CREATE TABLE t (a int DEFAULT 1 CHECK (a > 0), b int);
CREATE INDEX t_a ON t (a) WHERE a > 5;
-- then
ALTER TABLE t ALTER a TYPE bigint;
-- mutation: a column's type changes through text
-- object: t a integer
-- before
CREATE TABLE t (a text DEFAULT '1', b int);
-- then
ALTER TABLE t ALTER a DROP DEFAULT;
ALTER TABLE t ALTER a TYPE int USING a::int;
ALTER TABLE t ALTER a SET DEFAULT 1;
-- mutation: a column's length changes
-- object: t a character
-- before
CREATE TABLE t (a varchar(10), n numeric(10, 2));
-- then
ALTER TABLE t ALTER a TYPE varchar(20), ALTER n TYPE numeric(12, 4);
-- mutation: a column under views, policies, triggers and generated columns changes its type
-- object: t a bigint
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w WITH (security_barrier) AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM w GROUP BY a;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON COLUMN m.n IS 'how many';
COMMENT ON INDEX m_a IS 'one row each';
GRANT SELECT (a) ON v TO reader;
GRANT SELECT ON m TO writer WITH GRANT OPTION;
GRANT ALL ON SCHEMA case_here TO keeper;
ALTER VIEW w OWNER TO keeper;
GRANT SELECT ON v TO keeper;
CREATE POLICY p ON t TO reader USING (a > 0) WITH CHECK (a < 100);
CREATE TRIGGER touch BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION touch();
ALTER TABLE t DISABLE TRIGGER touch;
COMMENT ON TRIGGER touch ON t IS 'rests';
-- then
DROP MATERIALIZED VIEW m;
DROP VIEW w, v;
DROP POLICY p ON t;
DROP TRIGGER touch ON t;
ALTER TABLE t DROP g;
ALTER TABLE t ALTER a TYPE bigint;
ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED;
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w WITH (security_barrier) AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM w GROUP BY a;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON COLUMN m.n IS 'how many';
COMMENT ON INDEX m_a IS 'one row each';
GRANT SELECT (a) ON v TO reader;
GRANT SELECT ON m TO writer WITH GRANT OPTION;
ALTER VIEW w OWNER TO keeper;
GRANT SELECT ON v TO keeper;
CREATE POLICY p ON t TO reader USING (a > 0) WITH CHECK (a < 100);
CREATE TRIGGER touch BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION touch();
ALTER TABLE t DISABLE TRIGGER touch;
COMMENT ON TRIGGER touch ON t IS 'rests';
-- mutation: both sides of a foreign key change their type
-- object: t id uuid
-- before
CREATE TABLE t (id text PRIMARY KEY);
CREATE TABLE u (t text REFERENCES t ON DELETE CASCADE DEFERRABLE);
CREATE INDEX u_t ON u (t);
-- then
ALTER TABLE u DROP CONSTRAINT u_t_fkey;
ALTER TABLE t ALTER id TYPE uuid USING id::uuid;
ALTER TABLE u ALTER t TYPE uuid USING t::uuid;
ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t ON DELETE CASCADE DEFERRABLE;
-- mutation: an array column becomes an array of another type
-- object: t a bigint[]
-- before
CREATE TABLE t (a int[] DEFAULT '{1}');
-- then
ALTER TABLE t ALTER a TYPE bigint[];
-- mutation: a collation changes
-- object: t a collation
-- before
CREATE TABLE t (a text PRIMARY KEY, b text COLLATE "C");
CREATE INDEX t_ab ON t (lower(a), b);
-- then
ALTER TABLE t ALTER a TYPE text COLLATE "C", ALTER b TYPE text;
-- mutation: a default is set
-- object: t a default 5
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ALTER a SET DEFAULT 5;
-- mutation: a default goes
-- object: t a default none
-- before
CREATE TABLE t (a text DEFAULT 'it''s' || E'\\');
-- then
ALTER TABLE t ALTER a DROP DEFAULT;
-- mutation: a default calls another function
-- object: t a default
-- before
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a int DEFAULT f());
-- then
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE t ALTER a SET DEFAULT g();
DROP FUNCTION f;
-- mutation: not null is set
-- object: t a NOT
-- before
CREATE TABLE t (a int, b int NOT NULL);
-- then
ALTER TABLE t ALTER a SET NOT NULL;
-- mutation: not null goes
-- object: t b nullable
-- before
CREATE TABLE t (a int, b int NOT NULL);
-- then
ALTER TABLE t ALTER b DROP NOT NULL;
-- mutation: a not null that is not valid is added
-- from: 18
-- object: n new
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;
-- mutation: a not null that is not valid is validated
-- from: 18
-- object: n
-- before
CREATE TABLE t (a int);
ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;
-- then
ALTER TABLE t VALIDATE CONSTRAINT n;
-- mutation: a not null that children do not inherit is added
-- from: 18
-- object: n new
-- before
CREATE TABLE t (a int);
CREATE TABLE c () INHERITS (t);
-- then
ALTER TABLE t ADD CONSTRAINT n NOT NULL a NO INHERIT;
-- mutation: a not null gains a comment
-- from: 18
-- object: t
-- before
CREATE TABLE t (a int NOT NULL);
-- then
COMMENT ON CONSTRAINT t_a_not_null ON t IS 'always there';
-- mutation: a column becomes a stored generated one
-- object: t b
-- before
CREATE TABLE t (a int, b int);
-- then
ALTER TABLE t DROP b;
ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2) STORED;
-- mutation: a column in the middle becomes generated
-- object: t b
-- order: made
-- before
CREATE TABLE t (a int, b int, c int);
-- then
DROP TABLE t;
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int);
-- mutation: a generated column becomes a plain one
-- object: t b generated
-- before
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
-- then
ALTER TABLE t ALTER b DROP EXPRESSION;
-- mutation: a generated column's expression changes
-- object: t b default
-- before
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
CREATE INDEX t_b ON t (b);
CREATE VIEW v AS SELECT b FROM t;
-- then
DROP VIEW v;
ALTER TABLE t DROP b;
ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 3) STORED;
CREATE INDEX t_b ON t (b);
CREATE VIEW v AS SELECT b FROM t;
-- mutation: generated columns in a row change
-- object: t b default
-- note: every column behind the first one that changes can be computed again, so the order is kept
-- before
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS (a + 1) STORED);
COMMENT ON COLUMN t.c IS 'one more';
-- then
ALTER TABLE t DROP b, DROP c;
ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 3) STORED, ADD c int GENERATED ALWAYS AS (a + 1) STORED;
COMMENT ON COLUMN t.c IS 'one more';
-- mutation: a virtual generated column is added
-- from: 18
-- object: t.b new
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2) VIRTUAL;
-- mutation: a virtual generated column becomes a stored one
-- from: 18
-- object: t b stored
-- before
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);
-- then
ALTER TABLE t DROP b;
ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2) STORED;
-- mutation: a column becomes an identity
-- object: t a identity
-- before
CREATE TABLE t (a int NOT NULL);
-- then
ALTER TABLE t ALTER a ADD GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 5);
-- mutation: an identity goes
-- object: t a identity
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME case_numbers CACHE 5) PRIMARY KEY);
GRANT USAGE ON SEQUENCE case_numbers TO reader;
-- then
ALTER TABLE t ALTER a DROP IDENTITY;
-- mutation: an identity changes
-- object: t a identity
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b bigint GENERATED BY DEFAULT AS IDENTITY);
-- then
ALTER TABLE t ALTER a SET GENERATED BY DEFAULT SET INCREMENT BY 10 SET MAXVALUE 1000 SET CYCLE SET CACHE 3;
-- mutation: an identity's column changes its type
-- object: t a bigint
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);
-- then
ALTER TABLE t ALTER a TYPE bigint;
-- mutation: an identity becomes a serial
-- object: t a
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
-- then
ALTER TABLE t ALTER a DROP IDENTITY;
CREATE SEQUENCE t_a_seq AS int OWNED BY t.a;
ALTER TABLE t ALTER a SET DEFAULT nextval('t_a_seq');
-- mutation: a serial becomes an identity
-- object: t a identity
-- before
CREATE TABLE t (a serial PRIMARY KEY, b int);
-- then
ALTER TABLE t ALTER a DROP DEFAULT;
DROP SEQUENCE t_a_seq;
ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY;
-- mutation: an identity becomes a plain default
-- object: t a default 7
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);
-- then
ALTER TABLE t ALTER a DROP IDENTITY;
ALTER TABLE t ALTER a SET DEFAULT 7;
-- mutation: a serial becomes a plain column
-- object: t a default
-- before
CREATE TABLE t (a bigserial, b int);
GRANT USAGE ON SEQUENCE t_a_seq TO reader;
-- then
ALTER TABLE t ALTER a DROP DEFAULT;
DROP SEQUENCE t_a_seq;
-- mutation: storage changes
-- object: t a storage
-- before
CREATE TABLE t (a text, b text);
ALTER TABLE t ALTER b SET STORAGE MAIN;
-- then
ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTENDED;
-- mutation: compression changes
-- object: t a compression
-- before
CREATE TABLE t (a text);
-- then
ALTER TABLE t ALTER a SET COMPRESSION pglz;
-- mutation: a statistics target changes
-- object: t a statistics
-- before
CREATE TABLE t (a text, b int);
ALTER TABLE t ALTER b SET STATISTICS 10;
-- then
ALTER TABLE t ALTER a SET STATISTICS 500, ALTER b SET STATISTICS -1;
-- mutation: a column's options change
-- object: t a options
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ALTER a SET (n_distinct = 100, n_distinct_inherited = -0.2);
-- mutation: a column's comment changes
-- object: t a comment
-- before
CREATE TABLE t (a int, "Odd ""name" int);
COMMENT ON COLUMN t.a IS 'one';
-- then
COMMENT ON COLUMN t.a IS 'two';
COMMENT ON COLUMN t."Odd ""name" IS 'odd';
-- mutation: a column of a composite type is added
-- object: t.p new
-- before
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (id int);
-- then
ALTER TABLE t ADD p pair DEFAULT ROW(1, 'x')::pair, ADD ps pair[];
-- mutation: a generated column becomes of a type that does not convert back
-- object: t g character
-- before
CREATE TABLE t (a int, g boolean GENERATED ALWAYS AS (a > 0) STORED);
-- then
ALTER TABLE t ALTER g TYPE varchar(30);
-- mutation: a generated column of an enum becomes text
-- object: t g text
-- order: made, unmade
-- before
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (m mood, g mood GENERATED ALWAYS AS (CASE WHEN m > 'a' THEN m END) STORED, z int);
-- then
ALTER TABLE t ALTER g TYPE text;
