-- Cases: what is written, and below `-- becomes` what runs instead, what is told, and the data's way back.

-- case: a table that nothing needs moves away
DROP TABLE log;
-- becomes
ALTER TABLE public.log RENAME TO public_log_1;
ALTER TABLE public.public_log_1 SET SCHEMA db_migrate_kept;
-- told 1: `DROP TABLE log` is made reversible. public.log is not dropped but moved to db_migrate_kept.public_log_1, out of everybody's reach: no row is copied.
-- first: ALTER TABLE db_migrate_kept.public_log_1 SET SCHEMA public
-- first: ALTER TABLE public.public_log_1 RENAME TO log

-- case: its trigger, policy and rights are taken off, its parts renamed
DROP TABLE IF EXISTS notes;
-- becomes
DROP TRIGGER touched ON public.notes;
ALTER INDEX public.notes_pkey RENAME TO notes_pkey_2;
ALTER TABLE public.notes RENAME TO public_notes_1;
ALTER TABLE public.public_notes_1 SET SCHEMA db_migrate_kept;
-- told 1: `DROP TABLE IF EXISTS notes` is made reversible. public.notes is not dropped but moved to db_migrate_kept.public_notes_1, out of everybody's reach: no row is copied.
-- first: ALTER TABLE db_migrate_kept.public_notes_1 SET SCHEMA public
-- first: ALTER TABLE public.public_notes_1 RENAME TO notes
-- first: ALTER INDEX public.notes_pkey_2 RENAME TO notes_pkey

-- case: a table that a view needs is copied, and Postgres decides about dropping it
DROP TABLE letters;
-- becomes
LOCK TABLE public.letters IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_letters_1 AS SELECT id, person, body FROM public.letters;
CREATE TABLE db_migrate_kept.public_letters_id_seq_2 AS SELECT last_value, is_called FROM public.letters_id_seq;
DROP TABLE letters;
-- told 1: `DROP TABLE letters` is made reversible. Before the statement runs, the rows of public.letters are copied to db_migrate_kept.public_letters_1, db_migrate_kept.public_letters_id_seq_2: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO public.letters (id, person, body) OVERRIDING SYSTEM VALUE SELECT id, person, body FROM db_migrate_kept.public_letters_1
-- last: SELECT setval(pg_get_serial_sequence('public.letters', 'id')::regclass, last_value, is_called) FROM db_migrate_kept.public_letters_id_seq_2
-- last: DROP TABLE db_migrate_kept.public_letters_1
-- last: DROP TABLE db_migrate_kept.public_letters_id_seq_2

-- case: CASCADE over a view copies and drops as written
DROP TABLE letters CASCADE;
-- becomes
LOCK TABLE public.letters IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_letters_1 AS SELECT id, person, body FROM public.letters;
CREATE TABLE db_migrate_kept.public_letters_id_seq_2 AS SELECT last_value, is_called FROM public.letters_id_seq;
DROP TABLE letters CASCADE;
-- told 1: `DROP TABLE letters CASCADE` is made reversible. Before the statement runs, the rows of public.letters are copied to db_migrate_kept.public_letters_1, db_migrate_kept.public_letters_id_seq_2: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO public.letters (id, person, body) OVERRIDING SYSTEM VALUE SELECT id, person, body FROM db_migrate_kept.public_letters_1
-- last: SELECT setval(pg_get_serial_sequence('public.letters', 'id')::regclass, last_value, is_called) FROM db_migrate_kept.public_letters_id_seq_2
-- last: DROP TABLE db_migrate_kept.public_letters_1
-- last: DROP TABLE db_migrate_kept.public_letters_id_seq_2

-- case: two tables with a foreign key between them move together
DROP TABLE codes, coded;
-- becomes
ALTER TABLE public.coded DROP CONSTRAINT coded_code_fkey;
ALTER INDEX public.codes_pkey RENAME TO codes_pkey_2;
ALTER TABLE public.codes RENAME TO public_codes_1;
ALTER TABLE public.public_codes_1 SET SCHEMA db_migrate_kept;
ALTER INDEX public.coded_pkey RENAME TO coded_pkey_4;
ALTER TABLE public.coded RENAME TO public_coded_3;
ALTER TABLE public.public_coded_3 SET SCHEMA db_migrate_kept;
-- told 1: `DROP TABLE codes, coded` is made reversible. public.codes, public.coded are not dropped but moved to db_migrate_kept.public_codes_1, db_migrate_kept.public_coded_3, out of everybody's reach: no row is copied.
-- first: ALTER TABLE db_migrate_kept.public_codes_1 SET SCHEMA public
-- first: ALTER TABLE public.public_codes_1 RENAME TO codes
-- first: ALTER INDEX public.codes_pkey_2 RENAME TO codes_pkey
-- first: ALTER TABLE db_migrate_kept.public_coded_3 SET SCHEMA public
-- first: ALTER TABLE public.public_coded_3 RENAME TO coded
-- first: ALTER INDEX public.coded_pkey_4 RENAME TO coded_pkey

