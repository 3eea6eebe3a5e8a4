"""What the facts of a target say about its health, and whether a migration left what it promised."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.ports import Order
from db_migrate_tools.schema.model import Catalog, Constraint, Index
from db_migrate_tools.wire import Check

NEWEST: Final = 18
SLOW_MS: Final = 250.0


def check_facts(facts: TargetFacts) -> list[Check]:
    """What the facts of a target say about its health."""
    major, latency = facts.identity.major, facts.latency_ms
    checks = [
        Check(
            name="connection",
            status="pass" if latency < SLOW_MS else "warn",
            detail=f"Answers in {latency:.0f} ms.",
            remedy=None
            if latency < SLOW_MS
            else "Run db-migrate nearer to the database: each statement waits that long.",
        ),
        Check(name="server version", status="pass", detail=f"Postgres {facts.identity.server_version}.")
        if major <= NEWEST
        else Check(
            name="server version",
            status="warn",
            detail=f"Postgres {major} is newer than what db-migrate was tested with ({NEWEST}).",
            remedy="Upgrade db-migrate, or rehearse with particular care.",
        ),
        Check(name="long transactions", status="pass", detail="No transaction is older than a minute.")
        if not facts.long_transactions
        else Check(
            name="long transactions",
            status="warn",
            detail=f"{facts.long_transactions} transactions are older than a minute: locks will have to wait for them.",
            remedy="End them, or migrate when they are done.",
        ),
        _invalid_indexes(facts.catalog, None),
        Check(
            name="backup",
            status="warn",
            detail="Postgres does not tell when it was last backed up.",
            remedy="Look at your provider's backups before anything that loses data.",
        ),
    ]
    if facts.connections is not None:
        used, most = facts.connections
        full = used >= 0.9 * most
        checks.append(
            Check(
                name="connections",
                status="warn" if full else "pass",
                detail=f"{used} of {most} connections are in use.",
                remedy="Close idle clients or put a session pooler in front." if full else None,
            )
        )
    if facts.journal_pending:
        checks.append(
            Check(
                name="journal",
                status="warn",
                detail=f"The run of plan {facts.journal_pending} did not end, or a part of it stands.",
                remedy="Call approve with its token: it resumes or tells what stands.",
            )
        )
    checks.extend(Check(name="supabase", status="pass", detail=note) for note in facts.standing_in)
    checks.extend(Check(name="privileges", status="warn", detail=note) for note in facts.notes)
    return checks


def validate(
    facts: TargetFacts, order: Order, *, expected: str | None = None, before: Catalog | None = None
) -> list[Check]:
    """The checks after a migration. `expected` is the rehearsed schema's fingerprint, `before` the catalog that was
    planned on: indexes that were invalid then are not blamed on this migration.
    """
    checks = [
        Check(name="connection", status="pass", detail=f"Answers in {facts.latency_ms:.0f} ms."),
        _invalid_indexes(facts.catalog, before),
        _not_validated(facts.catalog, before),
        _recorded(facts, order),
    ]
    if expected is not None:
        same = facts.fingerprint == expected
        checks.insert(
            1,
            Check(
                name="schema",
                status="pass" if same else "warn",
                detail="The schema is the rehearsed one."
                if same
                else "The schema differs from the rehearsed one: something else changed it, or the data did.",
                remedy=None if same else "Compare with status and sync.",
            ),
        )
    return checks


def _invalid_indexes(catalog: Catalog, before: Catalog | None) -> Check:
    known = {o.ref for o in before or () if isinstance(o, Index) and not o.valid}
    names = sorted(str(o.ref) for o in catalog if isinstance(o, Index) and not o.valid and o.ref not in known)
    if not names:
        return Check(name="indexes", status="pass", detail="Every index is valid.")
    return Check(
        name="indexes",
        status="warn" if before is None else "fail",
        detail=f"Invalid, so never used by a query: {', '.join(names)}.",
        remedy="REINDEX INDEX CONCURRENTLY, or drop and create it again.",
    )


def _not_validated(catalog: Catalog, before: Catalog | None) -> Check:
    known = {o.ref for o in before or () if isinstance(o, Constraint) and not o.validated}
    names = sorted(str(o.ref) for o in catalog if isinstance(o, Constraint) and not o.validated and o.ref not in known)
    if not names:
        return Check(name="constraints", status="pass", detail="Every constraint is validated.")
    return Check(
        name="constraints",
        status="warn",
        detail=f"Not validated against the rows that were there: {', '.join(names)}.",
        remedy="ALTER TABLE … VALIDATE CONSTRAINT in a later migration; it blocks no writes.",
    )


def _recorded(facts: TargetFacts, order: Order) -> Check:
    row = next((m for m in facts.history if m.version == order.version), None)
    if row is not None and (row.plan_id is None or row.plan_id == order.plan_id):
        return Check(name="history", status="pass", detail=f"{order.version} is in the history.")
    if facts.notes:
        return Check(name="history", status="warn", detail=facts.notes[0])
    return Check(
        name="history",
        status="fail",
        detail=f"{order.version} is not in the history.",
        remedy="Look at db_migrate.migrations: someone may have removed the row.",
    )
