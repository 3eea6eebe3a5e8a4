"""Schemas, extensions and default privileges."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create, held
from db_migrate_tools.schema.ddl.quote import ident, literal, role
from db_migrate_tools.schema.model import DefaultAcl, Extension, Ref, Schema
from db_migrate_tools.schema.privileges import all_privileges, default_grants


def create_schema(item: Schema, context: Context) -> list[str]:
    """`public` comes with every new database, so there it is only set right; an extension's comes with it."""
    if item.extension is not None:
        return []
    guard = "IF NOT EXISTS " if item.ref.name == "public" else ""
    return [f"CREATE SCHEMA {guard}{ident(item.ref.name)}", *after_create(item, context)]


def drop_schema(item: Schema) -> list[str]:
    return [] if item.extension is not None else [f"DROP SCHEMA {ident(item.ref.name)}"]


def alter_schema(before: Schema, after: Schema, fields: tuple[str, ...], context: Context) -> list[str]:
    return after_alter(before, after, fields, context)


def create_extension(item: Extension, context: Context) -> list[str]:
    """The very version that was dropped; a schema built from nothing takes what the server offers."""
    version = "" if context.from_nothing else f" VERSION {literal(item.version)}"
    schema = context.after.get(Ref("schema", "", item.installed_in))
    own = isinstance(schema, Schema) and schema.extension == item.ref.name
    place = "" if own else f" WITH SCHEMA {ident(item.installed_in)}"
    return [f"CREATE EXTENSION IF NOT EXISTS {ident(item.ref.name)}{place}{version}"]


def drop_extension(item: Extension) -> list[str]:
    return [f"DROP EXTENSION {ident(item.ref.name)}"]


def alter_extension(before: Extension, after: Extension, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    if "installed_in" in fields:
        found.append(f"ALTER EXTENSION {ident(after.ref.name)} SET SCHEMA {ident(after.installed_in)}")
    if "version" in fields:
        found.append(f"ALTER EXTENSION {ident(after.ref.name)} UPDATE TO {literal(after.version)}")
    return found + after_alter(before, after, [name for name in fields if name != "owner"], context)


def default_acl(before: DefaultAcl | None, after: DefaultAcl | None) -> list[str]:
    """From one set of default privileges to another; None is Postgres's own."""
    some = after or before
    if some is None:
        return []
    inside = some.ref.schema
    builtin = () if inside else tuple(default_grants(some.objects, some.owner))
    had = held(before.acl or () if before else builtin)
    wanted = held(after.acl or () if after else builtin)
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {role(some.owner)}" + (f" IN SCHEMA {ident(inside)}" if inside else "")
    noun = some.objects.upper()
    found: list[str] = []
    for grantee in sorted(had):
        goal = wanted.get(grantee, {})
        taken = [
            privilege
            for privilege, grantable in had[grantee].items()
            if privilege not in goal or (grantable and not goal[privilege])
        ]
        if taken:
            found.append(f"{head} REVOKE {_words(some, taken)} ON {noun} FROM {role(grantee)}")
            for privilege in taken:
                del had[grantee][privilege]
    for grantee in sorted(wanted):
        have = had.get(grantee, {})
        for option in (False, True):
            missing = [
                privilege
                for privilege, grantable in wanted[grantee].items()
                if grantable == option and have.get(privilege) != grantable
            ]
            if missing:
                suffix = " WITH GRANT OPTION" if option else ""
                found.append(f"{head} GRANT {_words(some, missing)} ON {noun} TO {role(grantee)}{suffix}")
    return found


def _words(item: DefaultAcl, privileges: list[str]) -> str:
    every = all_privileges(item.objects)
    return "ALL" if set(privileges) == set(every) else ", ".join(word for word in every if word in privileges)
