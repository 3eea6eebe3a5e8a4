"""One proof among synthetic rows: a copy with rows, the migration run on it, the rows looked at after a rollback."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from db_migrate.shadow.looked import Looked
from db_migrate.shadow.observe import LOOKED_AT, Step
from db_migrate.shadow.rows.forward import QUERIES, Forward, Stumble, forward
from db_migrate.shadow.rows.login import RowLogin, row_login
from db_migrate.shadow.rows.reading import LARGE, Reading
from db_migrate.shadow.rows.seeding import Seeded, seed
from db_migrate.shadow.rows.state import Outside, read_outside, read_state, use_up
from db_migrate.shadow.rows.watch import LARGE_OBJECTS, Written
from db_migrate.shadow.server import RAISED, literal, name
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import Traces
from db_migrate.shadow.unsettled import blind
from db_migrate.shadow.wording import listed
from db_migrate_tools.evidence import PgFailure, TableSize
from db_migrate_tools.rows.asked import Ask
from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import State, compare, untold
from db_migrate_tools.rows.inserted import taken
from db_migrate_tools.rows.places import Counter, at_risk, counters, set_back
from db_migrate_tools.rows.scope import EACH, Scope, scope_of
from db_migrate_tools.rows.stories import fitted
from db_migrate_tools.rows.story import Part, Story
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Catalog, Constraint, Ref, Type
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Statement

READS = frozenset({"AccessShareLock", "RowShareLock"})
NOT_NULL_VIOLATION = "23502"
ATTEMPTS = 4
"""How many kinds of rows are tried until the migration runs among them."""

WIDENED = 2
"""How often the trial starts over because something wrote to tables that had no rows."""

_MISSING = re.compile(r"Key \(.*?\)=\((.*)\) is not present in table")


@dataclass(frozen=True, slots=True)
class Use:
    """A column that can hold a label that the migration adds."""

    column: Ref
    label: str


Settled = Callable[[], Awaitable[object]]
"""Waits until the steps say all that they will: what a statement does is partly found out meanwhile."""


class Trial:
    """Rows before, rows after. `database` is the migrated copy; "" where there are no rows to look at."""

    def __init__(
        self,
        stage: Stage,
        template: str,
        before: Book,
        after: Book,
        made: Delta,
        steps: Sequence[Step],
        settled: Settled | None = None,
        down: Sequence[Statement] = (),
        together: Traces | None = None,
    ) -> None:
        """`down` is the rollback that somebody wrote; `together` is what of the migration is known of no statement by
        itself.
        """
        self._settled = settled
        self._together = together or Traces()
        self._stage = stage
        self._template = template
        self._made = made
        self._after_book = after
        self._steps = steps
        self._book = before
        passed = [*(step.traces for step in steps), self._together]
        self._touched = {lock.relation for traces in passed for lock in traces.locks}
        self._touched |= {name for traces in passed for name in (*traces.rewrites, *traces.scans)}
        written = {ref for traces in passed for ref in (*traces.writes, *traces.truncated)}
        self._reading = Reading(self._book, self._after_book)
        self._told = fitted(list(self._reading.stories(steps)))
        blinded = [step.statement for step in steps if blind(step)]
        written |= set(self._reading.mentioned(blinded))
        written |= set(self._reading.named([s for s in down if s.kind in QUERIES | {"TruncateStmt"}]))
        self._writing = any(s.opaque or s.kind in QUERIES for s in (*(step.statement for step in steps), *down))
        self._written = written
        self._wrote = Written()
        self._widened = 0
        self.scope: Scope
        self._outside: list[Ref]
        self._sequences = counters(before.catalog)
        self._later = counters(after.catalog)
        # Where locks were not looked at, any sequence may have been set.
        if len(steps) > LOOKED_AT or blinded:
            self._touched |= {str(ref) for ref in self._sequences}
        self._counters: tuple[Counter, ...]
        self._rescope()
        self.database = ""
        self.findings: list[str] = []
        self.why_no_rows = ""
        self._login: RowLogin | None = None
        self._seeded = Seeded()
        self._state = State()
        self._idle: frozenset[int] = frozenset()
        self._barred: dict[Ref, str] = {}
        self._others = Outside()
        self._needs: tuple[Story, ...] = ()
        self._about: tuple[str, Mapping[Ref, TableSize]] = ("", {})

    @property
    def seeded(self) -> bool:
        """Whether there is a copy whose rows were read before and after."""
        return bool(self.database)

    @property
    def rows(self) -> int:
        return self._seeded.rows if self.database else 0

    @property
    def tables(self) -> int:
        return self._seeded.tables if self.database else 0

    @asynccontextmanager
    async def prepared(self, fingerprint: str, sizes: Mapping[Ref, TableSize]) -> AsyncGenerator[None]:
        """The migrated copy with rows stands while the block runs, if one can be had."""
        if not self.scope.tables and not self._outside and not self._counters and not self._writing:
            yield
            return
        self._about = fingerprint, sizes
        owners = {item.owner for item in self._book.catalog} | {self._stage.cast.role}
        async with row_login(self._stage, owners) as self._login:
            await self._prepare(self._login, fingerprint, sizes)
            yield

    def _rescope(self) -> None:
        self.scope = scope_of(self._book, self._touched, self._written, self._made)
        self._outside = sorted(
            ref for ref in self._written if ref not in self._book.tables and ref.schema != KEPT_SCHEMA
        )
        self._counters = at_risk(self._sequences, self._touched, self._made)

    def _beyond(self, written: Written) -> set[Ref]:
        """The tables and sequences among them that are not looked at."""
        inside = {*self.scope.tables, *self._outside, LARGE_OBJECTS}
        tables = {
            ref
            for ref in written.tables
            if ref not in inside and (ref not in self._book.tables or self._book.root(ref) not in inside)
        }
        looked_at = {counter.ref for counter in self._counters} | self._state.sequences.keys()
        return tables | {ref for ref in written.sequences if ref in self._sequences and ref not in looked_at}

    async def _prepare(self, login: RowLogin, fingerprint: str, sizes: Mapping[Ref, TableSize]) -> None:
        await self._prepare_once(login, fingerprint, sizes)
        while (more := self._beyond(self._wrote)) and self._widened < WIDENED:
            self._widen(more)
            await self._prepare_once(login, fingerprint, sizes)

    def _widen(self, more: set[Ref]) -> None:
        self._widened += 1
        self._written = self._written | {ref for ref in more if ref.kind == "table"}
        self._touched = self._touched | {str(ref) for ref in more}
        self._rescope()
        self.database, self._idle, self.why_no_rows = "", frozenset(), ""
        self._barred = {}

    async def widen(self, written: Written) -> bool:
        """Whether there are other rows now, because a rollback writes to tables that had none."""
        more = self._beyond(written)
        if not more or self._login is None or self._widened >= WIDENED:
            return False
        self._widen(more)
        await self._prepare(self._login, *self._about)
        return True

    async def _prepare_once(self, login: RowLogin, fingerprint: str, sizes: Mapping[Ref, TableSize]) -> None:
        told = self._told
        looking = {story.number for story in told}
        after = self._after_book
        statements = [step.statement for step in self._steps]
        ask = Ask((*self._needs, *told), after=after, taken=taken(statements, told, self._book, after))
        without: frozenset[Ref] = frozenset()
        stumbles: list[Stumble] = []
        attempts = ATTEMPTS
        while attempts:
            attempts -= 1
            found = await self._attempt(login, fingerprint, ask, without, far=not stumbles)
            if isinstance(found, str):
                self.why_no_rows = "" if self.database else found
                return
            database, seeded, state, others, ran = found
            if ran.stumble is None:
                if not self.database or ran.idle < self._idle:
                    self.database, self._seeded, self._state, self._others = database, seeded, state, others
                    self._idle, self._wrote = ran.idle, ran.written
                missed = self._idle & looking
                if not missed or not attempts:
                    break
                # Once more, for those that found nothing, and with more rows that tell their stories.
                attempts = 1
                looking.clear()
                again = tuple(story for story in told if story.number in missed)
                ask = replace(ask, stories=(*self._needs, *again, *told), every=2)
                continue
            stumbles.append(ran.stumble)
            if self.database:
                stumbles.pop()
                break
            if len(stumbles) == 1:
                ask = replace(ask, also=ask.after, plain=True)
            else:
                without |= self._blamed(stumbles[-1])
        self.findings = [*self._findings(stumbles, sizes), *self._few()]
        if self.database:
            self._bar(stumbles, without, sizes)
            return
        said = stumbles[-1]
        self.why_no_rows = (
            f"Statement {said.number} fails among the rows that could be made ({_words(said.said)}), so the rollback "
            "was tried without rows."
        )

    async def _attempt(
        self, login: RowLogin, fingerprint: str, ask: Ask, without: frozenset[Ref], *, far: bool
    ) -> tuple[str, Seeded, State, Outside, Forward] | str:
        """A copy with rows, on which the migration ran; or why there can be none."""
        database = await self._stage.copy(self._template)
        try:
            async with login.session(database) as connection:
                seeded = await seed(
                    connection, self._book, self.scope, fingerprint=fingerprint, ask=ask, without=without
                )
                await use_up(connection, self._counters, self._later, far=far)
                state = await read_state(connection, self._book, self.scope.tables, counters=self._counters)
                others = await read_outside(connection, self._outside)
        except RAISED as error:
            return f"Rows could not be put in: {str(error).partition(chr(10))[0]}."
        runner = await self._stage.connect(database)
        ran = await forward(runner, self._steps)
        await self._stage.leave(runner)
        return database, seeded, state, others, ran

    async def with_row(self, said: PgFailure, constraint: Ref | None) -> bool:
        """A copy with rows among which is the one that a foreign key of the rollback misses; False where that cannot
        be had.
        """
        key = self._book.catalog.get(constraint) if constraint is not None else None
        missing = _MISSING.match(said.detail or "")
        if not isinstance(key, Constraint) or key.references is None or missing is None or self._needs:
            return False
        values = missing[1].split(", ")
        if len(values) != len(key.referenced_columns):
            return False
        atoms = tuple(Atom(c, "in", (v,)) for c, v in zip(key.referenced_columns, values, strict=True))
        self._needs = (Story((Part(self._book.root(key.references), atoms),)),)
        self.database, self._idle = "", frozenset()
        before = list(self.findings)
        await self._prepare(self._entered(), *self._about)
        self.findings = [
            *before,
            f"Without a row ({missing[1]}) in {key.references}, the rollback fails: {said.message}.",
        ]
        return self.seeded

    def _few(self) -> Iterator[str]:
        if self.scope.short:
            yield (
                f"The migration concerns {len(self.scope.tables)} tables, so each got {self.scope.each} synthetic rows "
                f"instead of {EACH}."
            )
        for table, reason in sorted(self._seeded.few.items()):
            count, wanted = self._seeded.counts[table], self.scope.rows(table)
            if table not in self.scope.referred:
                yield f"Only {count} of {wanted} synthetic rows could be put into {table}: {reason}."

    def _blamed(self, stumble: Stumble) -> frozenset[Ref]:
        if stumble.table is not None and stumble.table in self._book.tables:
            return frozenset({self._book.root(stumble.table)})
        names = {
            lock.relation
            for step in self._steps
            if step.statement.number == stumble.number
            for lock in step.traces.locks
            if lock.mode not in READS
        }
        found = {self._book.root(ref) for ref in self._book.tables if str(ref) in names}
        return frozenset(found or self.scope.tables)

    def _findings(self, stumbles: Sequence[Stumble], sizes: Mapping[Ref, TableSize]) -> Iterator[str]:
        """What the rows showed on the way forward."""
        seen: set[int] = set()
        for stumble in stumbles:
            if stumble.number in seen:
                continue
            seen.add(stumble.number)
            tables = sorted(self._blamed(stumble))
            if not tables:
                yield f"With sequences that are in use, statement {stumble.number} fails: {stumble.said.message}."
                continue
            where = ", ".join(map(str, tables[:3]))
            empty = all((size := sizes.get(ref)) is not None and size.exact and not size.rows for ref in tables)
            rows = "rows" if self._certain(stumble) else "some rows that the schema allows"
            nothing = " The target has no rows there, so it does not matter now." if empty else ""
            yield f"With {rows} in {where}, statement {stumble.number} fails: {stumble.said.message}.{nothing}"

    def _certain(self, stumble: Stumble) -> bool:
        """Whether any row at all makes the statement fail: a new column that is NULL and must not be."""
        return (
            stumble.said.sqlstate == NOT_NULL_VIOLATION
            and stumble.table is not None
            and stumble.column is not None
            and Ref("column", stumble.table.schema, stumble.column, stumble.table.name) not in self._book.catalog
        )

    def _bar(self, stumbles: Sequence[Stumble], without: frozenset[Ref], sizes: Mapping[Ref, TableSize]) -> None:
        """Tables that stayed empty for the migration's sake; where it can only run without rows, that is no gap."""
        sure = {self._book.root(s.table) for s in stumbles if s.table is not None and self._certain(s)}
        for table in without:
            size = sizes.get(table)
            if table not in sure and not (size is not None and size.exact and not size.rows):
                said = stumbles[-1]
                self._barred[table] = f"statement {said.number} fails among the rows that could be made"

    def _entered(self) -> RowLogin:
        if self._login is None:
            raise RuntimeError("there are rows only inside `prepared`")
        return self._login

    async def look(self, database: str, now: Catalog, back: Written, unsettled: Sequence[str] = ()) -> Looked:
        """The rows of a database after a rollback, which wrote `back`, against those before the migration."""
        async with self._entered().session(database) as connection:
            state = await read_state(connection, self._book, self.scope.tables, Book(now), self._counters)
            others = await read_outside(connection, self._outside)
        keys = {leaf: tuple(k.columns for k in self._book.keys(leaf)) for table in self.scope.tables
                for leaf in self._book.leaves(table)}  # fmt: skip
        await self.settle()
        differences = (*compare(self._state, state), *compare(State(self._others.tables), State(others.tables)))
        return Looked(
            unsettled=(*self._unreached(back), *untold(differences), *unsettled),
            before=self._state,
            differences=differences,
            keys={**keys, **self._others.keys},
            idle=tuple(sorted(self._idle & {s.statement.number for s in self._steps if s.traces.writes or blind(s)})),
            unseen=self._unseen(),
            leaves={table: tuple(self._book.leaves(table)) for table in self.scope.tables},
            rewound=set_back(self._state.sequences, state.sequences, self._sequences),
        )

    async def settle(self) -> None:
        """Wait until the steps say all that they will."""
        if self._settled is not None:
            await self._settled()

    def _unreached(self, back: Written) -> Iterator[str]:
        """What was written to and is not among what was looked at."""
        every = self._wrote | back
        beyond = {ref for ref in self._beyond(every) if ref.kind == "table"}
        if beyond:
            yield (
                f"Rows of {listed(sorted(map(str, beyond)))} are written to as well, which were not looked at, so it "
                "was not seen whether they are what they were."
            )
        moved = sorted(ref for ref in every.sequences if ref not in self._state.sequences)
        if moved:
            yield f"Whether {listed(sorted(map(str, moved)))} stands where it stood was not looked at."
        if LARGE_OBJECTS in every.tables:
            yield LARGE

    def unsettled(self, back: Sequence[Statement], wrote: Written) -> tuple[str, ...]:
        """What cannot be known of the migration, nor of a rollback that somebody wrote, whatever the rows show."""
        found = self._reading.never_seen(self._steps, self._wrote, back, wrote, self._together)
        return tuple(dict.fromkeys(found))

    def _unseen(self) -> dict[Ref, str]:
        """Tables that the migration works on and that hold no rows here, although they could elsewhere."""
        worked_on = {lock.relation for step in self._steps for lock in step.traces.locks if lock.mode not in READS}
        found = {
            table: reason
            for table, reason in self._seeded.empty.items()
            if self._book.tables[table].foreign_server is None and self._book.leaves(table) and str(table) in worked_on
        }
        return {**found, **self._barred}

    def new_labels(self) -> Iterator[Use]:
        """Columns with rows for labels that the migration adds, one column a type."""
        for change in self._made.altered:
            before, after = change.before, change.after
            if not isinstance(before, Type) or not isinstance(after, Type) or after.type != "enum":
                continue
            new = [label for label in after.labels if label not in before.labels]
            for table in self.scope.tables if new else ():
                columns = [
                    column.ref
                    for column in self._book.columns_of(table)
                    if column.type_ref == before.ref and not column.is_array
                ]
                kept = [ref for ref in columns if ref in self._after_book.catalog]
                if kept and self._seeded.counts.get(table):
                    yield Use(kept[0], new[0])
                    break

    async def use(self, database: str, use: Use) -> bool:
        """Let a row hold a label; False where the table does not let it."""
        table = f"{name(use.column.schema)}.{name(use.column.parent)}"
        async with self._entered().session(database) as connection:
            try:
                await connection.execute(
                    f"UPDATE {table} SET {name(use.column.name)} = {literal(use.label)} "
                    f"WHERE ctid = (SELECT min(ctid) FROM {table})"
                )
            except RAISED:
                return False
        return True


def _words(failure: PgFailure) -> str:
    """What Postgres said; its detail where that speaks of the schema and not of a row's values."""
    if not failure.detail or failure.sqlstate.startswith("23"):
        return failure.message
    return f"{failure.message}: {failure.detail.rstrip('.')}"
