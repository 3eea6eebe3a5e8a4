-- case: a view is created
-- setup
CREATE TABLE t (a int, b text);
-- change
CREATE VIEW v (x, y) WITH (security_barrier = true) AS SELECT a, b FROM t WITH CASCADED CHECK OPTION;
-- case: a view runs with the invoker's rights
-- setup
CREATE VIEW v AS SELECT 1 AS a;
-- change
ALTER VIEW v SET (security_invoker = true);
-- case: a view gains a column
-- setup
CREATE VIEW v AS SELECT 1 AS a;
CREATE VIEW w AS SELECT a FROM v;
GRANT SELECT ON v TO case_reader;
COMMENT ON COLUMN v.a IS 'first';
-- change
CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;
-- case: a view's rows change
-- setup
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- change
CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0;
-- case: a view's column changes its type
-- setup
CREATE VIEW v AS SELECT 1 AS a;
CREATE VIEW w AS SELECT a + 1 AS b FROM v;
GRANT ALL ON w TO case_writer;
-- change
DROP VIEW w;
DROP VIEW v;
CREATE VIEW v AS SELECT 1::bigint AS a;
CREATE VIEW w AS SELECT a + 1 AS b FROM v;
GRANT ALL ON w TO case_writer;
-- case: a view column's default is set
-- setup
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- change
ALTER VIEW v ALTER COLUMN a SET DEFAULT 3;
-- case: a materialized view is created
-- setup
CREATE TABLE t (a int);
-- change
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM t GROUP BY a WITH NO DATA;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON MATERIALIZED VIEW m IS 'counts';
GRANT SELECT ON m TO case_reader;
-- case: a materialized view is populated
-- setup
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA;
-- change
REFRESH MATERIALIZED VIEW m;
-- case: a materialized view's query changes
-- setup
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
CREATE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT a FROM m;
-- change
DROP MATERIALIZED VIEW m CASCADE;
CREATE MATERIALIZED VIEW m AS SELECT 2 AS a;
CREATE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT a FROM m;
-- case: a view depends on a primary key
-- setup
-- change
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE VIEW v AS SELECT id, name, count(*) AS n FROM t GROUP BY id;
-- case: a view is renamed
-- setup
CREATE VIEW v AS SELECT 1 AS a;
CREATE VIEW w AS SELECT a FROM v;
-- change
ALTER VIEW v RENAME TO x;
-- case: a view gets a trigger
-- setup
CREATE VIEW v AS SELECT 1 AS a;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- change
CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION touch();
-- case: a view's options and columns' comments change
-- setup
CREATE VIEW v WITH (security_barrier = true) AS SELECT 1 AS a;
-- change
CREATE OR REPLACE VIEW v WITH (security_invoker = true) AS SELECT 2 AS a;
COMMENT ON COLUMN v.a IS 'x';
GRANT SELECT (a) ON v TO case_reader;
-- case: a materialized view's column gets a statistics target
-- setup
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
-- change
ALTER MATERIALIZED VIEW m ALTER COLUMN a SET STATISTICS 33;
ALTER MATERIALIZED VIEW m SET (fillfactor = 60);
-- case: a view with columns' own properties is made again
-- setup
CREATE TABLE t (a varchar(3), b int);
CREATE VIEW v AS SELECT a, b FROM t;
ALTER VIEW v ALTER COLUMN b SET DEFAULT 4;
COMMENT ON COLUMN v.a IS 'a';
GRANT SELECT (a) ON v TO case_reader;
CREATE MATERIALIZED VIEW m AS SELECT a FROM v;
ALTER MATERIALIZED VIEW m ALTER COLUMN a SET STATISTICS 33;
CREATE INDEX i ON m (a);
ALTER MATERIALIZED VIEW m CLUSTER ON i;
-- change
DROP VIEW v CASCADE;
ALTER TABLE t ALTER COLUMN a TYPE text;
