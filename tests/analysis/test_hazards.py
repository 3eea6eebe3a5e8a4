"""Hazards, each from what a real Postgres did on the rehearsal, and none where nothing is at stake."""

from __future__ import annotations

import pytest

from analysis.judge import BIG, Judge
from db_migrate_tools.analysis.hazards import BY_CODE, RULES
from db_migrate_tools.evidence import TableSize

SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text, name text NOT NULL, rank numeric, at timestamptz);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers, note text, state text DEFAULT 'new');
CREATE INDEX orders_note ON orders (note);
CREATE VIEW open_orders AS SELECT id, note FROM orders WHERE state = 'new';
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM orders); END $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE DOMAIN short AS text CHECK (length(value) < 10);
CREATE SCHEMA db_migrate_kept;
CREATE TABLE db_migrate_kept.old (id int);
"""

FOUND = {
    "rewrite-volatile-default": "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "rewrite-serial-generated": "ALTER TABLE orders ADD COLUMN n bigserial",
    "add-domain-column-rewrite": "ALTER TABLE orders ADD COLUMN s short",
    "rewrite-type-change": "ALTER TABLE customers ALTER COLUMN rank TYPE text",
    "rewrite-set-logged": "ALTER TABLE orders SET UNLOGGED",
    "scan-set-not-null": "ALTER TABLE orders ALTER COLUMN note SET NOT NULL",
    "scan-constraint": "ALTER TABLE orders ADD CONSTRAINT short CHECK (length(note) < 9)",
    "add-column-check-scan": "ALTER TABLE orders ADD COLUMN n integer CHECK (n > 0)",
    "build-unique": "ALTER TABLE customers ADD CONSTRAINT one_email UNIQUE (email)",
    "data-dependent-unique": "CREATE UNIQUE INDEX one_email ON customers (email)",
    "idx-create-blocking": "CREATE INDEX by_state ON orders (state)",
    "idx-drop-blocking": "DROP INDEX orders_note",
    "concurrently-in-tx": "CREATE INDEX CONCURRENTLY by_state ON orders (state)",
    "create-table-fk-locks-parent": "CREATE TABLE lines (id int PRIMARY KEY, o bigint REFERENCES orders)",
    "drop-child-locks-parent": "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey",
    "type-change-locks-fk-peer": "ALTER TABLE orders ALTER COLUMN customer TYPE integer",
    "trigger-lock": "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
    "explicit-lock": "LOCK TABLE orders",
    "validate-same-tx": "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID; "
    "ALTER TABLE orders VALIDATE CONSTRAINT c",
    "ddl-after-access-exclusive": "ALTER TABLE orders ADD COLUMN n int; UPDATE orders SET n = 1",
    "drop-table": "DROP VIEW open_orders; DROP TABLE orders",
    "drop-column": "ALTER TABLE customers DROP COLUMN email",
    "drop-schema": "CREATE SCHEMA x; DROP SCHEMA x",
    "drop-cascade": "DROP TABLE orders CASCADE",
    "kept-purge": "DROP TABLE db_migrate_kept.old",
    "truncate": "TRUNCATE orders",
    "truncate-cascade": "TRUNCATE customers CASCADE",
    "fill": "ALTER TABLE orders ADD COLUMN n int; UPDATE orders SET n = 1",
    "delete-no-where": "DELETE FROM orders",
    "update-no-where": "UPDATE orders SET note = (SELECT max(email) FROM customers WHERE true)",
    "dml-row-limit": "DELETE FROM orders WHERE note = 'x'",
    "lossy-cast": "ALTER TABLE customers ALTER COLUMN rank TYPE integer",
    "on-delete-cascade": "CREATE TABLE l (id int PRIMARY KEY, o bigint REFERENCES orders ON DELETE CASCADE)",
    "rename-table": "ALTER TABLE orders RENAME TO sales",
    "rename-column": "ALTER TABLE customers RENAME COLUMN email TO mail",
    "rename-any": "ALTER TYPE mood RENAME TO feeling",
    "rename-enum-value": "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
    "enum-add-value": "ALTER TYPE mood ADD VALUE 'calm'",
    "enum-used-in-same-tx": "ALTER TYPE mood ADD VALUE 'calm'; COMMENT ON TYPE mood IS 'calm'",
    "dependants-break": "DROP TABLE orders CASCADE",
    "drop-routine": "DROP FUNCTION count_orders()",
    "drop-view": "DROP VIEW open_orders",
    "drop-not-null": "ALTER TABLE customers ALTER COLUMN name DROP NOT NULL",
    "drop-constraint": "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey",
    "publication-replica-identity": "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
    "app-types-break": "ALTER TABLE customers ALTER COLUMN rank TYPE text",
    "authz-change": "GRANT SELECT ON customers TO PUBLIC",
    "fk-missing-index": "CREATE TABLE lines (id int PRIMARY KEY, o bigint REFERENCES orders)",
    "no-primary-key": "CREATE TABLE loose (id int)",
    "dynamic-sql-blind": "DO $$ BEGIN EXECUTE 'CREATE TABLE t (id int PRIMARY KEY)'; END $$",
    "identifier-too-long": f"CREATE TABLE {'a' * 70} (id int PRIMARY KEY)",
    "fails-on-rehearsal": "ALTER TABLE nowhere ADD COLUMN x int",
}


@pytest.mark.parametrize("code", FOUND)
async def test_a_migration_shows_its_hazard(judge: Judge, code: str) -> None:
    case = await judge(SHOP, FOUND[code])
    found = case.hazard(code)
    assert found.message
    assert found.remedy


SAFE = {
    "a constant default": "ALTER TABLE orders ADD COLUMN n int NOT NULL DEFAULT 5",
    "a stable default": "ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT now()",
    "a wider varchar": "ALTER TABLE orders ALTER COLUMN note TYPE varchar",
    "a constraint not validated": "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
    "a concurrent index": "CREATE INDEX CONCURRENTLY by_state ON orders (state)",
    "a nullable column that refers": "ALTER TABLE orders ADD COLUMN c bigint REFERENCES customers",
}
HEAVY = {code for code in BY_CODE if code.startswith(("rewrite", "scan", "build", "add-", "idx-create"))}


@pytest.mark.parametrize("what", SAFE)
async def test_a_migration_that_neither_rewrites_nor_scans_is_not_accused_of_it(judge: Judge, what: str) -> None:
    case = await judge(SHOP, SAFE[what])
    assert not case.codes() & HEAVY
    assert not case.plan.risk_assessment.downtime


@pytest.mark.parametrize("code", [code for code in FOUND if code in HEAVY or code == "update-no-where"])
async def test_empty_tables_give_no_lock_hazards(judge: Judge, code: str) -> None:
    case = await judge(SHOP, FOUND[code], sizes={})
    assert code not in case.codes()
    assert not case.plan.risk_assessment.downtime


async def test_a_new_table_gives_no_lock_hazards(judge: Judge) -> None:
    case = await judge(
        SHOP,
        "CREATE TABLE t (id int PRIMARY KEY, n text); CREATE INDEX i ON t (n);"
        "ALTER TABLE t ALTER COLUMN n SET NOT NULL;"
        "ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid(); ALTER TABLE t ADD CHECK (n <> '')",
    )
    assert case.codes() == set()
    assert {operation.locking_behavior for operation in case.plan.operations} == {"none"}


async def test_a_required_column_fails_where_there_are_rows_and_only_might_where_they_are_not_counted(
    judge: Judge,
) -> None:
    sql = "ALTER TABLE customers ADD COLUMN vat text NOT NULL"
    certain = (await judge(SHOP, sql, sizes={"customers": BIG})).hazard("add-required-column")
    possible = (await judge(SHOP, sql, sizes={"customers": TableSize(None, 10_000_000)})).hazard("add-required-column")
    assert certain.severity == "CRITICAL"
    assert possible.severity == "HIGH"
    assert "if there is any row" in possible.message
    assert "never analyzed" in possible.message


async def test_remedies_give_the_exact_statement(judge: Judge) -> None:
    index = (await judge(SHOP, "CREATE UNIQUE INDEX i ON orders (note)")).hazard("idx-create-blocking")
    assert "CREATE UNIQUE INDEX CONCURRENTLY i ON public.orders USING btree (note);" in index.remedy
    check = (await judge(SHOP, "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0)")).hazard("scan-constraint")
    assert "ALTER TABLE public.orders ADD CONSTRAINT c CHECK ((id > 0)) NOT VALID;" in check.remedy
    assert "ALTER TABLE public.orders VALIDATE CONSTRAINT c;" in check.remedy


async def test_the_orphans_of_a_foreign_key_can_be_looked_for_with_the_query_given(judge: Judge) -> None:
    sql = "ALTER TABLE orders ADD CONSTRAINT again FOREIGN KEY (customer) REFERENCES customers (id)"
    remedy = (await judge(SHOP, sql)).hazard("row-level-precheck").remedy
    assert "NOT EXISTS (SELECT FROM public.customers p WHERE p.id = c.customer)" in remedy


async def test_an_old_server_is_told_the_form_that_it_knows(judge: Judge) -> None:
    case = await judge(SHOP, "ALTER TABLE orders ALTER COLUMN note SET NOT NULL")
    assert "NOT NULL note NOT VALID" in case.hazard("scan-set-not-null").remedy


async def test_data_loss_names_the_rows(judge: Judge) -> None:
    case = await judge(SHOP, "DROP TABLE orders CASCADE")
    assert "about 2,000,000 rows" in case.hazard("drop-table").message
    assert case.hazard("drop-table").severity == "CRITICAL"
    assert case.plan.risk_assessment.data_loss
    assert case.plan.risk_assessment.breaking_changes


async def test_dropping_an_empty_table_breaks_clients_but_loses_nothing(judge: Judge) -> None:
    case = await judge(SHOP, "DROP TABLE orders CASCADE", sizes={})
    assert not case.plan.risk_assessment.data_loss
    assert case.plan.risk_assessment.breaking_changes


async def test_a_code_block_is_judged_by_what_it_did(judge: Judge) -> None:
    case = await judge(SHOP, "DO $$ BEGIN EXECUTE 'DROP TABLE or' || 'ders CASCADE'; END $$")
    assert {"drop-table", "dynamic-sql-blind"} <= case.codes()
    assert case.plan.risk_assessment.data_loss


async def test_a_rename_is_no_loss_and_what_follows_knows_the_table_by_its_new_name(judge: Judge) -> None:
    case = await judge(
        SHOP,
        "ALTER TABLE orders RENAME TO sales; ALTER TABLE sales ALTER COLUMN note SET NOT NULL",
        sizes={"orders": BIG},
    )
    assert not case.plan.risk_assessment.data_loss
    assert "drop-table" not in case.codes()
    assert "about 2,000,000 rows" in case.hazard("scan-set-not-null").message


async def test_an_invalid_index_is_not_taken_for_a_good_one(judge: Judge) -> None:
    broken = SHOP + "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_note'::regclass;"
    case = await judge(broken, "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_note ON orders (note)")
    assert "DROP INDEX CONCURRENTLY public.orders_note;" in case.hazard("invalid-index-left").remedy


API = """
DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE authenticated; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE things (id int PRIMARY KEY, owner text);
GRANT SELECT ON things TO anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated;
"""


async def test_a_new_table_without_row_security_is_open_where_an_api_serves_it(judge: Judge) -> None:
    found = (await judge(API, "CREATE TABLE secrets (id int PRIMARY KEY)")).hazard("rls-missing-supabase")
    assert found.severity == "HIGH"
    assert "anon and authenticated" in found.message
    assert "ALTER TABLE public.secrets ENABLE ROW LEVEL SECURITY;" in found.remedy


async def test_row_security_in_the_same_migration_is_enough(judge: Judge) -> None:
    case = await judge(API, "CREATE TABLE secrets (id int PRIMARY KEY); ALTER TABLE secrets ENABLE ROW LEVEL SECURITY")
    assert "rls-missing-supabase" not in case.codes()


async def test_a_database_without_api_roles_needs_no_row_security(judge: Judge) -> None:
    assert "rls-missing-supabase" not in (await judge(SHOP, "CREATE TABLE t (id int PRIMARY KEY)")).codes()


ACCESS = {
    "ALTER TABLE things ENABLE ROW LEVEL SECURITY": ("HIGH", "looks empty to everyone but its owner"),
    "ALTER TABLE things ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON things USING (owner = 'me')": (
        "MEDIUM",
        "policies decide",
    ),
    "CREATE POLICY p ON things FOR ALL TO anon USING (true) WITH CHECK (true)": ("HIGH", "the policy is simply true"),
    "GRANT DELETE ON things TO anon": ("HIGH", "anon may now DELETE"),
    "REVOKE SELECT ON things FROM anon": ("MEDIUM", "anon may no longer SELECT"),
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM anon": ("MEDIUM", "objects made later"),
}


@pytest.mark.parametrize("sql", ACCESS)
async def test_changes_of_access_are_told(judge: Judge, sql: str) -> None:
    severity, words = ACCESS[sql]
    found = (await judge(API, sql)).hazard("authz-change")
    assert (found.severity, words in found.message) == (severity, True), found


async def test_dropping_row_security_or_a_policy_is_told(judge: Judge) -> None:
    guarded = API + "ALTER TABLE things ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON things USING (true);"
    assert (
        "is off"
        in (await judge(guarded, "ALTER TABLE things DISABLE ROW LEVEL SECURITY")).hazard("authz-change").message
    )
    assert "is gone" in (await judge(guarded, "DROP POLICY p ON things")).hazard("authz-change").message


PARTS = """
CREATE TABLE log (at date NOT NULL, text text) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE TABLE more (at date NOT NULL, text text);
"""
BIG_PARTS: dict[str, TableSize] = dict.fromkeys(("log_1", "log_rest", "more"), BIG)


async def test_partitions_are_measured_with_their_parent(judge: Judge) -> None:
    found = (await judge(PARTS, "CREATE INDEX i ON log (text)", sizes=BIG_PARTS)).hazard("idx-create-blocking")
    assert "CONCURRENTLY does not work on a partitioned table" in found.remedy


async def test_attaching_a_partition_reads_it(judge: Judge) -> None:
    sql = "ALTER TABLE log ATTACH PARTITION more FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')"
    assert "every row of" in (await judge(PARTS, sql, sizes=BIG_PARTS)).hazard("partition-attach-scan").message


async def test_detaching_is_not_told_to_be_concurrent_beside_a_default_partition(judge: Judge) -> None:
    found = (await judge(PARTS, "ALTER TABLE log DETACH PARTITION log_1", sizes=BIG_PARTS)).hazard(
        "partition-detach-blocking"
    )
    assert "no way out" in found.remedy


async def test_a_refresh_stops_readers(judge: Judge) -> None:
    setup = SHOP + "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM orders;"
    assert "m" in (await judge(setup, "REFRESH MATERIALIZED VIEW m")).hazard("matview-refresh-blocking").message


async def test_more_causes_of_a_rewrite_are_named(judge: Judge) -> None:
    generated = (await judge(SHOP, "ALTER TABLE orders ADD COLUMN n int GENERATED ALWAYS AS (1) STORED")).hazard(
        "rewrite-serial-generated"
    )
    assert "generated column n" in generated.message
    setup = SHOP + "ALTER TABLE orders ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED;"
    changed = await judge(setup, "ALTER TABLE orders ALTER COLUMN twice SET EXPRESSION AS (id * 3)")
    assert "twice is computed anew" in changed.hazard("set-expression-rewrite").message
    assert (
        "VACUUM" in (await judge(SHOP, "CLUSTER orders USING orders_pkey")).hazard("rewrite-vacuum-full-cluster").remedy
    )


async def test_a_domain_s_new_rule_reads_the_tables_that_use_it(judge: Judge) -> None:
    setup = SHOP + "ALTER TABLE orders ADD COLUMN s short;"
    found = await judge(setup, "ALTER DOMAIN short ADD CONSTRAINT c CHECK (value <> '')")
    assert "domain short" in found.hazard("domain-constraint").message


async def test_keys_and_exclusions_build_their_index_under_a_lock(judge: Judge) -> None:
    setup = "CREATE TABLE t (id int NOT NULL, span int4range)"
    key = (await judge(setup, "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id)")).hazard("build-pk")
    assert "ALTER TABLE public.t ADD CONSTRAINT k PRIMARY KEY USING INDEX k;" in key.remedy
    await judge(setup, "ALTER TABLE t ADD EXCLUDE USING gist (span WITH &&)")
    assert "build-exclude" in (await judge(setup, "ALTER TABLE t ADD EXCLUDE USING gist (span WITH &&)")).codes()


async def test_reindexing_blocks_unless_it_is_concurrent(judge: Judge) -> None:
    assert "REINDEX TABLE CONCURRENTLY" in (await judge(SHOP, "REINDEX TABLE orders")).hazard("reindex-blocking").remedy
    assert "reindex-blocking" not in (await judge(SHOP, "REINDEX TABLE CONCURRENTLY orders")).codes()


def test_every_rule_has_a_code_of_its_own_and_a_title() -> None:
    assert len(BY_CODE) == len(RULES)
    assert all(rule.title and not rule.title.endswith(".") for rule in RULES)


def test_nearly_every_rule_has_a_case_here() -> None:
    elsewhere = {
        "rewrite-access-method",
        "rewrite-under-lock",
        "rewrite-vacuum-full-cluster",
        "set-expression-rewrite",
        "build-pk",
        "build-exclude",
        "domain-constraint",
        "partition-attach-scan",
        "partition-detach-blocking",
        "matview-refresh-blocking",
        "reindex-blocking",
        "invalid-index-left",
        "row-level-precheck",
        "rls-missing-supabase",
        "add-required-column",
        "not-observed",
        "no-effect",
        "security-definer",
        "code-writes-rows",
        "keeping-takes-time",
    }
    assert set(BY_CODE) == set(FOUND) | elsewhere
