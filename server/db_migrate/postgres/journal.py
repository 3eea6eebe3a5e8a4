"""The journal in the target database: what ran there, step by step, and the history of migrations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate_tools.evidence import AppliedMigration
from db_migrate_tools.ports import Order, Refused
from db_migrate_tools.sql.model import Statement


@cache
def queries() -> dict[str, str]:
    """The named queries of journal.sql."""
    text = resources.files("db_migrate.postgres").joinpath("journal.sql").read_text("utf-8")
    parts = text.split("\n-- name: ")[1:]
    return {name.strip(): sql.strip() for name, _, sql in (part.partition("\n") for part in parts)}


@dataclass(frozen=True, slots=True)
class Step:
    """A journal row. `seen` are the oids of the indexes that were there when the step was intended."""

    number: int
    sql_sha256: str
    state: Literal["intent", "done"]
    seen: tuple[int, ...]
    fingerprint: str | None
    ms: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Run:
    """What the journal knows of a plan. `fingerprint` is the schema's after its last committed part, None when the
    process ended before it could be read; `fingerprint_after` the schema's once all was applied.
    """

    digest: str
    version: str
    state: Literal["executing", "applied", "rolled_back", "failed"]
    fingerprint: str | None
    fingerprint_after: str | None
    problem: str | None
    steps: tuple[Step, ...]

    def step(self, number: int) -> Step | None:
        """The row of one statement."""
        return next((s for s in self.steps if s.number == number), None)

    @property
    def intent(self) -> Step | None:
        """The step that was begun and not finished."""
        return next((s for s in self.steps if s.state == "intent"), None)


def digest_of(statement: Statement) -> str:
    """Sha256 of the statement's text, hex."""
    return hashlib.sha256(statement.text.encode()).hexdigest()


class Journal:
    """The journal on one connection. Methods that belong to a step's transaction open none of their own."""

    def __init__(self, connection: Connection, tool_version: str) -> None:
        self._connection = connection
        self._tool_version = tool_version

    async def exists(self) -> bool:
        return bool(await self._connection.fetchval(queries()["exists"]))

    async def create(self) -> None:
        """Make both schemas where they are missing, closed to every other role.

        Raises:
            Refused: This role may not create schemas here.
        """
        if await self.exists():
            return
        try:
            async with self._connection.transaction():
                for part in ("create_ours", "create_supabase", "close_to_others"):
                    await self._connection.execute(queries()[part])
        except asyncpg.InsufficientPrivilegeError as error:
            raise Refused(
                f"The role may not create the journal in this database: {error.message}. Nothing was run.",
                "GRANT CREATE ON DATABASE to it, or let it own the schemas db_migrate and supabase_migrations.",
            ) from None

    async def run(self, plan_id: str) -> Run | None:
        """What the journal knows of this plan; None when it never began.

        Raises:
            Refused: The journal belongs to a role that shares it with nobody.
        """
        if not await self.exists():
            return None
        try:
            row = await self._connection.fetchrow(queries()["run"], plan_id)
            steps = await self._connection.fetch(queries()["steps"], plan_id)
        except asyncpg.InsufficientPrivilegeError as error:
            raise Refused(
                f"The role may not read the journal in this database: {error.message}. Nothing was run.",
                "Run migrations with the role that owns the schema db_migrate, or grant it that role.",
            ) from None
        if row is None:
            return None
        return Run(
            digest=row["digest"],
            version=row["version"],
            state=row["state"],
            fingerprint=row["fingerprint"],
            fingerprint_after=row["fingerprint_after"],
            problem=row["problem"],
            steps=tuple(
                Step(
                    s["number"], s["sql_sha256"], s["state"], tuple(s["seen"]), s["fingerprint"], s["ms"], s["attempts"]
                )
                for s in steps
            ),
        )

    async def refuse_taken(self, order: Order) -> None:
        """Raises Refused when the version is used, or what the order undoes is undone already."""
        taken = await self._connection.fetchrow(queries()["taken"], order.version)
        if taken is not None:
            raise Refused(
                f"The history already has a migration {order.version}. Nothing was run.",
                "Plan again for a new version.",
            )
        if order.undoes is not None:
            by = await self._connection.fetchval(queries()["undone_by"], order.undoes)
            if by is not None:
                raise Refused(
                    f"{order.undoes} was already rolled back, by {by}. Nothing was run.",
                    "There is nothing left to undo.",
                )

    async def begin(self, order: Order) -> None:
        """Commit that this plan is being executed now, by this backend."""
        await self._connection.execute(
            queries()["begin_run"],
            order.plan_id,
            order.digest,
            order.env,
            order.version,
            order.name,
            len(order.statements),
            order.fingerprint,
            self._tool_version,
        )

    async def intend(self, order: Order, statement: Statement, seen: Sequence[int], fingerprint: str | None) -> None:
        """Commit that this statement is about to run outside a transaction."""
        await self._connection.execute(
            queries()["intend"], order.plan_id, statement.number, digest_of(statement), list(seen), fingerprint
        )

    async def forget_intent(self, order: Order, statement: Statement) -> None:
        """Nothing of the statement stands any more."""
        await self._connection.execute(queries()["forget_intent"], order.plan_id, statement.number)

    async def done(self, order: Order, statements: Sequence[Statement], ms: Sequence[float], attempts: int) -> None:
        """Within the step's transaction: these statements are done, and the schema is not yet read again."""
        await self._connection.execute(
            queries()["done"],
            order.plan_id,
            [s.number for s in statements],
            [digest_of(s) for s in statements],
            list(ms),
            attempts,
        )
        await self._connection.execute(queries()["schema_unknown"], order.plan_id)

    async def schema_is(self, order: Order, fingerprint: str) -> None:
        """The schema after the last committed part."""
        await self._connection.execute(queries()["schema_is"], order.plan_id, fingerprint)

    async def schema_after(self, order: Order, fingerprint: str) -> None:
        """The schema once all was applied."""
        await self._connection.execute(queries()["schema_after"], order.plan_id, fingerprint)

    async def applied(self, order: Order) -> None:
        """Within the last step's transaction: history, ours and the Supabase CLI's, and the end of the run."""
        texts = [s.text for s in order.statements]
        execute = self._connection.execute
        await execute(
            queries()["record"],
            order.version,
            order.name,
            order.plan_id,
            order.digest,
            order.env,
            texts,
            list(order.rollback),
            order.rollback_proof,
            order.source,
            order.source_sha256,
            order.approved_by,
            self._tool_version,
        )
        # A rollback too, and what it undoes stays: the CLI compares these rows with the files, and both are there.
        await execute(queries()["record_for_supabase"], order.version, texts, order.name)
        if order.undoes is not None:
            await execute(queries()["mark_rolled_back"], order.undoes, order.version)
        await execute(queries()["end_run"], order.plan_id, "applied", None)

    async def ended(self, order: Order, state: Literal["rolled_back", "failed"], problem: str | None) -> None:
        """Commit how a run that was not applied ended."""
        await self._connection.execute(queries()["end_run"], order.plan_id, state, problem)


