"""What must not run, statement by statement: what it is and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from db_migrate_tools.sql.derived import grants_as_another
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.names import relation
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import has_commit, scan
from db_migrate_tools.sql.survey import Survey
from db_migrate_tools.sql.text import SqlError, Text, Token
from db_migrate_tools.sql.words import word_set

Refusal = tuple[str, str]

_OURS: Final = frozenset({"db_migrate", "supabase_migrations"})
_FILE_FUNCTIONS: Final = word_set(
    """pg_read_file pg_read_file_old pg_read_binary_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_stat_file
    pg_ls_archive_statusdir pg_ls_summariesdir pg_ls_logicalsnapdir pg_ls_logicalmapdir pg_ls_replslotdir
    lo_import lo_export pg_file_write pg_file_read pg_file_sync pg_file_rename pg_file_unlink pg_logdir_ls"""
)
_SERVER_FUNCTIONS: Final = word_set(
    """pg_reload_conf pg_rotate_logfile pg_terminate_backend pg_cancel_backend pg_promote pg_switch_wal
    pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup"""
)
_OURS_IN_TEXT: Final = re.compile(r"""(?<![\w$])"?(db_migrate|supabase_migrations)"?\s*\.""")
_FUNCTION_IN_TEXT: Final = re.compile(r"\b(" + "|".join(sorted(_FILE_FUNCTIONS | _SERVER_FUNCTIONS)) + r")\b", re.I)
_OWN_TABLES: Final = "This is where migrations are recorded; a migration must leave it alone."
_ROLE: Final = "Roles are chosen by the environment’s URL; remove the statement."

# Whole statement kinds that have no place in a migration.
_KINDS: Final[dict[str, Refusal]] = {
    "AlterSystemStmt": ("ALTER SYSTEM changes the whole server.", "Change the server’s settings outside a migration."),
    "LoadStmt": ("LOAD brings a library into the server.", "Use CREATE EXTENSION."),
    "CreatedbStmt": ("CREATE DATABASE makes another database.", "Create it outside; a migration changes one database."),
    "DropdbStmt": ("DROP DATABASE deletes a whole database.", "Do it outside; a migration changes one database."),
    "CreateTableSpaceStmt": ("CREATE TABLESPACE names a server directory.", "Create it outside a migration."),
    "DropTableSpaceStmt": ("DROP TABLESPACE changes the whole server.", "Drop it outside a migration."),
    "ConstraintsSetStmt": ("SET CONSTRAINTS lasts for one transaction only.", "Use ALTER TABLE … ALTER CONSTRAINT."),
    "DiscardStmt": ("DISCARD resets the session that runs the migration.", "Remove the statement."),
    "ListenStmt": ("LISTEN belongs to a session, and this one ends.", "Remove the statement."),
    "UnlistenStmt": ("UNLISTEN belongs to a session, and this one ends.", "Remove the statement."),
    "PrepareStmt": ("PREPARE belongs to a session, and this one ends.", "Write the statement itself."),
    "ExecuteStmt": ("EXECUTE runs a prepared statement of a session.", "Write the statement itself."),
    "DeallocateStmt": ("DEALLOCATE belongs to a session, and this one ends.", "Remove the statement."),
    "DeclareCursorStmt": ("A cursor belongs to a session, and this one ends.", "Write the query itself."),
    "FetchStmt": ("A cursor belongs to a session, and this one ends.", "Write the query itself."),
    "ClosePortalStmt": ("A cursor belongs to a session, and this one ends.", "Remove the statement."),
    "CheckPointStmt": ("CHECKPOINT acts on the whole server.", "Remove the statement."),
    "CreateSubscriptionStmt": (
        "CREATE SUBSCRIPTION connects to another server and holds its password.",
        "Create it outside a migration.",
    ),
}


def refusals(node: Node, found: Survey, *, derived: bool = False) -> Iterator[Refusal]:
    """Every reason why this statement must not run; transaction control and settings are `session`'s subject.

    `derived` statements were made from catalogs: a table without columns is meant, and one code block is ours.
    """
    if node.kind in _KINDS:
        yield _KINDS[node.kind]
    yield from _copy(node)
    yield from _table(node, derived=derived)
    yield from _secret(node)
    if found.parameters:
        yield "$1 is a placeholder, and nothing gives it a value here.", "Write the value itself."
    if _OURS & found.words or any(_OURS_IN_TEXT.match(text.strip()) for text in found.literals):
        named = ", ".join(sorted(_OURS & found.words)) or "the migration history"
        yield f"The statement touches the schema {named}.", _OWN_TABLES
    for name in found.functions:
        yield from _function(name[-1] if name else "")
    if found.functions:
        for text in found.literals:
            yield from (said for name in _FUNCTION_IN_TEXT.findall(text) for said in _function(str(name).lower()))
    ours = derived and grants_as_another(node, found)
    for body in found.bodies if not ours else ():
        yield from _body(body, runs_now=node.kind == "DoStmt")


def elsewhere(node: Node, found: Survey) -> str | None:
    """A sentence when the statement reaches another server: to be seen, not refused."""
    if node.kind in {"CreateForeignServerStmt", "ImportForeignSchemaStmt"}:
        return "This statement connects to another server."
    called = next((name[-1] for name in found.functions if name and name[-1].startswith("dblink")), None)
    return f"{called}() connects to another server." if called else None


def _copy(node: Node) -> Iterator[Refusal]:
    if node.kind != "CopyStmt":
        return
    if node.flag("is_program"):
        yield "COPY … PROGRAM starts a program on the server.", "Write the rows as INSERT statements."
    elif node.text("filename"):
        yield "COPY with a file name reads or writes files of the server.", "Write the rows as INSERT statements."
    else:
        yield "COPY with stdin or stdout needs psql to carry the rows.", "Write the rows as INSERT statements."


def _table(node: Node, *, derived: bool) -> Iterator[Refusal]:
    plain = (
        not derived
        and node.kind == "CreateStmt"
        and not any(field in node for field in ("table_elts", "inh_relations", "partbound", "of_typename"))
    )
    for column in node.nodes("table_elts"):
        kind = column.node("type_name")
        if kind is not None and any(size.kind == "ColumnRef" for size in kind.nodes("typmods")):
            # `INDEX idx (id)` is to Postgres a column named "index" of the type idx(id).
            yield "An index cannot be declared inside CREATE TABLE.", "Write CREATE INDEX … ON … after the table."
    if plain:
        table = escape_hidden(relation(node.node("relation")))
        yield f"CREATE TABLE {table} has no columns; it looks like an abbreviation.", "Write the columns, or remove it."


def _secret(node: Node) -> Iterator[Refusal]:
    options = node.nodes("options")
    if node.kind in {"CreateRoleStmt", "AlterRoleStmt"} and any(
        o.text("defname") == "password" and o.node("arg") is not None for o in options
    ):
        yield (
            "A role’s password stands in the migration, and would stay in its file and history.",
            "Remove PASSWORD here and set it on the server by hand.",
        )
    if "UserMapping" in node.kind and any("password" in o.text("defname").lower() for o in options):
        yield (
            "A password stands in the migration, and would stay in its file and history.",
            "Remove it here and set it on the server by hand.",
        )


def _function(name: str) -> Iterator[Refusal]:
    if name in _FILE_FUNCTIONS:
        yield f"{name}() reaches files of the server.", "A migration cannot use it; remove the call."
    elif name in _SERVER_FUNCTIONS:
        yield f"{name}() acts on the whole server.", "A migration cannot use it; remove the call."
    elif name == "set_config":
        yield "set_config() changes the session that runs the migration.", "Remove it; write schemas in the names."


def _body(body: str, *, runs_now: bool) -> Iterator[Refusal]:
    """A code block's or routine's text: the same rules, as far as words show them."""
    try:
        tokens = [token for token in scan(Text(body)) if not token.comment]
    except SqlError:
        tokens = []
    text = " ".join(token.text for token in tokens) if tokens else body
    if _OURS_IN_TEXT.search(re.sub(r"\s*\.\s*", ".", text)):
        yield "The code touches the schema in which migrations are recorded.", _OWN_TABLES
    for name in dict.fromkeys(str(found).lower() for found in _FUNCTION_IN_TEXT.findall(text)):
        yield from _function(name)
    if runs_now:
        try:
            if has_commit(body):
                yield "The code block ends transactions by itself.", "Remove COMMIT and ROLLBACK from the block."
        except SqlError as error:
            yield f"The code block cannot be read: {error.message}.", "Correct it, or split it."
        yield from _settings_in(tokens)


def _settings_in(tokens: list[Token]) -> Iterator[Refusal]:
    openers = {";", "begin", "then", "else", "loop"}
    words = [token.text.lower() for token in tokens]
    for index, word in enumerate(words):
        at_start = index == 0 or words[index - 1] in openers
        if word in {"set", "reset"} and at_start:
            following = [w for w in words[index + 1 : index + 4] if w not in {"local", "session"}]
            if following[:1] in (["role"], ["authorization"]):
                yield "The code block changes the role that runs the migration.", _ROLE
            else:
                yield "The code block changes settings of the session.", "Remove it; write schemas in the names."
        if word == "set_config":
            yield from _function(word)
