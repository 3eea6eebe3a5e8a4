-- mutation: privileges on a table change
-- object: t INSERT
-- before
CREATE TABLE t (a int);
GRANT SELECT, UPDATE ON t TO reader;
-- then
GRANT INSERT ON t TO reader;
REVOKE UPDATE ON t FROM reader;
GRANT SELECT ON t TO PUBLIC;
-- mutation: a grant option is given
-- object: t SELECT option
-- before
CREATE TABLE t (a int);
GRANT SELECT ON t TO reader;
-- then
GRANT SELECT ON t TO reader WITH GRANT OPTION;
-- mutation: privileges on columns change
-- object: t a SELECT
-- before
CREATE TABLE t (a int, b int);
GRANT UPDATE (a, b) ON t TO writer;
-- then
GRANT SELECT (a) ON t TO reader;
REVOKE UPDATE (b) ON t FROM writer;
-- mutation: the owner gives privileges up
-- object: t lost
-- before
CREATE TABLE t (a int);
-- then
REVOKE DELETE, TRUNCATE ON t FROM owner;
-- mutation: everything is revoked
-- object: t lost
-- before
CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
REVOKE ALL ON t FROM owner;
REVOKE ALL ON FUNCTION f FROM owner, PUBLIC;
-- mutation: somebody who may grant on does
-- object: t writer SELECT
-- before
CREATE TABLE t (a int);
GRANT USAGE ON SCHEMA case_here TO reader;
GRANT SELECT ON t TO reader WITH GRANT OPTION;
-- then
SET ROLE reader;
GRANT SELECT ON t TO writer;
RESET ROLE;
-- mutation: two people grant the same
-- object: t
-- before
CREATE TABLE t (a int);
GRANT USAGE ON SCHEMA case_here TO reader;
GRANT SELECT ON t TO reader WITH GRANT OPTION;
GRANT SELECT ON t TO writer;
-- then
SET ROLE reader;
GRANT SELECT ON t TO writer;
RESET ROLE;
-- mutation: maintain is granted
-- from: 17
-- object: t MAINTAIN
-- before
CREATE TABLE t (a int);
-- then
GRANT MAINTAIN ON t TO reader;
-- mutation: a schema's privileges change
-- object: schema case_here USAGE
-- before
-- then
GRANT USAGE ON SCHEMA case_here TO reader;
GRANT CREATE ON SCHEMA case_here TO writer WITH GRANT OPTION;
-- mutation: a schema's owner changes
-- object: schema case_two owner
-- superuser
-- note: only who may create schemas in the database can own one
-- before
CREATE SCHEMA case_two AUTHORIZATION owner;
GRANT USAGE ON SCHEMA case_two TO reader;
-- then
ALTER SCHEMA case_two OWNER TO keeper;
-- mutation: a schema is created
-- object: schema case_two new
-- before
-- then
CREATE SCHEMA case_two;
COMMENT ON SCHEMA case_two IS 'the second';
GRANT USAGE ON SCHEMA case_two TO reader;
CREATE TABLE case_two.t (a int);
-- mutation: a schema's comment changes
-- object: schema case_here comment
-- before
-- then
COMMENT ON SCHEMA case_here IS 'here';
-- mutation: default privileges in a schema are set
-- object: default case_here
-- before
-- then
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT EXECUTE ON FUNCTIONS TO reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT USAGE ON TYPES TO writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT ALL ON SEQUENCES TO writer;
-- mutation: default privileges in a schema change
-- object: default case_here
-- before
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT SELECT, INSERT ON TABLES TO reader;
-- then
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here REVOKE INSERT ON TABLES FROM reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT UPDATE ON TABLES TO writer;
-- mutation: default privileges of another role are set
-- object: default keeper
-- before
GRANT ALL ON SCHEMA case_here TO keeper;
-- then
ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA case_here GRANT SELECT ON TABLES TO reader;
-- mutation: default privileges everywhere take from everybody
-- alone
-- object: default owner functions
-- before
CREATE FUNCTION case_here.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM owner;
-- mutation: a table that default privileges would open is made again
-- object: t
-- before
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT ALL ON TABLES TO reader, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT ALL ON SEQUENCES TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT ALL ON FUNCTIONS TO reader;
-- then
DROP VIEW v;
DROP TABLE t;
DROP SEQUENCE s;
DROP FUNCTION f;
-- mutation: a view that default privileges would open loses a column
-- object: v
-- before
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE VIEW v AS SELECT a, b FROM t;
GRANT SELECT ON v TO writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA case_here GRANT ALL ON TABLES TO reader;
-- then
DROP VIEW v;
CREATE VIEW v AS SELECT a FROM t;
REVOKE ALL ON v FROM reader;
GRANT SELECT ON v TO writer;
-- mutation: an identity's sequence is granted
-- object: t
-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);
-- then
GRANT USAGE ON SEQUENCE t_a_seq TO reader;
