-- mutation: an extension is created
-- superuser
-- alone
-- object: extension hstore new
-- before
-- then
CREATE EXTENSION hstore SCHEMA case_here;
CREATE TABLE case_here.t (h case_here.hstore DEFAULT '');
CREATE INDEX t_h ON case_here.t USING gin (h);
-- mutation: an extension moves to another schema
-- superuser
-- alone
-- object: extension hstore installed
-- before
CREATE SCHEMA case_two;
CREATE EXTENSION hstore SCHEMA case_here;
CREATE TABLE case_here.t (h case_here.hstore DEFAULT '');
CREATE VIEW case_here.v AS SELECT h FROM case_here.t;
-- then
ALTER EXTENSION hstore SET SCHEMA case_two;
-- mutation: an extension is at an older version
-- superuser
-- alone
-- object: extension hstore version
-- unseen by pg_dump
-- fails unmade: has no update path
-- note: most extensions have no script that leads back to an older version
-- before
CREATE EXTENSION hstore VERSION '1.7' SCHEMA case_here;
-- then
ALTER EXTENSION hstore UPDATE TO '1.8';
