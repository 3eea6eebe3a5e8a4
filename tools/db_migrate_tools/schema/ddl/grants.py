"""Owners, privileges and comments as statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.quote import holder, ident, literal, qualified, role, target
from db_migrate_tools.schema.model import Column, DefaultAcl, Extension, Grant, Object, Routine, Sequence
from db_migrate_tools.schema.privileges import (
    MAINTAIN_SINCE,
    all_privileges,
    default_grants,
    effective,
    privileges_kind,
)

Held = dict[str, dict[str, bool]]
"""grantee → privilege → whether it may be granted on."""

_DEFAULT_ACL_KIND = {
    "table": "tables",
    "view": "tables",
    "sequence": "sequences",
    "routine": "functions",
    "type": "types",
    "schema": "schemas",
}


def after_create(item: Object, context: Context) -> list[str]:
    """Owner, privileges and comment of an object that was just created, whatever default privileges gave it."""
    found: list[str] = []
    if item.owner and not isinstance(item, Extension | DefaultAcl):
        found.append(change_owner(item))
    found += _grants_after_create(item, context)
    if item.comment is not None and not isinstance(item, Extension):
        found.append(comment_on(item))
    return found


def after_alter(before: Object, after: Object, changed: Iterable[str], context: Context) -> list[str]:
    """Owner, privileges and comment where they differ."""
    found: list[str] = []
    names = set(changed)
    linked = isinstance(before, Sequence) and isinstance(after, Sequence) and before.owned_by and after.owned_by
    if "owner" in names and not linked and not isinstance(after, Extension | DefaultAcl):
        found.append(change_owner(after))
    if names & {"acl", "owner"} and not isinstance(after, DefaultAcl):
        found += _grants_after_alter(before, after, context)
    if "comment" in names:
        found.append(comment_on(after))
    return found


def change_owner(item: Object) -> str:
    return f"ALTER {target(item)} OWNER TO {role(item.owner)}"


def comment_on(item: Object) -> str:
    text = "NULL" if item.comment is None else literal(item.comment)
    match item.ref.kind:
        case "column":
            subject = f"COLUMN {holder(item.ref)}.{ident(item.ref.name)}"
        case "constraint" | "trigger" | "policy":
            subject = f"{item.ref.kind.upper()} {ident(item.ref.name)} ON {holder(item.ref)}"
        case _:
            subject = target(item)
    return f"COMMENT ON {subject} IS {text.strip()}"


def _grants_after_create(item: Object, context: Context) -> list[str]:
    kind = privileges_kind(item)
    if not all_privileges(kind) or isinstance(item, DefaultAcl):
        return []
    wanted = held(effective(item, context.version, keep_default=True) or ())
    builtin = held(default_grants(kind, item.owner))
    certain, possible = builtin, _merge(builtin, {})
    about = _DEFAULT_ACL_KIND.get(kind, "")
    for default in context.default_acls:
        if default.objects != about or default.ref.schema not in ("", item.ref.schema):
            continue
        if not default.ref.schema:
            certain = {}
        possible = _merge(possible, held(default.acl or ()))
    found: list[str] = []
    for grantee in sorted(possible):
        surplus = {
            privilege
            for privilege, grantable in possible[grantee].items()
            if wanted.get(grantee, {}).get(privilege, None if not grantable else False) is None
            or (grantable and not wanted[grantee][privilege])
        }
        if grantee == item.owner and grantee not in certain and not surplus:
            continue
        if surplus:
            found.append(_revoke(item, grantee, None, context))
            certain = {name: privileges for name, privileges in certain.items() if name != grantee}
    for grantee in sorted(wanted):
        missing = {
            privilege: grantable
            for privilege, grantable in wanted[grantee].items()
            if certain.get(grantee, {}).get(privilege) != grantable
        }
        found += _grant(item, grantee, missing, context)
    return found


def _grants_after_alter(before: Object, after: Object, context: Context) -> list[str]:
    old = [
        Grant(
            after.owner if grant.grantee == before.owner else grant.grantee,
            grant.privilege,
            grant.grantor,
            grant.grantable,
        )
        for grant in effective(before, context.version, keep_default=True) or ()
    ]
    had, wanted = held(old), held(effective(after, context.version, keep_default=True) or ())
    found: list[str] = []
    for grantee in sorted(had):
        goal = wanted.get(grantee, {})
        taken = sorted(privilege for privilege in had[grantee] if privilege not in goal)
        if taken:
            found.append(_revoke(after, grantee, taken, context))
        option = sorted(p for p, grantable in had[grantee].items() if grantable and goal.get(p) is False)
        if option:
            found.append(_revoke(after, grantee, option, context, option=True))
    for grantee in sorted(wanted):
        have = had.get(grantee, {})
        missing = {
            privilege: grantable
            for privilege, grantable in wanted[grantee].items()
            if privilege not in have or (grantable and not have[privilege])
        }
        found += _grant(after, grantee, missing, context)
    return found


def held(grants: Iterable[Grant]) -> Held:
    """Grants by grantee; the same privilege from two grantors counts once."""
    found: Held = defaultdict(dict)
    for grant in grants:
        found[grant.grantee][grant.privilege] = found[grant.grantee].get(grant.privilege, False) or grant.grantable
    return dict(found)


def _merge(one: Held, other: Held) -> Held:
    merged: Held = {grantee: dict(privileges) for grantee, privileges in one.items()}
    for grantee, privileges in other.items():
        mine = merged.setdefault(grantee, {})
        for privilege, grantable in privileges.items():
            mine[privilege] = mine.get(privilege, False) or grantable
    return merged


def _grant(item: Object, grantee: str, missing: Mapping[str, bool], context: Context) -> list[str]:
    found: list[str] = []
    for option in (False, True):
        privileges = sorted(privilege for privilege, grantable in missing.items() if grantable == option)
        if privileges:
            suffix = " WITH GRANT OPTION" if option else ""
            found.append(f"GRANT {_on(item, privileges, context)} TO {role(grantee)}{suffix}")
    return found


def _revoke(item: Object, grantee: str, privileges: list[str] | None, context: Context, *, option: bool = False) -> str:
    words = privileges if privileges is not None else list(all_privileges(privileges_kind(item)))
    prefix = "GRANT OPTION FOR " if option else ""
    return f"REVOKE {prefix}{_on(item, words, context)} FROM {role(grantee)}"


def _on(item: Object, privileges: list[str], context: Context) -> str:
    """`SELECT, INSERT ON TABLE public.users`, the privileges in the manual's order, ALL where they are all."""
    every = all_privileges(privileges_kind(item))
    if context.version and context.version < MAINTAIN_SINCE:
        every = tuple(word for word in every if word != "MAINTAIN")
        privileges = [word for word in privileges if word != "MAINTAIN"]
    ordered = [word for word in every if word in privileges] + [word for word in privileges if word not in every]
    if isinstance(item, Column):
        column = ident(item.ref.name)
        return ", ".join(f"{word} ({column})" for word in ordered) + f" ON TABLE {holder(item.ref)}"
    words = "ALL" if set(ordered) == set(every) else ", ".join(ordered)
    if isinstance(item, Routine):
        return f"{words} ON {'PROCEDURE' if item.type == 'procedure' else 'FUNCTION'} {qualified(item.ref)}"
    noun = {"view": "TABLE", "table": "TABLE"}.get(item.ref.kind, item.ref.kind.upper())
    return f"{words} ON {noun} {qualified(item.ref)}"
