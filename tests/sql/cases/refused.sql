-- case: commit inside
-- blocked: 2: COMMIT
CREATE TABLE a (id int);
COMMIT;
CREATE TABLE b (id int);
-- case: begin without commit
-- blocked: 1: BEGIN
BEGIN;
CREATE TABLE a (id int);
-- case: two pairs
-- blocked: 3: COMMIT
-- blocked: 4: BEGIN
BEGIN;
CREATE TABLE a (id int);
COMMIT;
BEGIN;
CREATE TABLE b (id int);
COMMIT;
-- case: begin with an isolation level
-- blocked: 1: isolation level
-- blocked: 3: COMMIT
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE a (id int);
COMMIT;
-- case: rollback at the end
-- blocked: 1: BEGIN
-- blocked: 3: ROLLBACK
BEGIN;
CREATE TABLE a (id int);
ROLLBACK;
-- case: savepoint
-- blocked: 1: SAVEPOINT
-- blocked: 3: RELEASE
SAVEPOINT s;
CREATE TABLE a (id int);
RELEASE SAVEPOINT s;
-- case: rollback to savepoint
-- blocked: 1: ROLLBACK TO
ROLLBACK TO SAVEPOINT s;
-- case: prepared transaction
-- blocked: 2: PREPARE TRANSACTION
CREATE TABLE a (id int);
PREPARE TRANSACTION 'x';
-- case: commit and chain
-- blocked: 1: BEGIN
-- blocked: 3: COMMIT
BEGIN;
CREATE TABLE a (id int);
COMMIT AND CHAIN;
-- case: set role
-- blocked: 1: SET ROLE
SET ROLE postgres;
-- case: set local role
-- blocked: 1: SET ROLE
SET LOCAL ROLE postgres;
-- case: reset role
-- blocked: 1: RESET ROLE
RESET ROLE;
-- case: set session authorization
-- blocked: 1: SET SESSION AUTHORIZATION
SET SESSION AUTHORIZATION postgres;
-- case: reset all behind what was set
-- blocked: 3: RESET ALL
SET search_path TO private;
CREATE TABLE a (id int);
RESET ALL;
CREATE TABLE b (id int);
-- case: search_path on the way
-- blocked: 2: search_path
-- remedy: public.users
CREATE TABLE a (id int);
SET search_path TO private, public;
CREATE TABLE b (id int);
-- case: another search_path on the way
-- blocked: 3: search_path
SET search_path TO private, public;
CREATE TABLE a (id int);
SET search_path TO public;
-- case: search_path back to the default on the way
-- blocked: 3: search_path
SET search_path TO private, public;
CREATE TABLE a (id int);
SET search_path TO DEFAULT;
CREATE TABLE b (id int);
-- case: search_path with the system's schemas behind others
-- blocked: 1: search_path
SET search_path = public, pg_catalog;
CREATE TABLE a (id int);
-- case: search_path whose last word counts
-- blocked: 1: search_path
-- blocked: 2: search_path
SET search_path = public;
SET search_path = public, pg_catalog;
CREATE TABLE a (id int);
-- case: search_path from the session
-- blocked: 1: search_path
SET search_path FROM CURRENT;
-- case: search_path through set_config on the way
-- blocked: 2: set_config
CREATE TABLE a (id int);
SELECT pg_catalog.set_config('search_path', 'private', false);
-- case: a role through set_config
-- blocked: 1: set_config
SELECT set_config('role', 'postgres', false);
-- case: set_config of what is computed
-- blocked: 1: set_config
SELECT set_config('search_path', current_user, false);
-- case: set_config for every row
-- blocked: 1: set_config
SELECT set_config('search_path', 'private', false) FROM a;
-- case: another tablespace
-- blocked: 1: default_tablespace
SET default_tablespace = 'fast';
CREATE TABLE a (id int);
-- case: another access method
-- blocked: 1: default_table_access_method
SET default_table_access_method = columnar;
CREATE TABLE a (id int);
-- case: standard_conforming_strings off
-- blocked: 1: standard_conforming_strings
SET standard_conforming_strings = off;
-- case: an unknown setting
-- blocked: 1: SET session_replication_role
SET session_replication_role = replica;
-- case: set transaction
-- blocked: 1: SET TRANSACTION
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
-- case: set constraints
-- blocked: 1: SET CONSTRAINTS
SET CONSTRAINTS ALL DEFERRED;
-- case: psql include
-- blocked: 2: “\i”
-- remedy: other file
CREATE TABLE a (id int);
\i other.sql
CREATE TABLE b (id int);
-- case: psql connect
-- blocked: 1: “\c”
\c production
-- case: psql echo with an apostrophe
-- blocked: 1: “\echo”
\echo don't panic
CREATE TABLE a (id int);
-- case: psql copy
-- blocked: 1: “\copy”
\copy users from 'users.csv' csv
-- case: psql gexec
-- blocked: 1: “\gexec”
SELECT 'DROP TABLE ' || relname FROM pg_class \gexec
-- case: psql rows after copy
-- blocked: 1: COPY
-- blocked: 3: “\.”
COPY users (id) FROM stdin;
1	it's; a row
\.
CREATE TABLE a (id int);
-- case: copy program
-- blocked: 1: COPY … PROGRAM
COPY users FROM PROGRAM 'curl http://example.com';
-- case: copy to a server file
-- blocked: 1: files of the server
COPY users TO '/tmp/users.csv';
-- case: server file function
-- blocked: 1: pg_read_file
SELECT pg_read_file('/etc/passwd');
-- case: server file function in a default
-- blocked: 1: pg_ls_dir
CREATE TABLE a (f text DEFAULT pg_catalog.pg_ls_dir('.'));
-- case: large object import
-- blocked: 1: lo_import
INSERT INTO a SELECT lo_import('/etc/passwd');
-- case: server file function inside a code block
-- blocked: 2: pg_read_binary_file
CREATE TABLE a (id int);
DO $$ BEGIN PERFORM pg_read_binary_file('x'); END $$;
-- case: server file function inside dynamic SQL of a function
-- blocked: 1: pg_read_file
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT pg_read_file(''x'')'; END $$;
-- case: server file function through query_to_xml
-- blocked: 1: pg_read_file
SELECT query_to_xml('select pg_read_file(''x'')', true, true, '');
-- case: terminating other sessions
-- blocked: 1: pg_terminate_backend
SELECT pg_terminate_backend(pid) FROM pg_stat_activity;
-- case: our journal
-- blocked: 1: db_migrate
DELETE FROM db_migrate.journal;
-- case: our journal, quoted and dropped
-- blocked: 1: db_migrate
DROP SCHEMA "db_migrate" CASCADE;
-- case: our journal by unicode escapes
-- blocked: 1: db_migrate
DROP TABLE U&"\0064b_migrate".journal;
-- case: our journal in a code block
-- blocked: 1: recorded
DO $$ BEGIN DELETE FROM "db_migrate" . journal; END $$;
-- case: our journal by a name in a string
-- blocked: 1: migration history
SELECT nextval('db_migrate.journal_id_seq');
-- case: the migration history of Supabase
-- blocked: 1: supabase_migrations
INSERT INTO supabase_migrations.schema_migrations VALUES ('1');
-- case: moving a table into our journal's schema
-- blocked: 1: db_migrate
ALTER TABLE a SET SCHEMA db_migrate;
-- case: alter system
-- blocked: 1: ALTER SYSTEM
ALTER SYSTEM SET max_connections = 1;
-- case: load
-- blocked: 1: LOAD
LOAD 'auto_explain';
-- case: create database
-- blocked: 1: CREATE DATABASE
CREATE DATABASE other;
-- case: drop database
-- blocked: 1: DROP DATABASE
DROP DATABASE other;
-- case: role with a password
-- blocked: 1: password
CREATE ROLE app LOGIN PASSWORD 'hunter2-canary';
-- case: altered password
-- blocked: 1: password
ALTER ROLE app PASSWORD 'hunter2-canary';
-- case: user mapping with a password
-- blocked: 1: password
CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'x', password 'hunter2-canary');
-- case: subscription
-- blocked: 1: another server
CREATE SUBSCRIPTION s CONNECTION 'host=elsewhere password=hunter2-canary' PUBLICATION p;
-- case: dollar placeholder
-- blocked: 1: $1
INSERT INTO a VALUES ($1);
-- case: quoted template name
-- blocked: 1: "{tenant}"
CREATE TABLE "{tenant}".users (id int);
-- case: zero columns
-- blocked: 3: no columns
CREATE TABLE a (id int);