-- case: a foreign key goes when its table was moved before
DROP TABLE coded;
DROP TABLE codes;
-- becomes
ALTER TABLE public.coded DROP CONSTRAINT coded_code_fkey;
ALTER INDEX public.coded_pkey RENAME TO coded_pkey_2;
ALTER TABLE public.coded RENAME TO public_coded_1;
ALTER TABLE public.public_coded_1 SET SCHEMA db_migrate_kept;
ALTER INDEX public.codes_pkey RENAME TO codes_pkey_4;
ALTER TABLE public.codes RENAME TO public_codes_3;
ALTER TABLE public.public_codes_3 SET SCHEMA db_migrate_kept;
-- told 1: `DROP TABLE coded` is made reversible. public.coded is not dropped but moved to db_migrate_kept.public_coded_1, out of everybody's reach: no row is copied.
-- told 2: `DROP TABLE codes` is made reversible. public.codes is not dropped but moved to db_migrate_kept.public_codes_3, out of everybody's reach: no row is copied.
-- first: ALTER TABLE db_migrate_kept.public_codes_3 SET SCHEMA public
-- first: ALTER TABLE public.public_codes_3 RENAME TO codes
-- first: ALTER INDEX public.codes_pkey_4 RENAME TO codes_pkey
-- first: ALTER TABLE db_migrate_kept.public_coded_1 SET SCHEMA public
-- first: ALTER TABLE public.public_coded_1 RENAME TO coded
-- first: ALTER INDEX public.coded_pkey_2 RENAME TO coded_pkey

-- case: a table that another one refers to is left for Postgres to refuse
DROP TABLE codes;
-- becomes
LOCK TABLE public.codes IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_codes_1 AS SELECT code FROM public.codes;
DROP TABLE codes;
-- told 1: `DROP TABLE codes` is made reversible. Before the statement runs, the rows of public.codes are copied to db_migrate_kept.public_codes_1: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO public.codes (code) OVERRIDING SYSTEM VALUE SELECT code FROM db_migrate_kept.public_codes_1
-- last: DROP TABLE db_migrate_kept.public_codes_1

-- case: a partitioned table is copied
DROP TABLE parts;
-- becomes
LOCK TABLE public.parts IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_parts_1 AS SELECT id, v FROM public.parts;
DROP TABLE parts;
-- told 1: `DROP TABLE parts` is made reversible. Before the statement runs, the rows of public.parts are copied to db_migrate_kept.public_parts_1: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO public.parts (id, v) OVERRIDING SYSTEM VALUE SELECT id, v FROM db_migrate_kept.public_parts_1
-- last: DROP TABLE db_migrate_kept.public_parts_1

-- case: a table whose heirs would stay is told
DROP TABLE base;
-- becomes
DROP TABLE base;
-- told 1: `DROP TABLE base` stays as it is, its data are NOT kept: other tables inherit from public.base. Name each table by itself.

-- case: a type that goes as well cannot stay with the table
DROP TABLE people CASCADE;
DROP TYPE mood;
-- becomes
DROP TABLE people CASCADE;
DROP TYPE mood;
-- told 1: `DROP TABLE people CASCADE` stays as it is, its data are NOT kept: the migration also drops what the columns of public.people are made of (mood). Drop it in a later migration, after what is kept was removed.

-- case: a schema is copied table by table
DROP SCHEMA old CASCADE;
-- becomes
LOCK TABLE old.things IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.old_things_1 AS SELECT id, v FROM old.things;
DROP SCHEMA old CASCADE;
-- told 1: `DROP SCHEMA old CASCADE` is made reversible. Before the statement runs, the rows of old.things are copied to db_migrate_kept.old_things_1: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO old.things (id, v) OVERRIDING SYSTEM VALUE SELECT id, v FROM db_migrate_kept.old_things_1
-- last: DROP TABLE db_migrate_kept.old_things_1

-- case: a table that is not there needs nothing
DROP TABLE IF EXISTS nowhere;
-- becomes
DROP TABLE IF EXISTS nowhere;

