"""Triggers and policies."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident, role
from db_migrate_tools.schema.model import Policy, Trigger

_ENABLE = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def create(item: Trigger, context: Context) -> list[str]:
    found = [item.definition] if item.local else []
    if item.enabled != "origin" or not item.local:
        found.append(_enable(item))
    return found + after_create(item, context)


def drop(item: Trigger, context: Context) -> list[str]:
    """A partition's copy stays its parent's: only the way it is enabled goes back."""
    if not item.local:
        return [f"ALTER TABLE {holder(item.ref)} ENABLE TRIGGER {ident(item.ref.name)}"]
    return [f"DROP TRIGGER {ident(item.ref.name)} ON {holder(item.ref)}"]


def alter(before: Trigger, after: Trigger, fields: tuple[str, ...], context: Context) -> list[str]:
    found = [_enable(after)] if "enabled" in fields else []
    return found + after_alter(before, after, fields, context)


def _enable(item: Trigger) -> str:
    return f"ALTER TABLE {holder(item.ref)} {_ENABLE[item.enabled]} TRIGGER {ident(item.ref.name)}"


def create_policy(item: Policy, context: Context) -> list[str]:
    text = f"CREATE POLICY {ident(item.ref.name)} ON {holder(item.ref)}"
    if not item.permissive:
        text += " AS RESTRICTIVE"
    if item.command != "all":
        text += f" FOR {item.command.upper()}"
    return [text + _clauses(item), *after_create(item, context)]


def drop_policy(item: Policy) -> list[str]:
    return [f"DROP POLICY {ident(item.ref.name)} ON {holder(item.ref)}"]


def alter_policy(before: Policy, after: Policy, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    if {"roles", "using", "check"} & set(fields):
        found.append(f"ALTER POLICY {ident(after.ref.name)} ON {holder(after.ref)}{_clauses(after)}")
    return found + after_alter(before, after, fields, context)


def _clauses(item: Policy) -> str:
    text = f" TO {', '.join(role(name) for name in item.roles)}"
    if item.using is not None:
        text += f" USING ({item.using})"
    if item.check is not None:
        text += f" WITH CHECK ({item.check})"
    return text
