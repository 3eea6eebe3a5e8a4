-- case: a pair around everything is taken off
-- choice: 1: BEGIN (line 1) and COMMIT (line 3) are taken off
BEGIN;
CREATE TABLE a (id int);
COMMIT;
-- case: start transaction and end
-- choice: 1: are taken off
START TRANSACTION;
CREATE TABLE a (id int);
END;
-- case: settings before the pair
-- choice: 1: statement_timeout is left out
-- choice: 2: client_encoding is left out
-- choice: 3: standard_conforming_strings is left out
-- choice: 4: check_function_bodies is left out
-- choice: 5: BEGIN (line 5) and COMMIT (line 7)
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
BEGIN;
CREATE TABLE a (id int);
COMMIT;
-- case: set local lock_timeout
-- choice: 1: lock_timeout is left out
SET LOCAL lock_timeout = '2s';
CREATE TABLE a (id int);
-- case: backslashes inside strings and comments
-- \i in a comment
/* \c too */
INSERT INTO a VALUES (E'\\i', '\c', $$ \copy $$);
-- case: question mark operator
CREATE INDEX i ON a ((b ? 'c'));
-- case: parameters inside a function
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION g(x int) RETURNS int RETURN x + 1;
CREATE FUNCTION h(int) RETURNS int BEGIN ATOMIC SELECT $1; END;
-- case: a function with settings of its own
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$ BEGIN PERFORM set_config('a.b', 'c', true); END $$;
-- case: a procedure that commits
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
-- case: update with set in a code block
DO $$ BEGIN UPDATE a SET role = 'x'; IF true THEN UPDATE a SET b = 1; END IF; END $$;
-- case: role without password
CREATE ROLE app NOLOGIN;
ALTER ROLE app PASSWORD NULL;
-- case: partition and inheritance without columns
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE c () INHERITS (p);
-- case: our names as data
INSERT INTO notes VALUES ('see db_migrate and its docs');
COMMENT ON TABLE notes IS 'pg_read_file is never called here';
-- case: a foreign server is shown
-- choice: 1: connects to another server
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere');
-- case: dblink is shown
-- choice: 1: dblink_exec() connects to another server
SELECT dblink_exec('elsewhere', 'select 1');
-- case: a semicolon of its own
;;
CREATE TABLE a (id int);;
;
-- case: notify for PostgREST
NOTIFY pgrst, 'reload schema';
