"""One proof among synthetic rows: a copy with rows, the migration run on it, the rows looked at after a rollback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from db_migrate.shadow.observe import Step
from db_migrate.shadow.rows.forward import Stumble, forward
from db_migrate.shadow.rows.login import RowLogin, row_login
from db_migrate.shadow.rows.seeding import Seeded, seed
from db_migrate.shadow.rows.state import read_state
from db_migrate.shadow.server import RAISED, literal, name
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.verdict import Looked, unseen
from db_migrate_tools.evidence import TableSize
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.compare import State, compare
from db_migrate_tools.rows.bodies import inside
from db_migrate_tools.rows.conditions import statement
from db_migrate_tools.rows.making import Ask
from db_migrate_tools.rows.scope import Scope, scope_of
from db_migrate_tools.rows.stories import Story, stories
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Catalog, Ref, Type

READS = frozenset({"AccessShareLock", "RowShareLock"})
NOT_NULL_VIOLATION = "23502"
ATTEMPTS = 4
"""How many kinds of rows are tried until the migration runs among them."""

LONGEST_READ = 20_000
"""Characters of a statement that is read for its conditions; longer ones bring data along."""

_WISHED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "DoStmt", "CallStmt"})


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
        before: Catalog,
        after: Catalog,
        made: Delta,
        steps: Sequence[Step],
        settled: Settled | None = None,
    ) -> None:
        self._settled = settled
        self._stage = stage
        self._template = template
        self._made = made
        self._after = after
        self._steps = steps
        self._book = Book(before)
        touched = {lock.relation for step in steps for lock in step.traces.locks}
        touched |= {name for step in steps for name in (*step.traces.rewrites, *step.traces.scans)}
        written = {ref for step in steps for ref in (*step.traces.writes, *step.traces.truncated)}
        self.scope: Scope = scope_of(self._book, touched, written, made)
        self.database = ""
        self.findings: list[str] = []
        self.why_no_rows = ""
        self._login: RowLogin | None = None
        self._seeded = Seeded()
        self._state = State()
        self._idle: frozenset[int] = frozenset()
        self._barred: dict[Ref, str] = {}

    @property
    def seeded(self) -> bool:
        """Whether there are rows to look at."""
        return bool(self.database and self._seeded.rows)

    @property
    def rows(self) -> int:
        return self._seeded.rows if self.database else 0

    @property
    def tables(self) -> int:
        return self._seeded.tables if self.database else 0

    @asynccontextmanager
    async def prepared(self, fingerprint: str, sizes: Mapping[Ref, TableSize]) -> AsyncGenerator[None]:
        """The migrated copy with rows stands while the block runs, if one can be had."""
        if not self.scope.tables:
            yield
            return
        owners = {item.owner for item in self._book.catalog} | {self._stage.cast.role}
        async with row_login(self._stage, owners) as self._login:
            await self._prepare(self._login, fingerprint, sizes)
            yield

    async def _prepare(self, login: RowLogin, fingerprint: str, sizes: Mapping[Ref, TableSize]) -> None:
        wishes = tuple(_stories(self._steps, self._book, self._after, self._book.catalog))
        ask = Ask(wishes)
        without: frozenset[Ref] = frozenset()
        stumbles: list[Stumble] = []
        for _ in range(ATTEMPTS):
            database = await self._stage.copy(self._template)
            try:
                async with login.session(database) as connection:
                    seeded = await seed(
                        connection, self._book, self.scope, fingerprint=fingerprint, ask=ask, without=without
                    )
                    state = await read_state(connection, self._book, self.scope.tables)
            except RAISED as error:
                self.why_no_rows = f"Rows could not be put in: {str(error).partition(chr(10))[0]}."
                return
            if not seeded.rows and not without:
                self._seeded = seeded
                self.why_no_rows = " ".join(unseen(self._unseen()))
                return
            runner = await self._stage.connect(database)
            ran = await forward(runner, self._steps)
            await self._stage.leave(runner)
            if ran.stumble is None:
                self.database, self._seeded, self._state, self._idle = database, seeded, state, ran.idle
                self.findings += self._told(stumbles, sizes)
                self._bar(stumbles, without, sizes)
                return
            stumbles.append(ran.stumble)
            if len(stumbles) == 1:
                ask = Ask(wishes, Book(self._after), plain=True)
            else:
                without |= self._blamed(stumbles[-1])
        self.findings += self._told(stumbles, sizes)
        said = stumbles[-1]
        self.why_no_rows = (
            f"Statement {said.number} fails among the rows that could be made ({said.said.message}), so the rollback "
            "was tried without rows."
        )

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

    def _told(self, stumbles: Sequence[Stumble], sizes: Mapping[Ref, TableSize]) -> Iterator[str]:
        """What the rows showed on the way forward."""
        seen: set[int] = set()
        for stumble in stumbles:
            if stumble.number in seen:
                continue
            seen.add(stumble.number)
            tables = sorted(self._blamed(stumble))
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

    async def look(self, database: str, now: Catalog) -> Looked:
        """The rows of a database after a rollback against those before the migration."""
        async with self._entered().session(database) as connection:
            state = await read_state(connection, self._book, self.scope.tables, Book(now))
        if self._settled is not None:
            await self._settled()
        return Looked(
            before=self._state,
            differences=compare(self._state, state),
            idle=tuple(sorted(self._idle & {s.statement.number for s in self._steps if s.traces.writes})),
            unseen=self._unseen(),
            leaves={table: tuple(self._book.leaves(table)) for table in self.scope.tables},
            rewound=tuple(
                ref
                for ref, place in self._state.sequences.items()
                if ref in state.sequences and state.sequences[ref] < place
            ),
        )

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
                kept = [ref for ref in columns if ref in self._after]
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


def _stories(steps: Sequence[Step], book: Book, *catalogs: Catalog) -> Iterator[Story]:
    """What the statements on rows look for, those inside of code included."""
    for step in steps:
        text, kind = step.statement.text, step.statement.kind
        if kind not in _WISHED or len(text) >= LONGEST_READ:
            continue
        node = statement(text)
        for found in (node, *inside(node, *catalogs)) if node is not None else ():
            yield from stories(found, book.table_named, step.statement.number)
