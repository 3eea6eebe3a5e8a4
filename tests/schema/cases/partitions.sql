-- case: a partitioned table is created
-- setup
-- change
CREATE TABLE p (id int, at date NOT NULL, note text CHECK (note <> ''), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE p2 PARTITION OF p DEFAULT;
CREATE INDEX ON p (note);
-- case: a partition is added
-- setup
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE p (id int, at date NOT NULL, o int REFERENCES other, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX ON p (at);
-- change
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- case: a table is attached as a partition
-- setup
CREATE TABLE p (id int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE p1 (id int NOT NULL);
-- change
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1, 2);
-- case: a partition is detached
-- setup
CREATE TABLE p (id int PRIMARY KEY, n text) PARTITION BY HASH (id);
CREATE INDEX ON p (n);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- change
ALTER TABLE p DETACH PARTITION p1;
-- case: a partitioned table gains a column and an index
-- setup
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- change
ALTER TABLE p ADD COLUMN n text NOT NULL DEFAULT 'x' CHECK (n <> '');
CREATE INDEX ON p (n);
-- case: a partitioned table's primary key goes
-- setup
CREATE TABLE p (id int NOT NULL, n int UNIQUE, PRIMARY KEY (n)) PARTITION BY HASH (n);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- change
ALTER TABLE p DROP CONSTRAINT p_pkey;
-- case: a partitioned column's type changes
-- setup
CREATE TABLE p (id int PRIMARY KEY, n varchar(10)) PARTITION BY HASH (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- change
ALTER TABLE p ALTER COLUMN n TYPE text;
ALTER TABLE p ALTER COLUMN n SET NOT NULL;
-- case: a partition of a partition is created
-- setup
-- change
CREATE TABLE p (a int, b int, UNIQUE (a, b)) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1);
-- case: a partition's trigger is disabled on its own
-- setup
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE p (id int) PARTITION BY HASH (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TRIGGER touch BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION touch();
-- change
ALTER TABLE p0 DISABLE TRIGGER touch;
-- case: a partitioned table with an identity is created
-- setup
-- change
CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- case: a partitioned table becomes a plain one
-- setup
CREATE TABLE p (id int) PARTITION BY LIST (id);
-- change
DROP TABLE p;
CREATE TABLE p (id int);
-- case: a partition's bounds change
-- setup
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- change
ALTER TABLE p DETACH PARTITION p1;
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1, 2);
-- case: an index is attached to a partition's parent
-- setup
CREATE TABLE p (id int, n int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX p_n ON ONLY p (n);
-- change
CREATE INDEX p1_n ON p1 (n);
ALTER INDEX p_n ATTACH PARTITION p1_n;
-- case: a partition is renamed
-- setup
CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX ON p (n);
-- change
ALTER TABLE p1 RENAME TO p_one;
