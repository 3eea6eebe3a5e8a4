"""Who may see and do what: row security, policies, privileges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from db_migrate_tools.analysis.hazards.base import Finding, Rule
from db_migrate_tools.analysis.names import listed, qualified, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Catalog, Grant, Policy, Ref, Routine, Table
from db_migrate_tools.wire import RiskLevel

_API_ROLES: Final = frozenset({"anon", "authenticated"})
_PUBLISHED: Final = frozenset({"", *_API_ROLES})
_EXPOSED: Final = frozenset({"public", "graphql_public"})


def supabase_like(catalog: Catalog) -> bool:
    """Whether an API serves this database under the roles `anon` and `authenticated`."""
    return bool(_API_ROLES & set(catalog.roles))


def _rls_missing(s: Situation) -> Iterator[Finding]:
    if s.after is None or not (supabase_like(s.before) or supabase_like(s.after)):
        return
    for ref in s.created("table"):
        table = s.after.get(ref)
        if not isinstance(table, Table) or ref.schema not in _EXPOSED:
            continue
        if table.row_security or table.partition_of:
            continue
        granted = sorted({grant.grantee or "PUBLIC" for grant in table.acl or () if grant.grantee in _PUBLISHED})
        enable = f"ALTER TABLE {qualified(ref)} ENABLE ROW LEVEL SECURITY;"
        if granted:
            yield Finding(
                f"Anyone with the project's public key can reach every row of {show(ref)}: row level security is off, "
                f"and {listed(granted)} may use the table.",
                f"Turn it on and say who may see what:\n{enable}\nCREATE POLICY … ON {qualified(ref)} … USING (…);",
            )
        else:
            yield Finding(
                f"One GRANT away from being public: {show(ref)} lies in an exposed schema without row level security. "
                "No API role may use it yet.",
                f"Turn it on now:\n{enable}",
                "MEDIUM",
            )


def _new(s: Situation, table: Ref | None) -> bool:
    return table is not None and s.old(table) is None


def _wide_open(policy: Policy) -> bool:
    rule = " ".join(filter(None, (policy.using, policy.check))).replace("(", "").replace(")", "").strip().lower()
    return policy.permissive and rule in {"true", "true true"} and bool({"public", *_API_ROLES} & set(policy.roles))


def _policies(s: Situation) -> Iterator[tuple[str, RiskLevel]]:
    for ref in (*s.created("policy"), *s.altered("policy")):
        policy = s.becomes(ref)
        table = show(ref.relation) if ref.relation else ""
        if isinstance(policy, Policy) and _wide_open(policy) and policy.command != "select":
            yield f"{listed(policy.roles)} may {_may(policy)} every row of {table}: the policy is simply true", "HIGH"
        elif not _new(s, ref.relation):
            yield f"the policy {ref.name!r} on {table} decides anew which rows are seen or written", "MEDIUM"
    gone = set(s.dropped("table"))
    for ref in s.dropped("policy"):
        if ref.relation not in gone and ref.relation is not None:
            yield (
                f"the policy {ref.name!r} on {show(ref.relation)} is gone; rows that it let through are hidden",
                "MEDIUM",
            )


def _may(policy: Policy) -> str:
    return "read and write" if policy.command == "all" else policy.command


def _row_security(s: Situation) -> Iterator[tuple[str, RiskLevel]]:
    for ref in s.altered("table"):
        old, new = s.was(ref), s.becomes(ref)
        if not isinstance(old, Table) or not isinstance(new, Table):
            continue
        if old.row_security and not new.row_security:
            yield f"row level security of {show(ref)} is off: every role with a privilege sees every row", "HIGH"
        if new.row_security and not old.row_security:
            allowed = bool(s.ground.then.of(ref, Policy))
            if allowed:
                yield f"from now on policies decide who sees which rows of {show(ref)}", "MEDIUM"
            else:
                yield f"{show(ref)} looks empty to everyone but its owner: row level security without a policy", "HIGH"


def _grants(s: Situation) -> Iterator[tuple[str, RiskLevel]]:
    for ref in (ref for ref in s.seen.altered if ref.kind != "default-acl"):
        old, new = s.was(ref), s.becomes(ref)
        if old is None or new is None or old.acl == new.acl:
            continue
        before, after = set(old.acl or ()), set(new.acl or ())
        for change, grants in (("may now", after - before), ("may no longer", before - after)):
            others = {grant for grant in grants if grant.grantee != new.owner}
            if others:
                opened = change == "may now" and any(grant.grantee in _PUBLISHED for grant in others)
                yield f"{_who(others)} {change} {_what(others)} {show(ref)}", "HIGH" if opened else "MEDIUM"


def _who(grants: set[Grant]) -> str:
    return listed(sorted({grant.grantee or "everyone (PUBLIC)" for grant in grants}))


def _what(grants: set[Grant]) -> str:
    return listed(sorted({grant.privilege for grant in grants}))


def _defaults(s: Situation) -> Iterator[tuple[str, RiskLevel]]:
    for ref in (*s.created("default-acl"), *s.altered("default-acl"), *s.dropped("default-acl")):
        yield f"objects made later get other privileges ({ref.name})", "MEDIUM"


def _roles(s: Situation) -> Iterator[tuple[str, RiskLevel]]:
    if s.statement.kind in ("GrantRoleStmt", "CreateRoleStmt", "AlterRoleStmt", "DropRoleStmt", "AlterRoleSetStmt"):
        yield "roles or their memberships change; that reaches beyond this database", "HIGH"


def _authorization(s: Situation) -> Iterator[Finding]:
    for find in (_policies, _row_security, _grants, _defaults, _roles):
        for what, severity in find(s):
            yield Finding(
                f"Access changes: {what}.",
                "Read it as an attacker would, and try it as the role it is about.",
                severity,
            )


def _definer(s: Situation) -> Iterator[Finding]:
    """Such a function runs with its owner's rights, and names in it are looked up on the caller's search_path."""
    for ref in (*s.created("routine"), *s.altered("routine")):
        made = s.becomes(ref)
        if isinstance(made, Routine) and made.security_definer and "SET search_path" not in made.definition:
            yield Finding(
                f"Whoever may call {show(ref)} can make it use objects of their own: it runs with its owner's rights "
                "and looks names up on the caller's search_path.",
                f"Pin it, and write schemas in the body:\nALTER FUNCTION {show(ref)} SET search_path = '';",
            )


RULES: tuple[Rule, ...] = (
    Rule("security-definer", "HIGH", "a function runs with its owner's rights on the caller's search_path", _definer),
    Rule("rls-missing-supabase", "HIGH", "a new table has no row level security", _rls_missing),
    Rule("authz-change", "MEDIUM", "access rights change", _authorization),
)
