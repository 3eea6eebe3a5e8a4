-- case: Create table "Notification" with 2 columns
-- is: CREATE table | "Notification"
CREATE TABLE "Notification" (id uuid primary key default gen_random_uuid(), user_id text references "User"(id), unique(user_id));
-- case: Add column "lastActiveAt" (timestamp with time zone, not null, with a default) to "User"
-- is: ALTER column | "User"."lastActiveAt"
ALTER TABLE "User" ADD COLUMN "lastActiveAt" timestamptz not null default now();
-- case: Create unique index idx on public.n (a, an expression) for some rows, without blocking writes
-- is: INDEX index | public.idx
create unique index concurrently if not exists idx on public.n (a, lower(b)) where c;
-- case: Drop tables a.b, c if it exists, and everything that depends on it
-- is: DROP table | a.b, c
drop table if exists a.b, c cascade;
-- case: Drop policy "x y" from a.t
-- is: DROP policy | a.t."x y"
drop policy "x y" on a.t;
-- case: Drop function f(integer, text[])
-- is: DROP routine | f(integer, text[])
drop function f(int, text[]);
-- case: Drop index i
-- is: DROP index | i
drop index concurrently i;
-- case: Add column a (integer) to t; add foreign key fk to t, referring to u, not yet validated; drop column z from t; and 1 more
-- is: DROP column | t.z
alter table t add column a int, add constraint fk foreign key (a) references u(id) not valid, drop column z, alter b type numeric(10,2);
-- case: Add check c to t
-- is: CONSTRAINT constraint | t.c
alter table t add constraint c check (a>0);
-- case: Rename column a of t to b
-- is: ALTER column | t.a
alter table t rename column a to b;
-- case: Rename table t to u
-- is: ALTER table | t
alter table t rename to u;
-- case: Rename value 'a' of enum e to 'b'
-- is: ALTER type | e
alter type e rename value 'a' to 'b';
-- case: Create policy p on t for select
-- is: POLICY policy | t.p
create policy p on t for select using (true);
-- case: Create or replace function a.f(integer), running with its owner’s rights
-- is: ROUTINE routine | a.f(integer)
create or replace function a.f(x int, out y text) returns text language sql security definer as $$ select 'é' $$;
-- case: Create trigger tr on t, calling f()
-- is: CREATE trigger | t.tr
create trigger tr before insert on t for each row execute function f();
-- case: Create enum e with 2 values
-- is: CREATE type | e
create type e as enum ('a','b');
-- case: Create composite type c
-- is: CREATE type | c
create type c as (a int);
-- case: Grant SELECT, INSERT on table t to anon, authenticated
-- is: GRANT grant | t
grant select, insert on t to anon, authenticated;
-- case: Revoke all privileges on every table in schema public from everyone (PUBLIC)
-- is: GRANT grant | public
revoke all on all tables in schema public from public;
-- case: Grant privileges on objects created later
-- is: GRANT grant | default privileges
alter default privileges grant all on tables to x;
-- case: Insert 2 rows into t
-- is: DATA data | t
insert into t values (1),(2);
-- case: Update all rows of t
-- is: DATA data | t
update t set a=1;
-- case: Delete some rows of t
-- is: DATA data | t
delete from t where b;
-- case: Change rows inside a query
-- is: DATA data | 
with d as (delete from t returning *) select * from d;
-- case: Delete all rows of a, b
-- is: DATA data | a, b
truncate a,b;
-- case: Query that calls cron.schedule()
-- is: OTHER other | cron.schedule
select cron.schedule('a','b','c');
-- case: Query that calls count()
-- is: OTHER other | count
select count(*) from t;
-- case: Set the next value of a sequence
-- is: DATA data | setval
select setval('a', 1);
-- case: Run a code block
-- is: OTHER other | 
do $$ begin null; end $$;
-- case: Call procedure p
-- is: OTHER other | p
call p();
-- case: Comment on table a.b
-- is: OTHER other | a.b
comment on table a.b is 'x';
-- case: Enable row level security on t
-- is: ALTER policy | t
alter table t enable row level security;
-- case: Change the owner of view v to x
-- is: ALTER view | v
alter view v owner to x;
-- case: Rename index i to j
-- is: ALTER index | i
alter index i rename to j;
-- case: Alter sequence s
-- is: ALTER other | s
alter sequence s restart;
-- case: Create sequence s
-- is: CREATE other | s
create sequence s;
-- case: Create materialized view mv
-- is: CREATE view | mv
create materialized view mv as select 1;
-- case: Refresh materialized view mv
-- is: OTHER view | mv
refresh materialized view concurrently mv;
-- case: Rebuild index of t
-- is: INDEX index | t
reindex table t;
-- case: Vacuum every table
-- is: OTHER other | 
vacuum;
-- case: Gather statistics of t
-- is: OTHER other | t
analyze t;
-- case: Alter routine f(integer)
-- is: ROUTINE routine | f(integer)
alter function f(int) set search_path = '';
-- case: Notify listeners on pgrst
-- is: OTHER other | pgrst
notify pgrst, 'reload schema';
-- case: Create extension pgcrypto
-- is: CREATE other | pgcrypto
create extension if not exists pgcrypto;
-- case: Create schema x
-- is: CREATE other | x
create schema x;
-- case: Move table t to schema y
-- is: ALTER table | t
alter table t set schema y;
-- case: Detach partition q from p
-- is: ALTER table | q
alter table p detach partition q concurrently;
-- case: Attach partition q to p
-- is: ALTER table | q
alter table p attach partition q default;
-- case: Create role x
-- is: GRANT grant | x
create role x;
-- case: Create domain d
-- is: CREATE type | d
create domain d as int check (value > 0);
-- case: Create aggregate ag
-- is: CREATE routine | ag
create aggregate ag(int) (sfunc = f, stype = int);
-- case: Alter publication supabase_realtime
-- is: ALTER other | supabase_realtime
alter publication supabase_realtime add table t;
-- case: Create statistics s
-- is: CREATE other | s
create statistics s on a,b from t;
-- case: Create table x with 6 columns
-- is: CREATE table | x
create table x(a varchar(10), b timestamptz(3), c char, d interval day, e public."Ty"[], f character(5));
-- case: Set the default of column b of x; drop the default of column c of x; allow nulls in column d of x; and 1 more
-- is: ALTER column | x.b
alter table x alter b set default 1, alter c drop default, alter d drop not null, enable trigger tr;
-- case: Change the owner of x to y
-- is: ALTER grant | x
alter table x owner to y;
-- case: Mark x to be clustered on i
-- is: ALTER table | x
alter table only x cluster on i;
-- case: Validate constraint c of x
-- is: CONSTRAINT constraint | x.c
alter table x validate constraint c;
-- case: Drop constraint c from x
-- is: CONSTRAINT constraint | x.c
alter table x drop constraint c;
-- case: Rename view v to w
-- is: ALTER view | v
alter view v rename to w;
-- case: Rename materialized view v to w
-- is: ALTER view | v
alter materialized view v rename to w;
-- case: Change the owner of function f() to x
-- is: ALTER grant | f()
alter function f() owner to x;
-- case: Rename policy p of t to q
-- is: ALTER policy | t.p
alter policy p on t rename to q;
-- case: Drop trigger a from b.c
-- is: DROP trigger | b.c.a
drop trigger a on b.c;
-- case: Drop type x.y
-- is: DROP type | x.y
drop type x.y;
-- case: Drop schema a, and everything that depends on it
-- is: DROP other | a
drop schema a cascade;
-- case: Drop extension x
-- is: DROP other | x
drop extension x;
-- case: Drop everything that x owns
-- is: DROP grant | x
drop owned by x;
-- case: Create table n from a query
-- is: CREATE table | n
select * into n from t;
-- case: Merge rows into t
-- is: DATA data | t
merge into t using s on t.a=s.a when matched then delete;
-- case: Explain a query
-- is: OTHER other | 
explain select 1;
-- case: Show setting "all"
-- is: OTHER other | "all"
show all;
-- case: Lock tables
-- is: OTHER other | 
lock table t;
-- case: Create rule r
-- is: CREATE other | r
create rule r as on insert to t do also delete from u;
-- case: Create table q as a partition of p
-- is: CREATE table | q
create table q partition of p for values in (1);
-- case: Create table ft with 1 column
-- is: CREATE table | ft
create foreign table ft (a int) server s;
-- case: Create foreign server s
-- is: CREATE other | s
create server s foreign data wrapper postgres_fdw;
-- case: Rewrite  in index order
-- is: OTHER table | 
cluster;
-- case: Create cast
-- is: CREATE other | 
create cast (int as text) with inout;
-- case: Sec label
-- is: OTHER other | 
security label on table t is 'x';
-- case: Add column a (integer) to type c
-- is: ALTER type | c
alter type c add attribute a int;
-- case: Rename attribute a of c to b
-- is: ALTER type | c.a
alter type c rename attribute a to b;
