-- case: a table is created
-- setup
-- change
CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'x', at timestamptz DEFAULT now());
-- case: a table with everything on it is dropped
-- setup
CREATE TABLE parent (id int PRIMARY KEY);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (id serial PRIMARY KEY, up int REFERENCES parent, name text UNIQUE, CHECK (name <> ''));
CREATE INDEX ON t (lower(name)) WHERE up IS NOT NULL;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO case_reader USING (up = 1);
CREATE VIEW v AS SELECT id, name FROM t;
COMMENT ON TABLE t IS 'it''s a \ comment';
COMMENT ON COLUMN t.name IS 'the name';
GRANT SELECT, INSERT ON t TO case_reader;
GRANT UPDATE (name) ON t TO case_writer;
-- change
DROP TABLE t CASCADE;
-- case: a table is renamed
-- setup
CREATE TABLE t (id serial PRIMARY KEY, name text CHECK (name <> ''));
CREATE INDEX t_name ON t (name);
CREATE VIEW v AS SELECT * FROM t;
-- change
ALTER TABLE t RENAME TO u;
-- case: two tables swap their names
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (name text UNIQUE);
-- change
ALTER TABLE t RENAME TO w;
ALTER TABLE u RENAME TO t;
ALTER TABLE w RENAME TO u;
-- case: a table goes and another takes its name
-- setup
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE u (id int, name text);
-- change
DROP TABLE t;
ALTER TABLE u RENAME TO t;
-- case: a table moves to another schema
-- setup
CREATE SCHEMA case_moved;
CREATE TABLE t (id serial PRIMARY KEY, name text);
-- change
ALTER TABLE t SET SCHEMA case_moved;
-- case: a table becomes unlogged
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t SET UNLOGGED;
-- case: row level security is enabled
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- case: row level security is forced
-- setup
CREATE TABLE t (id int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- change
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- case: a storage parameter changes
-- setup
CREATE TABLE t (id int, name text) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
-- change
ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE t RESET (fillfactor);
-- case: replica identity becomes full
-- setup
CREATE TABLE t (id int);
-- change
ALTER TABLE t REPLICA IDENTITY FULL;
-- case: replica identity uses an index
-- setup
CREATE TABLE t (id int NOT NULL);
CREATE UNIQUE INDEX t_id ON t (id);
-- change
ALTER TABLE t REPLICA IDENTITY USING INDEX t_id;
-- case: a table's owner changes
-- setup
CREATE TABLE t (id serial);
GRANT SELECT ON t TO case_reader;
-- change
ALTER TABLE t OWNER TO case_writer;
-- case: a table's comment changes
-- setup
CREATE TABLE t (id int);
COMMENT ON TABLE t IS 'one';
-- change
COMMENT ON TABLE t IS 'other';
-- case: a table's comment goes
-- setup
CREATE TABLE t (id int);
COMMENT ON TABLE t IS 'one';
-- change
COMMENT ON TABLE t IS NULL;
-- case: a table inherits
-- setup
CREATE TABLE a (id int NOT NULL, note text CHECK (note <> ''));
-- change
CREATE TABLE b (extra int DEFAULT 1) INHERITS (a);
-- case: a table stops inheriting
-- leaves: table work.b: column id is its table's own now, so dropping the parent's leaves it
-- setup
CREATE TABLE a (id int);
CREATE TABLE b (extra int) INHERITS (a);
-- change
ALTER TABLE b NO INHERIT a;
-- case: an inherited parent gains a column
-- setup
CREATE TABLE a (id int);
CREATE TABLE b (extra int) INHERITS (a);
-- change
ALTER TABLE a ADD COLUMN more text NOT NULL DEFAULT 'x';
-- case: two tables reference each other
-- setup
-- change
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
-- case: a table with odd names is created
-- setup
-- change
CREATE TABLE "Odd ""Table""" ("select" int PRIMARY KEY, "Camel" text DEFAULT 'a''b\c', "with space" int CHECK ("with space" > 0));
COMMENT ON COLUMN "Odd ""Table"""."Camel" IS E'a\nb';
CREATE INDEX "Odd Index" ON "Odd ""Table""" ("Camel");
-- case: a table of no columns is created
-- setup
-- change
CREATE TABLE t ();
-- case: a foreign table is created
-- alone
-- setup
CREATE SCHEMA case_wrapper;
CREATE EXTENSION file_fdw SCHEMA case_wrapper;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
-- change
CREATE FOREIGN TABLE t (a int, b text) SERVER files OPTIONS (filename '/dev/null', format 'csv');
GRANT SELECT ON t TO case_reader;
COMMENT ON FOREIGN TABLE t IS 'elsewhere';
-- case: a foreign table's options change
-- alone
-- setup
CREATE SCHEMA case_wrapper;
CREATE EXTENSION file_fdw SCHEMA case_wrapper;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE t (a int) SERVER files OPTIONS (filename '/dev/null', format 'csv');
-- change
ALTER FOREIGN TABLE t OPTIONS (SET format 'text', ADD header 'false');
ALTER FOREIGN TABLE t ADD COLUMN b text;
ALTER FOREIGN TABLE t OWNER TO case_writer;
-- case: an inheriting table with a default of its own is created
-- setup
CREATE TABLE a (id int DEFAULT 1, n int);
-- change
CREATE TABLE b () INHERITS (a);
ALTER TABLE b ALTER COLUMN id DROP DEFAULT;
ALTER TABLE b ALTER COLUMN n SET DEFAULT 2;
-- case: a table starts inheriting
-- setup
CREATE TABLE a (id int);
CREATE TABLE b (id int, extra int);
-- change
ALTER TABLE b INHERIT a;