-- case: a table that the migration made needs nothing
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh VALUES (1);
DELETE FROM fresh;
DROP TABLE fresh;
-- becomes
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh VALUES (1);
DELETE FROM fresh;
DROP TABLE fresh;

-- case: odd names
DELETE FROM "Odd ""one" WHERE "from" = 'x';
UPDATE "Odd ""one" SET "from" = 'RETURNING FROM';
DROP TABLE "Odd ""one";
-- becomes
CREATE TABLE db_migrate_kept."public_Odd ""one_1" AS SELECT "A b", "from" FROM public."Odd ""one" WITH NO DATA;
WITH kept_rows AS ( DELETE FROM "Odd ""one" WHERE "from" = 'x' RETURNING "Odd ""one".* ) INSERT INTO db_migrate_kept."public_Odd ""one_1" SELECT "A b", "from" FROM kept_rows;
LOCK TABLE public."Odd ""one" IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept."public_Odd ""one_2" AS SELECT "A b", "from" FROM public."Odd ""one" WITH NO DATA;
WITH kept_rows AS ( UPDATE "Odd ""one" SET "from" = 'RETURNING FROM' FROM (SELECT "A b" AS kept_1, "from" AS kept_2 FROM public."Odd ""one") AS kept_old WHERE "Odd ""one"."A b" = kept_old.kept_1 RETURNING kept_old.kept_1, kept_old.kept_2 ) INSERT INTO db_migrate_kept."public_Odd ""one_2" SELECT * FROM kept_rows;
ALTER INDEX public."Odd ""one_pkey" RENAME TO "Odd ""one_pkey_4";
ALTER TABLE public."Odd ""one" RENAME TO "public_Odd ""one_3";
ALTER TABLE public."public_Odd ""one_3" SET SCHEMA db_migrate_kept;
-- told 1: `DELETE FROM "Odd ""one" WHERE "from" = 'x'` is made reversible. Deleted rows of public."Odd ""one" go to db_migrate_kept."public_Odd ""one_1", in the same statement.
-- told 2: `UPDATE "Odd ""one" SET "from" = 'RETURNING FROM'` is made reversible. The values that "from" of public."Odd ""one" had go to db_migrate_kept."public_Odd ""one_2" with the key (A b), in the same statement; other writers of the table wait until the migration is through.
-- told 3: `DROP TABLE "Odd ""one"` is made reversible. public."Odd ""one" is not dropped but moved to db_migrate_kept."public_Odd ""one_3", out of everybody's reach: no row is copied.
-- first: ALTER TABLE db_migrate_kept."public_Odd ""one_3" SET SCHEMA public
-- first: ALTER TABLE public."public_Odd ""one_3" RENAME TO "Odd ""one"
-- first: ALTER INDEX public."Odd ""one_pkey_4" RENAME TO "Odd ""one_pkey"
-- fill: UPDATE public."Odd ""one" AS now SET "from" = kept."from" FROM db_migrate_kept."public_Odd ""one_2" AS kept WHERE now."A b" = kept."A b"
-- fill: INSERT INTO public."Odd ""one" ("A b", "from") OVERRIDING SYSTEM VALUE SELECT "A b", "from" FROM db_migrate_kept."public_Odd ""one_1"
-- last: DROP TABLE db_migrate_kept."public_Odd ""one_2"
-- last: DROP TABLE db_migrate_kept."public_Odd ""one_1"

-- case: a dropped column is copied by the primary key
ALTER TABLE people DROP COLUMN score;
-- becomes
LOCK TABLE public.people IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_people_score_1 AS SELECT id, score FROM public.people;
ALTER TABLE people DROP COLUMN score;
-- told 1: `ALTER TABLE people DROP COLUMN score` is made reversible. Before the statement runs, score of public.people is copied to db_migrate_kept.public_people_score_1 with the key (id): 0 rows; the table is locked meanwhile.
-- fill: UPDATE public.people AS now SET score = kept.score FROM db_migrate_kept.public_people_score_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_people_score_1

