"""Implements ports.Shadow: a migration and its rollback, played once on a throwaway copy of the schema."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import anyio

from db_migrate.cluster.shadow import Cluster, ClusterLost
from db_migrate.shadow.attribution import Attributed, attribute, merged
from db_migrate.shadow.baseline import notes as of_stand_ins
from db_migrate.shadow.baseline import refusals
from db_migrate.shadow.disk import watched
from db_migrate.shadow.following import Following, same_database
from db_migrate.shadow.limits import beyond
from db_migrate.shadow.observe import Performance, Record, Step
from db_migrate.shadow.patience import Clock, Patience
from db_migrate.shadow.roles import UNDECIDED, Cast, Casting, ensure
from db_migrate.shadow.rollback import Ground, prove
from db_migrate.shadow.server import RAISED, close_doors
from db_migrate.shadow.session import Session
from db_migrate.shadow.stage import Stage, stage
from db_migrate.shadow.sweeping import Sweeper
from db_migrate.shadow.template import DumpDsn, Template, Templates
from db_migrate.shadow.traces import Books
from db_migrate_tools.evidence import Observation, PgFailure, Rehearsal, RollbackEvidence, TargetFacts
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.ports import Progress, Refused
from db_migrate_tools.schema.environment import with_environment
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Catalog, Ref, Table
from db_migrate_tools.sql.model import Statement

SHOWN = 5
USUAL_LOCKS = 64
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
    sweeper: Sweeper
    turns: anyio.CapacityLimiter


class ShadowRehearsal:
    """Rehearses on shadows that start when first needed, one for each major version.

    `deadline` is how many seconds one statement may take, and a hundred of them together; `keep` is how many
    templates a shadow keeps.
    """

    def __init__(self, start: StartShadow, dump_dsn: DumpDsn, *, deadline: float = 60.0, keep: int = 4) -> None:
        self._start = start
        self._dump_dsn = dump_dsn
        self._deadline = deadline
        self._keep = keep
        self._shadows: dict[int, _Shadow] = {}
        self._starting = anyio.Lock()

    async def rehearse(
        self,
        target: TargetFacts,
        up: Sequence[Statement],
        down: Sequence[Statement],
        progress: Progress,
        kept: WayBack | None = None,
    ) -> Rehearsal:
        """Run `up` on a copy of the target's schema, then the rollback. Never raises for what the SQL does, nor
        for a shadow that is not to be had: then `ran` is False and `why_not` says what to do.
        """
        started = time.perf_counter()
        try:
            shadow = await self._shadow(target.identity.major, progress)
            try:
                found = await self._play(shadow, target, up, down, progress, kept)
            except (ClusterLost, FileNotFoundError):
                # It died since it was last used; a migration that kills it does so a second time, and that is told.
                await self._forget(target.identity.major, shadow)
                shadow = await self._shadow(target.identity.major, progress)
                found = await self._play(shadow, target, up, down, progress, kept)
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
                await _end(shadow)

    async def settle(self) -> None:
        """Wait until nothing is being prepared in the background."""
        for shadow in list(self._shadows.values()):
            await shadow.sweeper.settle()
            await shadow.templates.spares.settle()

    async def _shadow(self, major: int, progress: Progress) -> _Shadow:
        async with self._starting:
            found = self._shadows.get(major)
            if found is not None and found.server.alive:
                return found
            if found is not None:
                # It died: of a limit that a migration ran into, or by somebody's hand.
                await _end(self._shadows.pop(major))
            await progress("Starting the shadow Postgres")
            server = await self._start(major)
            await close_doors(server)
            templates = Templates(server, self._dump_dsn, keep=self._keep)
            made = _Shadow(server, templates, Casting(), Sweeper(server), anyio.CapacityLimiter(AT_ONCE))
            self._shadows[major] = made
            return made

    async def _forget(self, major: int, shadow: _Shadow) -> None:
        async with self._starting:
            if self._shadows.get(major) is shadow:
                await _end(self._shadows.pop(major))

    async def _play(
        self,
        shadow: _Shadow,
        target: TargetFacts,
        up: Sequence[Statement],
        down: Sequence[Statement],
        progress: Progress,
        kept: WayBack | None,
    ) -> Rehearsal:
        server = shadow.server
        async with shadow.turns, AsyncExitStack() as stack:
            await progress("Copying the schema to the shadow")
            template = await stack.enter_async_context(shadow.templates.of(target))
            cast, notes = casting_of(target, template, server.superuser)
            played = await stack.enter_async_context(
                stage(
                    server,
                    shadow.casting,
                    cast,
                    target.settings,
                    shadow.sweeper,
                    shadow.templates.spares,
                    refusals(server.shelf, target),
                )
            )
            await ensure(played.admin, _named(target, (*up, *down)) - {server.superuser})
            record = Record()
            rehearsed = _Rehearsed(played, template, target, record)
            rollback: RollbackEvidence | None = None
            patience = Patience(self._deadline, len(up))
            limit = anyio.CancelScope()
            clock = Clock(limit, patience)
            with limit:
                try:
                    rollback = await rehearsed.play(up, down, kept, progress, clock)
                except RAISED as error:
                    # The shadow was ready: what stopped it came with the migration.
                    raise Refused(
                        f"The rehearsal began and could not be finished: {str(error).partition(chr(10))[0]}.",
                        "See whether the migration changes what sessions of its database or of its role begin with.",
                    ) from error
            if limit.cancelled_caught:
                rollback = rollback or _stopped(record, patience, late=clock.late)
            return Rehearsal(
                ran=True,
                on=server.version,
                schema_from=template.schema_from,
                observations=_all(record, up),
                after=record.after if record.complete else None,
                schema_after=_expected(record, template, target),
                rollback=rollback,
                notes=(
                    *_version_note(server, target),
                    *of_stand_ins(server.shelf, target, record.after),
                    *template.notes,
                    *notes,
                    *_said(record),
                    *_room(record, target),
                    *rehearsed.notes,
                ),
            )


async def _end(shadow: _Shadow) -> None:
    await shadow.templates.spares.close()
    await shadow.sweeper.settle()
    await shadow.server.close()


def _expected(record: Record, template: Template, target: TargetFacts) -> str | None:
    """What the target's fingerprint will be: known only where the copy equalled it and every statement ran."""
    everything = record.complete and not any(step.left_out for step in record.steps)
    if not everything or record.after is None or template.fingerprint != target.fingerprint:
        return None
    after = with_environment(record.after, target.catalog, template.catalog)
    return fingerprint(after, digests=template.digests)


