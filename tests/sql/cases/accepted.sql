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
-- case: what pg_dump writes around its statements
-- choice: 1: \restrict is left out
-- choice: 2: statement_timeout is left out
-- choice: 3: search_path is empty
-- choice: 4: xmloption is left out
-- choice: 6: default_tablespace is left out
-- choice: 7: default_table_access_method is left out
-- choice: 9: RESET ALL is left out
-- choice: 10: \unrestrict is left out
\restrict 4dqH5VbPqQ
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET xmloption = content;
CREATE TYPE public.e AS ENUM ();
SET default_tablespace = '';
SET default_table_access_method = "heap";
CREATE TABLE public.a (id int);
RESET ALL;
\unrestrict 4dqH5VbPqQ
-- case: a search_path at the top
-- choice: 1: search_path is private, "Odd, one", "$user" for the whole
-- choice: 3: search_path is private, "Odd, one", "$user" for the whole
SET search_path TO private, "Odd, one", "$user";
CREATE TABLE a (id int);
SELECT set_config('search_path', 'PRIVATE,"Odd, one",  "$user"', false);
-- case: a search_path around a transaction
-- choice: 1: search_path is private
-- choice: 2: BEGIN (line 2) and COMMIT (line 4)
-- choice: 5: RESET search_path is left out
SET SCHEMA 'private';
BEGIN;
CREATE TABLE a (id int);
COMMIT;
RESET search_path;
-- case: a search_path that is taken back at once
-- choice: 1: search_path is left out
-- choice: 2: search_path is left out
SET search_path TO private;
SET search_path TO DEFAULT;
CREATE TABLE a (id int);
-- case: settings taken back where none was set
-- choice: 2: RESET ALL is left out
CREATE TABLE a (id int);
RESET ALL;
CREATE TABLE b (id int);
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
