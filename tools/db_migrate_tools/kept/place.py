"""One statement in its script: what came before it, what comes after, and what of the target still holds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from db_migrate_tools.kept.ground import Ground
from db_migrate_tools.kept.model import NotKept, Step
from db_migrate_tools.kept.names import Namer
from db_migrate_tools.schema.ddl.quote import qualified
from db_migrate_tools.schema.model import Column, Ref, Table
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.sql.names import object_name
from db_migrate_tools.sql.node import Node

_DEFINES = frozenset({"OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_SCHEMA", "OBJECT_EXTENSION", "OBJECT_FUNCTION",
                      "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_SEQUENCE", "OBJECT_COLLATION"})  # fmt: skip
_HOLDS_TYPES = frozenset({"OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_SCHEMA", "OBJECT_EXTENSION"})


@dataclass(frozen=True, slots=True)
class Place:
    """`changed` are tables of the target that an earlier statement renamed, moved or dropped; `made` are names that
    earlier statements created; `unsure` that one of them may have done anything (a DO block, a function); `gone` are
    the columns and `dropped` the tables that one of them dropped; `mentioned` are names in those that are no DML.

    `later` are the kinds and names that later statements drop, `inserts` the side tables that the INSERTs just before
    this statement use.
    """

    ground: Ground
    names: Namer
    statement: Statement
    changed: frozenset[Ref] = frozenset()
    made: frozenset[str] = frozenset()
    unsure: bool = False
    mentioned: frozenset[str] = frozenset()
    later: tuple[tuple[str, tuple[str, ...]], ...] = ()
    inserts: tuple[tuple[Ref, str], ...] = ()
    gone: frozenset[Ref] = frozenset()
    dropped: frozenset[Ref] = frozenset()

    @property
    def later_drops(self) -> bool:
        """Whether a later statement drops what a table that is moved away might need."""
        return any(kind in _DEFINES for kind, _ in self.later)

    def own_step(self) -> Step:
        """The user's statement as it is."""
        return Step(self.statement.text, self.statement.description, own=True)

    def holds_rows(self, ref: Ref) -> bool:
        """Whether it is a table of the user's with rows of its own database."""
        item = self.ground.catalog.get(ref)
        return isinstance(item, Table) and item.foreign_server is None and ref.schema != KEPT_SCHEMA

    def names_in_script(self, table: Ref) -> bool:
        """Whether an earlier statement of the migration names the table."""
        return table.name in self.mentioned

    def is_new(self, node: Node | None) -> bool:
        """Whether the migration made the relation itself, so that nothing of it was there before."""
        if node is None or node.text("relname") not in self.made:
            return False
        there = self.ground.relation(node)
        return there is None or there in self.changed

    def table(self, node: Node | None) -> Ref | NotKept | None:
        """The target's table that a statement writes to; None when nothing of the target is written."""
        ref = self.ground.relation(node)
        if node is None or self.is_new(node):
            return None
        if ref is None:
            return NotKept(
                f"{node.text('relname')} is no table of the database as it is now",
                "Put what renames it into a migration of its own.",
            )
        if ref.schema == KEPT_SCHEMA:
            return None
        if not self.holds_rows(ref):
            kind = "a view" if self.ground.is_view(ref) else "a foreign table"
            return NotKept(f"{qualified(ref)} is {kind}", "Write to its tables by name.")
        return self.moved_away([ref]) or ref

    def moved_away(self, tables: list[Ref]) -> NotKept | None:
        """A name that an earlier statement gave to something else says nothing about the target."""
        found = [qualified(table) for table in tables if table in self.changed]
        if not found:
            return None
        return NotKept(
            f"an earlier statement renames, moves or drops {', '.join(found)}",
            "Put that into a migration of its own.",
        )

    def cannot_copy(self, tables: list[Ref]) -> NotKept | None:
        """Why the rows of these tables cannot be copied aside; None when they can."""
        for table in tables:
            at = qualified(table)
            if self.ground.hidden_rows(table):
                return NotKept(
                    f"row level security may hide rows of {at} from the role that runs this",
                    "Use a role with BYPASSRLS.",
                )
            if self.ground.heirs(table):
                return NotKept(f"other tables inherit from {at}", "Name each table by itself.")
            going = self._types_that_go(table)
            if going:
                return NotKept(
                    f"the migration also drops what the columns of {at} are made of ({going})",
                    "Drop it in a later migration, after what is kept was removed.",
                )
        return None

    def _types_that_go(self, table: Ref) -> str | None:
        own = self.statement.kind == "DropStmt"
        gone = [*self.later]
        if own and self.statement.category not in ("table", "column"):
            gone.append(("OBJECT_SCHEMA", (self.statement.target,)))
        for kind, names in gone:
            if kind not in _HOLDS_TYPES:
                continue
            for column in self.ground.columns(table):
                ref = column.type_ref
                if ref is None:
                    continue
                if kind == "OBJECT_EXTENSION" or ref.name in names or (kind == "OBJECT_SCHEMA" and ref.schema in names):
                    return names[0] if names else str(ref)
        return None

    def columns(self, table: Ref, names: list[str]) -> list[Column]:
        """Those of the names that are columns of the target's table and hold values of their own."""
        stored = self.stored(table)
        return [c for c in self.ground.columns(table) if c.ref.name in names and c.ref.name in stored]

    def stored(self, table: Ref) -> tuple[str, ...]:
        """The table's columns with values of their own that are still there."""
        dropped = {ref.name for ref in self.gone if ref.relation == table}
        return tuple(name for name in self.ground.stored(table) if name not in dropped)

    def key(self, table: Ref, without: Sequence[str] = ()) -> tuple[str, ...] | None:
        """What finds a row again, among the columns that are still there."""
        dropped = {ref.name for ref in self.gone if ref.relation == table}
        return self.ground.key(table, {*without, *dropped})