class _Rehearsed:
    """One rehearsal on its stage."""

    def __init__(self, played: Stage, template: Template, target: TargetFacts, record: Record) -> None:
        self._stage = played
        self._template = template
        self._target = target
        self._record = record
        self._database = ""
        self._before = template.catalog
        self._touched: frozenset[Ref] | None = None
        self._attributed = anyio.Event()
        self.notes: list[str] = []

    async def play(
        self, up: Sequence[Statement], down: Sequence[Statement], kept: WayBack | None, progress: Progress, clock: Clock
    ) -> RollbackEvidence | None:
        """The migration, then its rollback; None where the migration did not run through."""
        found: RollbackEvidence | Exception | None = None
        async with watched(self._stage) as disk:
            try:
                await self._run(up, progress, clock)
                if self._record.complete:
                    await progress("Rehearsing the rollback")
                    clock.whole()
                    found = await self._finish(down, kept)
            except (*RAISED, Refused, OSError) as error:
                # Out of the watcher's task group it would come wrapped.
                found = error
        if disk.stopped:
            return _overflowed(self._record, disk.failure)
        if isinstance(found, Exception):
            raise found
        return found

    async def _run(self, up: Sequence[Statement], progress: Progress, clock: Clock) -> None:
        """Play the migration as it will be run."""
        self._database = await self._stage.copy(self._template.database)
        connection = await self._stage.connect(self._database)
        session = Session(connection)
        following = await Following.start(connection, self._template.reading)
        self._before = following.catalog
        performance = Performance(
            self._stage, self._database, session, Books(self._template.relations), following, self._record
        )

        async def tell(statement: Statement) -> None:
            clock.next()
            await progress(f"Rehearsing statement {statement.number} of {len(up)}")

        await performance.play(up, partial(beyond, target=self._target), tell)
        self._before = same_database(self._before, following.catalog)
        self._touched = following.touched
        await self._stage.leave(connection)

    async def _finish(self, down: Sequence[Statement], kept: WayBack | None) -> RollbackEvidence | None:
        """Prove the rollback, and meanwhile find out on another copy which locks each statement takes by itself."""
        found: RollbackEvidence | Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._attribute_all)
            try:
                found = await self._roll_back(down, kept)
            except (*RAISED, Refused, OSError) as error:
                # Out of a task group it would come wrapped.
                found = error
        if isinstance(found, Exception):
            raise found
        return found

    async def _attribute_all(self) -> None:
        try:
            await self._attribute()
        finally:
            self._attributed.set()

    async def _attribute(self) -> None:
        steps = list(self._record.steps)
        if not any(step.hidden for step in steps):
            return
        try:
            found = await attribute(self._another, self._template.relations, steps)
        except (*RAISED, Refused, OSError):
            found = Attributed(unsure=[step.statement.number for step in steps if step.hidden])
        self._record.steps[:] = merged(steps, found)
        if found.unsure:
            self.notes.append(
                f"{numbered(found.unsure)}: locks that an earlier statement of the same transaction holds already are "
                "not listed again."
            )

    @asynccontextmanager
    async def _another(self) -> AsyncGenerator[Session]:
        connection = await self._stage.connect(await self._stage.copy(self._template.database))
        yield Session(connection)
        await self._stage.leave(connection)

    async def _roll_back(self, down: Sequence[Statement], kept: WayBack | None) -> RollbackEvidence:
        after: Catalog = self._record.after or self._before
        template, target = self._template, self._target
        ground = Ground(
            template.database,
            template.fingerprint,
            target.sizes,
            self._attributed.wait,
            template.reading,
            self._record.together,
            self._touched,
            target,
            template.book,
        )
        return await prove(self._stage, self._database, self._before, after, self._record.steps, down, kept, ground)


