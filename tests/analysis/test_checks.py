from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.evidence import FAILURE, USERS, rehearsal, script, statement, target
from db_migrate_tools.analysis.checks import checks, may_issue
from db_migrate_tools.evidence import (
    AppliedMigration,
    Observation,
    Rehearsal,
    RollbackEvidence,
    RollbackProof,
    TargetFacts,
)
from db_migrate_tools.schema.model import Index, Ref
from db_migrate_tools.sql.model import Blocker, Script
from db_migrate_tools.wire import Check


def judged(
    of: Script | None = None,
    facts: TargetFacts | None = None,
    ran: Rehearsal | None = None,
    *,
    unapplied: tuple[str, ...] = (),
    backup: str | None = "Made an hour ago.",
) -> dict[str, Check]:
    found = checks(
        script() if of is None else of,
        facts or target(),
        ran or rehearsal(),
        source_sha256="abc",
        unapplied=unapplied,
        backup=backup,
    )
    return {check.name: check for check in found} | {
        "issue": Check(name="", status="pass", detail=str(may_issue(found)))
    }


def test_everything_passes_when_all_is_well() -> None:
    found = judged()
    assert {check.status for check in found.values()} == {"pass"}
    assert found["issue"].detail == "True"


BLOCKED = Blocker(7, "The fence does not parse.", "Mend it.")
HISTORY = (AppliedMigration("20260101", "first", sha256="abc"),)
FAILING = {
    "source readable": (Script((), blockers=(BLOCKED,)), None, None),
    "not applied before": (None, target(history=HISTORY), None),
    "rehearsal": (None, None, rehearsal(Observation(1, error=FAILURE), after=None)),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_must_not_be_approved_fails_with_a_remedy(name: str) -> None:
    found = judged(*FAILING[name])
    assert found[name].status == "fail"
    assert found[name].remedy
    assert found["issue"].detail == "False"


def test_a_failure_on_the_rehearsal_is_told_with_line_code_detail_and_hint() -> None:
    detail = judged(*FAILING["rehearsal"])["rehearsal"].detail
    for words in ("Statement 1", "line 1", "42P01", "Some detail.", "Some hint."):
        assert words in detail


def test_an_unfinished_run_is_a_warning_with_both_ways_on() -> None:
    found = judged(facts=target(journal_pending="p1"))["no unfinished run"]
    assert (found.status, "p1" in found.detail) == ("warn", True)
    assert "approve" in (found.remedy or "")


def test_a_blocker_is_told_with_its_line() -> None:
    assert judged(*FAILING["source readable"])["source readable"].detail == "line 7: The fence does not parse."


def test_without_a_rehearsal_nothing_can_be_approved() -> None:
    found = judged(ran=Rehearsal(False, "", "empty", why_not="no binaries"))
    assert found["rehearsal"].status == "fail"
    assert "no binaries" in found["rehearsal"].detail


def test_an_empty_source_has_nothing_to_approve() -> None:
    found = judged(Script(()))
    assert found["source readable"].status == "warn"
    assert "rehearsal" not in found


def test_a_rolled_back_migration_may_be_applied_again() -> None:
    again = replace(HISTORY[0], rolled_back_by="20260102")
    assert judged(facts=target(history=(again,)))["not applied before"].status == "pass"


def test_the_other_half_of_a_source_may_be_applied_but_not_the_same_half() -> None:
    half = (replace(HISTORY[0], sql=(statement().text,)),)
    assert judged(facts=target(history=half))["not applied before"].status == "fail"
    other = statement(text="CREATE TABLE other (id int)")
    assert judged(script(other), target(history=half))["not applied before"].status == "pass"
    both = judged(script(statement(), replace(other, number=2)), target(history=half))["not applied before"]
    assert (both.status, "1 statement" in both.detail) == ("fail", True)


def test_what_could_not_be_watched_is_a_warning() -> None:
    found = judged(ran=rehearsal(Observation(1, observed=False, why_not="No extension.")))
    assert found["rehearsal"].status == "warn"
    assert "1 (No extension)" in found["rehearsal"].detail


@pytest.mark.parametrize(
    ("proof", "status", "words"),
    [
        ("proven", "pass", "brought the schema back"),
        ("proven-with-data-loss", "warn", "public.users"),
        ("failed", "warn", "Left over: an index"),
        ("impossible", "warn", "no rollback"),
        ("not-proven", "warn", "not proven"),
    ],
)
def test_the_rollback_is_told_as_it_was_seen(proof: RollbackProof, status: str, words: str) -> None:
    evidence = RollbackEvidence(("x",), proof, differences=("an index",), lost=(USERS,))
    found = judged(ran=rehearsal(rollback=evidence))["rollback"]
    assert (found.status, words in found.detail) == (status, True), found


def test_a_rollback_that_was_not_rehearsed_is_a_warning() -> None:
    assert judged(ran=replace(rehearsal(), rollback=None))["rollback"].status == "warn"


def test_another_major_version_is_a_warning() -> None:
    found = judged(ran=rehearsal(on="PostgreSQL 17.4"))["same Postgres version"]
    assert (found.status, found.detail.startswith("Rehearsed on 17, the target is 18")) == ("warn", True)


def test_earlier_files_long_transactions_superusers_and_invalid_indexes_are_warnings() -> None:
    broken = Index(ref=Ref("index", "public", "i"), table=USERS, definition="CREATE INDEX i …", valid=False)
    facts = target(broken, env="staging", long_transactions=2)
    facts = replace(facts, identity=replace(facts.identity, superuser=True))
    found = judged(facts=facts, unapplied=("supabase/migrations/1.sql",))
    for name in ("no earlier migrations open", "no long transactions", "role", "indexes valid"):
        assert found[name].status == "warn"
    assert "2 transactions" in found["no long transactions"].detail
    assert "1 transaction on" in judged(facts=target(long_transactions=1))["no long transactions"].detail
    assert found["issue"].detail == "True"


def test_an_unknown_backup_is_never_called_safe() -> None:
    assert judged(backup=None)["backup"].status == "warn"
    embedded = replace(target(), identity=replace(target().identity, embedded=True))
    assert "embedded" in judged(facts=embedded, backup=None)["backup"].detail
