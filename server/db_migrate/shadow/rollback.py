"""The rollback, run on a migrated copy, and everything compared with what was before: the schema, and rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Literal

from db_migrate.postgres.catalog import Reading, read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.shadow import verdict
from db_migrate.shadow.following import since
from db_migrate.shadow.observe import Step
from db_migrate.shadow.rows.trial import Settled, Trial
from db_migrate.shadow.rows.watch import Watch, Written
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import Traces
from db_migrate.shadow.verdict import Verdict
from db_migrate.shadow.way_back import OnTarget, way_back
from db_migrate.shadow.wording import listed
from db_migrate_tools.evidence import PgFailure, RollbackEvidence, TableSize, TargetFacts
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.inserted import removal
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.ddl.put_back import put_back
from db_migrate_tools.schema.diff import Delta, describe, diff
from db_migrate_tools.schema.environment import with_environment
from db_migrate_tools.schema.model import Catalog, Ref, Table
from db_migrate_tools.sql.model import Statement

MOST_LABELS = 3
"""New labels of enums that are tried; each takes a copy."""

FOREIGN_KEY_VIOLATION = "23503"
OF_SOME_ROWS = frozenset({FOREIGN_KEY_VIOLATION, "23505", "23514", "23P01"})
"""What other rows would not bring about; a NULL where none may be is every row's."""

STRENGTH = ("impossible", "failed", "not-proven", "proven-with-data-loss", "proven")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rollback that was run: the statement that Postgres refused, with the `constraint` it named, or what still
    differs afterwards. `now` is the schema then, `wrote` what it wrote to.
    """

    refused: tuple[int, PgFailure] | None = None
    left: Delta | None = None
    now: Catalog | None = None
    constraint: Ref | None = None
    wrote: Written = field(default_factory=Written)

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
        # Rows too many are less than rows lost.
        strength = STRENGTH.index("proven-with-data-loss") if found.stays else STRENGTH.index(found.proof)
        return strength, -len(found.lost), -found.values, -len(self.statements)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a proof with rows needs: the database to copy, which is the schema before, its fingerprint, sizes of the
    target's tables, a wait until `steps` say all that they will, what was read of that database, what is known of
    the migration and of no statement by itself, the references that may differ since, if not all may, the
    target, whose settings no copy has, and the book of the schema before.
    """

    template: str
    fingerprint: str
    sizes: Mapping[Ref, TableSize] = field(default_factory=dict[Ref, TableSize])
    settled: Settled | None = None
    reading: Reading | None = None
    together: Traces | None = None
    touched: frozenset[Ref] | None = None
    target: TargetFacts | None = None
    book: Book | None = None


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
    touched = ground.touched if ground is not None else None
    target = ground.target if ground is not None else None
    there: OnTarget = partial(with_environment, target=target.catalog, since=before) if target is not None else _as_is
    made = diff(there(before), there(after), only=touched)
    statements = (
        ddl(diff(made.after, made.before, only=touched))
        if kept is None
        else await way_back(stage, database, made.before, kept, there)
    )
    if target is not None:
        played = [step.statement for step in steps if not step.left_out]
        identity = target.identity
        reset = put_back(played, target.catalog, identity.database, identity.role, resets=True).statements
        statements += tuple(text for text in reset if text not in statements)
    books = (ground.book if ground is not None and ground.book is not None else Book(before)), Book(after)
    removed = () if kept is not None else _removal(steps, *books)
    if ground is not None:
        trial = Trial(stage, ground.template, *books, made, steps, ground.settled, down, ground.together)
        async with trial.prepared(ground.fingerprint, ground.sizes):
            evidence = await _proven(
                stage, database, made, steps, statements, removed, down, kept, trial, ground.reading, there
            )
    else:
        evidence = await _proven(stage, database, made, steps, statements, removed, down, kept, None, None, there)
    if target is not None:
        evidence = _with_settings(evidence, steps, target)
    return replace(evidence, ms=round((time.perf_counter() - started) * 1000, 3))


def _as_is(copy: Catalog) -> Catalog:
    return copy


