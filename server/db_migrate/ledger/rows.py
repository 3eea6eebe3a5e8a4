"""A plan to its row and back; a row that does not match its own digests is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import RowMapping

from db_migrate_tools.envelope import digest_of_bytes, digest_of_statements, load
from db_migrate_tools.lifecycle import PlanState
from db_migrate_tools.ports import Decision, Refused, StoredPlan, token_hash
from db_migrate_tools.sql.model import Statement

_STATEMENTS: Final = TypeAdapter(tuple[Statement, ...])
_TEXTS: Final = TypeAdapter(tuple[str, ...])
_DECISION: Final = TypeAdapter(Decision)
_TOKEN: Final = re.compile(r"dbm_[A-Za-z0-9_-]{16,}")
# Approval opens the way to these, so each of them must be able to show one.
_NEEDS_APPROVAL: Final = frozenset[PlanState]({"approved", "executing", "applied", "failed", "rolled_back"})


class LedgerTampered(Refused):
    """The ledger row of a plan does not match its digest: it was edited after it was written."""

    def __init__(self, plan_id: str, what: str) -> None:
        super().__init__(
            f"The ledger row of plan {plan_id} does not match its digest: {what}.",
            "Nothing of it will run. Find out who writes to the ledger file, then plan again with a ledger that you "
            "trust: move the old one aside as evidence, do not delete it.",
        )


def to_row(plan: StoredPlan) -> dict[str, object]:
    """The row of a new plan.

    Raises:
        ValueError: The plan contradicts its envelope, or carries its own token: a mistake of the caller.
    """
    for text in (plan.page, plan.envelope.decode()):
        if any(token_hash(token) == plan.token_hash for token in _TOKEN.findall(text)):
            raise ValueError("the token itself must not be stored, only its hash")
    row: dict[str, object] = {
        "plan_id": plan.plan_id,
        "env": plan.env,
        "state": plan.state,
        "digest": plan.digest,
        "envelope": plan.envelope,
        "token_hash": plan.token_hash,
        "page": plan.page,
        "statements": _STATEMENTS.dump_json(plan.statements).decode(),
        "rollback_statements": _TEXTS.dump_json(plan.rollback).decode(),
        "rollback_proof": plan.rollback_proof,
        "requester": plan.requester,
        "source": plan.source,
        "feature": plan.feature,
        "undoes": plan.undoes,
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
    }
    if (wrong := _contradiction(row)) is not None:
        raise ValueError(f"plan {plan.plan_id} contradicts its envelope: {wrong}")
    return {**row, "seal": _seal(row)}


def from_row(row: RowMapping, log: Sequence[RowMapping]) -> StoredPlan:
    """The plan of a row and its events, oldest first.

    Raises:
        LedgerTampered: The row, or what the log says of it, was changed behind the ledger's back.
    """
    plan_id = str(row["plan_id"])
    if not hmac.compare_digest(str(row["seal"]), _seal(row)):
        raise LedgerTampered(plan_id, "the stored plan differs from what was written")
    if (wrong := _contradiction(row)) is not None:
        raise LedgerTampered(plan_id, wrong)
    if not all(isinstance(event["at"], int) for event in log):
        raise LedgerTampered(plan_id, "the log of events has a time that is none")
    if not log or log[-1]["state"] != row["state"]:
        raise LedgerTampered(plan_id, f"its state is {row['state']}, and the log of events says otherwise")
    try:
        decision = _last_decision(log)
    except ValidationError:
        raise LedgerTampered(plan_id, "the decision in its log of events cannot be read") from None
    if row["state"] in _NEEDS_APPROVAL and (decision is None or decision.decision != "approve"):
        raise LedgerTampered(plan_id, f"its state is {row['state']}, and nobody is recorded as having approved it")
    return StoredPlan(
        plan_id=plan_id,
        env=row["env"],
        state=row["state"],
        digest=row["digest"],
        envelope=row["envelope"],
        token_hash=row["token_hash"],
        page=row["page"],
        statements=_STATEMENTS.validate_json(row["statements"]),
        rollback=_TEXTS.validate_json(row["rollback_statements"]),
        rollback_proof=row["rollback_proof"],
        requester=row["requester"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        source=row["source"],
        feature=row["feature"],
        undoes=row["undoes"],
        version=_last(log, "version"),
        decision=decision,
        outcome=_last(log, "outcome"),
        updated_at=log[-1]["at"],
    )


def _contradiction(row: RowMapping | dict[str, Any]) -> str | None:
    """The first way in which the row differs from its envelope, in words; None when it matches."""
    envelope_bytes = row["envelope"]
    # SQLite keeps whatever type an edit left behind.
    if not isinstance(envelope_bytes, bytes):
        return "the envelope was changed"
    if not hmac.compare_digest(digest_of_bytes(envelope_bytes), str(row["digest"])):
        return "the envelope was changed"
    try:
        envelope = load(envelope_bytes)
        statements = _STATEMENTS.validate_json(row["statements"])
        rollback = _TEXTS.validate_json(row["rollback_statements"])
    except ValidationError:
        return "the envelope or its statements cannot be read"
    for name in ("plan_id", "env", "requester", "created_at", "expires_at"):
        if getattr(envelope, name) != row[name]:
            return f"the {name} is not the approved one"
    if digest_of_statements(tuple(s.text for s in statements)) != digest_of_statements(envelope.statements):
        return "the SQL is not the approved one"
    if tuple(s.transactional for s in statements) != envelope.transactional:
        return "the statements are marked otherwise than approved"
    if digest_of_statements(rollback) != envelope.rollback_digest:
        return "the rollback is not the approved one"
    return None


def _seal(row: RowMapping | dict[str, Any]) -> str:
    """Digest over every column that never changes: also over what the envelope does not bind, like the page."""
    fixed = [
        row[name]
        for name in (
            "plan_id",
            "env",
            "digest",
            "token_hash",
            "page",
            "statements",
            "rollback_statements",
            "rollback_proof",
            "requester",
            "source",
            "feature",
            "undoes",
            "created_at",
            "expires_at",
        )
    ]
    text = json.dumps(fixed, ensure_ascii=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(b"db-migrate/ledger-row/v1\n" + text.encode()).hexdigest()


def _last(log: Sequence[RowMapping], name: str) -> str | None:
    return next((event[name] for event in reversed(log) if event[name] is not None), None)


def _last_decision(log: Sequence[RowMapping]) -> Decision | None:
    event = next((event for event in reversed(log) if event["decision"] is not None), None)
    if event is None:
        return None
    return _DECISION.validate_python(
        {
            "decision": event["decision"],
            "by": event["decided_by"],
            "channel": event["channel"],
            "strength": event["strength"],
            "at": event["decided_at"],
        }
    )
