"""Rows that a migration looks for: its statements find some to work on, and what cannot be found is told."""

from __future__ import annotations

import pytest

from shadow.rehearser import Rehearser, by_hand, silent
from shadow.test_rollback import rollback_of

CLINIC = """
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, meta jsonb);
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, name text);
CREATE TABLE prefs (user_id uuid PRIMARY KEY REFERENCES auth.users, mail bool NOT NULL DEFAULT true);
CREATE TABLE orgs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]+$'),
    settings jsonb NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE members (
    org_id bigint NOT NULL REFERENCES orgs, user_id uuid NOT NULL REFERENCES auth.users,
    role text NOT NULL CHECK (role IN ('staff', 'owner', 'guest')), tags text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (org_id, user_id)
);
CREATE TABLE insurers (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE patients (
    id serial PRIMARY KEY, email text, insurer text REFERENCES insurers, active bool NOT NULL, seen timestamptz,
    org_id bigint REFERENCES orgs
);
CREATE TABLE keys (id int PRIMARY KEY, prefix text NOT NULL, revoked_at timestamptz, used_at timestamptz);
CREATE TABLE seen_log (n int);
CREATE FUNCTION purge(days int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    FOR r IN SELECT id FROM patients WHERE email = 'purge@example.com' LOOP
        DELETE FROM patients p WHERE p.id = r.id;
    END LOOP;
END $$;
"""

SOUGHT = {
    "a join to what is missing": "INSERT INTO profiles (id, name) SELECT u.id, u.email FROM auth.users u "
    "LEFT JOIN profiles p ON p.id = u.id WHERE p.id IS NULL",
    "what is there already": "INSERT INTO prefs (user_id) SELECT id FROM auth.users ON CONFLICT (user_id) DO NOTHING",
    "NOT EXISTS": "UPDATE auth.users u SET email = 'x' WHERE NOT EXISTS (SELECT 1 FROM prefs p WHERE p.user_id = u.id)",
    "NOT IN": "DELETE FROM orgs WHERE slug = 'gone' AND id NOT IN (SELECT org_id FROM members) "
    "AND id NOT IN (SELECT org_id FROM patients WHERE org_id IS NOT NULL)",
    "a code that nobody uses": "DELETE FROM insurers WHERE code = 'ALLIANZ' "
    "AND NOT EXISTS (SELECT 1 FROM patients WHERE insurer = 'ALLIANZ')",
    "LIKE and the present": "UPDATE orgs SET settings = '{}' WHERE slug LIKE 'test-%' "
    "AND created_at < now() - interval '30 days'",
    "the future": "UPDATE patients SET active = true WHERE NOT active AND seen > current_date + 7",
    "a key of a document": "UPDATE orgs SET settings = settings - 'currency' WHERE settings ? 'currency'",
    "a value in a document": "UPDATE orgs SET created_at = 'epoch' WHERE settings->'billing'->>'plan' = 'gold-7'",
    "a row of another table": "UPDATE patients SET active = NOT active FROM orgs o "
    "WHERE o.id = patients.org_id AND o.slug = 'north-4711'",
    "IN a query": "UPDATE members SET role = 'guest' WHERE role = 'staff' AND user_id IN "
    "(SELECT user_id FROM members GROUP BY user_id HAVING count(*) > 5)",
    "a row of a parent": "DELETE FROM members WHERE EXISTS "
    "(SELECT FROM orgs WHERE orgs.id = members.org_id AND slug = 'closed-1')",
    "the same table twice": "DELETE FROM keys a USING keys b WHERE a.prefix = b.prefix AND a.used_at < b.used_at",
    "an element": "UPDATE members SET role = 'owner' WHERE 'vip-99' = ANY (tags)",
    "a CTE": "WITH old AS (SELECT id FROM patients WHERE email = 'old@example.com') "
    "DELETE FROM patients USING old WHERE patients.id = old.id",
    "what is not in small letters": "UPDATE patients SET email = lower(email) WHERE email <> lower(email)",
    "MERGE": "MERGE INTO insurers i USING (SELECT DISTINCT insurer FROM patients WHERE email = 'm@example.com') p "
    "ON i.code = p.insurer WHEN MATCHED THEN UPDATE SET name = 'merged'",
    "a scalar query": "UPDATE patients SET active = NOT active "
    "WHERE org_id = (SELECT id FROM orgs WHERE slug = 'head-office')",
    "a DO block": "DO $$ BEGIN UPDATE patients SET active = NOT active WHERE email = 'do@example.com'; END $$",
    "SQL in a string": "DO $$ BEGIN EXECUTE 'DELETE FROM patients WHERE email = ''dyn@example.com'''; END $$",
    "a function": "SELECT purge(3)",
}


async def test_statements_find_rows_of_every_sort(rehearse: Rehearser) -> None:
    target = await rehearse.target(CLINIC)
    missed: dict[str, str | None] = {}
    for what, sql in SOUGHT.items():
        found = rollback_of(await rehearse(target, sql))
        if "none of the synthetic rows" in (found.why or "") or found.proof == "proven":
            missed[what] = f"{found.proof} {found.why}"
    assert missed == {}


NOBODY = "UPDATE patients SET active = true WHERE id = 1 AND id = 2"


@pytest.mark.parametrize("sql", [NOBODY, f"DO $$ BEGIN {NOBODY}; END $$"])
async def test_what_no_row_can_be_is_not_proven(rehearse: Rehearser, sql: str) -> None:
    found = rollback_of(await rehearse(CLINIC, sql))
    assert found.proof == "not-proven"
    assert "but none of the synthetic rows was one of those" in (found.why or "")


async def test_code_that_commits_is_watched_as_well(rehearse: Rehearser) -> None:
    target = await rehearse.target(CLINIC)
    for sql, proof in ((NOBODY, "not-proven"), ("UPDATE patients SET active = NOT active", "proven-with-data-loss")):
        up = by_hand(f"DO $$ BEGIN {sql}; COMMIT; END $$", kind="DoStmt", transactional=False)
        found = rollback_of(await rehearse.shadow.rehearse(target, up, (), silent))
        assert found.proof == proof
        assert ("none of the synthetic rows" in (found.why or "")) == (proof == "not-proven")


async def test_what_is_taken_out_of_a_document_fits_where_it_goes(rehearse: Rehearser) -> None:
    up = """
    CREATE DOMAIN currency AS char(3) CHECK (VALUE ~ '^[A-Z]{3}$');
    ALTER TABLE orgs ADD COLUMN currency currency NOT NULL DEFAULT 'EUR';
    UPDATE orgs SET currency = upper(settings->>'currency') WHERE settings ? 'currency';
    UPDATE orgs SET settings = settings - 'currency' WHERE settings ? 'currency';
    """
    found = rollback_of(await rehearse(CLINIC, up))
    assert (found.proof, found.findings) == ("proven-with-data-loss", ())
