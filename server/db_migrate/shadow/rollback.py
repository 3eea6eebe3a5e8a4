"""The rollback, run on a migrated copy, and everything compared with what was before: the schema, and rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.shadow import verdict
from db_migrate.shadow.observe import Step
from db_migrate.shadow.rows.trial import Settled, Trial
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.verdict import Verdict
from db_migrate.shadow.way_back import way_back
from db_migrate_tools.evidence import PgFailure, RollbackEvidence, TableSize
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import Delta, describe, diff
from db_migrate_tools.schema.model import Catalog, Ref, Table
from db_migrate_tools.sql.model import Statement

MOST_LABELS = 3
"""New labels of enums that are tried; each takes a copy."""

STRENGTH = ("impossible", "failed", "not-proven", "proven-with-data-loss", "proven")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rollback that was run: the statement that Postgres refused, or what still differs afterwards. `now` is the
    schema then.
    """

    refused: tuple[int, PgFailure] | None = None
    left: Delta | None = None
    now: Catalog | None = None

    @property
    def restores(self) -> bool:
        return self.left is not None and (self.left.empty or self.left.only_order)

    @property
    def differences(self) -> tuple[str, ...]:
        return describe(self.left) if self.left is not None else ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One rollback, what it is worth, and who wrote it."""

    statements: tuple[str, ...]
    written_by: Literal["derived", "human", "none"]
    found: Verdict
    differences: tuple[str, ...] = ()

    @property
    def worth(self) -> tuple[int, int, int, int]:
        """More is better: the word, fewer things lost, fewer values lost, fewer statements."""
        found = self.found
        return STRENGTH.index(found.proof), -len(found.lost), -found.values, -len(self.statements)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a proof with rows needs: the database to copy, which is the schema before, its fingerprint, sizes of the
    target's tables, and a wait until `steps` say all that they will.
    """

    template: str
    fingerprint: str
    sizes: Mapping[Ref, TableSize] = field(default_factory=dict[Ref, TableSize])
    settled: Settled | None = None


async def prove(
    stage: Stage,
    database: str,
    before: Catalog,
    after: Catalog,
    steps: Sequence[Step],
    down: Sequence[Statement],
    kept: WayBack | None = None,
    ground: Ground | None = None,
) -> RollbackEvidence:
    """Run the derived rollback, and the human's where there is one, among synthetic rows where some can be had, and
    say what they restore.

    Nobody else may be connected to `database`, where the migration ran without rows.
    """
    started = time.perf_counter()
    made = diff(before, after)
    statements = ddl(diff(after, before)) if kept is None else await way_back(stage, database, before, kept)
    if ground is not None:
        trial = Trial(stage, ground.template, before, after, made, steps, ground.settled)
        async with trial.prepared(ground.fingerprint, ground.sizes):
            evidence = await _proven(stage, trial.database or database, made, steps, statements, down, kept, trial)
    else:
        evidence = await _proven(stage, database, made, steps, statements, down, kept, None)
    return replace(evidence, ms=round((time.perf_counter() - started) * 1000, 3))


async def _proven(
    stage: Stage,
    database: str,
    made: Delta,
    steps: Sequence[Step],
    statements: tuple[str, ...],
    down: Sequence[Statement],
    kept: WayBack | None,
    trial: Trial | None,
) -> RollbackEvidence:
    prover = _Prover(stage, made, steps, kept, trial)
    later = list(_later(made))
    written = [(text, True) for text in statements]
    if trial is not None and trial.seeded:
        later += await _used_labels(prover, trial, database, written)
    candidates: list[Candidate] = []
    if down:
        # On a copy of the migrated database, which stays as it is for ours.
        theirs = [(s.text, s.transactional) for s in down]
        candidates.append(await prover.tried(await stage.copy(database), theirs, "human"))
    if statements:
        candidates.append(await prover.tried(database, written, "derived"))
    elif made.empty:
        candidates.append(await prover.tried(database, [], "none"))
    else:
        found = verdict.impossible(describe(diff(made.after, made.before)))
        candidates.append(Candidate((), "none", found))
    best = max(candidates, key=lambda candidate: (candidate.worth, candidate.written_by == "human"))
    notes, choice = _weighed(candidates, best)
    return RollbackEvidence(
        statements=best.statements,
        proof=best.found.proof,
        why=best.found.why,
        written_by=best.written_by,
        differences=best.differences,
        lost=best.found.lost,
        notes=(*notes, *best.found.notes),
        rows=trial.rows if trial is not None else 0,
        tables=trial.tables if trial is not None else 0,
        findings=tuple(trial.findings) if trial is not None else (),
        later=tuple(later) if best.statements else (),
        choice=choice,
    )


