"""An UPDATE that takes nothing away: it writes where nothing was yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Ref, Trigger
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.names import type_name
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.script import read

_REQUIRES: Final = frozenset({"CONSTR_NOTNULL", "CONSTR_PRIMARY"})
_FILLS: Final = frozenset({"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"})


def parsed(s: Situation) -> Node | None:
    """The statement's tree; None where it cannot be read by itself."""
    found = read(Piece(f"{s.statement.text};")).statements
    return found[0].node if len(found) == 1 else None


def filled(s: Situation) -> tuple[str, ...]:
    """The columns that an UPDATE fills, where all that it sets are new in this migration or NULL by its WHERE; else
    none. A trigger may write more, so a table with one is not told as filled.
    """
    if s.statement.kind != "UpdateStmt" or not s.named():
        return ()
    node, table = parsed(s), s.named()[0]
    if node is None or _acts(s, table):
        return ()
    columns = [target.text("name") for target in node.nodes("target_list")]
    empty = set(_null_in(node.node("where_clause"), _called(node)))
    here = s.now(table)
    fresh = [name for name in columns if s.made_before(Ref("column", here.schema, name, here.name))]
    return tuple(columns) if columns and all(name in empty or name in fresh for name in columns) else ()


def _acts(s: Situation, table: Ref) -> bool:
    """Whether some trigger may write more than the statement says."""
    there = (*s.ground.now.of(table, Trigger), *s.ground.then.of(s.now(table), Trigger))
    return any(t.enabled != "disabled" and " UPDATE" in t.definition.partition(" ON ")[0] for t in there)


def _called(update: Node) -> str:
    """What the statement's conditions call its table."""
    relation = update.node("relation")
    alias = relation.node("alias") if relation is not None else None
    return alias.text("aliasname") if alias is not None else relation.text("relname") if relation is not None else ""


def _null_in(condition: Node | None, table: str) -> Iterator[str]:
    """The table's columns that are NULL in every row that the condition lets through."""
    if condition is None:
        return
    if condition.kind == "BoolExpr" and condition.choice("boolop") == "AND_EXPR":
        for part in condition.nodes("args"):
            yield from _null_in(part, table)
    elif condition.kind == "NullTest" and condition.choice("nulltesttype") == "IS_NULL":
        tested = condition.node("arg")
        names = tested.names("fields") if tested is not None and tested.kind == "ColumnRef" else ()
        if names and names[-2:-1] in ((), (table,)):
            yield names[-1]


def required(s: Situation, column: Ref) -> bool:
    """Whether ADD COLUMN itself, by its text, forbids NULL in that column and has nothing to put there."""
    node = parsed(s)
    for command in node.nodes("cmds") if node is not None else ():
        made = command.node("def")
        if command.choice("subtype") == "AT_AddColumn" and made is not None and made.text("colname") == column.name:
            said = {constraint.choice("contype") for constraint in made.nodes("constraints")}
            serial = type_name(made.node("type_name")).endswith("serial")
            return bool(said & _REQUIRES) and not said & _FILLS and not serial
    return False