async def read_history(connection: Connection, limit: int) -> tuple[tuple[AppliedMigration, ...], tuple[str, ...]]:
    """Applied migrations, newest version first, ours and the Supabase CLI's, and notes on what could not be read."""
    readable = await _readable(connection)
    ours = await connection.fetch(queries()["history_ours"], limit) if readable.get("db_migrate") else []
    theirs = await connection.fetch(queries()["history_theirs"], limit) if readable.get("supabase_migrations") else []
    found = {
        row["version"]: AppliedMigration(
            version=row["version"], name=row["name"], sql=tuple(str(s) for s in json.loads(row["sql"]) or ())
        )
        for row in theirs
    }
    for row in ours:
        found[row["version"]] = AppliedMigration(
            version=row["version"],
            name=row["name"],
            plan_id=row["plan_id"],
            digest=row["digest"],
            applied_at=row["applied_at"],
            applied_by=row["approved_by"],
            sql=tuple(row["sql"]),
            rollback=tuple(row["rollback"]),
            rollback_proof=row["rollback_proof"],
            source=row["source"],
            sha256=row["sha256"],
            rolled_back_by=row["rolled_back_by"],
        )
    notes = tuple(
        f"This role may not read the history in {schema}: it is shown as empty. GRANT USAGE ON SCHEMA {schema} and "
        f"SELECT ON ALL TABLES IN SCHEMA {schema} to it."
        for schema, may in sorted(readable.items())
        if not may
    )
    newest = sorted(found.values(), key=lambda m: m.version, reverse=True)
    return tuple(newest[:limit]), notes


async def read_unfinished(connection: Connection) -> str | None:
    """The plan of a run that did not end, or that ended with a part of it standing."""
    if not (await _readable(connection)).get("db_migrate"):
        return None
    plan: str | None = await connection.fetchval(queries()["unfinished"])
    return plan


async def _readable(connection: Connection) -> dict[str, bool]:
    """The two schemas, where they exist, and whether this role may read their tables."""
    return {row["schema"]: row["may"] for row in await connection.fetch(queries()["readable"])}
