"""Privileges in force: an ACL of NULL means Postgres's defaults, and an ACL that spells them out means the same."""

from __future__ import annotations

from functools import lru_cache

from db_migrate_tools.schema.model import DefaultAcl, Grant, Object

TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
SEQUENCE = ("USAGE", "SELECT", "UPDATE")
SCHEMA = ("USAGE", "CREATE")
MAINTAIN_SINCE = 170000


def all_privileges(kind: str) -> tuple[str, ...]:
    """Every privilege that an object of this kind (a Ref's kind, or a default ACL's `tables` …) can carry."""
    match kind:
        case "table" | "view" | "tables":
            return TABLE
        case "column":
            return ("SELECT", "INSERT", "UPDATE", "REFERENCES")
        case "sequence" | "sequences":
            return SEQUENCE
        case "schema" | "schemas":
            return SCHEMA
        case "routine" | "functions":
            return ("EXECUTE",)
        case "type" | "types" | "language" | "foreign-data-wrapper" | "foreign-server":
            return ("USAGE",)
        case _:
            return ()


@lru_cache(maxsize=1024)
def default_grants(kind: str, owner: str) -> frozenset[Grant]:
    """What Postgres grants by itself on a new object of this kind."""
    if kind == "column":
        return frozenset()
    found = {Grant(owner, privilege, owner) for privilege in all_privileges(kind)}
    if kind in ("routine", "functions"):
        found.add(Grant("", "EXECUTE", owner))
    if kind in ("type", "types", "language"):
        found.add(Grant("", "USAGE", owner))
    return frozenset(found)


@lru_cache(maxsize=8192)
def _effective(
    kind: str, owner: str, acl: tuple[Grant, ...], server_version: int, keep_default: bool
) -> tuple[Grant, ...] | None:
    found = set(acl)
    if server_version and server_version < MAINTAIN_SINCE and kind in ("table", "view", "tables"):
        found |= _with_maintain(acl)
    if not keep_default and frozenset(found) == default_grants(kind, owner):
        return None
    return tuple(sorted(found))


def _with_maintain(acl: tuple[Grant, ...]) -> set[Grant]:
    """Before Postgres 17 a role with every privilege has what 17 calls MAINTAIN too, as far as it can."""
    held: dict[tuple[str, str, bool], set[str]] = {}
    for grant in acl:
        held.setdefault((grant.grantee, grant.grantor, grant.grantable), set()).add(grant.privilege)
    full = set(TABLE) - {"MAINTAIN"}
    return {
        Grant(grantee, "MAINTAIN", grantor, grantable)
        for (grantee, grantor, grantable), privileges in held.items()
        if full <= privileges
    }


def effective(item: Object, server_version: int = 0, *, keep_default: bool = False) -> tuple[Grant, ...] | None:
    """The grants on an object, sorted; None where they are Postgres's defaults (unless `keep_default`)."""
    kind = privileges_kind(item)
    if item.acl is None:
        return tuple(sorted(default_grants(kind, item.owner))) if keep_default and kind else None
    return _effective(kind, item.owner, item.acl, server_version, keep_default or isinstance(item, DefaultAcl))


def privileges_kind(item: Object) -> str:
    """The word for `all_privileges`: the Ref's kind, for default privileges the kind of object they are about."""
    return item.ref.name.rpartition("/")[2] if item.ref.kind == "default-acl" else item.ref.kind