-- case: a dropped key is copied by another one
ALTER TABLE people DROP COLUMN id CASCADE;
-- becomes
LOCK TABLE public.people IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_people_id_1 AS SELECT email, id FROM public.people;
CREATE TABLE db_migrate_kept.public_people_id_seq_2 AS SELECT last_value, is_called FROM public.people_id_seq;
ALTER TABLE people DROP COLUMN id CASCADE;
-- told 1: `ALTER TABLE people DROP COLUMN id CASCADE` is made reversible. Before the statement runs, id of public.people is copied to db_migrate_kept.public_people_id_1 with the key (email): 0 rows; the table is locked meanwhile.
-- fill: UPDATE public.people AS now SET id = kept.id FROM db_migrate_kept.public_people_id_1 AS kept WHERE now.email = kept.email
-- last: SELECT setval(pg_get_serial_sequence('public.people', 'id')::regclass, last_value, is_called) FROM db_migrate_kept.public_people_id_seq_2
-- last: DROP TABLE db_migrate_kept.public_people_id_1
-- last: DROP TABLE db_migrate_kept.public_people_id_seq_2

-- case: a column without any key is told
ALTER TABLE log DROP COLUMN what;
-- becomes
ALTER TABLE log DROP COLUMN what;
-- told 1: `ALTER TABLE log DROP COLUMN what` stays as it is, its data are NOT kept: public.log has no key without what by which values find their rows again. Give the table a primary key first.

-- case: a generated column holds nothing
ALTER TABLE people DROP COLUMN initial;
-- becomes
ALTER TABLE people DROP COLUMN initial;

-- case: a type that takes every value needs nothing
ALTER TABLE people ALTER COLUMN name TYPE text;
-- becomes
ALTER TABLE people ALTER COLUMN name TYPE text;

-- case: a narrower type is copied
ALTER TABLE people ALTER COLUMN name TYPE varchar(10);
-- becomes
LOCK TABLE public.people IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_people_name_1 AS SELECT id, name FROM public.people;
ALTER TABLE people ALTER COLUMN name TYPE varchar(10);
-- told 1: `ALTER TABLE people ALTER COLUMN name TYPE varchar(10)` is made reversible. Before the statement runs, name of public.people is copied to db_migrate_kept.public_people_name_1 with the key (id): 0 rows; the table is locked meanwhile.
-- first: ALTER TABLE public.people DISABLE TRIGGER USER
-- first: ALTER TABLE public.people ALTER COLUMN name DROP NOT NULL
-- first: UPDATE public.people AS now SET name = NULL FROM db_migrate_kept.public_people_name_1 AS kept WHERE now.id = kept.id
-- fill: UPDATE public.people AS now SET name = kept.name FROM db_migrate_kept.public_people_name_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_people_name_1

-- case: values that USING computes are copied
ALTER TABLE people ALTER COLUMN email TYPE text USING lower(email);
-- becomes
LOCK TABLE public.people IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_people_email_1 AS SELECT id, email FROM public.people;
ALTER TABLE people ALTER COLUMN email TYPE text USING lower(email);
-- told 1: `ALTER TABLE people ALTER COLUMN email TYPE text USING lower(email)` is made reversible. Before the statement runs, email of public.people is copied to db_migrate_kept.public_people_email_1 with the key (id): 0 rows; the table is locked meanwhile.
-- first: ALTER TABLE public.people DISABLE TRIGGER USER
-- first: ALTER TABLE public.people ALTER COLUMN email DROP NOT NULL
-- first: UPDATE public.people AS now SET email = NULL FROM db_migrate_kept.public_people_email_1 AS kept WHERE now.id = kept.id
-- fill: UPDATE public.people AS now SET email = kept.email FROM db_migrate_kept.public_people_email_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_people_email_1

-- case: deleted rows with all that goes along
DELETE FROM people WHERE score < 3;
-- becomes
LOCK TABLE public.letters, public.stamps IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_people_1 AS SELECT id, email, name, score, mood FROM public.people WITH NO DATA;
CREATE TABLE db_migrate_kept.public_letters_2 AS SELECT id, person, body FROM public.letters WITH NO DATA;
CREATE TABLE db_migrate_kept.public_stamps_3 AS SELECT id, letter FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( DELETE FROM people WHERE score < 3 RETURNING people.* ), kept_rows_1 AS (SELECT id, person, body FROM public.letters AS c WHERE EXISTS (SELECT FROM kept_rows AS p WHERE c.person = p.id)), kept_rows_2 AS (SELECT id, letter FROM public.stamps AS c WHERE EXISTS (SELECT FROM kept_rows_1 AS p WHERE c.letter = p.id)), kept_put_1 AS (INSERT INTO db_migrate_kept.public_people_1 SELECT id, email, name, score, mood FROM kept_rows), kept_put_2 AS (INSERT INTO db_migrate_kept.public_letters_2 SELECT * FROM kept_rows_1) INSERT INTO db_migrate_kept.public_stamps_3 SELECT * FROM kept_rows_2;
-- told 1: `DELETE FROM people WHERE score < 3` is made reversible. Deleted rows of public.people go to db_migrate_kept.public_people_1, what goes with them in public.letters to db_migrate_kept.public_letters_2, what goes with them in public.stamps to db_migrate_kept.public_stamps_3, in the same statement.
-- fill: INSERT INTO public.people (id, email, name, score, mood) OVERRIDING SYSTEM VALUE SELECT id, email, name, score, mood FROM db_migrate_kept.public_people_1
-- fill: INSERT INTO public.letters (id, person, body) OVERRIDING SYSTEM VALUE SELECT id, person, body FROM db_migrate_kept.public_letters_2
-- fill: UPDATE public.stamps AS now SET letter = kept.letter FROM db_migrate_kept.public_stamps_3 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_people_1
-- last: DROP TABLE db_migrate_kept.public_letters_2
-- last: DROP TABLE db_migrate_kept.public_stamps_3

