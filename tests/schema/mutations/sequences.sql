-- mutation: a sequence is created
-- object: sequence case_here.s new
-- before
-- then
CREATE SEQUENCE s AS int INCREMENT -2 MINVALUE -100 MAXVALUE 10 START 5 CACHE 3 CYCLE;
COMMENT ON SEQUENCE s IS 'down';
GRANT USAGE, SELECT ON SEQUENCE s TO reader;
-- mutation: a sequence's settings change
-- object: s options
-- before
CREATE SEQUENCE s;
-- then
ALTER SEQUENCE s INCREMENT 5 MINVALUE -5 START 10 MAXVALUE 500 CACHE 2 CYCLE;
-- mutation: a sequence's type changes
-- object: s options
-- before
CREATE SEQUENCE s AS int;
-- then
ALTER SEQUENCE s AS smallint;
-- mutation: a sequence is given to a column
-- object: s owned
-- before
CREATE SEQUENCE s;
CREATE TABLE t (id bigint);
-- then
ALTER SEQUENCE s OWNED BY t.id;
-- mutation: a sequence goes from one column to another
-- object: s owned
-- before
CREATE SEQUENCE s;
CREATE TABLE t (a bigint DEFAULT nextval('s'));
CREATE TABLE u (a bigint);
ALTER SEQUENCE s OWNED BY t.a;
-- then
ALTER SEQUENCE s OWNED BY u.a;
-- mutation: a sequence's owner changes
-- object: s owner
-- before
CREATE SEQUENCE s;
-- then
GRANT ALL ON SCHEMA case_here TO keeper;
ALTER SEQUENCE s OWNER TO keeper;
-- mutation: a sequence becomes unlogged
-- object: s persistence
-- before
CREATE SEQUENCE s;
-- then
ALTER SEQUENCE s SET UNLOGGED;
-- mutation: a sequence's privileges change
-- object: s UPDATE
-- before
CREATE SEQUENCE s;
GRANT SELECT ON SEQUENCE s TO reader;
-- then
GRANT UPDATE ON SEQUENCE s TO reader WITH GRANT OPTION;
REVOKE SELECT ON SEQUENCE s FROM reader;
-- mutation: an identity's sequence gains a comment
-- object: t
-- before
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
-- then
COMMENT ON SEQUENCE t_id_seq IS 'counts';
-- mutation: a sequence that defaults use is replaced
-- object: s2 new
-- before
CREATE SEQUENCE s1;
CREATE TABLE t (a bigint DEFAULT nextval('s1'), b text DEFAULT 'n' || nextval('s1'));
-- then
CREATE SEQUENCE s2;
ALTER TABLE t ALTER a SET DEFAULT nextval('s2'), ALTER b SET DEFAULT 'n' || nextval('s2');
DROP SEQUENCE s1;
