"""Owners, privileges and comments as statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.quote import holder, ident, literal, qualified, role, target
from db_migrate_tools.schema.model import Column, DefaultAcl, Extension, Grant, Object, Routine, Sequence, Table, View
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
        case "constraint" | "trigger" | "policy" | "rule":
            subject = f"{item.ref.kind.upper()} {ident(item.ref.name)} ON {holder(item.ref)}"
        case _:
            subject = target(item)
    return f"COMMENT ON {subject} IS {text.strip()}"


def _grants_after_create(item: Object, context: Context) -> list[str]:
    kind = privileges_kind(item)
    if not all_privileges(kind) or isinstance(item, DefaultAcl):
        return []
    goal = effective(item, context.after.server_version, keep_default=True) or ()
    wanted = held(_own(goal, item))
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
    return found + _granted_on(item, (), goal, context)


def _grants_after_alter(before: Object, after: Object, context: Context) -> list[str]:
    old = [
        Grant(
            after.owner if grant.grantee == before.owner else grant.grantee,
            grant.privilege,
            after.owner if grant.grantor == before.owner else grant.grantor,
            grant.grantable,
        )
        for grant in effective(before, context.base.server_version, keep_default=True) or ()
    ]
    goal_grants = effective(after, context.after.server_version, keep_default=True) or ()
    had, wanted = held(_own(old, after)), held(_own(goal_grants, after))
    found = _taken_back(after, old, goal_grants, context)
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
    if isinstance(after, Table | View):
        found += _of_columns(after, had, wanted, context)
    return found + _granted_on(after, old, goal_grants, context)


def _of_columns(item: Table | View, had: Held, wanted: Held, context: Context) -> list[str]:
    """What a REVOKE on the relation took from its columns too."""
    found: list[str] = []
    for column in context.columns_of(item.ref):
        kept = held(column.acl or ()) if not context.is_new(column.ref) else {}
        for grantee, privileges in sorted(kept.items()):
            taken = had.get(grantee, {}).keys() - wanted.get(grantee, {}).keys()
            again = {privilege: option for privilege, option in privileges.items() if privilege in taken}
            found += _grant(column, grantee, again, context)
    return found


def _own(grants: Iterable[Grant], item: Object) -> list[Grant]:
    """What the owner granted; a column has no owner of its own, and there everybody may be it."""
    return [grant for grant in grants if not item.owner or grant.grantor in ("", item.owner)]


def _granted_on(item: Object, before: Iterable[Grant], after: Iterable[Grant], context: Context) -> list[str]:
    """What those who may grant on have granted, each statement as its grantor."""
    new = set(after) - set(before) - set(_own(after, item))
    ready = {grant.grantee for grant in after if grant.grantable} - {grant.grantee for grant in new}
    found: list[str] = []
    while new:
        # A grantor needs the right to grant on first.
        now = {grant for grant in new if grant.grantor in ready} or new
        for grant in sorted(now):
            statements = _grant(item, grant.grantee, {grant.privilege: grant.grantable}, context)
            found += [_as_role(grant.grantor, statement) for statement in statements]
        new -= now
        ready |= {grant.grantee for grant in now}
    return found


def _taken_back(item: Object, before: Iterable[Grant], after: Iterable[Grant], context: Context) -> list[str]:
    gone = set(before) - set(after) - set(_own(before, item))
    return [
        _as_role(grant.grantor, _revoke(item, grant.grantee, [grant.privilege], context))
        for grant in sorted(gone, reverse=True)
    ]


def _as_role(name: str, statement: str) -> str:
    """One statement as another role; whoever ran it is themselves again afterwards."""
    return (
        "DO $grant$ DECLARE myself text := current_setting('role'); BEGIN\n"
        f"    PERFORM set_config('role', {literal(name).strip()}, true);\n    {statement};\n"
        "    PERFORM set_config('role', myself, true);\nEND $grant$"
    )


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
    noun = {"view": "TABLE", "table": "TABLE"}.get(item.ref.kind, item.ref.kind.upper().replace("-", " "))
    return f"{words} ON {noun} {qualified(item.ref)}"