def _with_settings(evidence: RollbackEvidence, steps: Sequence[Step], target: TargetFacts) -> RollbackEvidence:
    """With what puts back settings that the shadow did not let the migration change, as they are on the target."""
    if evidence.written_by == "human" or evidence.proof in {"failed", "impossible"}:
        return evidence
    beyond = [step.statement for step in steps if step.left_out]
    found = put_back(beyond, target.catalog, target.identity.database, target.identity.role)
    notes = list(evidence.notes)
    if found.statements:
        notes.append("Settings are put back as they are on the target now; that was not tried on the shadow.")
    why = evidence.why
    if found.unknown:
        unknown = f"What is set now for {listed(found.unknown)} is not known, so it is not put back."
        why = f"{why} {unknown}" if why else unknown
    return replace(
        evidence,
        why=why,
        statements=(*found.statements, *evidence.statements),
        written_by="derived" if found.statements else evidence.written_by,
        notes=tuple(notes),
    )


def _removal(steps: Sequence[Step], before: Book, after: Book) -> tuple[tuple[Ref, str], ...]:
    """What takes away the rows that the migration inserts, as far as it names them."""
    if not any(step.statement.kind == "InsertStmt" for step in steps):
        return ()
    played = [(s.statement, None if s.hidden else s.traces.writes) for s in steps if not s.left_out]
    return removal(played, before, after)


async def _proven(
    stage: Stage,
    bare: str,
    made: Delta,
    steps: Sequence[Step],
    statements: tuple[str, ...],
    removed: tuple[tuple[Ref, str], ...],
    down: Sequence[Statement],
    kept: WayBack | None,
    trial: Trial | None,
    reading: Reading | None,
    there: OnTarget,
) -> RollbackEvidence:
    prover = _Prover(stage, made, steps, kept, trial, bare, reading, there)
    deletes = tuple(text for _, text in removed)
    later = list(_later(made))
    written = [(text, True) for text in (*deletes, *statements)]
    if trial is not None and trial.seeded:
        later += await _used_labels(prover, trial, prover.database, written)
    candidates: list[Candidate] = []
    if down:
        candidates.append(await prover.tried([(s.text, s.transactional) for s in down], "human", down))
    if written:
        candidates.append(await prover.tried(written, "derived", last=not deletes))
        if deletes and candidates[-1].found.proof == "failed" and (statements or made.empty):
            by: Literal["derived", "none"] = "derived" if statements else "none"
            candidates.append(await prover.tried([(text, True) for text in statements], by, last=True))
    elif made.empty:
        candidates.append(await prover.tried([], "none", last=True))
    else:
        found = verdict.impossible(describe(diff(made.after, made.before)))
        candidates.append(Candidate((), "none", found))
    best = max(candidates, key=lambda candidate: (candidate.worth, candidate.written_by == "human"))
    notes, choice = _weighed(candidates, best)
    if deletes and best.statements[: len(deletes)] == deletes:
        tables = listed(sorted({str(ref) for ref, _ in removed}))
        later.append(
            f"The rows that the migration inserts into {tables} go, with what was changed in them since and what "
            "follows them by ON DELETE."
        )
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
    bare: str
    reading: Reading | None
    there: OnTarget

    @property
    def database(self) -> str:
        """The migrated copy, with rows where there is one; what is tried runs on copies of it."""
        return (self.trial.database if self.trial is not None else "") or self.bare

    async def tried(
        self,
        statements: Sequence[tuple[str, bool]],
        written_by: Literal["derived", "human", "none"],
        down: Sequence[Statement] = (),
        *,
        last: bool = False,
    ) -> Candidate:
        """What the statements are worth, which are `down` where somebody wrote them. The `last` ones run on the
        migrated copy itself, others on a copy of it.
        """
        texts = tuple(text for text, _ in statements)
        database = self.database if last else await self.stage.copy(self.database)
        attempt = await self.run(database, statements)
        if attempt.refused is not None and await self._with_row(attempt):
            database = await self.stage.copy(self.database)
            attempt = await self.run(database, statements)
        while attempt.refused is None and self.trial is not None and await self.trial.widen(attempt.wrote):
            database = await self.stage.copy(self.database)
            attempt = await self.run(database, statements)
        more: tuple[str, ...] = ()
        if self.trial is not None:
            await self.trial.settle()
            more = self.trial.unsettled(down, attempt.wrote)
        if attempt.refused is not None:
            found = await self._without_rows(attempt, statements) or verdict.failed(
                attempt.refused[0], len(texts), attempt.refused[1]
            )
        elif attempt.left is None or attempt.now is None or not attempt.restores:
            found = verdict.not_restored(attempt.differences)
        elif self.trial is not None and self.trial.seeded:
            order = attempt.left.reordered
            try:
                looked = await self.trial.look(database, attempt.now, attempt.wrote, more)
                found = verdict.seen(self.made, self.steps, looked, order, self.kept)
            except RAISED as error:
                said = str(error).partition("\n")[0]
                why = f"The rows could not be read after the rollback ({said}), so nothing was seen of them."
                found = verdict.restored(self.made, self.steps, order, self.kept, why, more)
        else:
            why = self.trial.why_no_rows if self.trial is not None else ""
            found = verdict.restored(self.made, self.steps, attempt.left.reordered, self.kept, why, more)
        return Candidate(texts, written_by, found, attempt.differences)

    async def _with_row(self, attempt: Attempt) -> bool:
        """Whether there are other rows now, with the one that a foreign key of the rollback missed."""
        if attempt.refused is None or self.trial is None or not self.trial.seeded:
            return False
        said = attempt.refused[1]
        return said.sqlstate == FOREIGN_KEY_VIOLATION and await self.trial.with_row(said, attempt.constraint)

    async def _without_rows(self, attempt: Attempt, statements: Sequence[tuple[str, bool]]) -> Verdict | None:
        """What to say where only the rows that happened to be there stood in the way; None where it was not they."""
        if attempt.refused is None or self.trial is None or not self.trial.rows:
            return None
        number, said = attempt.refused
        if said.sqlstate not in OF_SOME_ROWS:
            return None
        bare = await self.run(await self.stage.copy(self.bare), statements)
        if not bare.restores or bare.left is None:
            return None
        why = f"With some rows that the schema allows, statement {number} of the rollback fails: {said.message}."
        return verdict.restored(self.made, self.steps, bare.left.reordered, self.kept, why)

    async def run(self, database: str, statements: Sequence[tuple[str, bool]]) -> Attempt:
        connection = await self.stage.connect(database)
        try:
            return await _run(connection, self.made.before, statements, self.reading, self.there)
        finally:
            await self.stage.leave(connection)