-- case: deleted rows of a table with WITH, USING and RETURNING
WITH x AS (SELECT 1 AS id) DELETE FROM stamps AS s USING x WHERE s.id = x.id RETURNING s.id;
-- becomes
CREATE TABLE db_migrate_kept.public_stamps_1 AS SELECT id, letter, price FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( WITH x AS (SELECT 1 AS id) DELETE FROM stamps AS s USING x WHERE s.id = x.id RETURNING s.* ) INSERT INTO db_migrate_kept.public_stamps_1 SELECT id, letter, price FROM kept_rows;
-- told 1: `WITH x AS (SELECT 1 AS id) DELETE FROM stamps AS s USING x WHERE s.id = x.id …` is made reversible. Deleted rows of public.stamps go to db_migrate_kept.public_stamps_1, in the same statement.
-- fill: INSERT INTO public.stamps (id, letter, price) OVERRIDING SYSTEM VALUE SELECT id, letter, price FROM db_migrate_kept.public_stamps_1
-- last: DROP TABLE db_migrate_kept.public_stamps_1

-- case: a table that refers to itself is told
DELETE FROM tree WHERE id = 1;
-- becomes
DELETE FROM tree WHERE id = 1;
-- told 1: `DELETE FROM tree WHERE id = 1` stays as it is, its data are NOT kept: deleting rows of public.tree reaches public.tree in more than one way. Delete the rows of each table by a statement of its own.

-- case: rows of heirs are told
DELETE FROM base;
-- becomes
DELETE FROM base;
-- told 1: `DELETE FROM base` stays as it is, its data are NOT kept: other tables inherit from public.base. Name each table by itself.

-- case: a view is told
DELETE FROM sent;
-- becomes
DELETE FROM sent;
-- told 1: `DELETE FROM sent` stays as it is, its data are NOT kept: public.sent is a view. Write to its tables by name.

-- case: writing inside WITH is told
WITH gone AS (DELETE FROM stamps RETURNING id) DELETE FROM letters WHERE id IN (SELECT id FROM gone);
-- becomes
WITH gone AS (DELETE FROM stamps RETURNING id) DELETE FROM letters WHERE id IN (SELECT id FROM gone);
-- told 1: `WITH gone AS (DELETE FROM stamps RETURNING id) DELETE FROM letters WHERE id I…` stays as it is, its data are NOT kept: it writes rows inside WITH. Write them as statements of their own.

-- case: an update keeps old values by key
UPDATE stamps SET price = price + 1;
-- becomes
LOCK TABLE public.stamps IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_stamps_1 AS SELECT id, price FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( UPDATE stamps SET price = price + 1 FROM (SELECT id AS kept_1, price AS kept_2 FROM public.stamps) AS kept_old WHERE stamps.id = kept_old.kept_1 RETURNING kept_old.kept_1, kept_old.kept_2 ) INSERT INTO db_migrate_kept.public_stamps_1 SELECT * FROM kept_rows;
-- told 1: `UPDATE stamps SET price = price + 1` is made reversible. The values that price of public.stamps had go to db_migrate_kept.public_stamps_1 with the key (id), in the same statement; other writers of the table wait until the migration is through.
-- fill: UPDATE public.stamps AS now SET price = kept.price FROM db_migrate_kept.public_stamps_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_stamps_1

