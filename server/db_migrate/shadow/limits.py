"""What a rehearsal by an ordinary role on other binaries cannot show, told apart from real errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from db_migrate_tools.analysis.text import mentions
from db_migrate_tools.evidence import PgFailure, Power, TargetFacts
from db_migrate_tools.sql.model import Statement

NOT_ALLOWED = "42501"
UNDEFINED_OBJECT = "42704"
NO_SUCH_DATABASE = "3D000"
NO_SUCH_FEATURE = ("0A000", "58P01", "22023")
FOREIGN_KEY_VIOLATION = "23503"
BY_CODE = ("P0001", "P0002")
"""RAISE, and a query that was to find a row."""
NEEDS_ROWS = (FOREIGN_KEY_VIOLATION, *BY_CODE)

_ROLES: frozenset[Power] = frozenset({"createrole"})
_SUPERUSER: frozenset[Power] = frozenset()
# What each kind needs where Postgres itself decides: one of these powers, or a superuser.
_NEEDS: Mapping[str, frozenset[Power]] = MappingProxyType(
    {
        "CreateRoleStmt": _ROLES,
        "AlterRoleStmt": _ROLES,
        "AlterRoleSetStmt": _ROLES,
        "DropRoleStmt": _ROLES,
        "CreatedbStmt": frozenset({"createdb"}),
        "CreateSubscriptionStmt": frozenset({"subscriptions"}),
        "CreateEventTrigStmt": _SUPERUSER,
        "AlterEventTrigStmt": _SUPERUSER,
        "CreateFdwStmt": _SUPERUSER,
        "CreateTableSpaceStmt": _SUPERUSER,
        "AlterSystemStmt": _SUPERUSER,
    }
)

OWN_ROLES_ONLY = 16
"""Since then CREATEROLE is a right to those roles only that one may hand out."""

_GRANT = re.compile(r'permission denied to grant role "(.*)"|must have admin option on role "(.*)"')
_OF_ROLES = re.compile(r"permission denied to (create|alter|drop|grant|revoke) role|must have CREATEROLE")
_MAKES = re.compile(r"\bcreate\s+(?:role|user|group)\s+(?!mapping\b)(\"(?:[^\"]|\"\")+\"|[a-z_][\w$]*)", re.IGNORECASE)
_NOT_PRESENT = re.compile(r'is not present in table "(.*)"')

# Kinds for which the target's role may have a right that no role of the shadow is given.
PRIVILEGED = frozenset(
    {
        "CreateRoleStmt",
        "AlterRoleStmt",
        "AlterRoleSetStmt",
        "AlterDatabaseSetStmt",
        "DropRoleStmt",
        "GrantRoleStmt",
        "ReassignOwnedStmt",
        "CreateExtensionStmt",
        "AlterExtensionStmt",
        "CreateEventTrigStmt",
        "AlterEventTrigStmt",
        "CreatePublicationStmt",
        "AlterPublicationStmt",
        "CreateSubscriptionStmt",
        "AlterSubscriptionStmt",
        "CreateFdwStmt",
        "CreateForeignServerStmt",
        "CreateUserMappingStmt",
        "CreateTableSpaceStmt",
        "CreatedbStmt",
        "AlterSystemStmt",
        "SecLabelStmt",
    }
)


def beyond(statement: Statement, failure: PgFailure, target: TargetFacts) -> str | None:
    """Why the failure speaks of the shadow and not of the statement; None where it is the statement's own."""
    if failure.sqlstate == NOT_ALLOWED:
        made = _lent(statement)
        if _lacks(statement, failure, target):
            return None
        if target.identity.superuser:
            return f"It needs a superuser, and the shadow runs everything as an ordinary role: {failure.message}.{made}"
        if statement.kind in PRIVILEGED or (statement.opaque and _OF_ROLES.match(failure.message)):
            return f"The shadow gives no role the right that it needs: {failure.message}.{made}"
        return None
    if failure.sqlstate in NEEDS_ROWS:
        return _for_want_of_rows(statement, failure, target)
    if statement.kind == "CreateExtensionStmt" and failure.sqlstate in NO_SUCH_FEATURE:
        wanted = re.match(r'extension "(.*)" is not available', failure.message)
        if wanted and target.offered is not None and all(item.name != wanted[1] for item in target.offered):
            return None
        return f"The shadow's Postgres does not have this extension: {failure.message}."
    if failure.sqlstate == NO_SUCH_DATABASE:
        wanted = re.match(r'database "(.*)" does not exist', failure.message)
        if wanted and wanted[1] == target.identity.database:
            return f"The target's database has another name on the shadow: {failure.message}."
    if failure.sqlstate == UNDEFINED_OBJECT:
        if re.match(r'tablespace ".*" does not exist', failure.message):
            return f"The shadow has no tablespaces: {failure.message}."
        role = re.match(r'role "(.*)" does not exist', failure.message)
        if role and (target.known_roles is None or role[1] in target.known_roles):
            return f"The shadow does not know which roles the target has: {failure.message}."
    return None


