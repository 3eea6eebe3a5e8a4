-- case: privileges on a table change
-- setup
CREATE TABLE t (a int);
GRANT SELECT, INSERT, UPDATE ON t TO case_reader;
-- change
REVOKE UPDATE ON t FROM case_reader;
GRANT INSERT ON t TO case_reader WITH GRANT OPTION;
GRANT ALL ON t TO case_writer;
GRANT SELECT ON t TO PUBLIC;
-- case: the owner gives up privileges
-- setup
CREATE TABLE t (a int);
-- change
REVOKE DELETE, TRUNCATE ON t FROM CURRENT_USER;
-- case: a grant option goes
-- setup
CREATE TABLE t (a int);
GRANT SELECT ON t TO case_reader WITH GRANT OPTION;
-- change
REVOKE GRANT OPTION FOR SELECT ON t FROM case_reader;
-- case: maintain is granted
-- setup
CREATE TABLE t (a int);
-- change
GRANT MAINTAIN ON t TO case_reader;
-- case: a schema is created
-- alone
-- setup
-- change
CREATE SCHEMA case_new;
GRANT USAGE ON SCHEMA case_new TO case_reader;
COMMENT ON SCHEMA case_new IS 'new';
CREATE TABLE case_new.t (a int);
-- case: a schema is renamed
-- alone
-- setup
CREATE SCHEMA case_old;
CREATE TABLE case_old.t (a serial PRIMARY KEY);
CREATE TYPE case_old.mood AS ENUM ('a');
CREATE FUNCTION case_old.f(case_old.mood) RETURNS case_old.t LANGUAGE sql AS $$ SELECT NULL::case_old.t $$;
CREATE VIEW case_old.v AS SELECT a FROM case_old.t;
-- change
ALTER SCHEMA case_old RENAME TO case_newer;
-- case: a schema's owner and privileges change
-- alone
-- setup
CREATE SCHEMA case_owned;
-- change
ALTER SCHEMA case_owned OWNER TO case_writer;
GRANT USAGE, CREATE ON SCHEMA case_owned TO case_reader;
-- case: default privileges are set
-- alone
-- setup
CREATE SCHEMA case_defaults;
-- change
ALTER DEFAULT PRIVILEGES IN SCHEMA case_defaults GRANT SELECT, INSERT ON TABLES TO case_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_defaults GRANT USAGE ON SEQUENCES TO case_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE case_writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- case: default privileges change
-- alone
-- setup
CREATE SCHEMA case_defaults2;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_defaults2 GRANT SELECT, INSERT ON TABLES TO case_reader;
-- change
ALTER DEFAULT PRIVILEGES IN SCHEMA case_defaults2 REVOKE INSERT ON TABLES FROM case_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_defaults2 GRANT ALL ON TABLES TO case_writer;
-- case: a table that default privileges opened is made again
-- alone
-- setup
CREATE SCHEMA case_opened;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_opened GRANT ALL ON TABLES TO case_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_opened GRANT EXECUTE ON FUNCTIONS TO case_reader;
CREATE TABLE case_opened.t (a int);
REVOKE ALL ON case_opened.t FROM case_reader;
GRANT SELECT ON case_opened.t TO case_reader;
CREATE FUNCTION case_opened.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION case_opened.f FROM case_reader, PUBLIC;
-- change
DROP TABLE case_opened.t;
DROP FUNCTION case_opened.f;
-- case: an extension is created
-- alone
-- setup
CREATE SCHEMA case_extension;
-- change
CREATE EXTENSION hstore SCHEMA case_extension;
CREATE TABLE t (h case_extension.hstore);
-- case: an identity's sequence is granted
-- setup
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
-- change
GRANT USAGE, SELECT ON SEQUENCE t_id_seq TO case_reader;