-- case: an update of several columns from another table
UPDATE letters AS l SET (body, person) = (p.name, 1) FROM people p WHERE p.id = l.person AND l.body IS DISTINCT FROM p.name RETURNING l.id;
-- becomes
LOCK TABLE public.letters IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_letters_1 AS SELECT id, person, body FROM public.letters WITH NO DATA;
WITH kept_rows AS ( UPDATE letters AS l SET (body, person) = (p.name, 1) FROM people p , (SELECT id AS kept_1, person AS kept_2, body AS kept_3 FROM public.letters) AS kept_old WHERE (p.id = l.person AND l.body IS DISTINCT FROM p.name) AND l.id = kept_old.kept_1 RETURNING kept_old.kept_1, kept_old.kept_2, kept_old.kept_3 ) INSERT INTO db_migrate_kept.public_letters_1 SELECT * FROM kept_rows;
-- told 1: `UPDATE letters AS l SET (body, person) = (p.name, 1) FROM people p WHERE p.id…` is made reversible. The values that person, body of public.letters had go to db_migrate_kept.public_letters_1 with the key (id), in the same statement; other writers of the table wait until the migration is through.
-- fill: UPDATE public.letters AS now SET person = kept.person, body = kept.body FROM db_migrate_kept.public_letters_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_letters_1

-- case: IS DISTINCT FROM in SET is no clause
UPDATE letters SET body = (body IS DISTINCT FROM 'x')::text WHERE id = 1 OR id = 2;
-- becomes
LOCK TABLE public.letters IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_letters_1 AS SELECT id, body FROM public.letters WITH NO DATA;
WITH kept_rows AS ( UPDATE letters SET body = (body IS DISTINCT FROM 'x')::text FROM (SELECT id AS kept_1, body AS kept_2 FROM public.letters) AS kept_old WHERE (id = 1 OR id = 2) AND letters.id = kept_old.kept_1 RETURNING kept_old.kept_1, kept_old.kept_2 ) INSERT INTO db_migrate_kept.public_letters_1 SELECT * FROM kept_rows;
-- told 1: `UPDATE letters SET body = (body IS DISTINCT FROM 'x')::text WHERE id = 1 OR i…` is made reversible. The values that body of public.letters had go to db_migrate_kept.public_letters_1 with the key (id), in the same statement; other writers of the table wait until the migration is through.
-- fill: UPDATE public.letters AS now SET body = kept.body FROM db_migrate_kept.public_letters_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_letters_1

-- case: a trigger may write other columns
UPDATE notes SET body = 'x' WHERE id = 1;
-- becomes
LOCK TABLE public.notes IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_notes_1 AS SELECT id, body, changed_at FROM public.notes WITH NO DATA;
WITH kept_rows AS ( UPDATE notes SET body = 'x' FROM (SELECT id AS kept_1, body AS kept_2, changed_at AS kept_3 FROM public.notes) AS kept_old WHERE (id = 1) AND notes.id = kept_old.kept_1 RETURNING kept_old.kept_1, kept_old.kept_2, kept_old.kept_3 ) INSERT INTO db_migrate_kept.public_notes_1 SELECT * FROM kept_rows;
-- told 1: `UPDATE notes SET body = 'x' WHERE id = 1` is made reversible. The values that body, changed_at of public.notes had go to db_migrate_kept.public_notes_1 with the key (id), in the same statement; other writers of the table wait until the migration is through. What its trigger touched write elsewhere stays.
-- fill: UPDATE public.notes AS now SET body = kept.body, changed_at = kept.changed_at FROM db_migrate_kept.public_notes_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_notes_1

-- case: an update of the key itself is told
UPDATE stamps SET id = id + 1;
-- becomes
UPDATE stamps SET id = id + 1;
-- told 1: `UPDATE stamps SET id = id + 1` stays as it is, its data are NOT kept: public.stamps has no key, without id, by which values find their rows again. Give the table a primary key first.

-- case: a value that foreign keys pass on is told
UPDATE codes SET code = upper(code);
-- becomes
UPDATE codes SET code = upper(code);
-- told 1: `UPDATE codes SET code = upper(code)` stays as it is, its data are NOT kept: the foreign key coded_code_fkey passes the changed values on to public.coded.

-- case: an update of a new column needs nothing
ALTER TABLE stamps ADD COLUMN fresh int;
UPDATE stamps SET fresh = 1;
-- becomes
ALTER TABLE stamps ADD COLUMN fresh int;
UPDATE stamps SET fresh = 1;