@dataclass(frozen=True, slots=True)
class _Prover:
    stage: Stage
    made: Delta
    steps: Sequence[Step]
    kept: WayBack | None
    trial: Trial | None

    async def tried(
        self,
        database: str,
        statements: Sequence[tuple[str, bool]],
        written_by: Literal["derived", "human", "none"],
    ) -> Candidate:
        texts = tuple(text for text, _ in statements)
        attempt = await self.run(database, statements)
        if attempt.refused is not None:
            found = verdict.failed(attempt.refused[0], len(texts), attempt.refused[1])
        elif attempt.left is None or attempt.now is None or not attempt.restores:
            found = verdict.not_restored(attempt.differences)
        elif self.trial is not None and self.trial.seeded:
            looked = await self.trial.look(database, attempt.now)
            found = verdict.seen(self.made, self.steps, looked, attempt.left.reordered)
        else:
            why = self.trial.why_no_rows if self.trial is not None else ""
            found = verdict.restored(self.made, self.steps, attempt.left.reordered, self.kept, why)
        return Candidate(texts, written_by, found, attempt.differences)

    async def run(self, database: str, statements: Sequence[tuple[str, bool]]) -> Attempt:
        connection = await self.stage.connect(database)
        try:
            return await _run(connection, self.made.before, statements)
        finally:
            await self.stage.leave(connection)


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
    # A copy is the same schema down to its oids, but another database: renames are seen all the same.
    return Attempt(left=diff(replace(before, origin=now.origin), now), now=now)


async def _used_labels(
    prover: _Prover, trial: Trial, database: str, statements: Sequence[tuple[str, bool]]
) -> list[str]:
    """Whether the derived rollback still runs once a row holds a label that the migration adds to an enum."""
    found: list[str] = []
    for use in islice(trial.new_labels(), MOST_LABELS) if statements else ():
        copy = await prover.stage.copy(database)
        if not await trial.use(copy, use):
            continue
        attempt = await prover.run(copy, statements)
        if attempt.refused is not None:
            found.append(
                f"Once a row holds {use.label!r} in {use.column}, this rollback fails: {attempt.refused[1].message}."
            )
    return found


def _later(made: Delta) -> list[str]:
    """Rows that come after the migration and have no place in the schema before it."""
    tables = sorted(str(item.ref) for item in made.created if isinstance(item, Table))
    columns = sorted(
        str(item.ref)
        for item in made.created
        if item.ref.kind == "column"
        and isinstance(made.after.get(item.ref.relation or item.ref), Table)
        and str(item.ref.relation) not in tables
    )
    found: list[str] = []
    if tables or columns:
        found.append(f"What is written after the migration into {verdict.listed([*tables, *columns])} goes with it.")
    return found


def _weighed(candidates: Sequence[Candidate], best: Candidate) -> tuple[list[str], str | None]:
    """Why this one of two: a note where the human's restores nothing, else a sentence on what decided."""
    human = next((c for c in candidates if c.written_by == "human"), None)
    if human is None or len(candidates) < 2:
        return [], None
    other = next(c for c in candidates if c is not human)
    if best is not human and human.found.proof in {"failed", "impossible"}:
        begins = "The rollback that the source brings along does not restore the schema, so another was derived."
        return [f"{begins} {human.found.why}"], None
    if best is human:
        if other.found.proof == human.found.proof:
            return [], "The rollback that the source brings along was taken; a derived one restores no more."
        return [], (
            "The rollback that the source brings along is better than the derived one, which is "
            f"{other.found.proof}: {other.found.why or 'it leaves nothing different.'}"
        )
    if human.found.proof == best.found.proof and human.found.why == best.found.why:
        return [], (
            f"The derived rollback was taken: it restores the same with {len(best.statements)} "
            f"statements instead of {len(human.statements)}."
        )
    return [], (
        "The derived rollback is better than the one that the source brings along, which is "
        f"{human.found.proof}: {human.found.why}"
    )
