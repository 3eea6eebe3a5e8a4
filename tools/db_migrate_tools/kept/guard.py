"""What a migration may do to the private schema: only plans of ours take away what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from db_migrate_tools.kept.names import is_mentioned
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Blocker, Origin, Script, Statement

_TAKES: Final = frozenset({"DropStmt", "TruncateStmt", "DeleteStmt", "UpdateStmt", "DoStmt", "RenameStmt"})
_MOVES: Final = frozenset({"AlterTableStmt", "AlterObjectSchemaStmt", "GrantStmt", "AlterOwnerStmt"})
_OURS: Final[frozenset[Origin]] = frozenset({"rollback", "kept"})


def guarded(script: Script, origin: Origin) -> Iterator[Blocker]:
    """Why statements of a source that is not ours must leave the private schema alone.

    A reversible migration's own file may be planned elsewhere: what puts data into the schema is let through.
    """
    if origin in _OURS:
        return
    for statement in script.statements:
        if is_mentioned(statement.text) and _takes(statement):
            yield Blocker(
                statement.line,
                f"The statement changes what is kept in {KEPT_SCHEMA}.",
                'Bring it back with source {"from": "rollback"}, or remove it with source {"from": "kept"}.',
            )


def _takes(statement: Statement) -> bool:
    if statement.kind in _TAKES:
        return True
    closes = statement.text[:6].upper() == "REVOKE" or f"SET SCHEMA {KEPT_SCHEMA}" in statement.text
    return statement.kind in _MOVES and not closes


def put_back(script: Script) -> Script:
    """A stored rollback: side tables that it drops have given their rows back by then."""
    return replace(
        script,
        statements=tuple(
            replace(s, kept="the tables that they came from") if is_mentioned(s.text) else s for s in script.statements
        ),
    )
