"""Tables: plain, partitioned, inherited, foreign."""

from __future__ import annotations

from db_migrate_tools.schema.ddl import columns, unkept
from db_migrate_tools.schema.ddl.columns import change_options
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import ident, qualified, target
from db_migrate_tools.schema.model import Column, Ref, Table


def create(item: Table, defaults_apart: frozenset[Ref], context: Context) -> list[str]:
    """The table with its columns; constraints, indexes and its place as a partition are steps of their own."""
    inherited = bool(item.inherits)
    own = [c for c in context.columns_of(item.ref) if c.local or not inherited]
    lines = [f"    {columns.definition(c, context, default=c.ref not in defaults_apart)}" for c in own]
    body = "(\n" + ",\n".join(lines) + "\n)" if lines else "()"
    unlogged = "UNLOGGED " if item.persistence == "unlogged" else ""
    foreign = "FOREIGN " if item.foreign_server else ""
    text = f"CREATE {unlogged}{foreign}TABLE {qualified(item.ref)} {body}"
    if inherited:
        text += f" INHERITS ({', '.join(qualified(parent) for parent in item.inherits)})"
    if item.partition_by:
        text += f" PARTITION BY {item.partition_by}"
    if item.foreign_server:
        text += f" SERVER {ident(item.foreign_server)}"
        if any(map(unkept.is_kept, item.foreign_options)):
            text += _foreign_options_of(item)
    elif item.access_method != "heap":
        text += f" USING {ident(item.access_method)}"
    if item.options:
        text += f" WITH ({', '.join(item.options)})"
    if item.tablespace:
        text += f" TABLESPACE {ident(item.tablespace)}"
    # Before the columns' own privileges, which a REVOKE on the table would take.
    found = [text, *unkept.told(target(item), _secrets(item))]
    if item.of_type is not None:
        found.append(f"ALTER {target(item)} OF {qualified(item.of_type)}")
    found += [*_row_security(Table(ref=item.ref), item), *after_create(item, context)]
    for column in context.columns_of(item.ref):
        found += columns.extras(column, context)
        if inherited and not column.local:
            found += _inherited_default(column, context)
    return found


def _inherited_default(column: Column, context: Context) -> list[str]:
    """A default that the child has and its parent has not."""
    parents = context.after.objects[Ref("table", column.ref.schema, column.ref.parent)]
    if not isinstance(parents, Table) or column.generated:
        return []
    above = [context.after.get(Ref("column", p.schema, column.ref.name, p.name)) for p in parents.inherits]
    inherited = next((c.default for c in above if isinstance(c, Column)), None)
    if inherited == column.default:
        return []
    return columns.drop_default(column) if column.default is None else columns.set_default(column)


def drop(item: Table) -> list[str]:
    return [f"DROP {'FOREIGN ' if item.foreign_server else ''}TABLE {qualified(item.ref)}"]


def attach(item: Table) -> list[str]:
    if item.partition_of is None:
        return []
    parent = qualified(item.partition_of)
    return [f"ALTER TABLE ONLY {parent} ATTACH PARTITION {qualified(item.ref)} {item.partition_bound}"]


def detach(item: Table) -> list[str]:
    if item.partition_of is None:
        return []
    return [f"ALTER TABLE {qualified(item.partition_of)} DETACH PARTITION {qualified(item.ref)}"]


def alter(before: Table, after: Table, fields: tuple[str, ...], context: Context) -> list[str]:
    """All but attaching and detaching partitions."""
    head = f"ALTER {target(after)}"
    found: list[str] = []
    for parent in before.inherits:
        if parent not in after.inherits:
            found.append(f"{head} NO INHERIT {qualified(parent)}")
    for parent in after.inherits:
        if parent not in before.inherits:
            found.append(f"{head} INHERIT {qualified(parent)}")
    if "persistence" in fields:
        found.append(f"{head} SET {'UNLOGGED' if after.persistence == 'unlogged' else 'LOGGED'}")
    if "access_method" in fields:
        found.append(f"{head} SET ACCESS METHOD {ident(after.access_method)}")
    if "tablespace" in fields:
        found.append(f"{head} SET TABLESPACE {ident(after.tablespace or 'pg_default')}")
    if "options" in fields:
        found += change_options(head, before.options, after.options)
    if "foreign_options" in fields:
        words, missing = unkept.changed(before.foreign_options, after.foreign_options)
        found += [f"{head} OPTIONS ({words})"] if words else []
        found += unkept.told(target(after), missing)
    if "of_type" in fields:
        found.append(f"{head} NOT OF" if after.of_type is None else f"{head} OF {qualified(after.of_type)}")
    if "replica_identity" in fields and after.replica_identity != "index":
        found.append(f"{head} REPLICA IDENTITY {after.replica_identity.upper()}")
    return [*found, *_row_security(before, after), *after_alter(before, after, fields, context)]


def replica_identity(item: Table) -> list[str]:
    """For a new table, once its keys are there; an index as identity is the index's to say."""
    if item.replica_identity in ("default", "index"):
        return []
    return [f"ALTER TABLE {qualified(item.ref)} REPLICA IDENTITY {item.replica_identity.upper()}"]


def _row_security(before: Table, after: Table) -> list[str]:
    head = f"ALTER TABLE {qualified(after.ref)}"
    found: list[str] = []
    if before.row_security != after.row_security:
        found.append(f"{head} {'ENABLE' if after.row_security else 'DISABLE'} ROW LEVEL SECURITY")
    if before.force_row_security != after.force_row_security:
        found.append(f"{head} {'FORCE' if after.force_row_security else 'NO FORCE'} ROW LEVEL SECURITY")
    return found


def _foreign_options_of(item: Table) -> str:
    return f" OPTIONS ({', '.join(option for option in item.foreign_options if unkept.is_kept(option))})"


def _secrets(item: Table) -> list[str]:
    return unkept.names_of(option for option in item.foreign_options if not unkept.is_kept(option))
