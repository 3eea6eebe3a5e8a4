"""ALTER DATABASE … SET and ALTER ROLE … SET."""

from __future__ import annotations

import re

from db_migrate_tools.schema.ddl.hidden import warning
from db_migrate_tools.schema.ddl.quote import ident, literal, role
from db_migrate_tools.schema.kinds import Setting
from db_migrate_tools.schema.secrets import is_hidden

_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
_ELEMENT = re.compile(r'"((?:[^"]|"")*)"|([^\s,]+)')


def put(item: Setting) -> list[str]:
    if is_hidden(item.value):
        return [warning(f"setting {item.ref.name}")]
    return [_statement(item, f"SET {_name(item)} TO {_value(item)}")]


def drop(item: Setting) -> list[str]:
    return [_statement(item, f"RESET {_name(item)}")]


def _statement(item: Setting, what: str) -> str:
    """The database is whichever the statement runs in, for a copy has a name of its own."""
    if not item.in_database:
        return f"ALTER ROLE {role(item.role) if item.role else 'ALL'} {what}"
    subject = f"ROLE {role(item.role)} IN DATABASE" if item.role else "DATABASE"
    text = f"ALTER {subject.replace('%', '%%')} %I {what.replace('%', '%%')}"
    return (
        f"DO $set$ BEGIN EXECUTE pg_catalog.format({literal(text).strip()}, pg_catalog.current_database()); END $set$"
    )


def _name(item: Setting) -> str:
    return ".".join(ident(part) for part in item.parameter.split("."))


def _value(item: Setting) -> str:
    if item.parameter not in _LISTS:
        return literal(item.value).strip()
    parts = [m[2] if m[2] is not None else m[1].replace('""', '"') for m in _ELEMENT.finditer(item.value)]
    return ", ".join(literal(part).strip() for part in parts) or "''"
