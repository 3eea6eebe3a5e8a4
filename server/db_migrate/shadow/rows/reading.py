"""What a migration's statements say about rows: what they look for, and what their code would do to which tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from db_migrate.shadow.observe import Step
from db_migrate.shadow.rows.forward import QUERIES
from db_migrate.shadow.rows.watch import Written
from db_migrate.shadow.traces import Traces
from db_migrate.shadow.wording import listed, statements
from db_migrate_tools.rows.bodies import inside
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.branches import Target, large_objects, targets, targets_of
from db_migrate_tools.rows.code import Code
from db_migrate_tools.rows.conditions import bare, statement
from db_migrate_tools.rows.stories import stories
from db_migrate_tools.rows.story import Story
from db_migrate_tools.rows.triggers import fired
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.sql.node import Node

LONGEST_READ = 20_000
"""Characters of a statement that is read for its conditions; longer ones bring data along."""

LARGE = "Large objects are not looked at, so it was not seen whether they are what they were."
_WISHED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "DoStmt", "CallStmt"})


class Reading:
    """The statements of a migration, read with what was there `before` and is there `after` it."""

    def __init__(self, before: Book, after: Book) -> None:
        self._before = before
        self._after = after
        self._code = Code(after.catalog, before.catalog)

    def stories(self, steps: Sequence[Step]) -> Iterator[Story]:
        """What the statements on rows look for, those inside of code included."""
        for step in steps:
            text, kind = step.statement.text, step.statement.kind
            if kind not in _WISHED or len(text) >= LONGEST_READ:
                continue
            node = statement(text)
            for found in (node, *inside(node, self._code)) if node is not None else ():
                yield from stories(found, self._before.table_named, step.statement.number)

    def named(self, written: Sequence[Statement]) -> Iterator[Ref]:
        """The tables that statements name, and those that their code would write to."""
        for one in written:
            node = _node(one)
            if node is not None:
                yield from self._tables_in(node)
                for target in targets(node, self._code):
                    found = self._before.table_named(*target.table) if target.table is not None else None
                    if found is not None:
                        yield found[0]

    def mentioned(self, written: Sequence[Statement]) -> Iterator[Ref]:
        """The tables that code speaks of, whose locks nobody saw."""
        for one in written:
            node = _node(one)
            for found in inside(node, self._code) if node is not None else ():
                yield from self._tables_in(found)

    def _tables_in(self, node: Node) -> Iterator[Ref]:
        for part in node.walk():
            named = part.kind == "RangeVar" and self._before.table_named(part.text("schemaname"), part.text("relname"))
            if named:
                yield named[0]

    def never_seen(
        self, steps: Sequence[Step], wrote: Written, back: Sequence[Statement], undid: Written, together: Traces
    ) -> Iterator[str]:
        """What cannot be known of the `steps`, which `wrote`, nor of a rollback that somebody wrote, which `undid`:
        code that was not reached, large objects, rows that no statement is known to change. `together` is what of the
        migration is known of no statement by itself.
        """
        played = [step for step in steps if not step.left_out]
        by_step = {step.statement.number: step.traces.writes | step.traces.truncated for step in played}
        attributed = {ref for refs in by_step.values() for ref in refs}
        for step in played:
            seen = by_step[step.statement.number] | (wrote.tables - attributed)
            did = step.observation
            found = self._untaken(step.statement, seen, did=bool(seen or did.created or did.altered or did.dropped))
            yield from _said(statements([str(step.statement.number)]), found)
        later = set[Ref]()
        for step in reversed(played):
            yield from self._not_fired(step.statement, by_step[step.statement.number], wrote.tables, later)
            later |= set(step.observation.created)
        for number, one in enumerate(back, 1):
            found = self._untaken(one, undid.tables, did=bool(undid.tables))
            yield from _said(f"Statement {number} of the rollback", found)
        if any(large_objects(one.text, _node(one), self._code) for one in (*(s.statement for s in played), *back)):
            yield LARGE
        told = together.writes | together.truncated
        rest = {ref for ref in told - attributed if ref.schema != KEPT_SCHEMA}
        if rest:
            yield f"Which statement changes rows of {listed(sorted(map(str, rest)))} could not be told."

    def _untaken(self, one: Statement, seen: Set[Ref], *, did: bool) -> list[str]:
        """What the statement's code would write to and did not; "" for what could not be read."""
        node = _node(one)
        return self._missed(targets(node, self._code), seen, did=did) if node is not None else []

    def _not_fired(self, one: Statement, written: Set[Ref], seen: Set[Ref], later: Set[Ref]) -> Iterator[str]:
        """What the functions of triggers that a statement fires would write to and did not."""
        if not (one.opaque or one.kind in QUERIES | {"TruncateStmt"}):
            return
        for trigger in fired(one, written, later, self._before, self._after):
            if trigger.function is not None:
                code = targets_of(trigger.function.name.partition("(")[0], self._code)
                found = self._missed(code, written | seen, did=bool(seen - {trigger.ref.relation}))
                yield from _said(f"The trigger {trigger.ref}, which statement {one.number} fires,", found)

    def _missed(self, code: Iterable[Target], seen: Set[Ref], *, did: bool) -> list[str]:
        found: set[str] = set()
        roots = {self._before.root(ref) if ref in self._before.tables else ref for ref in seen}
        for target in code:
            if target.table is None:
                found |= set() if did else {""}
                continue
            named = self._before.table_named(*target.table)
            if named is not None and named[0] not in seen and self._before.root(named[0]) not in roots:
                found.add(str(named[0]))
        return sorted(found)


def _node(one: Statement) -> Node | None:
    """What a statement does and calls; None for one that is too long to be read. Of constants only a DO block's, which
    is its code, are those that it has.
    """
    if len(one.text) >= LONGEST_READ:
        return None
    return statement(one.text if one.kind == "DoStmt" else bare(one.text))


def _said(which: str, tables: Sequence[str]) -> Iterator[str]:
    if tables:
        named = [table for table in tables if table]
        what = f"rows of {listed(named)}" if named else "rows, or whatever its SQL is put together for"
        yield (
            f"{which} holds code that would change {what}, but a branch of it was not taken, so it was not seen what "
            "it does and whether the rollback undoes it."
        )