def _lacks(statement: Statement, failure: PgFailure, target: TargetFacts) -> bool:
    """Whether the target's role is known to have no more right to it than the shadow's."""
    identity, powers = target.identity, target.powers
    if identity.superuser or identity.read_only or powers is None or "platform" in powers:
        return False
    if statement.kind == "CreateExtensionStmt":
        named = [item for item in target.offered or () if mentions(statement.text, item.name)]
        return bool(named) and not any(item.creatable for item in named)
    if statement.kind == "GrantRoleStmt":
        refused = _GRANT.search(failure.message)
        return refused is not None and not _hands_out(refused[1] or refused[2], target)
    if statement.kind in ("AlterRoleStmt", "AlterRoleSetStmt") and "createrole" in powers:
        return not _hands_out(statement.target.strip('"'), target)
    if statement.kind in _NEEDS or statement.opaque:
        return not powers & _NEEDS.get(statement.kind, _ROLES)
    return False


def _hands_out(role: str, target: TargetFacts) -> bool:
    """Whether the target's role may change that role and its members, or may for all that is known."""
    if target.administers is None or role not in (target.known_roles or ()):
        return True
    older = target.identity.major < OWN_ROLES_ONLY and "createrole" in (target.powers or ())
    return older or role in target.administers


def made_roles(statement: Statement) -> tuple[str, ...]:
    """The roles that a statement makes, as far as its text names them."""
    if statement.kind != "CreateRoleStmt" and not statement.opaque:
        return ()
    named = (match[1] for match in _MAKES.finditer(statement.text))
    return tuple(dict.fromkeys(n[1:-1].replace('""', '"') if n[0] == '"' else n.lower() for n in named))


def _lent(statement: Statement) -> str:
    made = made_roles(statement)
    if not made:
        return ""
    listed, it = ", ".join(made), "it" if len(made) == 1 else "them"
    return f" The copy has {listed} without any right or attribute, so that what names {it} later is seen."


def _for_want_of_rows(statement: Statement, failure: PgFailure, target: TargetFacts) -> str | None:
    """Why a row may have been missing on the copy; None where the target has none either."""
    referred = _NOT_PRESENT.search(failure.detail or "")
    if failure.sqlstate == FOREIGN_KEY_VIOLATION:
        if referred is None or not _has_rows(target, referred[1]):
            return None
        return f"It refers to a row of {referred[1]}, and the copy has none of the target's rows: {failure.message}."
    if not statement.opaque or not _has_rows(target):
        return None
    return f"Its code gave up, perhaps for want of rows, for the copy has none of the target's: {failure.message}."


def _has_rows(target: TargetFacts, table: str | None = None) -> bool:
    """Whether there may be rows in tables of that name, or in any."""
    return any(
        size.rows is None or size.rows > 0 for ref, size in target.sizes.items() if table is None or ref.name == table
    )
