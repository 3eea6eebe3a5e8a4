-- case: inline index
-- blocked: 3: an index cannot be declared inside CREATE TABLE
CREATE TABLE t (
  id int,
  INDEX x ON t(id)
);
-- case: inline key
-- blocked: 1: An index cannot be declared inside CREATE TABLE
CREATE TABLE t (id int, INDEX idx_id (id));
-- case: partial unique constraint
-- blocked: 1: cannot be partial
-- remedy: CREATE UNIQUE INDEX
CREATE TABLE t (a int, b bool, UNIQUE (a) WHERE b);
-- case: gin index
-- blocked: 1: GIN is not a kind of CREATE
-- remedy: USING gin
CREATE GIN INDEX x ON t (a);
-- case: trailing comma
-- blocked: 3: a comma stands before the end
CREATE TABLE t (
  id int,
);
-- case: bare columns
-- blocked: 1: the columns have no types
CREATE TABLE t (id, name);
-- case: missing semicolon
-- blocked: 2: a new statement begins
CREATE TABLE t (id int)
CREATE TABLE u (id int);
-- case: unclosed parenthesis
-- blocked: 1: 1 parenthesis is not closed
CREATE TABLE t (id int
;
-- case: unclosed quote
-- blocked: 2: unterminated quoted string
CREATE TABLE t (id int);
INSERT INTO t VALUES ('x);
-- case: unclosed dollar quote
-- blocked: 1: unterminated dollar-quoted string
DO $$ BEGIN NULL; END
-- case: unclosed comment
-- blocked: 1: unterminated /* comment
/* half
-- case: abbreviation by dots
-- blocked: 1: dots stand for something left out
CREATE TABLE t (id int, ...);
-- case: question mark
-- blocked: 1: ? is a placeholder
INSERT INTO t VALUES (?);
-- case: named parameter
-- blocked: 1: :name is a placeholder
UPDATE t SET a = :value;
-- case: template braces
-- blocked: 1: {…} is a placeholder
CREATE TABLE {tenant}.users (id int);
-- case: square brackets
-- blocked: 1: […] is a placeholder
DROP TABLE [NAME];
-- case: angle brackets
-- blocked: 1: <…> is a placeholder
DROP TABLE <table_name>;
-- case: policy if not exists
-- blocked: 1: no IF NOT EXISTS for a policy
-- remedy: DROP POLICY IF EXISTS
CREATE POLICY IF NOT EXISTS p ON t FOR SELECT USING (true);
-- case: constraint if not exists
-- blocked: 1: no IF NOT EXISTS for a constraint
-- remedy: DROP CONSTRAINT IF EXISTS
ALTER TABLE t ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 0);
-- case: prisma
-- blocked: 1: Prisma schema
model User {
  id String @id
}
-- case: a plain typing error, the others still read
-- blocked: 2: near “TABEL”
-- blocked: 4: near “x”
CREATE TABLE t (id int);
CREATE TABEL u (id int);
CREATE TABLE v (id int);
ALTER TABLE t DROP COLUM x y;
-- case: a line after characters of several bytes
-- blocked: 2: near “selec”
SELECT 'äöü — 漢字';
/* é */ selec 1;
-- case: sql-standard body beside a mistake
-- blocked: 5: near “selec”
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 END;
  SELECT 2;
END;
selec;
