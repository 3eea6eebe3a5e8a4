"""What is told of rows: those that could not be made, those of the migration's own, triggers, what stays filled."""

from __future__ import annotations

from shadow.rehearser import Rehearser
from shadow.test_rollback import rollback_of

DOCS = """
CREATE TABLE plans (id int PRIMARY KEY, name text NOT NULL, cents int);
CREATE TABLE settings (key text PRIMARY KEY, value text);
CREATE TABLE letters (l text PRIMARY KEY CHECK (l ~ '^[a-z]$'), n int);
CREATE TABLE alerts (id bigint GENERATED ALWAYS AS IDENTITY, what text);
CREATE TABLE docs (id int PRIMARY KEY, status text, n int, touched date);
CREATE FUNCTION alert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.n = 1234567 THEN INSERT INTO alerts (what) VALUES (NEW.status); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alert AFTER UPDATE OF n ON docs FOR EACH ROW EXECUTE FUNCTION alert();
INSERT INTO plans VALUES (1, 'x', 1); INSERT INTO settings VALUES ('x', 'x');
"""


async def test_a_row_that_the_migration_puts_in_may_be_changed_by_its_key(rehearse: Rehearser) -> None:
    target = await rehearse.target(DOCS)
    for up in (
        "INSERT INTO plans VALUES (7, 'gold', 100); UPDATE plans SET cents = 200 WHERE id = 7",
        "INSERT INTO settings VALUES ('theme', 'dark'), ('lang', 'en'); DELETE FROM settings WHERE key = 'theme'",
    ):
        found = rollback_of(await rehearse(target, up))
        assert (found.proof, found.rows, found.why, found.findings) == ("proven", 200, None, ())


async def test_a_row_that_is_replaced_by_hand_is_there_first(rehearse: Rehearser) -> None:
    up = "DELETE FROM settings WHERE key = 'theme'; INSERT INTO settings VALUES ('theme', 'dark')"
    found = rollback_of(await rehearse(DOCS, up))
    assert (found.proof, found.findings) == ("proven-with-data-loss", ())
    assert "1 of 200 rows of public.settings are not there any more." in (found.why or "")


async def test_a_table_with_far_fewer_rows_than_usual_is_named(rehearse: Rehearser) -> None:
    found = rollback_of(await rehearse(DOCS, "ALTER TABLE letters ADD COLUMN m int"))
    assert (found.proof, found.rows) == ("proven", 26)
    (finding,) = found.findings
    assert finding == (
        "Only 26 of 200 synthetic rows could be put into public.letters: no more could be made that differ in the "
        "columns of its keys."
    )


BRANCH = "holds code that would change rows of public.alerts, but a branch of it was not taken"


async def test_a_branch_of_a_trigger_that_was_not_taken_is_told(rehearse: Rehearser) -> None:
    target = await rehearse.target(DOCS)
    found = rollback_of(await rehearse(target, "UPDATE docs SET n = n + 1 WHERE n < 100"))
    assert found.proof == "not-proven"
    assert f"The trigger public.docs.alert, which statement 1 fires, {BRANCH}" in (found.why or "")
    found = rollback_of(await rehearse(target, "UPDATE docs SET status = 'x'"))
    assert (found.proof, "trigger" in (found.why or "")) == ("proven-with-data-loss", False)
    code = """CREATE FUNCTION rare() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.t = 'never' THEN DELETE FROM alerts; END IF; RETURN NEW; END $$"""
    trigger = "CREATE TRIGGER rare AFTER INSERT ON fresh FOR EACH ROW EXECUTE FUNCTION rare()"
    table, row = "CREATE TABLE fresh (id int PRIMARY KEY, t text)", "INSERT INTO fresh VALUES (1, 'a')"
    found = rollback_of(await rehearse(target, ";".join((code, table, trigger, row))))
    assert found.proof == "not-proven"
    assert f"The trigger public.fresh.rare, which statement 4 fires, {BRANCH}" in (found.why or "")
    found = rollback_of(await rehearse(target, ";".join((code, table, row, trigger))))
    assert (found.proof, found.why) == ("proven", None)


async def test_a_backfill_of_empty_values_loses_none_and_leaves_them_filled(rehearse: Rehearser) -> None:
    up = "UPDATE docs SET status = 'new' WHERE status IS NULL; ALTER TABLE docs ALTER status SET NOT NULL"
    found = rollback_of(await rehearse(DOCS, up))
    assert (found.proof, found.lost) == ("proven-with-data-loss", ())
    assert (found.why or "").startswith("The rollback leaves what was NULL filled: ")
    assert (found.why or "").endswith(
        " of 200 values of public.docs.status. No value is lost, but which of them were NULL is."
    )
