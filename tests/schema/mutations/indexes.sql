-- mutation: an index is created
-- object: index t_a new
-- before
CREATE TABLE t (a int, b text, c jsonb);
-- then
CREATE INDEX t_a ON t USING btree (a DESC NULLS LAST, lower(b) COLLATE "C" text_pattern_ops) INCLUDE (c)
    WITH (fillfactor = 80) WHERE a > 0;
-- mutation: an index is dropped
-- object: index t_c gone
-- before
CREATE TABLE t (a int, c jsonb);
CREATE INDEX t_c ON t USING gin (c jsonb_path_ops) WITH (fastupdate = off);
COMMENT ON INDEX t_c IS 'finds';
-- then
DROP INDEX t_c;
-- mutation: a unique index with nulls not distinct is created
-- object: t_a new
-- before
CREATE TABLE t (a int);
-- then
CREATE UNIQUE INDEX t_a ON t (a) NULLS NOT DISTINCT;
-- mutation: an index changes its columns
-- object: t_a definition
-- before
CREATE TABLE t (a int, b int);
CREATE INDEX t_a ON t (a);
COMMENT ON INDEX t_a IS 'stays';
ALTER TABLE t CLUSTER ON t_a;
-- then
DROP INDEX t_a;
CREATE INDEX t_a ON t (a, b);
COMMENT ON INDEX t_a IS 'stays';
ALTER TABLE t CLUSTER ON t_a;
-- mutation: an index's storage parameter changes
-- object: t_a
-- before
CREATE TABLE t (a int);
CREATE INDEX t_a ON t (a) WITH (fillfactor = 50);
-- then
ALTER INDEX t_a SET (fillfactor = 60, deduplicate_items = off);
-- mutation: an index on an expression gets a statistics target
-- object: t_l statistics
-- before
CREATE TABLE t (a text);
CREATE INDEX t_l ON t (a, lower(a));
-- then
ALTER INDEX t_l ALTER COLUMN 2 SET STATISTICS 300;
-- mutation: a table is clustered on an index
-- object: t_a clustered
-- before
CREATE TABLE t (a int);
CREATE INDEX t_a ON t (a);
-- then
ALTER TABLE t CLUSTER ON t_a;
-- mutation: an index's comment changes
-- object: t_a comment
-- before
CREATE TABLE t (a int PRIMARY KEY);
CREATE INDEX t_a ON t (a);
-- then
COMMENT ON INDEX t_a IS 'by a';
COMMENT ON INDEX t_pkey IS 'the key';
-- mutation: a function in an index changes its body
-- object: routine f definition
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a int);
CREATE INDEX t_f ON t (f(a));
-- then
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 0';
-- mutation: a function in an index changes its result
-- object: routine f definition
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a int, CHECK (f(a) > 0));
CREATE INDEX t_f ON t (f(a));
-- then
DROP FUNCTION f CASCADE;
CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::bigint';
CREATE INDEX t_f ON t (f(a));
ALTER TABLE t ADD CHECK (f(a) > 0);
-- mutation: an index of a materialized view is created
-- object: m_a new
-- before
CREATE TABLE t (a int);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
-- then
CREATE UNIQUE INDEX m_a ON m (a);
ALTER MATERIALIZED VIEW m CLUSTER ON m_a;
-- mutation: a storage parameter of an index with another kind of method changes
-- object: t_r
-- before
CREATE TABLE t (a int, p point);
CREATE INDEX t_r ON t USING brin (a) WITH (pages_per_range = 32);
-- then
DROP INDEX t_r;
CREATE INDEX t_r ON t USING brin (a int4_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 64);
-- mutation: an index lies invalid
-- superuser
-- object: t_a valid
-- leaves made: index case_here.t_a: valid is now on, was off
-- note: as a broken CREATE INDEX CONCURRENTLY leaves it; no statement makes an index invalid again
-- before
CREATE TABLE t (a int);
ALTER TABLE t OWNER TO owner;
CREATE INDEX t_a ON t (a);
-- then
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass;
-- mutation: an index that lay invalid is dropped
-- superuser
-- object: t_a gone
-- unseen by pg_dump
-- leaves unmade: index case_here.t_a: valid is now on, was off
-- before
CREATE TABLE t (a int);
CREATE INDEX t_a ON t (a);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass;
-- then
DROP INDEX t_a;
