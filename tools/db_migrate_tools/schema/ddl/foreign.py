"""Foreign-data wrappers, servers and user mappings."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.hidden import changes, clause, untold
from db_migrate_tools.schema.ddl.quote import ident, literal, role, target
from db_migrate_tools.schema.kinds import ForeignDataWrapper, ForeignServer, UserMapping


def create_wrapper(item: ForeignDataWrapper, context: Context) -> list[str]:
    text = f"CREATE FOREIGN DATA WRAPPER {ident(item.ref.name)}"
    text += f" HANDLER {item.handler}" if item.handler else ""
    text += f" VALIDATOR {item.validator}" if item.validator else ""
    return [text + clause(item.options), *after_create(item, context), *untold((), item.options, _named(item))]


def alter_wrapper(
    before: ForeignDataWrapper, after: ForeignDataWrapper, fields: tuple[str, ...], context: Context
) -> list[str]:
    text = ""
    if before.handler != after.handler:
        text += f" HANDLER {after.handler}" if after.handler else " NO HANDLER"
    if before.validator != after.validator:
        text += f" VALIDATOR {after.validator}" if after.validator else " NO VALIDATOR"
    text += changes(before.options, after.options)
    found = [f"ALTER {target(after)}{text}"] if text else []
    return [*found, *after_alter(before, after, fields, context), *untold(before.options, after.options, _named(after))]


def create_server(item: ForeignServer, context: Context) -> list[str]:
    text = f"CREATE SERVER {ident(item.ref.name)}"
    text += f" TYPE {literal(item.type).strip()}" if item.type is not None else ""
    text += f" VERSION {literal(item.version).strip()}" if item.version is not None else ""
    text += f" FOREIGN DATA WRAPPER {ident(item.wrapper)}{clause(item.options)}"
    return [text, *after_create(item, context), *untold((), item.options, _named(item))]


def alter_server(before: ForeignServer, after: ForeignServer, fields: tuple[str, ...], context: Context) -> list[str]:
    text = ""
    if before.version != after.version:
        text += f" VERSION {'NULL' if after.version is None else literal(after.version).strip()}"
    text += changes(before.options, after.options)
    found = [f"ALTER {target(after)}{text}"] if text else []
    return [*found, *after_alter(before, after, fields, context), *untold(before.options, after.options, _named(after))]


def create_mapping(item: UserMapping) -> list[str]:
    options = item.options or ()
    return [f"CREATE USER MAPPING {_who(item)}{clause(options)}", *untold((), options, _named(item))]


def drop_mapping(item: UserMapping) -> list[str]:
    return [f"DROP USER MAPPING {_who(item)}"]


def alter_mapping(before: UserMapping, after: UserMapping) -> list[str]:
    old, new = before.options or (), after.options or ()
    text = changes(old, new)
    found = [f"ALTER USER MAPPING {_who(after)}{text}"] if text else []
    return found + untold(old, new, _named(after))


def _who(item: UserMapping) -> str:
    return f"FOR {role(item.role)} SERVER {ident(item.server)}"


def _named(item: ForeignDataWrapper | ForeignServer | UserMapping) -> str:
    return f"{item.ref.kind.replace('-', ' ')} {item.ref.name}"
