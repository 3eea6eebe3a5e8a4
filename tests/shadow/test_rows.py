"""Rollbacks among synthetic rows: what is seen of them, and how it is told."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.postgres.catalog import read_catalog
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate.shadow.rows.seeding import Seeded, seed
from db_migrate.shadow.rows.state import read_state
from db_migrate_tools.evidence import Env, RollbackEvidence, TableSize
from db_migrate_tools.ports import Refused
from db_migrate_tools.rows.asked import Ask
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import State
from db_migrate_tools.rows.scope import scope_of
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.model import Ref
from shadow.rehearser import Rehearser, facts_of, silent, statements
from shadow.test_rollback import rollback_of

SHOP = """
CREATE TYPE stage AS ENUM ('open', 'paid', 'sent');
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, note text);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    stage stage NOT NULL DEFAULT 'open',
    total numeric(10,4) NOT NULL CHECK (total >= 0),
    score int
);
CREATE TABLE far_away (id int PRIMARY KEY);
"""

KINDS = r"""
CREATE TYPE mood AS ENUM ('sad', 'happy', 'meh');
CREATE DOMAIN email AS text NOT NULL CHECK (VALUE ~ '^[^@\s]+@[^@\s]+\.[a-z]{2,5}$');
CREATE DOMAIN pct AS numeric(5,2) CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE TYPE addr AS (street text, no int);
CREATE TYPE frange AS RANGE (subtype = float8);
CREATE FUNCTION odd(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = 1';
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
CREATE TABLE tenants (
    id uuid PRIMARY KEY, name text NOT NULL UNIQUE, slug varchar(20) UNIQUE CHECK (slug ~ '^[a-z0-9-]+$'),
    owner_id bigint
);
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants,
    email email, m mood DEFAULT 'sad', boss bigint REFERENCES users, p pct, a addr, r frange, tags text[],
    age int CHECK (age BETWEEN 0 AND 150), loud text GENERATED ALWAYS AS (upper(email)) STORED,
    CHECK (num_nonnulls(p, age) >= 1), UNIQUE (tenant_id, email), UNIQUE (tenant_id, id)
);
ALTER TABLE tenants ADD FOREIGN KEY (owner_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX ON users (lower(email));
CREATE TABLE members (
    tenant_id uuid, user_id bigint, role text NOT NULL CHECK (role IN ('a', 'b', 'c')), s date, e date CHECK (e > s),
    PRIMARY KEY (tenant_id, user_id), FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE TRIGGER stop BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION stop();
ALTER TABLE members ENABLE ROW LEVEL SECURITY; ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE TABLE one (must int NOT NULL, PRIMARY KEY (must));
CREATE TABLE two (id int PRIMARY KEY, one int NOT NULL REFERENCES one);
ALTER TABLE one ADD FOREIGN KEY (must) REFERENCES two DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE ev (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE ev2 PARTITION OF ev FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE li (id int, k text) PARTITION BY LIST (k);
CREATE TABLE li1 PARTITION OF li FOR VALUES IN ('x', 'y');
CREATE TABLE hh (id int, k text) PARTITION BY HASH (id);
CREATE TABLE hh0 PARTITION OF hh FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE hh1 PARTITION OF hh FOR VALUES WITH (modulus 2, remainder 1);
CREATE TABLE base (a int); CREATE TABLE heir (b text NOT NULL) INHERITS (base);
CREATE TABLE book (during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE weird (a int CHECK (odd(a)), b text NOT NULL);
CREATE TABLE state (
    id int PRIMARY KEY, st text NOT NULL CHECK (st IN ('open', 'done')), done_at timestamptz,
    CHECK ((st = 'done' AND done_at IS NOT NULL) OR (st = 'open' AND done_at IS NULL))
);
CREATE TABLE never (a int NOT NULL CHECK (a > 5 AND a < 3));
CREATE TABLE every (
    a smallint, b int, c bigint, d numeric, e numeric(6,2), f real, g float8, h text, i varchar(5), j char(3), k bytea,
    l bool, m date, n time, o timetz, p timestamp, q timestamptz(2), r interval, s uuid, t json, u jsonb, v inet,
    w cidr, x macaddr, y macaddr8, z bit(5), aa varbit(7), ab int[], ac text[], ad int4range, ae int8range,
    af numrange, ag tsrange, ah tstzrange, ai daterange, aj int4multirange, ak datemultirange, al point, am line,
    an lseg, ao box, ap path, aq polygon, ar circle, sa tsvector, at tsquery, av money, aw pg_lsn, ax oid, ay "char",
    az name, ba regclass, bb jsonpath, bc xid8, bd mood[], be addr[], bf bit, bg char, bh pg_snapshot, bi numeric(20),
    bj timestamp(0)[], bk mood, bl pct[]
);
"""


async def seeded(dsn: str, sql: str) -> tuple[Seeded, State]:
    """A database made by SQL, with rows in every table; checked by Postgres afterwards."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
        catalog = await read_catalog(connection)
        book = Book(catalog)
        scope = scope_of(book, [str(ref) for ref in book.tables], [], diff(catalog, catalog))
        await connection.execute("SET session_replication_role = replica; SET TimeZone = 'UTC'")
        found = await seed(connection, book, scope, fingerprint="same", ask=Ask())
        await connection.execute(REVALIDATE)
        return found, await read_state(connection, book, scope.tables)
    finally:
        await connection.close()


# Dropped and added again, every foreign key is looked at by Postgres itself.
REVALIDATE = """
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT conrelid::regclass AS t, quote_ident(conname) AS c, pg_get_constraintdef(oid) AS d
             FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s', r.t, r.c, r.c, r.d);
    END LOOP;
END $$
"""


def kinds_for(found: Seeded, state: State) -> None:
    empty = {str(table): why for table, why in found.empty.items()}
    assert empty == {"public.never": "Postgres refused all of 800 rows: never_a_check"}
    counts = {str(table): count for table, count in found.counts.items()}
    assert counts["public.members"] > 20
    assert counts["public.weird"] >= 100
    assert {name for name, count in counts.items() if count < 150} <= {
        "public.never",
        "public.members",
        "public.weird",
        "public.every",
    }
    users = state.tables[Ref("table", "public", "users")]
    assert users.varied("m") == 3
    assert users.varied("boss") > 20
    assert state.tables[Ref("table", "public", "tenants")].varied("owner_id") > 20
    assert state.tables[Ref("table", "public", "ev1")].lines
    assert state.tables[Ref("table", "public", "ev2")].lines
    every = state.tables[Ref("table", "public", "every")]
    assert len(every.lines) >= 100
    assert all(every.varied(column) > 1 for column in every.columns if column != "ba")
    # What was counted goes on from there.
    assert state.sequences[Ref("sequence", "public", "users_id_seq")] == (200, True)


async def test_rows_of_every_kind_are_made_and_are_the_same_each_time(dsn: str, make_database: object) -> None:
    found, state = await seeded(dsn, KINDS)
    kinds_for(found, state)
    again = await seeded(await make_database(), KINDS)  # type: ignore[operator]
    assert again == (found, state)


@pytest.mark.parametrize("major", [15])
async def test_an_older_postgres_takes_the_rows_too(major: int) -> None:
    try:
        binaries = resolve(major)
    except Refused:
        pytest.skip(f"no binaries of Postgres {major} on this machine")
    if binaries.major != major:
        pytest.skip(f"no binaries of Postgres {major} on this machine")
    async with await start_shadow(major=major) as cluster:
        await cluster.create_database("kinds")
        kinds_for(*await seeded(cluster.dsn("kinds"), KINDS))
        await cluster.create_database("shop")
        connection = await asyncpg.connect(cluster.dsn("shop"))
        await connection.execute(f"CREATE ROLE app; GRANT ALL ON SCHEMA public TO app; SET ROLE app; {SHOP}")
        await connection.close()
        facts = await facts_of(cluster.dsn("shop"))

        async def start(_: int | None) -> Cluster:
            return cluster

        async def nowhere(_: Env) -> str | None:
            return None

        rehearsal = ShadowRehearsal(start, nowhere)
        up = statements("ALTER TABLE orders ALTER total TYPE numeric(10,2); ALTER TABLE orders ADD COLUMN x int")
        found = rollback_of(await rehearsal.rehearse(facts, up, (), silent))
        assert (found.proof, found.rows, found.tables) == ("proven-with-data-loss", 250, 2)
        await rehearsal.settle()
        roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dbm_run%'"
        connection = await asyncpg.connect(cluster.dsn())
        assert await connection.fetchval(roles) == 0
        await connection.close()


async def shop(rehearse: Rehearser, sql: str, down: str = "") -> RollbackEvidence:
    return rollback_of(await rehearse(SHOP, sql, down))


async def test_rows_are_put_into_the_tables_concerned_and_those_they_refer_to(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "ALTER TABLE orders ADD COLUMN x int NOT NULL DEFAULT 1")
    assert (found.proof, found.why, found.rows, found.tables) == ("proven", None, 250, 2)
    assert found.later == ("What is written after the migration into public.orders.x goes with it.",)
    assert (found.notes, found.findings) == ((), ())


async def test_a_lossy_conversion_is_told_with_its_values(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "ALTER TABLE orders ALTER total TYPE numeric(10,2)")
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("column", "public", "total", "orders"),)
    assert "values of public.orders.total differ, after numeric(10,4) to numeric(10,2) and back" in (found.why or "")


async def test_a_conversion_that_keeps_every_value_is_proven(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "ALTER TABLE customers ALTER note TYPE varchar")
    assert (found.proof, found.why) == ("proven", None)


async def test_cascades_are_seen(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "DELETE FROM customers WHERE note IS NULL")
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("table", "public", "customers"), Ref("table", "public", "orders"))


async def test_rows_match_what_a_migration_looks_for(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "UPDATE orders SET score = -7 WHERE score = 4711 AND stage = 'sent'")
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("column", "public", "score", "orders"),)


async def test_a_backfill_that_the_rollback_takes_along_is_proven(rehearse: Rehearser) -> None:
    found = await shop(
        rehearse, "ALTER TABLE orders ADD COLUMN big bool; UPDATE orders SET big = true WHERE total > 100"
    )
    assert (found.proof, found.why) == ("proven", None)


async def test_rows_inserted_with_their_keys_are_taken_away_again(rehearse: Rehearser) -> None:
    found = await shop(
        rehearse,
        "INSERT INTO customers (email, note) VALUES ('a@example.org', now()::text), ('b@example.org', NULL);"
        "INSERT INTO far_away VALUES (7)",
    )
    assert (found.proof, found.why, found.written_by) == ("proven", None, "derived")
    assert found.statements == (
        "DELETE FROM public.far_away WHERE id = '7'",
        "DELETE FROM public.customers WHERE email IN ('a@example.org', 'b@example.org')",
    )
    assert found.later[-1].startswith("The rows that the migration inserts into public.customers, public.far_away go")


async def test_a_delete_that_cannot_run_is_left_out(rehearse: Rehearser) -> None:
    setup = (
        SHOP
        + """
    CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'they stay'; END $$;
    CREATE TRIGGER stay BEFORE DELETE ON far_away FOR EACH ROW EXECUTE FUNCTION stay();
    """
    )
    found = rollback_of(await rehearse(setup, "INSERT INTO far_away VALUES (-7)"))
    assert (found.proof, found.statements) == ("not-proven", ())
    assert "After the rollback rows remain that were not there before: 1 row of public.far_away." in (found.why or "")


async def test_new_rows_that_stay_are_told(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "INSERT INTO customers (email) SELECT 'a@example.org'")
    assert (found.proof, found.lost, found.statements) == ("not-proven", (), ())
    assert found.why == (
        "After the rollback rows remain that were not there before: public.customers 'a@example.org'. "
        "A rollback written in the source can remove them."
    )
    found = await shop(rehearse, "INSERT INTO customers (email) SELECT gen_random_uuid()::text")
    assert "rows remain that were not there before: 1 row of public.customers." in (found.why or "")


async def test_a_human_who_brings_rows_back_is_better(rehearse: Rehearser) -> None:
    found = await shop(
        rehearse,
        "INSERT INTO customers (email) SELECT 'a@example.org'",
        "DELETE FROM customers WHERE email = 'a@example.org'",
    )
    assert (found.proof, found.written_by) == ("proven", "human")
    assert found.choice is not None
    assert "is better than the derived one, which is not-proven" in found.choice


async def test_a_human_who_loses_more_than_necessary_is_not_followed(rehearse: Rehearser) -> None:
    found = await shop(
        rehearse,
        "ALTER TABLE orders ALTER score TYPE bigint",
        "ALTER TABLE orders DROP COLUMN score; ALTER TABLE orders ADD COLUMN score int",
    )
    assert (found.proof, found.written_by) == ("proven", "derived")
    assert found.choice is not None
    assert "The derived rollback is better than the one that the source brings along" in found.choice
    assert "public.orders.score" in found.choice


async def test_a_migration_that_rows_stop_is_a_finding_and_still_proven(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "ALTER TABLE customers ALTER note SET NOT NULL")
    assert (found.proof, found.rows) == ("proven", 200)
    (finding,) = found.findings
    assert finding.startswith(
        'With some rows that the schema allows in public.customers, statement 1 fails: column "note" of relation'
    )
    found = await shop(rehearse, "ALTER TABLE orders ADD UNIQUE (score)")
    assert found.proof == "proven"
    assert "statement 1 fails: could not create unique index" in found.findings[0]
    found = await shop(rehearse, "ALTER TABLE orders ALTER score TYPE smallint")
    assert found.proof == "not-proven"
    assert "statement 1 fails: smallint out of range" in found.findings[0]


async def test_a_column_that_no_row_can_fill_needs_an_empty_table(rehearse: Rehearser) -> None:
    target = await rehearse.target(SHOP)
    sizes = {**target.sizes, Ref("table", "public", "orders"): TableSize(12, 8192, exact=True)}
    up = "ALTER TABLE orders ADD COLUMN x int NOT NULL"
    found = rollback_of(await rehearse(replace(target, sizes=sizes), up))
    assert (found.proof, found.tables) == ("proven", 1)
    assert found.findings == (
        'With rows in public.orders, statement 1 fails: column "x" of relation "orders" contains null values.',
    )
    found = rollback_of(await rehearse(target, up))
    assert found.findings[0].endswith(" The target has no rows there, so it does not matter now.")


async def test_a_used_label_of_an_enum_stands_in_the_way(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "ALTER TYPE stage ADD VALUE 'lost'")
    assert found.proof == "proven"
    assert found.later[-1].startswith("Once a row holds 'lost' in public.orders.stage, this rollback fails: ")


async def test_a_table_that_cannot_be_filled_is_not_proven(rehearse: Rehearser) -> None:
    found = rollback_of(
        await rehearse(
            "CREATE TABLE never (a int NOT NULL CHECK (a > 5 AND a < 3), b text)", "ALTER TABLE never DROP COLUMN b"
        )
    )
    assert found.proof == "not-proven"
    assert "The proof had no rows in public.never (Postgres refused all of 800 rows: never_a_check)." in (
        found.why or ""
    )


async def test_an_identity_that_starts_anew_is_told(rehearse: Rehearser) -> None:
    found = await shop(
        rehearse,
        "ALTER TABLE customers ALTER id RESTART WITH 5",
    )
    assert found.proof == "proven-with-data-loss"
    assert "The sequence public.customers_id_seq starts again behind values" in (found.why or "")


async def test_no_table_concerned_means_no_rows(rehearse: Rehearser) -> None:
    found = await shop(rehearse, "CREATE TABLE lonely (a int)")
    assert (found.proof, found.rows, found.tables) == ("proven", 0, 0)


async def test_code_of_the_target_never_runs_with_the_shadows_power(rehearse: Rehearser) -> None:
    spying = """
    CREATE TABLE spied (a int);
    CREATE FUNCTION spy(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RAISE 'superuser'; END IF;
        RETURN current_setting('is_superuser') = 'off';
    END $$;
    ALTER TABLE spied ADD CHECK (spy(a));
    """
    found = rollback_of(await rehearse(spying, "ALTER TABLE spied ADD COLUMN b text"))
    assert (found.proof, found.rows) == ("proven", 200)


async def test_nobody_stays_behind(rehearse: Rehearser, server: Cluster) -> None:
    await shop(rehearse, "ALTER TABLE orders ADD COLUMN y int")
    connection = await asyncpg.connect(server.dsn())
    assert await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dbm_run%'") == 0
    await connection.close()


EXTENDED = """
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION vector; CREATE EXTENSION ltree;
CREATE EXTENSION cube; CREATE EXTENSION seg; CREATE EXTENSION isn; CREATE EXTENSION intarray;
CREATE TABLE extended (
    id int PRIMARY KEY, a hstore NOT NULL, b citext NOT NULL UNIQUE, c vector(3) NOT NULL, d ltree NOT NULL,
    e cube NOT NULL, f seg NOT NULL, g isbn NOT NULL, h halfvec(4) NOT NULL, i sparsevec(5) NOT NULL,
    j lquery NOT NULL, k int[] NOT NULL, l ltxtquery NOT NULL, m citext CHECK (m IN ('One', 'Two'))
);
"""


async def test_types_of_extensions_get_values(dsn: str) -> None:
    found, state = await seeded(dsn, EXTENDED)
    assert (found.empty, found.rows) == ({}, 200)
    contents = state.tables[Ref("table", "public", "extended")]
    assert all(contents.varied(column) > 1 for column in contents.columns if column != "g")


async def test_many_tables_get_fewer_rows_and_the_plan_says_so(rehearse: Rehearser) -> None:
    tables = "".join(f"CREATE TABLE t{n} (a int);" for n in range(120))
    change = "".join(f"ALTER TABLE t{n} ADD COLUMN b int;" for n in range(120))
    found = rollback_of(await rehearse(tables, change))
    assert (found.proof, found.rows) == ("proven", 120 * 166)
    assert found.findings == ("The migration concerns 120 tables, so each got 166 synthetic rows instead of 200.",)


async def test_a_row_that_the_rollback_refers_to_is_there(rehearse: Rehearser) -> None:
    setup = """
    CREATE TABLE plans (id text PRIMARY KEY, cents int NOT NULL);
    CREATE TABLE firms (id int PRIMARY KEY, plan text NOT NULL DEFAULT 'trial' REFERENCES plans);
    """
    found = rollback_of(await rehearse(setup, "ALTER TABLE firms DROP COLUMN plan"))
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("column", "public", "plan", "firms"),)
    assert found.findings[-1].startswith("Without a row (trial) in public.plans, the rollback fails: insert or update")


