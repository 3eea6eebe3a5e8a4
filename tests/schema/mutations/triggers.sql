-- mutation: a trigger is created
-- object: trigger t.touch new
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int, b int);
-- then
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF a, b ON t FOR EACH ROW WHEN (new.a > 0)
    EXECUTE FUNCTION touch('one', 'it''s');
COMMENT ON TRIGGER touch ON t IS 'touches';
-- mutation: a trigger with transition tables is created
-- object: t.counts new
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
-- then
CREATE TRIGGER counts AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT
    EXECUTE FUNCTION touch();
-- mutation: a trigger changes its event
-- object: t.touch definition
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE t ENABLE REPLICA TRIGGER touch;
-- then
CREATE OR REPLACE TRIGGER touch AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE t ENABLE REPLICA TRIGGER touch;
-- mutation: a trigger is disabled
-- object: t.touch enabled
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- then
ALTER TABLE t DISABLE TRIGGER touch;
-- mutation: a trigger always fires
-- object: t.touch enabled always
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- then
ALTER TABLE t ENABLE ALWAYS TRIGGER touch;
-- mutation: a constraint trigger is created
-- object: t.late new
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE u (a int);
CREATE TABLE t (a int);
-- then
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t FROM u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TRIGGER late ON t IS 'at the end';
-- mutation: a trigger's function is replaced by another
-- object: t.touch definition
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int);
CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- then
CREATE FUNCTION touch_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE OR REPLACE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch_again();
DROP FUNCTION touch();
-- mutation: a trigger of a partitioned table is created
-- object: t.touch new
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
CREATE TRIGGER touch AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- mutation: a trigger rests in one partition
-- object: t1.touch
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TRIGGER touch AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
-- then
ALTER TABLE t1 DISABLE TRIGGER touch;
-- mutation: a policy is created
-- object: policy t.p new
-- before
CREATE TABLE t (a int);
-- then
CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE TO reader, writer USING (a > 0) WITH CHECK (a < 10);
COMMENT ON POLICY p ON t IS 'limits';
-- mutation: a policy's expression and roles change
-- object: t.p using
-- before
CREATE TABLE t (a int);
CREATE POLICY p ON t TO reader USING (a > 0);
-- then
ALTER POLICY p ON t TO PUBLIC USING (a > 1) WITH CHECK (a < 5);
-- mutation: a policy's command changes
-- object: t.p command
-- before
CREATE TABLE t (a int);
CREATE POLICY p ON t TO reader USING (a > 0);
COMMENT ON POLICY p ON t IS 'limits';
-- then
DROP POLICY p ON t;
CREATE POLICY p ON t FOR DELETE TO reader USING (a > 0);
COMMENT ON POLICY p ON t IS 'limits';
-- mutation: a policy becomes restrictive
-- object: t.p permissive
-- before
CREATE TABLE t (a int);
CREATE POLICY p ON t USING (a > 0);
-- then
DROP POLICY p ON t;
CREATE POLICY p ON t AS RESTRICTIVE USING (a > 0);
-- mutation: a policy reads another table
-- object: t.p new
-- before
CREATE TABLE t (a int);
-- then
CREATE TABLE members (a int, who text);
CREATE POLICY p ON t USING (EXISTS (SELECT FROM members m WHERE m.a = t.a AND m.who = current_user));
-- mutation: two policies read each other's table
-- object: t.p new
-- before
CREATE TABLE t (a int);
-- then
CREATE TABLE u (a int);
CREATE POLICY p ON t USING (EXISTS (SELECT FROM u WHERE u.a = t.a));
CREATE POLICY p ON u USING (EXISTS (SELECT FROM t WHERE u.a = t.a));
-- mutation: a policy calls a function that reads its table
-- object: t.p new
-- before
CREATE TABLE t (a int);
-- then
CREATE FUNCTION mine(int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC SELECT EXISTS (SELECT FROM t WHERE a = $1); END;
CREATE POLICY p ON t USING (mine(a));
-- mutation: a policy's comment changes
-- object: t.p comment
-- before
CREATE TABLE t (a int);
CREATE POLICY p ON t USING (a > 0);
-- then
COMMENT ON POLICY p ON t IS 'limits';
