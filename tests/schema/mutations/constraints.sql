-- mutation: a primary key is added
-- object: t t_pkey new
-- before
CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int);
-- then
ALTER TABLE t ADD PRIMARY KEY (b, a) INCLUDE (c);
-- mutation: a primary key that others reference is replaced
-- object: t t_pkey
-- before
CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL UNIQUE);
CREATE TABLE u (a int REFERENCES t);
CREATE VIEW v AS SELECT a, b FROM t GROUP BY a;
GRANT SELECT ON v TO reader;
-- then
DROP VIEW v;
ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE;
ALTER TABLE t ADD PRIMARY KEY (b), ADD UNIQUE (a);
-- mutation: a unique constraint with nulls not distinct is added
-- object: t_a_key new
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a);
-- mutation: a unique constraint becomes deferrable
-- object: t_a_key
-- before
CREATE TABLE t (a int UNIQUE);
-- then
ALTER TABLE t DROP CONSTRAINT t_a_key;
ALTER TABLE t ADD UNIQUE (a) DEFERRABLE INITIALLY DEFERRED;
-- mutation: a unique constraint has storage parameters
-- object: t_a_key
-- before
CREATE TABLE t (a int UNIQUE);
-- then
ALTER INDEX t_a_key SET (fillfactor = 60);
-- mutation: a unique index becomes a constraint
-- object: t_a new
-- before
CREATE TABLE t (a int);
CREATE UNIQUE INDEX t_a ON t (a);
-- then
ALTER TABLE t ADD CONSTRAINT t_a UNIQUE USING INDEX t_a;
-- mutation: a foreign key is added
-- object: t_u_fkey new
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (u int);
-- then
ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES u ON UPDATE CASCADE ON DELETE SET NULL;
-- mutation: a foreign key sets some columns only
-- object: t_k_fkey
-- before
CREATE TABLE u (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE t (a int, b int, CONSTRAINT t_k_fkey FOREIGN KEY (a, b) REFERENCES u ON DELETE SET NULL);
-- then
ALTER TABLE t DROP CONSTRAINT t_k_fkey;
ALTER TABLE t ADD CONSTRAINT t_k_fkey FOREIGN KEY (a, b) REFERENCES u MATCH FULL ON DELETE SET NULL (b);
-- mutation: a foreign key is validated
-- object: t_u_fkey validated
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (u int);
ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES u NOT VALID;
-- then
ALTER TABLE t VALIDATE CONSTRAINT t_u_fkey;
-- mutation: a foreign key becomes deferrable
-- object: t_u_fkey defer
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (u int REFERENCES u);
-- then
ALTER TABLE t ALTER CONSTRAINT t_u_fkey DEFERRABLE INITIALLY DEFERRED;
-- mutation: a foreign key becomes immediate at first
-- object: t_u_fkey defer
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (u int REFERENCES u DEFERRABLE INITIALLY DEFERRED);
-- then
ALTER TABLE t ALTER CONSTRAINT t_u_fkey DEFERRABLE INITIALLY IMMEDIATE;
-- mutation: a table references itself
-- object: t_up_fkey new
-- before
CREATE TABLE t (id int PRIMARY KEY, up int);
-- then
ALTER TABLE t ADD FOREIGN KEY (up) REFERENCES t;
-- mutation: a foreign key is not enforced
-- from: 18
-- object: t_u_fkey
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (u int REFERENCES u);
-- then
ALTER TABLE t ALTER CONSTRAINT t_u_fkey NOT ENFORCED;
-- mutation: a temporal key and a foreign key to it are added
-- from: 18
-- superuser
-- alone
-- object: constraint u_pkey new
-- before
CREATE EXTENSION btree_gist SCHEMA public;
CREATE TABLE case_here.u (id int, at daterange);
CREATE TABLE case_here.t (u int, at daterange);
-- then
SET search_path = case_here, public;
ALTER TABLE u ADD PRIMARY KEY (id, at WITHOUT OVERLAPS);
ALTER TABLE t ADD FOREIGN KEY (u, PERIOD at) REFERENCES u (id, PERIOD at);
-- mutation: a check is added
-- object: t_a_check new
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ADD CHECK (a > 0);
-- mutation: a check that is not valid is added
-- object: t_a_check new
-- before
CREATE TABLE t (a int);
-- then
ALTER TABLE t ADD CHECK (a > 0) NOT VALID;
-- mutation: a check is validated
-- object: t_a_check
-- before
CREATE TABLE t (a int);
ALTER TABLE t ADD CHECK (a > 0) NOT VALID;
-- then
ALTER TABLE t VALIDATE CONSTRAINT t_a_check;
-- mutation: a check changes
-- object: t_a_check definition
-- before
CREATE TABLE t (a int CHECK (a > 0));
COMMENT ON CONSTRAINT t_a_check ON t IS 'positive';
-- then
ALTER TABLE t DROP CONSTRAINT t_a_check;
ALTER TABLE t ADD CHECK (a > 1);
COMMENT ON CONSTRAINT t_a_check ON t IS 'more than one';
-- mutation: a check calls a function that reads the table
-- object: t.few new
-- before
CREATE TABLE t (a int);
-- then
CREATE FUNCTION few() RETURNS boolean LANGUAGE sql AS 'SELECT count(*) < 10 FROM case_here.t';
ALTER TABLE t ADD CONSTRAINT few CHECK (few());
-- mutation: a check is not enforced
-- from: 18
-- object: t_a_check
-- before
CREATE TABLE t (a int CHECK (a > 0));
-- then
ALTER TABLE t DROP CONSTRAINT t_a_check;
ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED;
-- mutation: an exclusion is added
-- object: t.apart new
-- before
CREATE TABLE t (r int4range, active boolean);
-- then
ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WHERE (active) DEFERRABLE;
-- mutation: a constraint's comment changes
-- object: t_a_check comment
-- before
CREATE TABLE t (a int CHECK (a > 0), PRIMARY KEY (a));
-- then
COMMENT ON CONSTRAINT t_a_check ON t IS 'positive';
-- mutation: a constraint trigger becomes deferred
-- object: trigger t.late
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- then
DROP TRIGGER late ON t;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
-- mutation: a primary key is the cluster order
-- object: t_pkey clustered
-- before
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE INDEX t_b ON t (b);
ALTER TABLE t CLUSTER ON t_b;
-- then
ALTER TABLE t CLUSTER ON t_pkey;
