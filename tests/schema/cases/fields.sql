-- case: a table becomes a typed one
-- setup
CREATE TYPE pair AS (x int, y text);
CREATE TABLE t (x int, y text);
-- change
ALTER TABLE t OF pair;

-- case: a typed table is made
-- setup
CREATE TYPE pair AS (x int, y text);
-- change
CREATE TABLE t OF pair (x WITH OPTIONS NOT NULL PRIMARY KEY, y WITH OPTIONS DEFAULT 'a');
COMMENT ON TABLE t IS 'typed';

-- case: a typed table and its type are made
-- setup
SELECT 1;
-- change
CREATE TYPE pair AS (x int, y text);
CREATE TABLE t OF pair;

-- case: a typed table's type gains and loses attributes
-- setup
CREATE TYPE pair AS (x int, y text);
CREATE TABLE t OF pair;
-- change
ALTER TYPE pair ADD ATTRIBUTE z date CASCADE;

-- case: an attribute of a typed table's type gets another type
-- setup
CREATE TYPE pair AS (x int, y text);
CREATE TABLE t OF pair;
-- change
ALTER TYPE pair ALTER ATTRIBUTE x TYPE bigint CASCADE;

-- case: a domain's constraint gets a comment
-- setup
CREATE DOMAIN d AS int CONSTRAINT positive CHECK (VALUE > 0);
-- change
COMMENT ON CONSTRAINT positive ON DOMAIN d IS 'more than it''s';

-- case: a domain's constraint changes under its comment
-- setup
CREATE DOMAIN d AS int CONSTRAINT positive CHECK (VALUE > 0);
COMMENT ON CONSTRAINT positive ON DOMAIN d IS 'before';
-- change
ALTER DOMAIN d DROP CONSTRAINT positive;
ALTER DOMAIN d ADD CONSTRAINT positive CHECK (VALUE > 1);
COMMENT ON CONSTRAINT positive ON DOMAIN d IS 'after';

-- case: a domain is made with a comment on its constraint
-- setup
SELECT 1;
-- change
CREATE DOMAIN d AS int CONSTRAINT positive CHECK (VALUE > 0);
COMMENT ON CONSTRAINT positive ON DOMAIN d IS 'new';

-- case: the sequence of an identity gets a comment
-- setup
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
-- change
COMMENT ON SEQUENCE t_id_seq IS 'counts';

-- case: a table is made whose identity has a commented sequence
-- setup
SELECT 1;
-- change
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
COMMENT ON SEQUENCE t_id_seq IS 'counts';

-- case: a foreign column gets options
-- setup
CREATE FOREIGN DATA WRAPPER fields_wrapper_one;
CREATE SERVER fields_server_one FOREIGN DATA WRAPPER fields_wrapper_one;
CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'b', old '1'), c int) SERVER fields_server_one OPTIONS (relation 'r');
-- change
ALTER FOREIGN TABLE t ALTER COLUMN a OPTIONS (SET column_name 'it''s', DROP old, ADD new 'x');
ALTER FOREIGN TABLE t ALTER COLUMN c OPTIONS (ADD column_name 'd');
ALTER FOREIGN TABLE t OPTIONS (SET relation 's', ADD "Odd name" 'y');

-- case: a foreign table is made with options of its columns
-- setup
CREATE FOREIGN DATA WRAPPER fields_wrapper_two;
CREATE SERVER fields_server_two FOREIGN DATA WRAPPER fields_wrapper_two;
-- change
CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'b') NOT NULL) SERVER fields_server_two OPTIONS (relation 'r');
