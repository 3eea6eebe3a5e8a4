-- case: a function is created
-- setup
CREATE TABLE t (a int);
-- change
CREATE FUNCTION f(a int, VARIADIC b text[] DEFAULT '{}') RETURNS SETOF t LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 5 ROWS 7 SET search_path = '' AS $$ SELECT 1 $$;
COMMENT ON FUNCTION f IS 'does';
-- case: a function's body changes
-- setup
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
CREATE VIEW v AS SELECT f(1) AS x;
-- change
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN a + 1; END $$;
-- case: a function's result changes
-- setup
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a $$;
CREATE TABLE t (a int DEFAULT f(1), CHECK (f(a) > 0));
CREATE INDEX ON t (f(a));
CREATE VIEW v AS SELECT f(a) AS x FROM t;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (f(a) = 1);
GRANT EXECUTE ON FUNCTION f TO case_reader;
REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
-- change
DROP FUNCTION f CASCADE;
CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT a::bigint $$;
ALTER TABLE t ALTER COLUMN a SET DEFAULT f(1);
ALTER TABLE t ADD CHECK (f(a) > 0);
CREATE INDEX ON t (f(a));
CREATE VIEW v AS SELECT f(a) AS x FROM t;
CREATE POLICY p ON t USING (f(a) = 1);
-- case: a function's argument is renamed
-- setup
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
-- change
DROP FUNCTION f;
CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
-- case: a function is renamed
-- setup
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$;
CREATE TABLE t (a int DEFAULT f(1));
-- change
ALTER FUNCTION f RENAME TO g;
-- case: a function's owner and privileges change
-- setup
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-- change
ALTER FUNCTION f OWNER TO case_writer;
REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO case_reader WITH GRANT OPTION;
-- case: an overload is added
-- setup
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-- change
CREATE FUNCTION f(a text, OUT b int, OUT c text) LANGUAGE sql AS $$ SELECT 1, a $$;
-- case: a function with a SQL body is created
-- setup
-- change
CREATE TABLE t (a int);
CREATE FUNCTION top() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM t; END;
CREATE TABLE u (a int DEFAULT top());
-- case: a table's default calls a function that reads the table
-- setup
-- change
CREATE TABLE t (a int);
CREATE FUNCTION top() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM t; END;
ALTER TABLE t ALTER COLUMN a SET DEFAULT top();
-- case: a policy calls a function that reads its table
-- setup
-- change
CREATE TABLE t (a int);
CREATE FUNCTION mine(int) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT EXISTS (SELECT FROM t WHERE a = $1); END;
CREATE POLICY p ON t USING (mine(a));
-- case: a function and a view need each other
-- setup
-- change
CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1;
CREATE VIEW v AS SELECT f() AS a;
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(a) FROM v; END;
-- case: a procedure is created
-- setup
-- change
CREATE PROCEDURE go(a int, INOUT b text) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
GRANT EXECUTE ON PROCEDURE go TO case_reader;
COMMENT ON PROCEDURE go IS 'goes';
-- case: an aggregate is created
-- setup
-- change
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
COMMENT ON AGGREGATE total(int) IS 'sum';
-- case: an aggregate changes
-- setup
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
-- change
DROP AGGREGATE total(int);
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1');
-- case: a function becomes a procedure
-- setup
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1 $$;
-- change
DROP FUNCTION f;
CREATE PROCEDURE f() LANGUAGE sql AS $$ SELECT 1 $$;
-- case: a trigger is created
-- setup
CREATE TABLE t (a int, b int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- change
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW WHEN (new.a > 0) EXECUTE FUNCTION touch('x', '1');
COMMENT ON TRIGGER touch ON t IS 'touches';
-- case: a trigger is disabled
-- setup
CREATE TABLE t (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- change
ALTER TABLE t DISABLE TRIGGER touch;
-- case: a trigger is enabled for replicas only
-- setup
CREATE TABLE t (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- change
CREATE TRIGGER touch AFTER UPDATE ON t REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION touch();
ALTER TABLE t ENABLE REPLICA TRIGGER touch;
-- case: a trigger changes its event
-- setup
CREATE TABLE t (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- change
DROP TRIGGER touch ON t;
CREATE TRIGGER touch BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- case: a constraint trigger is created
-- setup
CREATE TABLE t (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- change
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
-- case: a trigger is renamed
-- setup
CREATE TABLE t (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- change
ALTER TRIGGER touch ON t RENAME TO tick;
-- case: a policy is created
-- setup
CREATE TABLE t (a int);
-- change
CREATE POLICY "Only mine" ON t AS RESTRICTIVE FOR UPDATE TO case_reader, case_writer USING (a > 0) WITH CHECK (a > 1);
COMMENT ON POLICY "Only mine" ON t IS 'mine';
-- case: a policy's expression and roles change
-- setup
CREATE TABLE t (a int);
CREATE POLICY p ON t TO case_reader USING (a > 0);
-- change
ALTER POLICY p ON t TO case_writer USING (a > 5);
-- case: a policy's command changes
-- setup
CREATE TABLE t (a int);
CREATE POLICY p ON t FOR SELECT USING (a > 0);
-- change
DROP POLICY p ON t;
CREATE POLICY p ON t FOR DELETE USING (a > 0);
-- case: a policy is renamed
-- setup
CREATE TABLE t (a int);
CREATE POLICY p ON t USING (a > 0);
-- change
ALTER POLICY p ON t RENAME TO q;
-- case: a policy reads another table
-- setup
-- change
CREATE TABLE teams (id int PRIMARY KEY, member text);
CREATE TABLE t (team int);
CREATE POLICY p ON t USING (EXISTS (SELECT FROM teams WHERE id = team AND member = CURRENT_USER));
CREATE POLICY q ON teams USING (EXISTS (SELECT FROM t WHERE team = id));