-- case: inserted rows are noted by key, in one table for several
INSERT INTO stamps VALUES (1, NULL, 5);
INSERT INTO stamps (id) VALUES (2) ON CONFLICT DO NOTHING;
-- becomes
CREATE TABLE db_migrate_kept.public_stamps_1 AS SELECT id FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( INSERT INTO stamps VALUES (1, NULL, 5) RETURNING stamps.id ) INSERT INTO db_migrate_kept.public_stamps_1 SELECT * FROM kept_rows;
WITH kept_rows AS ( INSERT INTO stamps (id) VALUES (2) ON CONFLICT DO NOTHING RETURNING stamps.id ) INSERT INTO db_migrate_kept.public_stamps_1 SELECT * FROM kept_rows;
-- told 1: `INSERT INTO stamps VALUES (1, NULL, 5)` is made reversible. The keys of the rows that are inserted into public.stamps go to db_migrate_kept.public_stamps_1, in the same statement.
-- told 2: `INSERT INTO stamps (id) VALUES (2) ON CONFLICT DO NOTHING` is made reversible. The keys of the rows that are inserted into public.stamps go to db_migrate_kept.public_stamps_1, in the same statement.
-- fill: DELETE FROM public.stamps AS now USING db_migrate_kept.public_stamps_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_stamps_1

-- case: after a delete a new table is needed
INSERT INTO stamps (id) VALUES (1);
DELETE FROM stamps WHERE id = 1;
INSERT INTO stamps (id) VALUES (1);
-- becomes
CREATE TABLE db_migrate_kept.public_stamps_1 AS SELECT id FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( INSERT INTO stamps (id) VALUES (1) RETURNING stamps.id ) INSERT INTO db_migrate_kept.public_stamps_1 SELECT * FROM kept_rows;
CREATE TABLE db_migrate_kept.public_stamps_2 AS SELECT id, letter, price FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( DELETE FROM stamps WHERE id = 1 RETURNING stamps.* ) INSERT INTO db_migrate_kept.public_stamps_2 SELECT id, letter, price FROM kept_rows;
CREATE TABLE db_migrate_kept.public_stamps_3 AS SELECT id FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( INSERT INTO stamps (id) VALUES (1) RETURNING stamps.id ) INSERT INTO db_migrate_kept.public_stamps_3 SELECT * FROM kept_rows;
-- told 1: `INSERT INTO stamps (id) VALUES (1)` is made reversible. The keys of the rows that are inserted into public.stamps go to db_migrate_kept.public_stamps_1, in the same statement.
-- told 2: `DELETE FROM stamps WHERE id = 1` is made reversible. Deleted rows of public.stamps go to db_migrate_kept.public_stamps_2, in the same statement.
-- told 3: `INSERT INTO stamps (id) VALUES (1)` is made reversible. The keys of the rows that are inserted into public.stamps go to db_migrate_kept.public_stamps_3, in the same statement.
-- fill: DELETE FROM public.stamps AS now USING db_migrate_kept.public_stamps_3 AS kept WHERE now.id = kept.id
-- fill: INSERT INTO public.stamps (id, letter, price) OVERRIDING SYSTEM VALUE SELECT id, letter, price FROM db_migrate_kept.public_stamps_2
-- fill: DELETE FROM public.stamps AS now USING db_migrate_kept.public_stamps_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_stamps_3
-- last: DROP TABLE db_migrate_kept.public_stamps_2
-- last: DROP TABLE db_migrate_kept.public_stamps_1

