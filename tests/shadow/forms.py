"""The schema on which every DDL form is tried."""

SCHEMA = """
CREATE TABLE teams (id int PRIMARY KEY, name varchar(50));
CREATE INDEX teams_name ON teams (name);
CREATE TABLE plain (id int PRIMARY KEY, a int, b text);
CREATE INDEX plain_b ON plain (b);
CREATE TABLE users (
    id int PRIMARY KEY, email varchar(50), age int, score numeric(10, 2), born timestamp, team_id int,
    nick text, CONSTRAINT nick_there CHECK (nick IS NOT NULL)
);
CREATE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_age ON users (age);
CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users (id), body text);
ALTER TABLE posts ADD CONSTRAINT body_short CHECK (length(body) < 100) NOT VALID;
CREATE VIEW names AS SELECT id, email FROM users;
CREATE MATERIALIZED VIEW counts AS SELECT user_id, count(*) FROM posts GROUP BY 1;
CREATE UNIQUE INDEX counts_user ON counts (user_id);
CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2 (id int, day date);
CREATE TABLE logs (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE SEQUENCE counter;
"""