CREATE TABLE users (
  -- as above
);
-- case: commit in a code block
-- blocked: 1: ends transactions
DO $$ BEGIN DELETE FROM a; COMMIT; END $$;
-- case: role set in a code block
-- blocked: 1: role
DO $$ BEGIN SET LOCAL ROLE postgres; END $$;
-- case: search_path set in a code block
-- blocked: 1: settings of the session
DO $$ BEGIN SET search_path = private; END $$;
-- case: set_config in a code block
-- blocked: 1: set_config
DO $$ BEGIN PERFORM set_config('search_path', '', false); END $$;
-- case: prepared statement
-- blocked: 1: PREPARE
-- blocked: 2: EXECUTE
PREPARE p AS SELECT 1;
EXECUTE p;
-- case: cursor
-- blocked: 1: cursor
DECLARE c CURSOR FOR SELECT 1;
-- case: MySQL auto_increment
-- blocked: 2: MySQL, not Postgres: AUTO_INCREMENT
CREATE TABLE users (
  id INT AUTO_INCREMENT PRIMARY KEY
);
-- case: MySQL engine
-- blocked: 1: MySQL, not Postgres: ENGINE =
CREATE TABLE users (id INT) ENGINE=InnoDB;
-- case: MySQL backticks
-- blocked: 1: MySQL, not Postgres: backtick
CREATE TABLE `users` (`id` INT);
-- case: MySQL unsigned
-- blocked: 1: MySQL, not Postgres: UNSIGNED
CREATE TABLE users (id INT UNSIGNED NOT NULL);
-- case: SQLite autoincrement
-- blocked: 1: SQLite, not Postgres: AUTOINCREMENT
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);
-- case: SQLite pragma
-- blocked: 1: SQLite, not Postgres: PRAGMA
PRAGMA foreign_keys = ON;
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- case: SQLite without rowid
-- blocked: 1: SQLite, not Postgres: WITHOUT ROWID
CREATE TABLE users (id TEXT PRIMARY KEY) WITHOUT ROWID;
-- case: SQL Server
-- blocked: 1: SQL Server, not Postgres
CREATE TABLE users (id INT IDENTITY(1,1) PRIMARY KEY);