def after(place: Place, statement: Statement, node: Node) -> Place:
    """What the next statement finds."""
    changed, made, dropped = set(place.changed), set(place.made), set(place.dropped)
    relation = node.node("relation")
    if node.kind in {"RenameStmt", "AlterObjectSchemaStmt"}:
        ref = place.ground.relation(relation)
        changed |= {ref} if ref is not None else set[Ref]()
        if node.kind == "RenameStmt" and node.choice("rename_type") == "OBJECT_SCHEMA":
            changed |= {t.ref for t in place.ground.catalog.tables() if t.ref.schema == node.text("subname")}
        if node.text("newname") and relation is not None and node.choice("rename_type") == "OBJECT_TABLE":
            made.discard(node.text("newname"))
    if node.kind == "DropStmt" and node.choice("remove_type") in {"OBJECT_TABLE", "OBJECT_VIEW"}:
        for parts in map(object_name, node.nodes("objects")):
            ref = place.ground.find("" if len(parts) == 1 else parts[-2], parts[-1])
            if ref is not None:
                changed.add(ref)
                dropped.add(ref)
            made.discard(parts[-1])
    if node.kind == "CreateStmt" and relation is not None:
        made.add(relation.text("relname"))
    if node.kind == "CreateTableAsStmt":
        into = node.node("into")
        rel = into.node("rel") if into is not None else None
        made |= {rel.text("relname")} if rel is not None else set[str]()
    lost = set(place.gone)
    if node.kind == "AlterTableStmt" and (table := place.ground.relation(relation)) is not None:
        lost |= {
            Ref("column", table.schema, command.text("name"), table.name)
            for command in node.nodes("cmds")
            if command.choice("subtype") == "AT_DropColumn"
        }
    words = {name.rpartition(".")[2].strip('"') for name in statement.relations}
    if statement.category == "data":
        words = set[str]()
    return replace(
        place,
        changed=frozenset(changed),
        made=frozenset(made),
        unsure=place.unsure or statement.opaque,
        mentioned=place.mentioned | words,
        gone=frozenset(lost),
        dropped=frozenset(dropped),
    )


def drops_of(statement: Statement, node: Node) -> tuple[str, tuple[str, ...]] | None:
    """The kind and the names of what a DROP takes away."""
    del statement
    if node.kind != "DropStmt":
        return None
    return node.choice("remove_type"), tuple(parts[-1] for parts in map(object_name, node.nodes("objects")) if parts)
