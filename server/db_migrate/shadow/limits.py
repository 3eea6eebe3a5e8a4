"""What a rehearsal by an ordinary role on other binaries cannot show, told apart from real errors."""

from __future__ import annotations

import re

from db_migrate_tools.evidence import PgFailure, TargetFacts
from db_migrate_tools.sql.model import Statement

NOT_ALLOWED = "42501"
UNDEFINED_OBJECT = "42704"
NO_SUCH_FEATURE = ("0A000", "58P01", "22023")

# Kinds for which the target's role may have a right that no role of the shadow is given.
PRIVILEGED = frozenset(
    {
        "CreateRoleStmt",
        "AlterRoleStmt",
        "AlterRoleSetStmt",
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
        if target.identity.superuser:
            return f"It needs a superuser, and the shadow runs everything as an ordinary role: {failure.message}."
        if statement.kind in PRIVILEGED:
            return f"The shadow gives no role the right that it needs: {failure.message}."
        return None
    if statement.kind == "CreateExtensionStmt" and failure.sqlstate in NO_SUCH_FEATURE:
        return f"The shadow's Postgres does not have this extension: {failure.message}."
    if failure.sqlstate == UNDEFINED_OBJECT:
        if re.match(r'tablespace ".*" does not exist', failure.message):
            return f"The shadow has no tablespaces: {failure.message}."
        role = re.match(r'role "(.*)" does not exist', failure.message)
        if role and (target.known_roles is None or role[1] in target.known_roles):
            return f"The shadow does not know which roles the target has: {failure.message}."
    return None
