-- case: a primary key is added
-- setup
CREATE TABLE t (id int NOT NULL);
-- change
ALTER TABLE t ADD PRIMARY KEY (id);
-- case: a primary key that others reference is dropped
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (t int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
-- change
ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE;
-- case: a unique constraint is added
-- setup
CREATE TABLE t (a int, b int);
-- change
ALTER TABLE t ADD CONSTRAINT t_a_b UNIQUE (a, b) DEFERRABLE;
COMMENT ON CONSTRAINT t_a_b ON t IS 'pair';
-- case: a unique constraint with nulls not distinct is added
-- setup
CREATE TABLE t (a int, b int);
-- change
ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b);
-- case: a foreign key is added
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (t int);
-- change
ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t ON DELETE SET NULL ON UPDATE CASCADE;
-- case: a foreign key that is not valid is validated
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (t int);
ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t NOT VALID;
-- change
ALTER TABLE u VALIDATE CONSTRAINT u_t_fkey;
-- case: a foreign key becomes deferrable
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (t int REFERENCES t);
-- change
ALTER TABLE u ALTER CONSTRAINT u_t_fkey DEFERRABLE INITIALLY DEFERRED;
-- case: a foreign key's action changes
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (t int REFERENCES t);
-- change
ALTER TABLE u DROP CONSTRAINT u_t_fkey;
ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t ON DELETE CASCADE;
-- case: a check is added
-- setup
CREATE TABLE t (a int);
-- change
ALTER TABLE t ADD CHECK (a > 0) NO INHERIT;
-- case: a check changes
-- setup
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));
-- change
ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 1);
-- case: a check that calls a function is added
-- setup
CREATE TABLE t (a int);
-- change
CREATE FUNCTION good(t) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a > 0';
ALTER TABLE t ADD CONSTRAINT c CHECK (good(t));
-- case: an exclusion is added
-- setup
CREATE TABLE t (during tstzrange);
-- change
ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (NOT isempty(during));
-- case: a constraint is renamed
-- setup
CREATE TABLE t (a int CONSTRAINT one CHECK (a > 0), b int CONSTRAINT two UNIQUE);
-- change
ALTER TABLE t RENAME CONSTRAINT one TO uno;
ALTER TABLE t RENAME CONSTRAINT two TO due;
-- case: a constraint that is not enforced is added
-- setup
CREATE TABLE t (a int);
-- change
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED;
-- case: an index is created
-- setup
CREATE TABLE t (a int, b text, c jsonb);
-- change
CREATE INDEX ON t (a DESC NULLS LAST, b text_pattern_ops) INCLUDE (c) WHERE a > 0;
CREATE INDEX ON t USING gin (c jsonb_path_ops) WITH (fastupdate = off);
-- case: an index is renamed
-- setup
CREATE TABLE t (a int);
CREATE INDEX one ON t (a);
-- change
ALTER INDEX one RENAME TO other;
-- case: an index changes its columns
-- setup
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a);
COMMENT ON INDEX i IS 'fast';
-- change
DROP INDEX i;
CREATE INDEX i ON t (b);
COMMENT ON INDEX i IS 'fast';
-- case: a table is clustered on an index
-- setup
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
-- change
ALTER TABLE t CLUSTER ON i;
-- case: another index is clustered on
-- setup
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
ALTER TABLE t CLUSTER ON i;
-- change
ALTER TABLE t CLUSTER ON j;
-- case: an index column's statistics target changes
-- setup
CREATE TABLE t (a int);
CREATE INDEX i ON t ((a + 1));
-- change
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 400;
-- case: an index's storage parameter changes
-- setup
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
-- change
ALTER INDEX i SET (fillfactor = 50);
