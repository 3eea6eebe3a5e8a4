-- mutation: a partitioned table is created
-- object: table case_here.t new
-- before
-- then
CREATE TABLE t (id int, at date NOT NULL, k text DEFAULT 'x', CHECK (id > 0)) PARTITION BY RANGE (at, lower(k) COLLATE "C");
-- mutation: a partition is added
-- object: t1 new
-- before
CREATE TABLE t (id int PRIMARY KEY, name text CHECK (name <> '')) PARTITION BY RANGE (id);
CREATE INDEX t_name ON t (name);
CREATE TABLE t0 PARTITION OF t DEFAULT;
-- then
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
COMMENT ON TABLE t1 IS 'the first';
GRANT SELECT ON t1 TO reader;
-- mutation: a partition is dropped
-- object: t1 gone
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY REFERENCES u, name text DEFAULT 'x') PARTITION BY HASH (id);
CREATE TABLE t1 PARTITION OF t (name DEFAULT 'y', CONSTRAINT odd CHECK (name <> 'z')) FOR VALUES WITH (MODULUS 2, REMAINDER 0);
-- then
DROP TABLE t1;
-- mutation: a table is attached
-- object: t1 partition
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, u int REFERENCES u) PARTITION BY LIST (id);
CREATE INDEX t_name ON t (name);
CREATE TABLE t1 (name text NOT NULL, id int PRIMARY KEY, u int REFERENCES u);
CREATE INDEX t1_name ON t1 (name);
-- then
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1, 2);
-- mutation: a table is attached and gains what it lacks
-- object: t1 partition
-- before
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (id int UNIQUE, name text) PARTITION BY LIST (id);
CREATE INDEX t_name ON t (name);
CREATE TRIGGER touch AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE t1 (id int, name text);
-- then
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1, 2);
-- mutation: a partition is detached
-- object: t1 partition
-- before
CREATE TABLE t (id int PRIMARY KEY, name text CHECK (name <> '')) PARTITION BY LIST (id);
CREATE INDEX t_name ON t (name);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t DETACH PARTITION t1;
-- mutation: a partition's bounds change
-- object: t1 bound
-- before
CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
-- then
ALTER TABLE t DETACH PARTITION t1;
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (1) TO (20);
-- mutation: a partition moves to another parent
-- object: t1 partition
-- before
CREATE TABLE t (id int PRIMARY KEY, name text) PARTITION BY LIST (id);
CREATE TABLE u (id int PRIMARY KEY, name text) PARTITION BY LIST (id);
CREATE INDEX u_name ON u (name);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t DETACH PARTITION t1;
ALTER TABLE u ATTACH PARTITION t1 FOR VALUES IN (1);
-- mutation: a partition of a partition is created
-- object: t12 new
-- before
CREATE TABLE t (id int, k int) PARTITION BY LIST (id);
CREATE INDEX t_k ON t (k);
-- then
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE t12 PARTITION OF t1 FOR VALUES IN (2);
-- mutation: a partitioned table gains a column
-- object: t.n new
-- before
CREATE TABLE t (id int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t ADD n int NOT NULL DEFAULT 4 CHECK (n > 0);
-- mutation: a partitioned table loses a column
-- object: t.n gone
-- order: unmade
-- before
CREATE TABLE t (id int, n int, z int) PARTITION BY LIST (id);
CREATE INDEX t_n ON t (n);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t DROP n;
-- mutation: a partitioned table gains an index
-- object: t_n new
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
CREATE INDEX t_n ON t (n);
-- mutation: a partitioned table gains an index that its partitions lack
-- object: t_n new
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
CREATE INDEX t_n ON ONLY t (n);
-- mutation: an index is attached to a partitioned one
-- object: t1_n
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE INDEX t_n ON ONLY t (n);
CREATE INDEX t1_n ON t1 (n);
-- then
ALTER INDEX t_n ATTACH PARTITION t1_n;
-- mutation: a partitioned table gains a unique constraint
-- object: t_id_n_key new
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t ADD UNIQUE (id, n);
-- mutation: a partitioned table's primary key goes
-- object: t_pkey gone
-- before
CREATE TABLE t (id int PRIMARY KEY, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE u (id int REFERENCES t);
-- then
ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE;
-- mutation: a foreign key points to a partitioned table
-- object: u_id_fkey new
-- before
CREATE TABLE t (id int PRIMARY KEY, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE u (id int);
-- then
ALTER TABLE u ADD FOREIGN KEY (id) REFERENCES t;
-- mutation: a foreign key points from a partitioned table
-- object: t_n_fkey new
-- before
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES u;
-- mutation: a partitioned column changes its type
-- object: t n bigint
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE INDEX t_n ON t (n);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t ALTER n TYPE bigint;
-- mutation: a partition has a default of its own
-- object: t1 n default
-- before
CREATE TABLE t (id int, n int DEFAULT 1) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t1 ALTER n SET DEFAULT 2;
-- mutation: a partition alone is not null
-- object: t1 n NOT
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- then
ALTER TABLE t1 ALTER n SET NOT NULL;
-- mutation: a table becomes partitioned
-- object: t partition
-- before
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE VIEW v AS SELECT id FROM t;
GRANT SELECT ON t TO reader;
-- then
DROP VIEW v;
DROP TABLE t;
CREATE TABLE t (id int PRIMARY KEY, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE VIEW v AS SELECT id FROM t;
GRANT SELECT ON t TO reader;
-- mutation: a partition key changes
-- object: t partition
-- before
CREATE TABLE t (id int, n int) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
GRANT SELECT ON t1 TO reader;
-- then
DROP TABLE t;
CREATE TABLE t (id int, n int) PARTITION BY LIST (n);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
GRANT SELECT ON t1 TO reader;
-- mutation: a partitioned identity is created
-- from: 17
-- object: t new
-- before
-- then
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n int) PARTITION BY LIST (n);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- mutation: a table is attached to a parent with an identity
-- from: 17
-- object: t_2 partition
-- before
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 (id bigint NOT NULL, k int NOT NULL, PRIMARY KEY (id, k));
-- then
ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (10) TO (20);
ALTER TABLE t_2 ENABLE ROW LEVEL SECURITY;
-- mutation: a partition with an identity is detached and moves
-- from: 17
-- object: t_2 partition
-- before
CREATE SCHEMA case_archive;
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
-- then
ALTER TABLE t DETACH PARTITION t_2;
ALTER TABLE t_2 SET SCHEMA case_archive;
-- mutation: a detached partition gets an identity of its own
-- from: 17
-- object: t_2 partition
-- before
CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY, k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
-- then
ALTER TABLE t DETACH PARTITION t_2;
ALTER TABLE t_2 ALTER id ADD GENERATED ALWAYS AS IDENTITY (START WITH 1000);
-- mutation: a partitioned table's column gains an identity
-- from: 17
-- object: t id identity
-- before
CREATE TABLE t (id bigint NOT NULL, k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
-- then
ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY;
-- mutation: a table with an identity is attached where identities are a table's own
-- until: 16
-- object: t_2 partition
-- before
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE t_2 (id bigint GENERATED ALWAYS AS IDENTITY, k int NOT NULL);
-- then
ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (10) TO (20);
-- mutation: a partition that a foreign key reaches through its parent is dropped
-- object: t1 gone
-- before
CREATE TABLE t (id int, k int NOT NULL, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t2 PARTITION OF t DEFAULT;
CREATE TABLE u (id int, k int, FOREIGN KEY (id, k) REFERENCES t);
-- then
ALTER TABLE t DETACH PARTITION t1;
DROP TABLE t1;
-- mutation: a partition goes with the table whose foreign key reaches it
-- object: t1 gone
-- before
CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE z (id int REFERENCES t);
-- then
DROP TABLE z;
DROP TABLE t1;
-- mutation: a partition whose columns are not null by its parent's key is dropped with its partitions
-- object: t1 gone
-- before
CREATE TABLE t (id int, at date, name text NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE t11 PARTITION OF t1 FOR VALUES IN (1);
CREATE TABLE t12 PARTITION OF t1 DEFAULT;
-- then
DROP TABLE t1;
-- mutation: a partition gets its key by the parent's and is dropped
-- object: t1 gone
-- before
CREATE TABLE t (id int, name text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
ALTER TABLE t ADD PRIMARY KEY (id);
-- then
DROP TABLE t1;
-- mutation: a partition with a name of its own for NOT NULL is dropped
-- object: t1 gone
-- before
CREATE TABLE t (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t (id CONSTRAINT mine NOT NULL, name NOT NULL) FOR VALUES FROM (1) TO (10);
-- then
DROP TABLE t1;
-- mutation: a partition is detached and loses what its parent asked for
-- object: t1 partition
-- before
CREATE TABLE t (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
-- then
ALTER TABLE t DETACH PARTITION t1;
ALTER TABLE t1 DROP CONSTRAINT t1_pkey;
ALTER TABLE t1 ALTER id DROP NOT NULL;
-- mutation: a partition takes the name of one that was dropped
-- object: t_1
-- before
CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
-- then
DROP TABLE t_1;
ALTER TABLE t_2 RENAME TO t_1;
-- mutation: a partition whose name comes first allows nulls with its parent
-- object: t c nullable
-- before
CREATE TABLE t (c boolean NOT NULL) PARTITION BY LIST (c);
CREATE TABLE a PARTITION OF t DEFAULT;
-- then
ALTER TABLE t ALTER c DROP NOT NULL;
