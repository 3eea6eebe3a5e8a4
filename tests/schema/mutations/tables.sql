-- mutation: a table is created
-- object: table case_here.t new
-- before
-- then
CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'x', at timestamptz DEFAULT now());
-- mutation: a table of no columns is created
-- object: table case_here.t new
-- before
-- then
CREATE TABLE t ();
-- mutation: a table with everything on it is dropped
-- object: table case_here.t gone
-- before
CREATE TABLE parent (id int PRIMARY KEY);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (id serial PRIMARY KEY, up int REFERENCES parent, name text UNIQUE, CHECK (name <> ''));
CREATE INDEX ON t (lower(name)) WHERE up IS NOT NULL;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO reader USING (up = 1);
CREATE VIEW v AS SELECT id, name FROM t;
COMMENT ON TABLE t IS 'it''s a \ comment';
COMMENT ON COLUMN t.name IS 'the name';
COMMENT ON POLICY p ON t IS 'who reads';
COMMENT ON TRIGGER touch ON t IS 'touches';
GRANT SELECT, INSERT ON t TO reader;
GRANT UPDATE (name) ON t TO writer;
GRANT SELECT ON v TO writer;
-- then
DROP TABLE t CASCADE;
-- mutation: a table becomes unlogged
-- object: t persistence
-- before
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial);
-- then
ALTER TABLE t SET UNLOGGED;
-- mutation: row security is enabled
-- object: t row security on
-- before
CREATE TABLE t (id int);
-- then
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- mutation: row security is forced
-- object: t force
-- before
CREATE TABLE t (id int);
-- then
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- mutation: storage parameters of a table and of its overflow are set
-- object: t options
-- before
CREATE TABLE t (id int, x text) WITH (fillfactor = 70, autovacuum_enabled = off);
-- then
ALTER TABLE t SET (fillfactor = 50, toast.autovacuum_vacuum_threshold = 100), ALTER COLUMN x SET (n_distinct = -0.5);
ALTER TABLE t RESET (autovacuum_enabled);
-- mutation: replica identity becomes full
-- object: t replica full
-- before
CREATE TABLE t (id int PRIMARY KEY);
-- then
ALTER TABLE t REPLICA IDENTITY FULL;
-- mutation: replica identity becomes nothing
-- object: t replica nothing
-- before
CREATE TABLE t (id int PRIMARY KEY);
-- then
ALTER TABLE t REPLICA IDENTITY NOTHING;
-- mutation: replica identity uses an index
-- object: t replica index
-- before
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);
CREATE UNIQUE INDEX t_n ON t (n);
-- then
ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-- mutation: the index that is the replica identity is built anew
-- object: index case_here.t_n definition
-- before
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, m int NOT NULL);
CREATE UNIQUE INDEX t_n ON t (n);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-- then
DROP INDEX t_n;
CREATE UNIQUE INDEX t_n ON t (n, m);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-- mutation: replica identity goes from one index to another
-- object: index replica
-- before
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);
CREATE UNIQUE INDEX t_n ON t (n);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-- then
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
-- mutation: the index that is the replica identity is dropped
-- object: t_n gone
-- before
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);
CREATE UNIQUE INDEX t_n ON t (n);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_n;
-- then
DROP INDEX t_n;
-- mutation: a table's owner changes
-- object: t owner keeper
-- before
CREATE TABLE t (id serial PRIMARY KEY, g int GENERATED ALWAYS AS IDENTITY);
GRANT SELECT ON t TO reader;
GRANT ALL ON SCHEMA case_here TO keeper;
-- then
ALTER TABLE t OWNER TO keeper;
-- mutation: a table's comment changes
-- object: t comment
-- before
CREATE TABLE t (id int);
COMMENT ON TABLE t IS 'one';
-- then
COMMENT ON TABLE t IS E'it''s \\ two\nlines';
-- mutation: a table's comment goes
-- object: t comment none
-- before
CREATE TABLE t (id int);
COMMENT ON TABLE t IS 'one';
-- then
COMMENT ON TABLE t IS NULL;
-- mutation: a table becomes a view
-- object: case_here.t
-- note: no DDL brings the rows along; the difference is told as a table gone and a view new
-- before
CREATE TABLE base (id int PRIMARY KEY, name text);
CREATE TABLE t (id int, name text);
CREATE VIEW over AS SELECT id FROM t;
GRANT SELECT ON t TO reader;
-- then
DROP TABLE t CASCADE;
CREATE VIEW t AS SELECT id, name FROM base;
CREATE VIEW over AS SELECT id FROM t;
GRANT SELECT ON t TO reader;
-- mutation: a view becomes a materialized view
-- object: case_here.v materialized
-- before
CREATE TABLE t (id int, name text);
CREATE VIEW v AS SELECT id, name FROM t;
CREATE VIEW over AS SELECT id FROM v;
GRANT SELECT ON v TO reader;
COMMENT ON VIEW v IS 'is kept';
COMMENT ON COLUMN over.id IS 'its number';
-- then
DROP VIEW v CASCADE;
CREATE MATERIALIZED VIEW v AS SELECT id, name FROM t;
CREATE UNIQUE INDEX v_id ON v (id);
CREATE VIEW over AS SELECT id FROM v;
GRANT SELECT ON v TO reader;
COMMENT ON MATERIALIZED VIEW v IS 'is kept';
COMMENT ON COLUMN over.id IS 'its number';
-- mutation: a table inherits
-- object: c new
-- before
CREATE TABLE p (id int NOT NULL, name text DEFAULT 'x' CHECK (name <> ''));
-- then
CREATE TABLE c (extra int, name text DEFAULT 'y') INHERITS (p);
-- mutation: a table stops inheriting
-- object: c inherits
-- leaves unmade: table case_here.c: column id is its table's own now, so dropping the parent's leaves it; table case_here.c: column name is its table's own now, so dropping the parent's leaves it; constraint case_here.c.p_name_check: is its table's own now, so dropping the parent's leaves it
-- before
CREATE TABLE p (id int NOT NULL, name text CHECK (name <> ''));
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE c NO INHERIT p;
-- mutation: a table starts inheriting
-- object: c inherits
-- before
CREATE TABLE p (id int, name text);
CREATE TABLE c (id int, name text, extra int);
-- then
ALTER TABLE c INHERIT p;
-- mutation: a table inherits from another parent
-- object: c inherits
-- before
CREATE TABLE p (id int);
CREATE TABLE q (id int);
CREATE TABLE c (id int, extra int) INHERITS (p);
-- then
ALTER TABLE c NO INHERIT p;
ALTER TABLE c INHERIT q;
-- mutation: a table inherits from two parents
-- object: c inherits
-- before
CREATE TABLE p (id int);
CREATE TABLE q (id int, n int);
CREATE TABLE c (id int, n int) INHERITS (p);
-- then
ALTER TABLE c INHERIT q;
-- mutation: the parent of an inheriting table is dropped
-- object: p gone
-- leaves unmade: table case_here.c: column id is its table's own now, so dropping the parent's leaves it; table case_here.c: column name is its table's own now, so dropping the parent's leaves it; constraint case_here.c.p_name_check: is its table's own now, so dropping the parent's leaves it
-- before
CREATE TABLE p (id int NOT NULL, name text CHECK (name <> ''));
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE c NO INHERIT p;
DROP TABLE p;
-- mutation: an inheritance parent gains a column
-- object: p.n new
-- before
CREATE TABLE p (id int);
CREATE TABLE c (extra int) INHERITS (p);
CREATE TABLE d (more int) INHERITS (c);
-- then
ALTER TABLE p ADD n int NOT NULL DEFAULT 5;
-- mutation: an inheritance parent loses a column
-- object: p.n gone
-- order: unmade
-- before
CREATE TABLE p (id int, n int);
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE p DROP n;
-- mutation: an inheritance parent loses a column that its child keeps
-- object: p.n gone
-- leaves unmade: table case_here.c: column n is its table's own now, so dropping the parent's leaves it
-- before
CREATE TABLE p (id int, n int);
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE ONLY p DROP n;
-- mutation: an inheritance parent's column changes its type
-- object: p n bigint
-- before
CREATE TABLE p (id int, n int DEFAULT 3);
CREATE TABLE c (extra int) INHERITS (p);
CREATE VIEW v AS SELECT n FROM c;
-- then
DROP VIEW v;
ALTER TABLE p ALTER n TYPE bigint;
CREATE VIEW v AS SELECT n FROM c;
-- mutation: an inheriting table's own default changes
-- object: c n default
-- before
CREATE TABLE p (id int, n int DEFAULT 3);
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE c ALTER n SET DEFAULT 4;
-- mutation: an inherited check is added
-- object: p.positive new
-- before
CREATE TABLE p (id int);
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE p ADD CONSTRAINT positive CHECK (id > 0);
-- mutation: a check that is not inherited is added
-- object: p.positive new
-- before
CREATE TABLE p (id int);
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE p ADD CONSTRAINT positive CHECK (id > 0) NO INHERIT;
-- mutation: an inherited check goes
-- object: p.positive gone
-- before
CREATE TABLE p (id int CONSTRAINT positive CHECK (id > 0));
CREATE TABLE c (extra int) INHERITS (p);
-- then
ALTER TABLE p DROP CONSTRAINT positive;
-- mutation: a typed table is created
-- object: t new
-- before
CREATE TYPE shape AS (w int, h int);
-- then
CREATE TABLE t OF shape (w WITH OPTIONS NOT NULL DEFAULT 1, PRIMARY KEY (h));
-- mutation: a table becomes typed
-- object: t
-- before
CREATE TYPE shape AS (w int, h int);
CREATE TABLE t (w int, h int);
-- then
ALTER TABLE t OF shape;
-- mutation: two tables that reference each other are created
-- object: table new case_here.t
-- before
-- then
CREATE TABLE t (id int PRIMARY KEY, u int);
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);
ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES u;
-- mutation: a table's access method is named
-- object: case_here.t access
-- unseen by pg_dump
-- superuser
-- note: pg_dump says it by a setting, which is left out of the comparison
-- alone
-- before
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE case_here.t (id int);
-- then
ALTER TABLE case_here.t SET ACCESS METHOD heap2;
