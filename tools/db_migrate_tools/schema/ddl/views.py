"""Views and materialized views."""

from __future__ import annotations

from dataclasses import replace as replace_column

from db_migrate_tools.schema.ddl.columns import change_options, usual_storage
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident, idents, qualified, target
from db_migrate_tools.schema.model import Column, View


def create(item: View, context: Context, *, replace: bool = False) -> list[str]:
    options = f" WITH ({', '.join(item.options)})" if item.options else ""
    names = f" ({idents(item.columns)})" if item.columns and not replace else ""
    if not item.materialized:
        words = "CREATE OR REPLACE VIEW" if replace else "CREATE VIEW"
        found = [f"{words} {qualified(item.ref)}{names}{options} AS\n{item.definition.strip()}"]
    else:
        method = f" USING {ident(item.access_method)}" if item.access_method not in (None, "heap") else ""
        space = f" TABLESPACE {ident(item.tablespace)}" if item.tablespace else ""
        data = "" if item.populated else "\nWITH NO DATA"
        text = f"CREATE MATERIALIZED VIEW {qualified(item.ref)}{names}{method}{options}{space} AS\n"
        found = [f"{text}{item.definition.strip()}{data}"]
    if replace:
        return found
    found += after_create(item, context)
    for column in context.columns_of(item.ref):
        found += column_extras(column, context)
    return found


def column_extras(item: Column, context: Context) -> list[str]:
    found: list[str] = []
    if item.default is not None:
        found.append(f"ALTER VIEW {holder(item.ref)} ALTER COLUMN {ident(item.ref.name)} SET DEFAULT {item.default}")
    found += _storage(None, item, context)
    return found + after_create(item, context)


def drop(item: View) -> list[str]:
    return [f"DROP {target(item)}"]


def alter(before: View, after: View, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    head = f"ALTER {target(after)}"
    if "definition" in fields and not after.materialized:
        found += create(after, context, replace=True)
        if set(before.options) - set(after.options):
            found += change_options(head, before.options, after.options)
    elif "options" in fields:
        found += change_options(head, before.options, after.options)
    if "populated" in fields:
        found.append(f"REFRESH MATERIALIZED VIEW {qualified(after.ref)}{'' if after.populated else ' WITH NO DATA'}")
    if "tablespace" in fields:
        found.append(f"{head} SET TABLESPACE {ident(after.tablespace or 'pg_default')}")
    if "access_method" in fields:
        found.append(f"{head} SET ACCESS METHOD {ident(after.access_method or 'heap')}")
    return found + after_alter(before, after, fields, context)


def alter_column(before: Column, after: Column, fields: tuple[str, ...], context: Context) -> list[str]:
    """A view's column has no more than a default, privileges, a comment, and statistics if materialized."""
    found: list[str] = []
    if "default" in fields:
        words = "DROP DEFAULT" if after.default is None else f"SET DEFAULT {after.default}"
        found.append(f"ALTER VIEW {holder(after.ref)} ALTER COLUMN {ident(after.ref.name)} {words}")
    found += _storage(before, after, context)
    return found + after_alter(before, after, fields, context)


def _storage(before: Column | None, after: Column, context: Context) -> list[str]:
    """What a materialized view's column has from a table's."""
    head = f"ALTER MATERIALIZED VIEW {holder(after.ref)} ALTER COLUMN {ident(after.ref.name)}"
    old = before or replace_column(after, storage=None, compression=None, statistics=None, options=())
    found: list[str] = []
    if old.storage != after.storage:
        found.append(f"{head} SET STORAGE {usual_storage(after, context)}")
    if old.compression != after.compression:
        found.append(f"{head} SET COMPRESSION {after.compression or 'default'}")
    if old.statistics != after.statistics:
        found.append(f"{head} SET STATISTICS {-1 if after.statistics is None else after.statistics}")
    if old.options != after.options:
        found += change_options(head, old.options, after.options)
    return found
