-- mutation: a function is created
-- object: routine f new
-- before
CREATE TABLE t (a int);
-- then
CREATE FUNCTION f(x int, y text DEFAULT 'it''s', VARIADIC z int[] DEFAULT '{}') RETURNS TABLE (n int, m text)
    LANGUAGE plpgsql STRICT STABLE SECURITY DEFINER PARALLEL SAFE COST 5 ROWS 3 SET search_path = '' AS $f$
BEGIN
    RETURN QUERY SELECT a, $1::text FROM nowhere.t; -- $$ is in here
END $f$;
-- mutation: a function's body changes
-- object: f definition
-- before
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT f();
-- then
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
-- mutation: a function's properties change
-- object: f definition
-- superuser
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
ALTER FUNCTION f(int) IMMUTABLE STRICT LEAKPROOF SECURITY DEFINER PARALLEL RESTRICTED COST 7;
-- mutation: a function's settings change
-- object: f definition
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql SET work_mem = '1MB' AS 'SELECT 1';
-- then
ALTER FUNCTION f(int) SET search_path = case_here, "Odd, name";
ALTER FUNCTION f(int) RESET work_mem;
-- mutation: a function's result changes under everything that may call it
-- object: f definition
-- order: made, unmade
-- before
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (a int DEFAULT f(1), b int GENERATED ALWAYS AS (f(2)) STORED, c int CHECK (f(c) > 0));
CREATE INDEX t_f ON t (f(a));
CREATE VIEW v AS SELECT f(a) AS f FROM t;
CREATE POLICY p ON t USING (f(a) = 1);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW WHEN (f(old.a) > 1) EXECUTE FUNCTION touch();
CREATE DOMAIN d AS int CHECK (f(VALUE) > 0);
COMMENT ON FUNCTION f IS 'one';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO reader;
-- then
DROP VIEW v;
DROP POLICY p ON t;
DROP TRIGGER touch ON t;
DROP INDEX t_f;
ALTER TABLE t DROP CONSTRAINT t_c_check, ALTER a DROP DEFAULT;
ALTER DOMAIN d DROP CONSTRAINT d_check;
DROP TABLE t;
DROP FUNCTION f;
CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint';
CREATE TABLE t (a int DEFAULT f(1), b int GENERATED ALWAYS AS (f(2)) STORED, c int CHECK (f(c) > 0));
CREATE INDEX t_f ON t (f(a));
CREATE VIEW v AS SELECT f(a) AS f FROM t;
CREATE POLICY p ON t USING (f(a) = 1);
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW WHEN (f(old.a) > 1) EXECUTE FUNCTION touch();
ALTER DOMAIN d ADD CHECK (f(VALUE) > 0);
COMMENT ON FUNCTION f IS 'one';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO reader;
-- mutation: a function's argument is renamed
-- object: f definition
-- before
CREATE FUNCTION f(one int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f;
CREATE FUNCTION f(two int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- mutation: a function's default changes
-- object: f definition
-- before
CREATE FUNCTION f(a int DEFAULT 1, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f;
CREATE FUNCTION f(a int, b int DEFAULT 3) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- mutation: an overload is added
-- object: f(text) new
-- before
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- mutation: a function's owner and privileges change
-- object: f owner
-- before
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
GRANT ALL ON SCHEMA case_here TO keeper;
ALTER FUNCTION f OWNER TO keeper;
REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO reader WITH GRANT OPTION;
-- mutation: a function's comment changes
-- object: f comment
-- before
CREATE FUNCTION f("Odd" int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
COMMENT ON FUNCTION f IS 'one';
-- mutation: a function with a SQL body is created
-- object: f new
-- before
CREATE TABLE t (a int);
-- then
CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN (SELECT max(a) FROM t);
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t WHERE a > f(); END;
-- mutation: a procedure is created
-- object: routine p new
-- before
-- then
CREATE PROCEDURE p(a int, INOUT b int DEFAULT 2) LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
COMMENT ON PROCEDURE p IS 'commits';
GRANT EXECUTE ON PROCEDURE p TO reader;
-- mutation: a function becomes a procedure
-- object: f
-- before
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1';
-- then
DROP FUNCTION f;
CREATE PROCEDURE f() LANGUAGE sql AS 'SELECT 1';
-- mutation: an aggregate is created
-- object: total new
-- before
-- then
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE total(int) IS 'sums';
GRANT EXECUTE ON FUNCTION total(int) TO reader;
-- mutation: an aggregate changes
-- object: total definition
-- before
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0');
CREATE AGGREGATE mine(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE VIEW v AS SELECT total(1), mine(*);
-- then
DROP VIEW v;
DROP AGGREGATE total(int);
CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '5');
CREATE VIEW v AS SELECT total(1), mine(*);
-- mutation: a function of an aggregate changes its result
-- object: ends
-- before
CREATE FUNCTION ends(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = ends);
-- then
DROP AGGREGATE total(int);
DROP FUNCTION ends(int);
CREATE FUNCTION ends(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = ends);
-- mutation: an ordered-set aggregate is created
-- object: first_of new
-- superuser
-- before
-- then
CREATE AGGREGATE first_of(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
-- mutation: a trigger function and its table need each other
-- object: t new
-- before
-- then
CREATE TABLE t (a int, log text);
CREATE FUNCTION f(t) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT $1.log; END;
ALTER TABLE t ADD CHECK (f(t) <> '');
