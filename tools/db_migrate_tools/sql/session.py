"""Transaction control and changes of the session: the one BEGIN and COMMIT that is taken off, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from db_migrate_tools.sql import settings
from db_migrate_tools.sql.node import Node

_ROLES: Final = {"role": "SET ROLE", "session_authorization": "SET SESSION AUTHORIZATION"}
_OPENS: Final = frozenset({"TRANS_STMT_BEGIN", "TRANS_STMT_START"})


def wrapping_pair(nodes: Sequence[Node]) -> tuple[int, int] | None:
    """Indexes of a plain BEGIN and COMMIT around everything else; harmless settings may stand outside them."""
    inner = [i for i, node in enumerate(nodes) if not settings.stands_outside(node)]
    if len(inner) < 2:
        return None
    first, last = nodes[inner[0]], nodes[inner[-1]]
    if first.kind != "TransactionStmt" or last.kind != "TransactionStmt":
        return None
    plain = not first.nodes("options") and not last.flag("chain")
    opens, closes = first.choice("kind") in _OPENS, last.choice("kind") == "TRANS_STMT_COMMIT"
    return (inner[0], inner[-1]) if plain and opens and closes else None


def refused(node: Node) -> tuple[str, str] | None:
    """What and remedy when the statement is transaction control or a setting that would change what runs."""
    if node.kind == "TransactionStmt":
        return _transaction(node)
    if node.kind != "VariableSetStmt":
        return None
    name = node.text("name").lower()
    if node.choice("kind") == "VAR_RESET_ALL":
        return "RESET ALL takes back in the middle what was set at the top.", "Remove the statement."
    if name in _ROLES:
        verb = _ROLES[name] if node.choice("kind") != "VAR_RESET" else "RESET ROLE"
        return (
            f"{verb} changes who runs the migration.",
            "The environment’s URL chooses the role; remove the statement.",
        )
    if name == "search_path":
        return (
            "SET search_path changes which tables the names mean.",
            "Write it at the top of a migration file, or write the schema in the names: public.users.",
        )
    if name in {"transaction", "session characteristics"}:
        return "SET TRANSACTION changes how the migration’s transactions run.", "Remove the statement."
    return f"SET {name} changes the session that runs the migration.", "Remove the statement."


def _transaction(node: Node) -> tuple[str, str]:
    kind = node.choice("kind").removeprefix("TRANS_STMT_")
    remedy = (
        "Remove it: db-migrate opens and ends the transactions. Only one BEGIN … COMMIT around everything may stand."
    )
    if kind in {"BEGIN", "START"} and node.nodes("options"):
        return "BEGIN with an isolation level or mode cannot be kept.", "Write a plain BEGIN, or none."
    words = {
        "BEGIN": "BEGIN stands inside the script",
        "START": "START TRANSACTION stands inside the script",
        "COMMIT": "COMMIT stands inside the script",
        "ROLLBACK": "ROLLBACK would undo what came before",
        "SAVEPOINT": "SAVEPOINT divides a transaction",
        "RELEASE": "RELEASE SAVEPOINT divides a transaction",
        "ROLLBACK_TO": "ROLLBACK TO SAVEPOINT undoes part of a transaction",
        "PREPARE": "PREPARE TRANSACTION leaves a transaction open",
        "COMMIT_PREPARED": "COMMIT PREPARED ends another transaction",
        "ROLLBACK_PREPARED": "ROLLBACK PREPARED ends another transaction",
    }
    return f"{words.get(kind, kind)}.", remedy