async def test_rows_that_stand_in_the_rollbacks_way_leave_it_unproven(rehearse: Rehearser) -> None:
    setup = "CREATE TABLE seats (id int PRIMARY KEY, n int NOT NULL DEFAULT 1 UNIQUE)"
    found = rollback_of(await rehearse(setup, "ALTER TABLE seats DROP COLUMN n"))
    assert found.proof == "not-proven"
    assert "With some rows that the schema allows, statement 2 of the rollback fails: could not create" in (
        found.why or ""
    )


async def test_a_platforms_rows_that_stay_are_named(rehearse: Rehearser) -> None:
    setup = """
    CREATE SCHEMA jobs; CREATE TABLE jobs.job (id bigserial PRIMARY KEY, name text UNIQUE, command text);
    CREATE FUNCTION jobs.schedule(text, text) RETURNS void LANGUAGE sql AS $$
        INSERT INTO jobs.job (name, command) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET command = $2 $$;
    """
    found = rollback_of(await rehearse(setup, "SELECT jobs.schedule('nightly', 'SELECT 1')"))
    assert (found.proof, found.lost) == ("not-proven", ())
    assert "rows remain that were not there before: jobs.job 'nightly'." in (found.why or "")


async def test_a_key_that_may_end_up_in_another_row_is_not_deleted_by(rehearse: Rehearser) -> None:
    setup = """
    CREATE TABLE tags (slug text PRIMARY KEY);
    CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.slug := NEW.slug || '-2'; RETURN NEW; END $$;
    CREATE TRIGGER other BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION other();
    CREATE TABLE codes (code text PRIMARY KEY);
    """
    target = await rehearse.target(setup)
    for up in (
        "INSERT INTO tags VALUES ('a')",
        "INSERT INTO codes VALUES ('a') ON CONFLICT DO NOTHING",
        "INSERT INTO codes VALUES ('a'); UPDATE codes SET code = 'b' WHERE code = 'a'",
    ):
        found = rollback_of(await rehearse(target, up))
        assert (found.statements, found.proof) == ((), "not-proven")