def _overflowed(record: Record, failure: PgFailure) -> RollbackEvidence | None:
    """What was ended for writing too much, told as that and not as a lost session."""
    if record.complete:
        return RollbackEvidence((), "not-proven", f"The rollback {failure.message}.")
    steps = record.steps
    if steps and steps[-1].observation.error is not None:
        steps[-1] = replace(steps[-1], observation=replace(steps[-1].observation, error=failure))
    elif record.running is not None:
        steps.append(Step(record.running, Observation(record.running.number, error=failure)))
    return None


def numbered(numbers: Sequence[int]) -> str:
    """`Statement 3`, `Statements 3 and 7`, `Statements 3, 4, 5 and 12 more`."""
    if len(numbers) == 1:
        return f"Statement {numbers[0]}"
    if len(numbers) > SHOWN:
        return f"Statements {', '.join(map(str, numbers[:SHOWN]))} and {len(numbers) - SHOWN} more"
    return f"Statements {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _said(record: Record) -> list[str]:
    return [note for note in (*(step.note for step in record.steps), record.note) if note]


def _room(record: Record, target: TargetFacts) -> list[str]:
    """Whether the target's table of locks may be too small: there the migration would fail half-way."""
    connections = target.connections[1] if target.connections else 0
    if not connections or record.most_locks <= USUAL_LOCKS * connections:
        return []
    room = USUAL_LOCKS * connections
    return [
        (
            f"One transaction comes to hold {record.most_locks} locks. The target has {connections} connections, which "
            f"with the usual max_locks_per_transaction of {USUAL_LOCKS} makes room for about {room}: raise it there, "
            "or split the migration."
        )
    ]


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


def _stopped(record: Record, patience: Patience, *, late: bool) -> RollbackEvidence | None:
    """Record what the deadline stopped: a statement, or else the rollback."""
    if record.complete:
        return RollbackEvidence((), "not-proven", f"The rollback did not end within {patience.all:g} s.")
    running = record.running
    if running is not None and all(step.statement.number != running.number for step in record.steps):
        said = f"still running after {patience.each:g} s on a copy without rows, so it was stopped"
        if late and patience.all > patience.each:
            said = f"reached when the migration had taken {patience.all:g} s on a copy without rows, so it was stopped"
        record.steps.append(Step(running, Observation(running.number, error=PgFailure("57014", said, limit="time"))))
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
