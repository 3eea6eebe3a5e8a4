"""Publications with what they publish, and subscriptions."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.hidden import warning
from db_migrate_tools.schema.ddl.quote import holder, ident, idents, literal
from db_migrate_tools.schema.kinds import Publication, PublicationSchema, PublicationTable, Subscription

_USUAL = {
    "binary": "false",
    "synchronous_commit": "off",
    "two_phase": "false",
    "disable_on_error": "false",
    "password_required": "true",
    "run_as_owner": "false",
    "origin": "any",
    "failover": "false",
}


def create(item: Publication, context: Context) -> list[str]:
    """Its tables and schemas are added by statements of their own."""
    text = f"CREATE PUBLICATION {ident(item.ref.name)}" + (" FOR ALL TABLES" if item.all_tables else "")
    words = _with(Publication(ref=item.ref), item)
    return [text + (f" WITH ({', '.join(words)})" if words else ""), *after_create(item, context)]


def alter(before: Publication, after: Publication, fields: tuple[str, ...], context: Context) -> list[str]:
    words = _with(before, after)
    found = [f"ALTER PUBLICATION {ident(after.ref.name)} SET ({', '.join(words)})"] if words else []
    return found + after_alter(before, after, fields, context)


def _with(before: Publication, after: Publication) -> list[str]:
    found: list[str] = []
    if before.publish != after.publish:
        found.append(f"publish = {literal(', '.join(after.publish)).strip()}")
    if before.via_root != after.via_root:
        found.append(f"publish_via_partition_root = {str(after.via_root).lower()}")
    if before.generated_columns != after.generated_columns:
        found.append(f"publish_generated_columns = {after.generated_columns}")
    return found


def add_table(item: PublicationTable) -> list[str]:
    columns = f" ({idents(item.columns)})" if item.columns else ""
    where = f" WHERE {_in_parentheses(item.where)}" if item.where is not None else ""
    return [f"ALTER PUBLICATION {ident(item.ref.name)} ADD TABLE ONLY {holder(item.ref)}{columns}{where}"]


def _in_parentheses(text: str) -> str:
    return text if text.startswith("(") and text.endswith(")") else f"({text})"


def drop_table(item: PublicationTable) -> list[str]:
    return [f"ALTER PUBLICATION {ident(item.ref.name)} DROP TABLE ONLY {holder(item.ref)}"]


def add_schema(item: PublicationSchema) -> list[str]:
    return [f"ALTER PUBLICATION {ident(item.ref.name)} ADD TABLES IN SCHEMA {ident(item.ref.schema)}"]


def drop_schema(item: PublicationSchema) -> list[str]:
    return [f"ALTER PUBLICATION {ident(item.ref.name)} DROP TABLES IN SCHEMA {ident(item.ref.schema)}"]


def subscribe(item: Subscription, context: Context) -> list[str]:
    """Without its connection, which is not known, hence not enabled and without a slot."""
    options = [f"{name} = {literal(value).strip()}" for name, value in item.options if _USUAL.get(name) != value]
    words = ["connect = false", "slot_name = NONE", "enabled = false", *options]
    published = idents(item.publications)
    return [
        f"CREATE SUBSCRIPTION {ident(item.ref.name)} CONNECTION '' PUBLICATION {published} WITH ({', '.join(words)})",
        *after_create(item, context),
        warning(f"the connection, the slot and the start of subscription {item.ref.name}"),
    ]


def unsubscribe(item: Subscription) -> list[str]:
    """A slot at the publisher cannot be dropped from within a transaction: it stays there."""
    name = ident(item.ref.name)
    found = [f"ALTER SUBSCRIPTION {name} DISABLE"] if item.enabled else []
    if item.slot is not None:
        found.append(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
    return [*found, f"DROP SUBSCRIPTION {name}"]


def alter_subscription(
    before: Subscription, after: Subscription, fields: tuple[str, ...], context: Context
) -> list[str]:
    head = f"ALTER SUBSCRIPTION {ident(after.ref.name)}"
    found: list[str] = []
    if "enabled" in fields and not after.enabled:
        found.append(f"{head} DISABLE")
    if "publications" in fields:
        found.append(f"{head} SET PUBLICATION {idents(after.publications)} WITH (refresh = false)")
    old = dict(before.options)
    words = [f"{name} = {literal(value).strip()}" for name, value in after.options if old.get(name) != value]
    if "slot" in fields:
        words.append(f"slot_name = {'NONE' if after.slot is None else literal(after.slot).strip()}")
    if words:
        found.append(f"{head} SET ({', '.join(words)})")
    if "enabled" in fields and after.enabled:
        found.append(f"{head} ENABLE")
    return found + after_alter(before, after, fields, context)
