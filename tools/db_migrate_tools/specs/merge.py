"""The same object in two places of a spec: equal repeats once, conflicting ones asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from db_migrate_tools.sql.model import Blocker, Choice
from db_migrate_tools.sql.names import dotted, object_name, relation, routine_name, type_name
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.script import Read

_SAME: Final = frozenset({"if_not_exists", "missing_ok", "concurrent"})
# What each kind makes, and the fields that name it.
_RELATIONS: Final = {
    "CreateStmt": ("table", "relation"),
    "ViewStmt": ("view", "view"),
    "CompositeTypeStmt": ("type", "typevar"),
    "CreateSeqStmt": ("sequence", "sequence"),
}
_TYPES: Final = {"CreateEnumStmt": "type_name", "CreateDomainStmt": "domainname", "CreateRangeStmt": "type_name"}
_ON_TABLES: Final = {
    "CreatePolicyStmt": ("policy", "policy_name", "table"),
    "CreateTrigStmt": ("trigger", "trigname", "relation"),
}
_NAMED: Final = {
    "IndexStmt": ("index", "idxname"),
    "CreateExtensionStmt": ("extension", "extname"),
    "CreateSchemaStmt": ("schema", "schemaname"),
}
_RETURNED: Final = frozenset({"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"})


@dataclass(frozen=True, slots=True)
class Merged:
    """`dropped` are indexes into the statements that were given."""

    dropped: frozenset[int]
    choices: tuple[Choice, ...]
    blockers: tuple[Blocker, ...]


def made(node: Node) -> str | None:
    """What the statement makes, as a key that two definitions of one object share; None for all others."""
    kind = node.kind
    if kind in _RELATIONS:
        word, field = _RELATIONS[kind]
        return f"{word} {_plain(relation(node.node(field)))}" if kind != "CreateStmt" or "table_elts" in node else None
    if kind in _TYPES:
        return f"type {_plain(dotted(node.names(_TYPES[kind])))}"
    if kind in _ON_TABLES:
        word, name, table = _ON_TABLES[kind]
        return f"{word} {dotted([node.text(name)])} on {_plain(relation(node.node(table)))}"
    if kind in _NAMED:
        word, field = _NAMED[kind]
        return f"{word} {dotted([node.text(field)])}" if node.text(field) else None
    if kind == "CreateFunctionStmt":
        taken = [p for p in node.nodes("parameters") if p.choice("mode") not in _RETURNED]
        types = ", ".join(type_name(parameter.node("arg_type")) for parameter in taken)
        return f"function {_plain(dotted(node.names('funcname')))}({types})"
    return _added(node) if kind == "AlterTableStmt" else None


def _added(node: Node) -> str | None:
    """ALTER TABLE with one ADD COLUMN, named ADD CONSTRAINT, or ENABLE ROW LEVEL SECURITY."""
    commands = node.nodes("cmds")
    table = _plain(relation(node.node("relation")))
    if len(commands) != 1:
        return None
    definition = commands[0].node("def")
    what = commands[0].choice("subtype")
    if what == "AT_AddColumn" and definition is not None:
        return f"column {dotted([definition.text('colname')])} of {table}"
    if what == "AT_AddConstraint" and definition is not None and definition.text("conname"):
        return f"constraint {dotted([definition.text('conname')])} of {table}"
    return f"row level security of {table}" if what == "AT_EnableRowSecurity" else None


def _gone(node: Node) -> set[str]:
    """The keys of what a DROP removes."""
    if node.kind != "DropStmt":
        return set()
    kind = node.choice("remove_type").removeprefix("OBJECT_").lower()
    keys: set[str] = set()
    for item in node.nodes("objects"):
        name = object_name(item)
        if kind in {"policy", "trigger"} and len(name) > 1:
            keys.add(f"{kind} {dotted(name[-1:])} on {_plain(dotted(name[:-1]))}")
        elif kind == "index":
            keys.add(f"index {dotted(name[-1:])}")
        else:
            keys.add(f"{kind} {_plain(routine_name(item))}")
    return keys


def _plain(name: str) -> str:
    return name.removeprefix("public.")


def merge(statements: list[Read]) -> Merged:
    """Union by object, in order. A DROP between two definitions means that the second is meant, unless that DROP
    is itself repeated: `DROP POLICY IF EXISTS …; CREATE POLICY …` twice is one pair.
    """
    first: dict[str, int] = {}
    drops: dict[str, list[int]] = {}
    removed: set[int] = set()
    choices: list[Choice] = []
    blockers: list[Blocker] = []
    for index, statement in enumerate(statements):
        for gone in _gone(statement.node):
            drops.setdefault(gone, []).append(index)
        key = made(statement.node)
        if key is None:
            continue
        if key not in first:
            first[key] = index
            continue
        earlier = statements[first[key]]
        between = [i for i in drops.get(key, []) if i > first[key]]
        repeated = [i for i in between if _repeats(statements, i, first[key], drops.get(key, []))]
        if between and between != repeated:
            first[key] = index
        elif statement.node.same_as(earlier.node, but=_SAME):
            removed.update([index, *repeated])
            choices.append(Choice(statement.line, f"The {key} is defined at line {earlier.line} already; taken once."))
        else:
            blockers.append(
                Blocker(
                    statement.line,
                    f"The {key} is defined twice, differently: at line {earlier.line} and here.",
                    "Keep the definition that is meant and delete the other.",
                )
            )
    return Merged(frozenset(removed), tuple(choices), tuple(blockers))


def _repeats(statements: list[Read], drop: int, definition: int, drops: list[int]) -> bool:
    node = statements[drop].node
    return any(i < definition and statements[i].node.same_as(node, but=_SAME) for i in drops)