async def _run(
    connection: Connection,
    before: Catalog,
    statements: Sequence[tuple[str, bool]],
    reading: Reading | None,
    there: OnTarget,
) -> Attempt:
    watch = await Watch.start(connection)
    for number, (text, transactional) in enumerate(statements, 1):
        try:
            if transactional and not connection.is_in_transaction():
                await connection.execute("BEGIN")
            if not transactional and connection.is_in_transaction():
                await watch.commit()
            await connection.execute(text)
            if number == len(statements) and connection.is_in_transaction():
                await watch.commit()
        except RAISED as error:
            return Attempt((number, failure(error)), constraint=_constraint(error))
    wrote = await watch.written()
    if reading is None:
        now, touched = await read_catalog(connection), None
    else:
        found = await since(connection, reading)
        now, touched = found.catalog, found.touched
    # A copy is the same schema down to its oids, but another database: renames are seen all the same.
    return Attempt(left=diff(replace(before, origin=now.origin), there(now), only=touched), now=now, wrote=wrote)


def _constraint(error: Exception) -> Ref | None:
    parts = [getattr(error, field, None) for field in ("schema_name", "constraint_name", "table_name")]
    schema, constraint, table = parts
    if isinstance(schema, str) and isinstance(constraint, str) and isinstance(table, str):
        return Ref("constraint", schema, constraint, table)
    return None


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
        found.append(f"What is written after the migration into {listed([*tables, *columns])} goes with it.")
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
