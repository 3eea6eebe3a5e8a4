"""Implements ports.Shadow: a migration and its rollback, played once on a throwaway copy of the schema."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

import anyio

from db_migrate.cluster.shadow import Cluster
from db_migrate.shadow.limits import beyond
from db_migrate.shadow.observe import Performance, Record, Step, attribute
from db_migrate.shadow.roles import UNDECIDED, Cast, Casting, ensure
from db_migrate.shadow.rollback import prove
from db_migrate.shadow.server import RAISED
from db_migrate.shadow.session import Session
from db_migrate.shadow.stage import Stage, stage
from db_migrate.shadow.template import DumpDsn, Template, Templates
from db_migrate.shadow.traces import Relations, Traces, read_origin, read_relations
from db_migrate_tools.evidence import Observation, PgFailure, Rehearsal, RollbackEvidence, TargetFacts
from db_migrate_tools.ports import Progress, Refused
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog, Table
from db_migrate_tools.sql.model import Statement

AT_ONCE = 3
"""Rehearsals on one shadow: each may need five of its twenty connections."""

StartShadow = Callable[[int | None], Awaitable[Cluster]]
"""Starts a throwaway Postgres of a major version, or the nearest there is."""


@dataclass(frozen=True, slots=True)
class _Shadow:
    """A running shadow and what has been prepared on it."""

    server: Cluster
    templates: Templates
    casting: Casting
    turns: anyio.CapacityLimiter


class ShadowRehearsal:
    """Rehearses on shadows that start when first needed, one for each major version.

    `deadline` is how many seconds the SQL of one rehearsal may take, `keep` how many templates a shadow keeps,
    `reads` up to how many objects, over all statements, the catalog is read after every statement.
    """

    def __init__(
        self, start: StartShadow, dump_dsn: DumpDsn, *, deadline: float = 60.0, keep: int = 4, reads: int = 400_000
    ) -> None:
        self._start = start
        self._dump_dsn = dump_dsn
        self._deadline = deadline
        self._keep = keep
        self._reads = reads
        self._shadows: dict[int, _Shadow] = {}
        self._starting = anyio.Lock()

    async def rehearse(
        self, target: TargetFacts, up: Sequence[Statement], down: Sequence[Statement], progress: Progress
    ) -> Rehearsal:
        """Run `up` on a copy of the target's schema, then the rollback. Never raises for what the SQL does, nor
        for a shadow that is not to be had: then `ran` is False and `why_not` says what to do.
        """
        started = time.perf_counter()
        try:
            shadow = await self._shadow(target.identity.major, progress)
            found = await self._play(shadow, target, up, down, progress)
        except Refused as refusal:
            found = _nothing("", str(refusal))
        except (*RAISED, OSError) as error:
            found = _nothing("", f"The shadow could not be prepared: {str(error).partition(chr(10))[0]}.")
        return replace(found, ms=round((time.perf_counter() - started) * 1000, 3))

    async def close(self) -> None:
        """End the shadows; their templates go with them."""
        async with self._starting:
            while self._shadows:
                _, shadow = self._shadows.popitem()
                await shadow.server.close()

    async def _shadow(self, major: int, progress: Progress) -> _Shadow:
        async with self._starting:
            found = self._shadows.get(major)
            if found is not None and found.server.alive:
                return found
            if found is not None:
                # It died: of a limit that a migration ran into, or by somebody's hand.
                await self._shadows.pop(major).server.close()
            await progress("Starting the shadow Postgres")
            server = await self._start(major)
            made = _Shadow(
                server, Templates(server, self._dump_dsn, keep=self._keep), Casting(), anyio.CapacityLimiter(AT_ONCE)
            )
            self._shadows[major] = made
            return made

    async def _play(
        self,
        shadow: _Shadow,
        target: TargetFacts,
        up: Sequence[Statement],
        down: Sequence[Statement],
        progress: Progress,
    ) -> Rehearsal:
        server = shadow.server
        async with shadow.turns, AsyncExitStack() as stack:
            await progress("Copying the schema to the shadow")
            template = await stack.enter_async_context(shadow.templates.of(target))
            cast, notes = casting_of(target, template, server.superuser)
            played = await stack.enter_async_context(stage(server, shadow.casting, cast, target.settings))
            await ensure(played.admin, _named(target, (*up, *down)) - {server.superuser})
            record = Record()
            reads_each = _objects_read(len(up), len(template.catalog.objects)) <= self._reads
            rehearsed = _Rehearsed(played, template, target, record, reads_each=reads_each)
            rollback: RollbackEvidence | None = None
            with anyio.move_on_after(self._deadline) as limit:
                await rehearsed.run(up, progress)
                if record.complete:
                    await progress("Rehearsing the rollback")
                    rollback = await rehearsed.roll_back(down)
            if limit.cancelled_caught:
                rollback = _stopped(record, self._deadline)
            return Rehearsal(
                ran=True,
                on=server.version,
                schema_from=template.schema_from,
                observations=_all(record, up),
                after=record.after if record.complete else None,
                schema_after=_expected(record, template, target),
                rollback=rollback,
                notes=(*_version_note(server, target), *template.notes, *notes, *rehearsed.notes),
            )


def _objects_read(statements: int, objects: int) -> int:
    """What reading the catalog after every statement comes to; a statement adds some five objects itself."""
    return statements * (objects + 5 * statements // 2)


def _expected(record: Record, template: Template, target: TargetFacts) -> str | None:
    """What the target's fingerprint will be: known only where the copy equalled it and every statement ran."""
    everything = record.complete and not any(step.left_out for step in record.steps)
    if not everything or record.after is None or fingerprint(template.catalog) != target.fingerprint:
        return None
    return fingerprint(record.after)


