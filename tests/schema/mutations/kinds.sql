-- mutation: a rule is created
-- object: rule case_here.t.quiet new
-- before
CREATE TABLE t (id int, name text);
-- then
CREATE RULE quiet AS ON DELETE TO t WHERE old.id > 3 DO INSTEAD NOTHING;
COMMENT ON RULE quiet ON t IS 'a comment';
-- mutation: a rule says something else
-- object: rule t.log definition
-- before
CREATE TABLE t (id int, name text);
CREATE TABLE l (id int);
CREATE RULE log AS ON INSERT TO t DO ALSO INSERT INTO l VALUES (new.id);
-- then
CREATE OR REPLACE RULE log AS ON INSERT TO t DO ALSO (INSERT INTO l VALUES (new.id + 1); DELETE FROM l WHERE id < 0);
-- mutation: a rule is disabled
-- object: rule t.log enabled
-- before
CREATE TABLE t (id int, name text);
CREATE RULE log AS ON INSERT TO t DO ALSO SELECT 1;
-- then
ALTER TABLE t DISABLE RULE log;
-- mutation: a rule is renamed
-- object: rule t.log called other
-- before
CREATE TABLE t (id int, name text);
CREATE RULE log AS ON INSERT TO t DO ALSO SELECT 1;
-- then
ALTER RULE log ON t RENAME TO other;
-- mutation: a column that a rule names gets another type
-- object: column id bigint
-- before
CREATE TABLE t (id int, name text);
CREATE TABLE l (id int);
CREATE RULE log AS ON INSERT TO t DO ALSO INSERT INTO l VALUES (new.id);
-- then
DROP RULE log ON t;
ALTER TABLE t ALTER COLUMN id TYPE bigint;
CREATE RULE log AS ON INSERT TO t DO ALSO INSERT INTO l VALUES (new.id);
-- mutation: a view gets rules
-- object: rule v.ins new
-- before
CREATE TABLE t (id int, name text);
CREATE VIEW v AS SELECT id FROM t;
-- then
CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t (id) VALUES (new.id);
-- mutation: a rule goes with its table
-- object: table case_here.t gone
-- before
CREATE TABLE t (id int);
CREATE RULE quiet AS ON DELETE TO t DO INSTEAD NOTHING;
-- then
DROP TABLE t;
-- mutation: a text search configuration is created
-- object: text search configuration case_here.c new
-- before
-- then
CREATE TEXT SEARCH DICTIONARY stem (TEMPLATE = snowball, Language = german);
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword, word WITH stem, simple;
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'ours';
-- mutation: a text search configuration's mappings change
-- object: text search configuration mappings
-- before
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english);
-- then
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH simple, english_stem;
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR url, host;
-- mutation: a text search configuration gains a mapping
-- object: text search configuration mappings
-- before
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
-- then
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR email WITH simple;
-- mutation: a text search configuration is renamed
-- object: text search configuration called d
-- before
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english);
-- then
ALTER TEXT SEARCH CONFIGURATION c RENAME TO d;
-- mutation: a text search configuration that an index needs is replaced
-- object: index case_here.i
-- before
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english);
CREATE TABLE t (id int, body text, v tsvector GENERATED ALWAYS AS (to_tsvector('c', body)) STORED);
CREATE INDEX i ON t USING gin (to_tsvector('c', body));
-- then
DROP INDEX i;
ALTER TABLE t DROP COLUMN v;
DROP TEXT SEARCH CONFIGURATION c;
-- mutation: a text search dictionary's options change
-- object: text search dictionary options stopwords
-- before
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, Language = english, StopWords = english);
-- then
ALTER TEXT SEARCH DICTIONARY d (StopWords, Language = 'german');
-- mutation: a text search dictionary gets another template
-- object: text search dictionary template
-- before
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d;
-- then
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word;
DROP TEXT SEARCH DICTIONARY d;
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, Accept = false);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d;
-- mutation: a text search dictionary changes hands
-- object: text search dictionary owner
-- before
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
GRANT CREATE ON SCHEMA case_here TO keeper;
-- then
ALTER TEXT SEARCH DICTIONARY d OWNER TO keeper;
-- mutation: a text search parser and a template come
-- object: text search parser new
-- superuser
-- before
-- then
CREATE TEXT SEARCH PARSER case_here.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE case_here.tpl (INIT = dsimple_init, LEXIZE = dsimple_lexize);
COMMENT ON TEXT SEARCH PARSER case_here.p IS 'p';
-- mutation: a publication is created
-- object: publication case_news new
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text, extra text);
CREATE TABLE u (id int PRIMARY KEY);
-- then
CREATE PUBLICATION case_news FOR TABLE t, u WITH (publish = 'insert, update', publish_via_partition_root = true);
COMMENT ON PUBLICATION case_news IS 'news';
-- mutation: a table joins a publication
-- object: table case_here.u publication case_news new
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE TABLE u (id int PRIMARY KEY);
CREATE PUBLICATION case_news FOR TABLE t;
-- then
ALTER PUBLICATION case_news ADD TABLE u;
-- mutation: a table leaves a publication
-- object: table case_here.u publication case_news gone
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE TABLE u (id int PRIMARY KEY);
CREATE PUBLICATION case_news FOR TABLE t, u;
-- then
ALTER PUBLICATION case_news DROP TABLE u;
-- mutation: a published table goes
-- object: table case_here.u gone
-- superuser
-- before
CREATE TABLE u (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE u;
-- then
DROP TABLE u;
-- mutation: a publication's row filter and columns change
-- object: table case_here.t publication case_news where
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text, extra text);
CREATE PUBLICATION case_news FOR TABLE t (id, name) WHERE (id > 3 AND name <> 'x');
-- then
ALTER PUBLICATION case_news SET TABLE t (id, extra) WHERE (id > 4 OR id < 0);
-- mutation: a column in a publication's filter gets another type
-- object: column id bigint
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE t WHERE (id > 3);
-- then
ALTER PUBLICATION case_news DROP TABLE t;
ALTER TABLE t ALTER COLUMN id TYPE bigint;
ALTER PUBLICATION case_news ADD TABLE t WHERE (id > 3);
-- mutation: a publication's options change
-- object: publication case_news publish
-- superuser
-- before
CREATE PUBLICATION case_news;
-- then
ALTER PUBLICATION case_news SET (publish = 'delete', publish_via_partition_root = true);
-- mutation: a publication comes to hold all tables
-- object: publication case_news all tables
-- superuser
-- alone
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE t;
-- then
DROP PUBLICATION case_news;
CREATE PUBLICATION case_news FOR ALL TABLES;
-- mutation: a publication gains a schema
-- object: schema case_here publication new
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE t;
-- then
ALTER PUBLICATION case_news ADD TABLES IN SCHEMA case_here;
-- mutation: a publication is renamed
-- object: publication called case_olds
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE t;
-- then
ALTER PUBLICATION case_news RENAME TO case_olds;
-- mutation: a publication changes hands
-- object: publication case_news owner
-- superuser
-- before
CREATE PUBLICATION case_news;
-- then
ALTER PUBLICATION case_news OWNER TO keeper;
-- mutation: a publication sends generated columns
-- object: publication case_news generated columns
-- superuser
-- from: 18
-- before
CREATE PUBLICATION case_news;
-- then
ALTER PUBLICATION case_news SET (publish_generated_columns = stored);
-- mutation: extended statistics are created
-- object: statistics case_here.s new
-- before
CREATE TABLE t (id int, a text, b text);
-- then
CREATE STATISTICS s (ndistinct, mcv) ON a, b FROM t;
COMMENT ON STATISTICS s IS 'both';
ALTER STATISTICS s SET STATISTICS 500;
-- mutation: extended statistics are of other columns
-- object: statistics case_here.s definition
-- before
CREATE TABLE t (id int, a text, b text);
CREATE STATISTICS s ON a, b FROM t;
-- then
DROP STATISTICS s;
CREATE STATISTICS s ON a, (lower(b)) FROM t;
-- mutation: extended statistics get a target
-- object: statistics case_here.s target
-- before
CREATE TABLE t (id int, a text, b text);
CREATE STATISTICS s ON a, b FROM t;
-- then
ALTER STATISTICS s SET STATISTICS 10;
-- mutation: extended statistics are renamed
-- object: statistics called r
-- before
CREATE TABLE t (id int, a text, b text);
CREATE STATISTICS s ON a, b FROM t;
-- then
ALTER STATISTICS s RENAME TO r;
-- mutation: a column with extended statistics gets another type
-- object: column a is now character
-- before
CREATE TABLE t (id int, a text, b text);
CREATE STATISTICS s ON a, b FROM t;
-- then
ALTER TABLE t ALTER COLUMN a TYPE varchar(20);
-- mutation: an event trigger is created
-- object: event trigger case_watch new
-- superuser
-- alone
-- before
CREATE FUNCTION case_here.seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
-- then
CREATE EVENT TRIGGER case_watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS') EXECUTE FUNCTION case_here.seen();
COMMENT ON EVENT TRIGGER case_watch IS 'watching';
-- mutation: an event trigger is disabled
-- object: event trigger case_watch enabled
-- superuser
-- alone
-- before
CREATE FUNCTION case_here.seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER case_watch ON sql_drop EXECUTE FUNCTION case_here.seen();
-- then
ALTER EVENT TRIGGER case_watch DISABLE;
-- mutation: a database gets a setting
-- object: setting statement_timeout this database new
-- superuser
-- alone
-- unseen by pg_dump
-- before
-- then
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = %L', current_database(), '7s');
EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, case_here', current_database());
EXECUTE format('ALTER DATABASE %I SET app.greeting = %L', current_database(), 'it''s 100% \ here'); END $$;
-- mutation: a role gets a setting in this database
-- object: setting lock_timeout role owner database new
-- superuser
-- alone
-- unseen by pg_dump
-- before
-- then
DO $$ BEGIN EXECUTE format('ALTER ROLE owner IN DATABASE %I SET lock_timeout = %L', current_database(), '7s'); END $$;
-- mutation: a cast is created
-- object: cast case_here.mood new
-- superuser
-- before
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE FUNCTION to_mood(int) RETURNS mood LANGUAGE sql AS $$ SELECT CASE WHEN $1 > 0 THEN 'glad' ELSE 'sad' END::case_here.mood $$;
-- then
CREATE CAST (int AS mood) WITH FUNCTION to_mood(int) AS ASSIGNMENT;
COMMENT ON CAST (int AS mood) IS 'feels';
-- mutation: a cast becomes implicit
-- object: cast case_here.mood definition
-- superuser
-- before
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE CAST (text AS mood) WITH INOUT;
-- then
DROP CAST (text AS mood);
CREATE CAST (text AS mood) WITH INOUT AS IMPLICIT;
-- mutation: an operator is created
-- object: operator === new
-- before
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION other(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $2';
-- then
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ===, NEGATOR = !==, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR !== (FUNCTION = other, LEFTARG = int, RIGHTARG = int, COMMUTATOR = !==, NEGATOR = ===);
COMMENT ON OPERATOR === (int, int) IS 'the same';
-- mutation: an operator's estimate changes
-- object: operator restrict
-- before
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int, RESTRICT = eqsel);
-- then
ALTER OPERATOR === (int, int) SET (RESTRICT = NONE, JOIN = eqjoinsel);
-- mutation: an operator of another function, and a prefix one
-- object: operator === function
-- before
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION alike(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION bang(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
-- then
DROP OPERATOR === (int, int);
CREATE OPERATOR === (FUNCTION = alike, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR !!! (FUNCTION = bang, RIGHTARG = int);
-- mutation: an operator's function goes with it
-- object: routine same gone
-- before
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
-- then
DROP FUNCTION same(int, int) CASCADE;
-- mutation: an operator class is created
-- object: operator class case_here.ops new
-- superuser
-- before
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION cmp(pair, pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1.a, $2.a)';
CREATE FUNCTION less(pair, pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE OPERATOR <<< (FUNCTION = less, LEFTARG = pair, RIGHTARG = pair);
-- then
CREATE OPERATOR CLASS ops FOR TYPE pair USING btree AS OPERATOR 1 <<<, FUNCTION 1 cmp(pair, pair);
COMMENT ON OPERATOR CLASS ops USING btree IS 'pairs';
-- mutation: an operator family gains members
-- object: operator family case_here.fam members
-- superuser
-- before
CREATE OPERATOR FAMILY fam USING btree;
-- then
ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (int, bigint), FUNCTION 1 (int, bigint) btint48cmp(int, bigint);
-- mutation: an operator class is renamed
-- object: operator class called
-- superuser
-- before
CREATE OPERATOR CLASS ops FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int);
-- then
ALTER OPERATOR CLASS ops USING btree RENAME TO more;
-- mutation: a collation is created
-- object: collation case_here.c new
-- before
-- then
CREATE COLLATION c (PROVIDER = libc, LOCALE = 'C');
COMMENT ON COLLATION c IS 'plain';
-- mutation: a collation is another one
-- object: collation case_here.c definition
-- before
CREATE COLLATION c (PROVIDER = libc, LOCALE = 'C');
-- then
DROP COLLATION c;
CREATE COLLATION c (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
-- mutation: a collation is renamed under the column that uses it
-- object: collation called d
-- before
CREATE COLLATION c (PROVIDER = libc, LOCALE = 'C');
CREATE TABLE t (a text COLLATE c);
-- then
ALTER COLLATION c RENAME TO d;
-- mutation: a builtin collation comes
-- object: collation case_here.c new
-- from: 17
-- before
-- then
CREATE COLLATION c (PROVIDER = builtin, LOCALE = 'C.UTF-8');
-- mutation: a foreign-data wrapper and a server come
-- object: foreign server case_far new
-- superuser
-- before
-- then
CREATE FOREIGN DATA WRAPPER case_fdw OPTIONS (debug 'true');
CREATE SERVER case_far TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER case_fdw OPTIONS (host 'h');
GRANT USAGE ON FOREIGN SERVER case_far TO reader;
GRANT USAGE ON FOREIGN DATA WRAPPER case_fdw TO writer WITH GRANT OPTION;
COMMENT ON SERVER case_far IS 'far';
-- mutation: a server's options and version change
-- object: foreign server case_far options
-- superuser
-- before
CREATE FOREIGN DATA WRAPPER case_fdw;
CREATE SERVER case_far VERSION '1' FOREIGN DATA WRAPPER case_fdw OPTIONS (host 'h', port '1');
-- then
ALTER SERVER case_far VERSION '2' OPTIONS (SET host 'g', DROP port, ADD dbname 'd');
ALTER FOREIGN DATA WRAPPER case_fdw OPTIONS (ADD debug 'true');
-- mutation: a user mapping comes
-- object: user mapping reader@case_far new
-- superuser
-- before
CREATE FOREIGN DATA WRAPPER case_fdw;
CREATE SERVER case_far FOREIGN DATA WRAPPER case_fdw;
-- then
CREATE USER MAPPING FOR reader SERVER case_far OPTIONS (user 'u');
CREATE USER MAPPING FOR PUBLIC SERVER case_far;
-- mutation: a server moves under its foreign table
-- object: foreign server case_far type
-- superuser
-- before
CREATE FOREIGN DATA WRAPPER case_fdw;
CREATE SERVER case_far TYPE 'a' FOREIGN DATA WRAPPER case_fdw;
CREATE FOREIGN TABLE t (id int) SERVER case_far OPTIONS (name 'x');
-- then
DROP SERVER case_far CASCADE;
CREATE SERVER case_far TYPE 'b' FOREIGN DATA WRAPPER case_fdw;
CREATE FOREIGN TABLE t (id int) SERVER case_far OPTIONS (name 'x');
-- mutation: a conversion is created
-- object: conversion case_here.c new
-- superuser
-- before
-- then
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- mutation: a language is created
-- object: language case_lang new
-- superuser
-- before
-- then
CREATE TRUSTED LANGUAGE case_lang HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
REVOKE USAGE ON LANGUAGE case_lang FROM PUBLIC;
GRANT USAGE ON LANGUAGE case_lang TO reader;
-- mutation: a language changes hands
-- object: language case_lang owner
-- superuser
-- before
CREATE TRUSTED LANGUAGE case_lang HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;
-- then
ALTER LANGUAGE case_lang OWNER TO keeper;
-- mutation: an access method is created
-- object: access method case_heap new
-- superuser
-- before
-- then
CREATE ACCESS METHOD case_heap TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD case_heap IS 'as heap';
-- mutation: a schema of rare things is renamed
-- object: schema called case_two
-- superuser
-- before
CREATE SCHEMA case_one;
CREATE FUNCTION case_one.same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR case_one.=== (FUNCTION = case_one.same, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(case_one.===));
CREATE TABLE case_one.t (a int, b int);
CREATE RULE r AS ON INSERT TO case_one.t DO ALSO DELETE FROM case_one.t WHERE false;
CREATE STATISTICS case_one.s ON a, b FROM case_one.t;
CREATE PUBLICATION case_news FOR TABLE case_one.t;
CREATE TEXT SEARCH CONFIGURATION case_one.c (COPY = pg_catalog.english);
-- then
ALTER SCHEMA case_one RENAME TO case_two;
-- mutation: a transform is created
-- object: transform new
-- superuser
-- before
CREATE TYPE case_here.pair AS (a int);
CREATE FUNCTION case_here.from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'textin';
-- then
CREATE TRANSFORM FOR case_here.pair LANGUAGE plpgsql (FROM SQL WITH FUNCTION case_here.from_sql(internal));
-- mutation: a typed table follows its type
-- object: column case_here.shape.d new
-- before
CREATE TYPE shape AS (w int, h int);
CREATE TABLE t OF shape (PRIMARY KEY (w));
-- then
ALTER TYPE shape ADD ATTRIBUTE d int CASCADE;
-- mutation: a foreign table's column has options
-- object: column a foreign options
-- superuser
-- before
CREATE FOREIGN DATA WRAPPER case_fdw;
CREATE SERVER case_far FOREIGN DATA WRAPPER case_fdw;
CREATE FOREIGN TABLE t (a int, b int) SERVER case_far;
-- then
ALTER FOREIGN TABLE t ALTER COLUMN a OPTIONS (ADD column_name 'x');
-- mutation: a publication and its table are renamed
-- object: publication called case_olds
-- superuser
-- before
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE PUBLICATION case_news FOR TABLE t (id);
-- then
ALTER PUBLICATION case_news RENAME TO case_olds;
ALTER TABLE t RENAME COLUMN id TO nr;
ALTER TABLE t RENAME TO u;
-- mutation: an index's operator class gets other parameters
-- object: index case_here.i
-- before
CREATE TABLE t (id int, v tsvector);
CREATE INDEX i ON t USING gist (v tsvector_ops (siglen = 64));
-- then
DROP INDEX i;
CREATE INDEX i ON t USING gist (v tsvector_ops (siglen = 128));
-- mutation: a window function is created
-- object: routine case_here.rank new
-- superuser
-- before
-- then
CREATE FUNCTION case_here.rank() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE AS 'window_rank';
-- mutation: a published column gets another type
-- object: column id bigint
-- superuser
-- before
CREATE TABLE t (id int, name text);
CREATE PUBLICATION case_news FOR TABLE t (id, name);
CREATE STATISTICS s ON id, name FROM t;
-- then
ALTER PUBLICATION case_news DROP TABLE t;
ALTER TABLE t ALTER id TYPE bigint;
ALTER PUBLICATION case_news ADD TABLE t (id, name);
