"""The ledger's tables: what a plan is never changes, and what happened to it is only ever appended."""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from db_migrate_tools.evidence import Env, RollbackProof
from db_migrate_tools.lifecycle import PlanState

VERSION: Final = 1


def _one_of(column: str, allowed: tuple[str, ...], name: str) -> CheckConstraint:
    words = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({words})", name=name)


metadata = MetaData()

ledger_schema = Table("ledger_schema", metadata, Column("version", Integer, primary_key=True))

plans = Table(
    "plans",
    metadata,
    Column("plan_id", String(64), primary_key=True),
    Column("env", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("page", Text, nullable=False),
    Column("statements", Text, nullable=False),
    Column("rollback_statements", Text, nullable=False),
    Column("rollback_proof", String(32), nullable=False),
    Column("requester", Text, nullable=False),
    Column("source", Text),
    Column("feature", Text),
    Column("undoes", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("seal", String(64), nullable=False),
    UniqueConstraint("token_hash", name="plans_token_hash_unique"),
    _one_of("state", get_args(PlanState), "plans_state_known"),
    _one_of("env", get_args(Env), "plans_env_known"),
    _one_of("rollback_proof", get_args(RollbackProof), "plans_rollback_proof_known"),
    CheckConstraint("expires_at > created_at", name="plans_expire_after_creation"),
    Index("plans_by_state", "state", "env"),
)

# Integer, not BigInteger: SQLite numbers rows by itself only under that exact type.
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("plan_id", String(64), ForeignKey("plans.plan_id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("came_from", String(16)),
    Column("state", String(16), nullable=False),
    Column("decision", String(16)),
    Column("decided_by", Text),
    Column("channel", String(16)),
    Column("strength", String(16)),
    Column("decided_at", BigInteger),
    Column("version", String(64)),
    Column("outcome", Text),
    _one_of("state", get_args(PlanState), "events_state_known"),
    CheckConstraint("decision IS NULL OR decision IN ('approve', 'reject')", name="events_decision_known"),
    CheckConstraint(
        "decision IS NULL OR (decided_by IS NOT NULL AND channel IS NOT NULL"
        " AND strength IS NOT NULL AND decided_at IS NOT NULL)",
        name="events_decision_whole",
    ),
    Index("events_by_plan", "plan_id", "seq"),
    Index("events_by_time", "at"),
)
