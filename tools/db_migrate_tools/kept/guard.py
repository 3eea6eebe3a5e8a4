"""What a migration may do to the private schema: only plans of ours take away what is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from db_migrate_tools.evidence import Rehearsal
from db_migrate_tools.kept.names import is_mentioned
from db_migrate_tools.rows.conditions import statement as read
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Blocker, Origin, Script, Statement

_TAKES: Final = frozenset(
    {"DropStmt", "TruncateStmt", "DeleteStmt", "UpdateStmt", "MergeStmt", "DoStmt", "RenameStmt", "DropOwnedStmt"}
)
_MOVES: Final = frozenset({"AlterTableStmt", "AlterObjectSchemaStmt", "GrantStmt", "AlterOwnerStmt"})
_CHANGES_ROWS: Final = frozenset({"DeleteStmt", "UpdateStmt", "MergeStmt"})
_CODE: Final = frozenset({"CreateFunctionStmt", "CallStmt", "SelectStmt", "ExecuteStmt"})
_WORDS: Final = re.compile(r"\b(drop|truncate|delete|update|merge|alter|grant)\b")
_OURS: Final[frozenset[Origin]] = frozenset({"rollback", "kept"})

# Reading, and upkeep of a whole database, leave what is kept as it is.
_LEAVES: Final = frozenset({"AccessShareLock", "RowShareLock"})
_UPKEEP: Final = frozenset({"VacuumStmt", "ReindexStmt", "ClusterStmt", "RefreshMatViewStmt"})

_REMEDY: Final = 'Bring it back with source {"from": "rollback"}, or remove it with source {"from": "kept"}.'


def guarded(script: Script, origin: Origin) -> Iterator[Blocker]:
    """Why statements of a source that is not ours must leave the private schema alone, as far as their text says.

    A reversible migration's own file may be planned elsewhere: what puts data into the schema is let through.
    """
    if origin in _OURS:
        return
    for statement in script.statements:
        if KEPT_SCHEMA in statement.text.lower() and _takes(statement):
            yield Blocker(statement.line, f"The statement changes what is kept in {KEPT_SCHEMA}.", _REMEDY)


def _takes(statement: Statement) -> bool:
    if statement.kind in _TAKES:
        return True
    text = statement.text.lower()
    if statement.kind in _MOVES:
        return not (text.startswith("revoke") or f"set schema {KEPT_SCHEMA}" in text)
    if statement.kind in _CODE and any(_WORDS.search(part) for part in _quoted(text)):
        return True
    node = read(statement.text)
    return node is not None and any(
        found.kind in _CHANGES_ROWS and (into := found.node("relation")) and into.text("schemaname") == KEPT_SCHEMA
        for found in node.walk()
    )


_BODY: Final = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)


def _quoted(text: str) -> Iterator[str]:
    """The parts in quotes that name the schema: bodies of functions, and SQL that is handed to one."""
    return (match[0] for match in _BODY.finditer(text) if KEPT_SCHEMA in match[0])


def taken(script: Script, origin: Origin, rehearsal: Rehearsal) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    """The statements of a source that is not ours that were seen to change kept tables, or rights to them, with those
    tables: dynamic SQL, functions and DROP OWNED do not name them in their text.
    """
    if origin in _OURS:
        return
    seen = {observation.statement: observation for observation in rehearsal.observations}
    arrived: set[Ref] = set()
    for statement in script.statements:
        observation = seen.get(statement.number)
        if observation is None or statement.kind in _UPKEEP:
            continue
        tables = {lock.relation for lock in observation.locks if lock.mode not in _LEAVES and _is_kept(lock.relation)}
        tables |= {str(ref) for ref in observation.dropped if ref.schema == KEPT_SCHEMA and ref.kind == "table"}
        arrived.update(observation.created)
        if statement.kind == "AlterObjectSchemaStmt":
            arrived.update(observation.altered)
        if not statement.text.lower().startswith("revoke"):
            tables |= {_called(ref) for ref in observation.altered if _is_there(ref) and ref not in arrived}
        if tables:
            yield statement, tuple(sorted(tables))


def _is_there(ref: Ref) -> bool:
    """Whether it is the private schema, or something in it."""
    return KEPT_SCHEMA in ((ref.name,) if ref.kind == "schema" else (ref.schema,))


def _called(ref: Ref) -> str:
    return f"schema {ref}" if ref.kind == "schema" else str(ref.relation or ref)


def _is_kept(relation: str) -> bool:
    return relation.startswith(f"{KEPT_SCHEMA}.")


def put_back(script: Script) -> Script:
    """A stored rollback: side tables that it drops have given their rows back by then."""
    return replace(
        script,
        statements=tuple(
            replace(s, kept="the tables that they came from") if is_mentioned(s.text) else s for s in script.statements
        ),
    )
