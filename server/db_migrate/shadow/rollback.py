"""The rollback, run on the migrated copy, and the schema compared with the one before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.shadow import verdict
from db_migrate.shadow.observe import Step
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.verdict import Verdict
from db_migrate_tools.evidence import PgFailure, RollbackEvidence
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import Delta, describe, diff
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.sql.model import Statement


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rollback that was run: the statement that Postgres refused, or what still differs afterwards."""

    refused: tuple[int, PgFailure] | None = None
    left: Delta | None = None

    @property
    def restores(self) -> bool:
        return self.left is not None and (self.left.empty or self.left.only_order)

    @property
    def differences(self) -> tuple[str, ...]:
        return describe(self.left) if self.left is not None else ()


async def prove(
    stage: Stage, database: str, before: Catalog, after: Catalog, steps: Sequence[Step], down: Sequence[Statement]
) -> RollbackEvidence:
    """Run the human's rollback where there is one, else the derived one, and say what it restores.

    Nobody else may be connected to `database`.
    """
    started = time.perf_counter()
    made = diff(before, after)
    notes: list[str] = []
    if down:
        attempt = await _human(stage, database, before, down)
        if attempt.restores and attempt.left is not None:
            found = verdict.restored(made, steps, attempt.left.reordered)
            return _evidence([s.text for s in down], found, started, written_by="human")
        notes.append(_what_was_wrong(attempt, len(down)))
    statements = ddl(diff(after, before))
    if not statements:
        found = verdict.restored(made, steps) if made.empty else verdict.impossible(describe(diff(after, before)))
        return _evidence((), found, started, written_by="none", notes=notes)
    connection = await stage.connect(database)
    attempt = await _run(connection, before, [(text, True) for text in statements])
    await stage.leave(connection)
    if attempt.refused is not None:
        found = verdict.failed(attempt.refused[0], len(statements), attempt.refused[1])
    elif attempt.left is not None and attempt.restores:
        found = verdict.restored(made, steps, attempt.left.reordered)
    else:
        found = verdict.not_restored(attempt.differences)
    return _evidence(statements, found, started, notes=notes, differences=attempt.differences)


async def _human(stage: Stage, database: str, before: Catalog, down: Sequence[Statement]) -> Attempt:
    """The human's rollback on a copy of the migrated database, which stays as it is for ours."""
    connection = await stage.connect(await stage.copy(database))
    try:
        return await _run(connection, before, [(s.text, s.transactional) for s in down])
    finally:
        await stage.leave(connection)


async def _run(connection: Connection, before: Catalog, statements: Sequence[tuple[str, bool]]) -> Attempt:
    for number, (text, transactional) in enumerate(statements, 1):
        try:
            if transactional and not connection.is_in_transaction():
                await connection.execute("BEGIN")
            if not transactional and connection.is_in_transaction():
                await connection.execute("COMMIT")
            await connection.execute(text)
            if number == len(statements) and connection.is_in_transaction():
                await connection.execute("COMMIT")
        except RAISED as error:
            return Attempt(refused=(number, failure(error)))
    now = await read_catalog(connection)
    return Attempt(left=diff(before, now))


def _what_was_wrong(attempt: Attempt, count: int) -> str:
    found = (
        verdict.failed(attempt.refused[0], count, attempt.refused[1])
        if attempt.refused is not None
        else verdict.not_restored(attempt.differences)
    )
    return f"The rollback that the source brings along does not restore the schema, so another was derived. {found.why}"


def _evidence(
    statements: Sequence[str],
    found: Verdict,
    started: float,
    *,
    written_by: Literal["derived", "human", "none"] = "derived",
    notes: Sequence[str] = (),
    differences: tuple[str, ...] = (),
) -> RollbackEvidence:
    return RollbackEvidence(
        statements=tuple(statements),
        proof=found.proof,
        why=found.why,
        written_by=written_by,
        differences=differences,
        lost=found.lost,
        notes=(*notes, *found.notes),
        ms=round((time.perf_counter() - started) * 1000, 3),
    )
