"""The checks before a token is issued; one that fails means that none is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from db_migrate_tools.analysis import failures
from db_migrate_tools.analysis.names import counted, listed, qualified
from db_migrate_tools.evidence import ANOTHER_ORDER, AppliedMigration, Rehearsal, RollbackEvidence, TargetFacts
from db_migrate_tools.kept.guard import taken
from db_migrate_tools.schema.model import Index, Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Origin, Script
from db_migrate_tools.wire import Check

_MAJOR: Final = re.compile(r"\d+")


def _target(target: TargetFacts) -> Iterator[Check]:
    identity = target.identity
    yield Check(
        name="database reachable",
        status="pass",
        detail=f"{identity.database} on {identity.host} answers as {identity.role}, "
        f"Postgres {identity.server_version}.",
    )
    tables = len(target.catalog.tables())
    yield Check(
        name="schema read",
        status="pass",
        detail=f"{counted(tables, 'table')}, {counted(len(target.catalog.objects), 'object')}, "
        f"fingerprint {target.fingerprint[:12]}.",
    )
    if identity.superuser and identity.env != "dev":
        yield Check(
            name="role",
            status="warn",
            detail=f"{identity.role} is a superuser: row level security and ownership do not hold it back.",
            remedy="Plan and run with the role that owns the tables.",
        )
    if target.journal_pending:
        yield Check(
            name="no unfinished run",
            status="warn",
            detail=f"The run of plan {target.journal_pending} did not end, or a part of it stands.",
            remedy="Call `approve` again with its token to go on with it. Or approve this plan: it starts from what "
            "stands, and that run is given up.",
        )
    else:
        yield Check(name="no unfinished run", status="pass", detail="The journal in the database holds no open step.")
    if target.long_transactions:
        yield Check(
            name="no long transactions",
            status="warn",
            detail=f"{counted(target.long_transactions, 'transaction')} on the target is open for long now; steps that "
            "need its tables will wait and try again."
            if target.long_transactions == 1
            else f"{counted(target.long_transactions, 'transaction')} on the target are open for long now; steps that "
            "need their tables will wait and try again.",
            remedy="Find them: SELECT pid, state, xact_start, query FROM pg_stat_activity ORDER BY xact_start;",
        )
    else:
        yield Check(name="no long transactions", status="pass", detail="No transaction is open for long now.")
    broken = [o for o in target.catalog if isinstance(o, Index) and not o.valid]
    if broken:
        names = [qualified(Ref("index", index.ref.schema, index.ref.name)) for index in broken]
        yield Check(
            name="indexes valid",
            status="warn",
            detail=f"{listed(names)} {'is' if len(names) == 1 else 'are'} invalid: a concurrent build broke off.",
            remedy=f"Drop and build anew: DROP INDEX CONCURRENTLY {names[0]};",
        )


def _earlier(script: Script, history: Sequence[AppliedMigration], sha256: str) -> Iterator[Check]:
    same = [m for m in history if m.sha256 == sha256 and m.rolled_back_by is None]
    done = {text.strip() for m in same for text in m.sql}
    again = [s for s in script.statements if s.text.strip() in done]
    if same and (not done or len(again) == len(script.statements)):
        first = same[0]
        yield Check(
            name="not applied before",
            status="fail",
            detail=f"This very source was applied as {first.version} {first.name}.",
            remedy="Nothing is left to do. To apply it again, roll that migration back first.",
        )
    elif again:
        yield Check(
            name="not applied before",
            status="fail",
            detail=f"{counted(len(again), 'statement')} of this source ran already, "
            f"in {same[0].version} {same[0].name}.",
            remedy="Plan only the rest: choose it with `operations`.",
        )
    else:
        yield Check(name="not applied before", status="pass", detail="The history does not hold this source.")


def _source(script: Script) -> Iterator[Check]:
    for blocker in script.blockers:
        where = f"line {blocker.line}: " if blocker.line is not None else ""
        yield Check(name="source readable", status="fail", detail=f"{where}{blocker.what}", remedy=blocker.remedy)
    if not script.blockers and script.statements:
        yield Check(name="source readable", status="pass", detail=f"{counted(len(script.statements), 'statement')}.")
    elif not script.blockers:
        yield Check(
            name="source readable",
            status="warn",
            detail="The source holds no statement to run.",
            remedy="A migration file without one can only be recorded. If SQL was expected, look at what was left out.",
        )


def _rehearsed(script: Script, target: TargetFacts, rehearsal: Rehearsal) -> Iterator[Check]:
    failed = rehearsal.failed_at
    if not rehearsal.ran:
        yield Check(
            name="rehearsal",
            status="fail",
            detail=f"The migration could not be rehearsed: {rehearsal.why_not or 'no reason was given'}.",
            remedy="Run `db-migrate-mcp doctor`: it says what the rehearsal needs.",
        )
    elif failed is not None and failed.error is not None:
        line = next((s.line for s in script.statements if s.number == failed.statement), None)
        yield Check(
            name="rehearsal",
            status="fail",
            detail=f"Statement {failed.statement}{f' (line {line})' if line else ''}{failures.said(failed.error)}",
            remedy=failures.remedy(failed.error, target),
        )
    else:
        unseen = [o for o in rehearsal.observations if not o.observed]
        if unseen:
            each = [f"{o.statement} ({(o.why_not or 'no reason was given').rstrip('.')})" for o in unseen]
            yield Check(
                name="rehearsal",
                status="warn",
                detail=f"{counted(len(unseen), 'statement')} of {len(script.statements)} could not be watched: "
                f"{listed(each)}.",
                remedy="Try them on a copy of the target first.",
            )
        else:
            yield Check(
                name="rehearsal",
                status="pass",
                detail=f"{_every(len(script.statements))} ran on a copy of the schema, on {_server(rehearsal.on)}.",
            )


def _kept(script: Script, origin: Origin, rehearsal: Rehearsal) -> Iterator[Check]:
    for statement, tables in taken(script, origin, rehearsal):
        yield Check(
            name="kept data",
            status="fail",
            detail=f"Statement {statement.number} (line {statement.line}) changes {listed(tables)} in the rehearsal: "
            f"what is kept in {KEPT_SCHEMA} is there for rollbacks.",
            remedy='Bring it back with source {"from": "rollback"}, or remove it with source {"from": "kept"}.',
        )


def _server(on: str) -> str:
    return on if "ostgre" in on else f"Postgres {on}"


def _every(number: int) -> str:
    return {1: "The statement", 2: "Both statements"}.get(number, f"All {number} statements")


def _rollback(rehearsal: Rehearsal) -> Iterator[Check]:
    found = rehearsal.rollback
    if found is None:
        yield Check(
            name="rollback",
            status="warn",
            detail="The way back was not rehearsed.",
            remedy="Make sure that you could restore a backup.",
        )
        return
    why = f" {found.why}" if found.why else ""
    if found.proof == "proven":
        yield Check(
            name="rollback",
            status="pass",
            detail=f"{counted(len(found.statements), 'step')} brought the schema back{_with_rows(found)}."
            f"{_order(found)}",
        )
    elif found.proof == "proven-with-data-loss":
        lost = f": {listed(map(str, found.lost))}" if found.lost else ""
        yield Check(
            name="rollback",
            status="warn",
            detail=f"The schema comes back, but not all data{lost}.{why}{_order(found)}",
            remedy="Keep a copy of what would be lost.",
        )
    else:
        left = f" Left over: {listed(found.differences, 3)}." if found.differences else ""
        words = {
            "failed": "The rollback does not bring the schema back.",
            "impossible": "There is no rollback for this migration.",
            "not-proven": "The rollback was not proven.",
        }
        yield Check(
            name="rollback",
            status="warn",
            detail=f"{words[found.proof]}{left}{why}",
            remedy="Approve only if you could restore a backup.",
        )


def _order(found: RollbackEvidence) -> str:
    """What is not as it was although the schema came back."""
    return "".join(f" {note}" for note in found.notes if note.endswith(ANOTHER_ORDER))


def _with_rows(found: RollbackEvidence) -> str:
    """How many rows were there to see it."""
    if not found.rows:
        return ""
    return f", and {found.rows:,} synthetic rows in {counted(found.tables, 'table')}"


def _version(target: TargetFacts, rehearsal: Rehearsal) -> Iterator[Check]:
    major = _MAJOR.search(rehearsal.on)
    if rehearsal.ran and major and int(major[0]) != target.identity.major:
        yield Check(
            name="same Postgres version",
            status="warn",
            detail=f"Rehearsed on {major[0]}, the target is {target.identity.major}: locks and rewrites may differ.",
            remedy=f"Install the programs of Postgres {target.identity.major}; the rehearsal finds and uses them.",
        )
    elif rehearsal.ran:
        yield Check(
            name="same Postgres version", status="pass", detail=f"Rehearsed on {target.identity.major} like the target."
        )


def _files(unapplied: Sequence[str]) -> Iterator[Check]:
    if unapplied:
        yield Check(
            name="no earlier migrations open",
            status="warn",
            detail=f"{counted(len(unapplied), 'file')} under supabase/migrations "
            f"{'is' if len(unapplied) == 1 else 'are'} not applied to this database: {listed(unapplied, 4)}.",
            remedy="Apply them first if this migration builds on them.",
        )
    else:
        yield Check(name="no earlier migrations open", status="pass", detail="Every migration file here is applied.")


def _backup(target: TargetFacts, backup: str | None) -> Check:
    if backup:
        return Check(name="backup", status="pass", detail=backup)
    if target.identity.embedded:
        return Check(
            name="backup",
            status="warn",
            detail="None is made of the embedded dev database.",
            remedy="Fine for throwaway data; else copy it first with pg_dump.",
        )
    return Check(
        name="backup",
        status="warn",
        detail="Whether a backup exists cannot be seen from here.",
        remedy="Look at the age of the newest backup (Supabase: Database → Backups) before you approve.",
    )


def checks(
    script: Script,
    target: TargetFacts,
    rehearsal: Rehearsal,
    *,
    source_sha256: str,
    origin: Origin = "sql",
    unapplied: Sequence[str] = (),
    backup: str | None = None,
) -> list[Check]:
    """Every check with its verdict. `backup` is a sentence about the newest one, None when nothing is known;
    `unapplied` are migration files whose version the target's history lacks.
    """
    found = [*_target(target), *_source(script)]
    if origin not in ("rollback", "environment"):
        # These come from the schema as it is: the same statements may be right again.
        found += _earlier(script, target.history, source_sha256)
    if script.statements and not script.blockers:
        found += [*_rehearsed(script, target, rehearsal)]
        found += [*_kept(script, origin, rehearsal)]
        if rehearsal.ran and rehearsal.failed_at is None:
            found += [*_rollback(rehearsal)]
        found += [*_version(target, rehearsal)]
    return [*found, *_files(unapplied), _backup(target, backup)]


def may_issue(found: Sequence[Check]) -> bool:
    """Whether a token may be issued."""
    return all(check.status != "fail" for check in found)