class _Rehearsed:
    """One rehearsal on its stage."""

    def __init__(
        self, played: Stage, template: Template, target: TargetFacts, record: Record, *, reads_each: bool
    ) -> None:
        self._reads_each = reads_each
        self._stage = played
        self._template = template
        self._target = target
        self._record = record
        self._database = ""
        self._before = template.catalog
        self.notes: list[str] = []

    async def run(self, up: Sequence[Statement], progress: Progress) -> None:
        """Play the migration, then find out which locks its statements take by themselves."""
        self._database = await self._stage.copy(self._template.database)
        connection = await self._stage.connect(self._database)
        session = Session(connection)
        async with session.reading():
            known = await read_relations(connection)
            # A copy is the same schema down to its oids, but another database.
            self._before = replace(self._template.catalog, origin=await read_origin(connection))
        performance = Performance(
            self._stage,
            self._database,
            session,
            known,
            self._before,
            self._record,
            reads_each=self._reads_each,
        )

        async def tell(statement: Statement) -> None:
            await progress(f"Rehearsing statement {statement.number} of {len(up)}")

        await performance.play(up, partial(beyond, target=self._target), tell)
        if not self._reads_each:
            self.notes.append(
                "The schema is so large that it was compared only before and after the migration, not after every "
                "statement."
            )
        await self._stage.leave(connection)
        if any(step.hidden for step in self._record.steps):
            await self._attribute(known)

    async def _attribute(self, known: Relations) -> None:
        connection = await self._stage.connect(await self._stage.copy(self._template.database))
        found = await attribute(Session(connection), known, self._record.steps)
        self._record.steps[:] = [
            replace(step, traces=step.traces | found.get(step.statement.number, Traces()))
            for step in self._record.steps
        ]
        missing = [s.statement.number for s in self._record.steps if s.hidden and s.statement.number not in found]
        if missing:
            self.notes.append(
                f"From statement {missing[0]} on, locks that an earlier statement holds already are not listed again."
            )
        await self._stage.leave(connection)

    async def roll_back(self, down: Sequence[Statement]) -> RollbackEvidence:
        after: Catalog = self._record.after or self._before
        return await prove(self._stage, self._database, self._before, after, self._record.steps, down)


def casting_of(target: TargetFacts, template: Template, superuser: str) -> tuple[Cast, list[str]]:
    """Who plays the target's role, as whom else it may act, and what of that is a guess."""
    notes: list[str] = []
    owners = {o.owner for o in template.catalog if o.owner} - {superuser}
    owners = {owner for owner in owners if not owner.startswith("pg_")}
    role = target.identity.role
    members = set(target.acts_as or ()) - {superuser}
    if target.identity.read_only:
        tables = Counter(o.owner for o in template.catalog if isinstance(o, Table) and o.owner in owners)
        if tables:
            role = tables.most_common(1)[0][0]
        members = owners
        notes.append(
            f"Planning used a role that only reads; the rehearsal acted as {role}, so the rights of the role that will "
            "execute were not rehearsed."
        )
    elif target.identity.superuser:
        members = owners
    elif target.acts_as is None:
        members = owners
        if owners - {role}:
            notes.append(f"The rehearsal let {role} act for every owner; whether the target does was not read.")
    if role == superuser:
        role = UNDECIDED
        notes.append(f"On the shadow another role played {superuser}, so owners of new objects differ by name.")
    members = {member for member in members if not member.startswith("pg_")}
    return Cast(role, frozenset(members - {role}), bypasses_rls=target.identity.superuser), notes


def _named(target: TargetFacts, statements: tuple[Statement, ...]) -> set[str]:
    """Roles of the target that the statements may name."""
    text = "\n".join(statement.text for statement in statements)
    return {role for role in target.known_roles or () if role in text}


def _version_note(server: Cluster, target: TargetFacts) -> tuple[str, ...]:
    if server.major == target.identity.major:
        return ()
    return (f"Rehearsed on Postgres {server.version}; the target runs {target.identity.server_version}.",)


def _stopped(record: Record, deadline: float) -> RollbackEvidence | None:
    """Record what the deadline stopped: a statement, or else the rollback."""
    if record.complete:
        return RollbackEvidence((), "not-proven", f"The rollback did not end within {deadline:g} s.")
    running = record.running
    if running is not None and all(step.statement.number != running.number for step in record.steps):
        error = PgFailure("57014", f"still running after {deadline:g} s on a copy without rows, so it was stopped")
        record.steps.append(Step(running, Observation(running.number, error=error)))
    return None


def _all(record: Record, up: Sequence[Statement]) -> tuple[Observation, ...]:
    """An observation for each statement, those included that were not reached."""
    seen = {step.statement.number: step for step in record.steps}
    stop = next((s for s in record.steps if s.observation.error or not (s.observation.observed or s.left_out)), None)
    why = f"Statement {stop.statement.number} failed first." if stop else "The rehearsal ended before it."
    return tuple(
        _observation(seen[statement.number])
        if statement.number in seen
        else Observation(statement.number, observed=False, why_not=why)
        for statement in up
    )


def _observation(step: Step) -> Observation:
    traces = step.traces
    return replace(
        step.observation,
        locks=tuple(sorted(traces.locks)),
        rewrites=tuple(sorted(traces.rewrites)),
        scans=tuple(sorted(traces.scans)),
        index_builds=tuple(sorted(traces.index_builds)),
    )


def _nothing(on: str, why: str) -> Rehearsal:
    return Rehearsal(ran=False, on=on, schema_from="empty", why_not=why)
