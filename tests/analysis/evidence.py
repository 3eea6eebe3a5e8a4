"""Small evidence by hand, for what needs no Postgres."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.evidence import (
    Env,
    Identity,
    Observation,
    PgFailure,
    Rehearsal,
    RollbackEvidence,
    SessionSettings,
    TableSize,
    TargetFacts,
)
from db_migrate_tools.schema.model import Catalog, Column, Object, Ref, Table
from db_migrate_tools.sql.model import Script, Statement

USERS = Ref("table", "public", "users")
EMAIL = Ref("column", "public", "email", "users")
CATALOG: tuple[Object, ...] = (
    Table(ref=USERS, columns=("email",), owner="ann"),
    Column(ref=EMAIL, position=1, type="text"),
)


def target(*objects: Object, env: Env = "dev", size: TableSize | None = None, **changes: object) -> TargetFacts:
    """A target with `users`, 1,000 rows unless told otherwise."""
    facts = TargetFacts(
        identity=Identity(env, "db.example", 5432, "app", "ann", "1", 2, "18.6", 180006),
        catalog=Catalog({thing.ref: thing for thing in (*CATALOG, *objects)}),
        fingerprint="f" * 64,
        sizes={USERS: size or TableSize(1000, 131_072)},
        settings=SessionSettings("public"),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def statement(number: int = 1, text: str = "ALTER TABLE users ADD COLUMN n int", **changes: object) -> Statement:
    made = Statement(number, text, number, "AlterTableStmt", "ALTER", "column", "users.n", "Add column n", ("users",))
    return replace(made, **changes)  # type: ignore[arg-type]


def script(*statements: Statement, **changes: object) -> Script:
    return replace(Script(statements or (statement(),)), **changes)  # type: ignore[arg-type]


def rehearsal(*observations: Observation, rollback: RollbackEvidence | None = None, **changes: object) -> Rehearsal:
    """A rehearsal in which everything went well and nothing happened."""
    made = Rehearsal(
        ran=True,
        on="18.6",
        schema_from="pg_dump",
        observations=observations or (Observation(1),),
        after=Catalog({thing.ref: thing for thing in CATALOG}),
        rollback=rollback or RollbackEvidence(("ALTER TABLE users DROP COLUMN n",), "proven"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


FAILURE = PgFailure("42P01", 'relation "x" does not exist', "Some detail.", "Some hint.")
