-- mutation: a view is created
-- object: view case_here.v new
-- before
CREATE TABLE t (a int, "B" text);
-- then
CREATE VIEW v AS SELECT a, "B" AS b, a + 1 AS more FROM t WITH LOCAL CHECK OPTION;
-- mutation: a recursive view is created
-- object: v new
-- before
CREATE TABLE t (id int, up int);
-- then
CREATE RECURSIVE VIEW v (id, depth) AS SELECT id, 0 FROM t WHERE up IS NULL
    UNION ALL SELECT t.id, v.depth + 1 FROM t JOIN v ON t.up = v.id;
-- mutation: a view runs with the invoker's rights
-- object: v options
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- then
ALTER VIEW v SET (security_invoker = true);
-- mutation: a view's options go
-- object: v options
-- before
CREATE TABLE t (a int);
CREATE VIEW v WITH (security_barrier, security_invoker = on, check_option = cascaded) AS SELECT a FROM t;
-- then
ALTER VIEW v RESET (security_barrier, check_option);
-- mutation: a view gains a column at its end
-- object: v definition
-- before
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT * FROM v;
GRANT SELECT ON v TO reader;
-- then
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;
COMMENT ON COLUMN v.b IS 'the second';
-- mutation: a view loses a column under other views
-- object: v definition
-- before
CREATE TABLE t (a int, b int);
CREATE VIEW v WITH (security_invoker) AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM w WITH NO DATA;
CREATE INDEX m_a ON m (a);
COMMENT ON COLUMN m.a IS 'kept';
GRANT SELECT ON v TO reader;
GRANT SELECT (a) ON w TO writer;
GRANT SELECT, DELETE ON m TO writer;
-- then
DROP VIEW v CASCADE;
CREATE VIEW v WITH (security_invoker) AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM w WITH NO DATA;
CREATE INDEX m_a ON m (a);
COMMENT ON COLUMN m.a IS 'kept';
GRANT SELECT ON v TO reader;
GRANT SELECT (a) ON w TO writer;
GRANT SELECT, DELETE ON m TO writer;
-- mutation: a view's rows change
-- object: v definition
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t WHERE a > 0;
-- then
CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 1;
-- mutation: a view's column changes its type
-- object: v
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
-- then
DROP FUNCTION f;
DROP VIEW v;
CREATE VIEW v AS SELECT a::text FROM t;
CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v';
-- mutation: a view's column is renamed
-- object: v
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- then
ALTER VIEW v RENAME COLUMN a TO b;
-- mutation: a view's column gets a default
-- object: v a default
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- then
ALTER VIEW v ALTER a SET DEFAULT 7;
-- mutation: a view gets triggers
-- object: trigger v.instead new
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- then
CREATE TRIGGER instead INSTEAD OF INSERT OR UPDATE ON v FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER once AFTER DELETE ON v FOR EACH STATEMENT EXECUTE FUNCTION f();
-- mutation: a view with triggers loses a column
-- object: v
-- before
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a, b FROM t;
ALTER VIEW v ALTER a SET DEFAULT 4;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER instead ON v IS 'writes';
-- then
DROP VIEW v;
CREATE VIEW v AS SELECT a FROM t;
ALTER VIEW v ALTER a SET DEFAULT 4;
CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER instead ON v IS 'writes';
-- mutation: a view's owner and privileges change
-- object: v owner
-- before
CREATE TABLE t (a int, b int);
GRANT SELECT ON t TO keeper;
CREATE VIEW v AS SELECT a, b FROM t;
GRANT SELECT ON v TO reader;
-- then
GRANT ALL ON SCHEMA case_here TO keeper;
ALTER VIEW v OWNER TO keeper;
REVOKE SELECT ON v FROM reader;
GRANT UPDATE (b) ON v TO reader;
-- mutation: a view's comments change
-- object: v comment
-- before
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
-- then
COMMENT ON VIEW v IS 'shows';
COMMENT ON COLUMN v.a IS 'one';
-- mutation: a view that needs a primary key loses it
-- object: t_pkey gone
-- before
CREATE TABLE t (a int PRIMARY KEY, b text);
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- then
DROP VIEW v;
ALTER TABLE t DROP CONSTRAINT t_pkey;
-- mutation: a materialized view is created
-- object: materialized view m new
-- before
CREATE TABLE t (a int);
-- then
CREATE MATERIALIZED VIEW m WITH (fillfactor = 80) AS SELECT a, a * 2 AS b FROM t;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON MATERIALIZED VIEW m IS 'counted';
ALTER MATERIALIZED VIEW m ALTER b SET STATISTICS 50;
GRANT SELECT ON m TO reader;
-- mutation: a materialized view's query changes
-- object: m definition
-- before
CREATE TABLE t (a int);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE UNIQUE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT * FROM m;
GRANT SELECT ON m TO reader;
COMMENT ON MATERIALIZED VIEW m IS 'counted';
-- then
DROP VIEW v;
DROP MATERIALIZED VIEW m;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t WHERE a > 0;
CREATE UNIQUE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT * FROM m;
GRANT SELECT ON m TO reader;
COMMENT ON MATERIALIZED VIEW m IS 'counted';
-- mutation: a materialized view is filled
-- object: m populated
-- unseen by pg_dump
-- before
CREATE TABLE t (a int);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA;
-- then
REFRESH MATERIALIZED VIEW m;
-- mutation: a materialized view's storage changes
-- object: m
-- before
CREATE TABLE t (a int, b text);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
-- then
ALTER MATERIALIZED VIEW m SET (fillfactor = 70);
ALTER MATERIALIZED VIEW m ALTER b SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW m ALTER b SET COMPRESSION pglz;
ALTER MATERIALIZED VIEW m ALTER a SET (n_distinct = 5);
-- mutation: a view's column is a composite
-- object: v new
-- before
CREATE TYPE pair AS (a int, b int);
CREATE TABLE t (p pair);
-- then
CREATE VIEW v AS SELECT (p).a, p FROM t;
-- mutation: a view over a function over a table changes at the bottom
-- object: t a bigint
-- before
CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM t; END;
CREATE VIEW v AS SELECT * FROM f();
CREATE VIEW w AS SELECT * FROM v;
COMMENT ON FUNCTION f() IS 'all';
REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
-- then
DROP VIEW w, v;
DROP FUNCTION f;
ALTER TABLE t ALTER a TYPE bigint;
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM t; END;
CREATE VIEW v AS SELECT * FROM f();
CREATE VIEW w AS SELECT * FROM v;
COMMENT ON FUNCTION f() IS 'all';
REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
-- mutation: a function and a view need each other
-- object: v new
-- before
CREATE TABLE t (a int);
-- then
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM v; END;
CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE f() > 0;