-- case: ON CONFLICT DO UPDATE is told
INSERT INTO stamps (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET price = 1;
-- becomes
INSERT INTO stamps (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET price = 1;
-- told 1: `INSERT INTO stamps (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET price = 1` stays as it is, its data are NOT kept: ON CONFLICT DO UPDATE inserts some rows and changes others. Write an UPDATE and an INSERT … DO NOTHING.

-- case: truncated rows with what CASCADE empties and where sequences stand
TRUNCATE letters RESTART IDENTITY CASCADE;
-- becomes
LOCK TABLE public.letters, public.stamps IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_letters_1 AS SELECT id, person, body FROM public.letters;
CREATE TABLE db_migrate_kept.public_letters_id_seq_2 AS SELECT last_value, is_called FROM public.letters_id_seq;
CREATE TABLE db_migrate_kept.public_stamps_3 AS SELECT id, letter, price FROM public.stamps;
TRUNCATE letters RESTART IDENTITY CASCADE;
-- told 1: `TRUNCATE letters RESTART IDENTITY CASCADE` is made reversible. Before the statement runs, the rows of public.letters, public.stamps are copied to db_migrate_kept.public_letters_1, db_migrate_kept.public_letters_id_seq_2, db_migrate_kept.public_stamps_3: 0 rows, 0 rows; the tables are locked meanwhile.
-- fill: INSERT INTO public.letters (id, person, body) OVERRIDING SYSTEM VALUE SELECT id, person, body FROM db_migrate_kept.public_letters_1
-- fill: INSERT INTO public.stamps (id, letter, price) OVERRIDING SYSTEM VALUE SELECT id, letter, price FROM db_migrate_kept.public_stamps_3
-- last: SELECT setval(pg_get_serial_sequence('public.letters', 'id')::regclass, last_value, is_called) FROM db_migrate_kept.public_letters_id_seq_2
-- last: DROP TABLE db_migrate_kept.public_letters_1
-- last: DROP TABLE db_migrate_kept.public_letters_id_seq_2
-- last: DROP TABLE db_migrate_kept.public_stamps_3

-- case: rows deleted after a column went
ALTER TABLE stamps DROP COLUMN price;
DELETE FROM stamps;
-- becomes
LOCK TABLE public.stamps IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_stamps_price_1 AS SELECT id, price FROM public.stamps;
ALTER TABLE stamps DROP COLUMN price;
CREATE TABLE db_migrate_kept.public_stamps_2 AS SELECT id, letter FROM public.stamps WITH NO DATA;
WITH kept_rows AS ( DELETE FROM stamps RETURNING stamps.* ) INSERT INTO db_migrate_kept.public_stamps_2 SELECT id, letter FROM kept_rows;
-- told 1: `ALTER TABLE stamps DROP COLUMN price` is made reversible. Before the statement runs, price of public.stamps is copied to db_migrate_kept.public_stamps_price_1 with the key (id): 0 rows; the table is locked meanwhile.
-- told 2: `DELETE FROM stamps` is made reversible. Deleted rows of public.stamps go to db_migrate_kept.public_stamps_2, in the same statement.
-- fill: INSERT INTO public.stamps (id, letter) OVERRIDING SYSTEM VALUE SELECT id, letter FROM db_migrate_kept.public_stamps_2
-- fill: UPDATE public.stamps AS now SET price = kept.price FROM db_migrate_kept.public_stamps_price_1 AS kept WHERE now.id = kept.id
-- last: DROP TABLE db_migrate_kept.public_stamps_2
-- last: DROP TABLE db_migrate_kept.public_stamps_price_1

-- case: a table that was renamed is told
ALTER TABLE stamps RENAME TO marks;
DELETE FROM marks;
CREATE TABLE stamps (id int);
DELETE FROM stamps;
-- becomes
ALTER TABLE stamps RENAME TO marks;
DELETE FROM marks;
CREATE TABLE stamps (id int);
DELETE FROM stamps;
-- told 2: `DELETE FROM marks` stays as it is, its data are NOT kept: marks is no table of the database as it is now. Put what renames it into a migration of its own.

-- case: what only running shows is told
DO $$ BEGIN DELETE FROM stamps; END $$;
-- becomes
DO $$ BEGIN DELETE FROM stamps; END $$;
-- told 1: `DO $$ BEGIN DELETE FROM stamps; END $$` stays as it is, its data are NOT kept: what it changes is seen only when it runs. Write its changes of rows as statements of their own.

-- case: MERGE is told
MERGE INTO stamps USING letters ON stamps.letter = letters.id WHEN MATCHED THEN DELETE;
-- becomes
MERGE INTO stamps USING letters ON stamps.letter = letters.id WHEN MATCHED THEN DELETE;
-- told 1: `MERGE INTO stamps USING letters ON stamps.letter = letters.id WHEN MATCHED TH…` stays as it is, its data are NOT kept: MERGE inserts, changes and deletes at once. Write it as INSERT, UPDATE and DELETE.

-- case: a table after a DO block is copied
DO $$ BEGIN PERFORM 1; END $$; DROP TABLE log;
-- becomes
DO $$ BEGIN PERFORM 1; END $$;
LOCK TABLE public.log IN ACCESS EXCLUSIVE MODE;
CREATE TABLE db_migrate_kept.public_log_1 AS SELECT at, what FROM public.log;
DROP TABLE log;
-- told 1: `DO $$ BEGIN PERFORM 1; END $$` stays as it is, its data are NOT kept: what it changes is seen only when it runs. Write its changes of rows as statements of their own.
-- told 1: `DROP TABLE log` is made reversible. Before the statement runs, the rows of public.log are copied to db_migrate_kept.public_log_1: 0 rows; the table is locked meanwhile.
-- fill: INSERT INTO public.log (at, what) OVERRIDING SYSTEM VALUE SELECT at, what FROM db_migrate_kept.public_log_1
-- last: DROP TABLE db_migrate_kept.public_log_1
