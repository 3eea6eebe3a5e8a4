"""Columns of tables: their definition, and every change that ALTER COLUMN can make."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.schema.casts import castable
from db_migrate_tools.schema.ddl import sequences, unkept
from db_migrate_tools.schema.ddl.context import Context, column_ref
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident
from db_migrate_tools.schema.model import Column, Constraint, Ref, Sequence, SequenceOptions, Table

_SINCE_SET_STORAGE_DEFAULT = 160000
_SINCE_NOT_NULL_CONSTRAINTS = 180000
_NO_OPTIONS = SequenceOptions(data_type="bigint", start=1, increment=1, minimum=1, maximum=1, cache=1, cycle=False)


def definition(item: Column, context: Context, *, default: bool = True) -> str:
    """The column as CREATE TABLE and ADD COLUMN write it."""
    parts = [ident(item.ref.name), item.type]
    if item.collation:
        parts.append(f"COLLATE {item.collation}")
    if item.generated:
        parts.append(f"GENERATED ALWAYS AS ({item.default}) {item.generated.upper()}")
    elif item.default is not None and default:
        parts.append(f"DEFAULT {item.default}")
    if _has_own_identity(item):
        parts.append(_identity(item))
    named = context.not_null.get(item.ref)
    if named is None and not item.nullable:
        name = f"CONSTRAINT {ident(item.not_null_name)} " if item.not_null_name else ""
        parts.append(f"{name}NOT NULL")
    elif named is not None and named.validated:
        no_inherit = " NO INHERIT" if named.definition.endswith("NO INHERIT") else ""
        parts.append(f"CONSTRAINT {ident(named.ref.name)} NOT NULL{no_inherit}")
    return " ".join(parts)


def with_own_identity(item: Column) -> Column:
    """The column as it is without its parent: an identity that is the parent's goes when the table is detached."""
    return item if not item.identity or _has_own_identity(item) else replace(item, identity="")


def _has_own_identity(item: Column) -> bool:
    """A partition's identity column takes its numbers from its parent's, from Postgres 17 on."""
    return bool(item.identity) and item.identity_options is not None


def _identity(item: Column) -> str:
    words = [] if item.identity_options is None else sequences.options(item.identity_options)
    usual = f"{item.ref.parent}_{item.ref.name}_seq"
    if item.identity_sequence and item.identity_sequence != usual:
        words.insert(0, f"SEQUENCE NAME {ident(item.ref.schema)}.{ident(item.identity_sequence)}")
    return f"GENERATED {item.identity.upper()} AS IDENTITY" + (f" ({' '.join(words)})" if words else "")


def create(item: Column, context: Context, *, default: bool = True) -> list[str]:
    if Ref("table", item.ref.schema, item.ref.parent) in context.stored_rows and _fills(item) and default:
        return [*_create_and_fill(item, context), *extras(item, context)]
    text = definition(item, context, default=default)
    return [f"ALTER TABLE {holder(item.ref)} ADD COLUMN {text}", *extras(item, context)]


def _fills(item: Column) -> bool:
    return item.default is not None and not item.generated


def _create_and_fill(item: Column, context: Context) -> list[str]:
    """Where other tables store this table's rows, Postgres adds no column with a default in one go."""
    named = context.not_null.get(item.ref)
    name = named.ref.name if named is not None and named.validated else item.not_null_name
    collation = f" COLLATE {item.collation}" if item.collation else ""
    found = [
        f"ALTER TABLE {holder(item.ref)} ADD COLUMN {ident(item.ref.name)} {item.type}{collation}",
        *set_default(item),
        f"UPDATE {holder(item.ref)} SET {ident(item.ref.name)} = DEFAULT",
    ]
    if not item.nullable and name:
        found.append(f"ALTER TABLE {holder(item.ref)} ADD CONSTRAINT {ident(name)} NOT NULL {ident(item.ref.name)}")
    elif not item.nullable:
        found.append(f"{_head(item)} SET NOT NULL")
    return found


def extras(item: Column, context: Context) -> list[str]:
    """What a column's definition has no words for."""
    found: list[str] = []
    if item.storage:
        found.append(f"{_head(item)} SET STORAGE {item.storage.upper()}")
    if item.compression:
        found.append(f"{_head(item)} SET COMPRESSION {item.compression}")
    if item.statistics is not None:
        found.append(f"{_head(item)} SET STATISTICS {item.statistics}")
    if item.options:
        found.append(f"{_head(item)} SET ({', '.join(item.options)})")
    found += _foreign_options((), item)
    found += after_create(item, context)
    if _has_own_identity(item):
        found += after_create(_sequence(item, context), context)[1:]
    return found


def _sequence(item: Column, context: Context) -> Sequence:
    """The sequence behind an identity, as far as privileges go; it is owned by the table's owner."""
    table = context.after.get(Ref("table", item.ref.schema, item.ref.parent))
    name = item.identity_sequence or f"{item.ref.parent}_{item.ref.name}_seq"
    return Sequence(
        ref=Ref("sequence", item.ref.schema, name),
        owner=table.owner if table is not None else "",
        acl=item.identity_acl,
        comment=item.identity_comment,
        options=item.identity_options or _NO_OPTIONS,
    )


def usual_storage(item: Column, context: Context) -> str:
    """Its storage as SET STORAGE names it; before 16 the default of types that can be compressed."""
    usual = "DEFAULT" if context.version >= _SINCE_SET_STORAGE_DEFAULT else "EXTENDED"
    return (item.storage or usual).upper()


def drop(item: Column, context: Context) -> list[str]:
    """ONLY where tables that inherit the column keep it."""
    only = "ONLY " if _kept_below(item, context) else ""
    return [f"ALTER TABLE {only}{holder(item.ref)} DROP COLUMN {ident(item.ref.name)}"]


def _kept_below(item: Column, context: Context) -> bool:
    table = Ref("table", item.ref.schema, item.ref.parent)
    below = [Ref("column", child.schema, item.ref.name, child.name) for child in context.children.get(table, ())]
    return any(ref in context.after.objects and ref not in context.gone for ref in below)


def drop_identity(item: Column) -> list[str]:
    return [f"{_head(item)} DROP IDENTITY"]


def drop_default(item: Column) -> list[str]:
    return [f"{_head(item)} DROP DEFAULT"]


def set_default(item: Column) -> list[str]:
    return [f"{_head(item)} SET DEFAULT {item.default}"]


def alter(
    before: Column, after: Column, fields: tuple[str, ...], context: Context, *, default_apart: bool = False
) -> list[str]:
    """`default_apart` leaves the default to steps of its own."""
    head = _head(after)
    names = set(fields)
    found: list[str] = []
    retyped = bool(names & {"type", "collation"})
    had_default = before.default is not None and not before.generated
    has_default = after.default is not None and not after.generated
    if before.generated and not after.generated:
        found.append(f"{head} DROP EXPRESSION")
    if had_default and not default_apart and (retyped or (names & {"default"} and not has_default)):
        found.append(f"{head} DROP DEFAULT")
    if retyped:
        found.append(retype(before, after))
    if has_default and not default_apart and (retyped or "default" in names):
        found.append(f"{head} SET DEFAULT {after.default}")
    if after.generated and before.generated and "default" in names:
        found.append(f"{head} SET EXPRESSION AS ({after.default})")
    found += _nullability(before, after, context)
    if "identity" in names or "identity_options" in names:
        found += _alter_identity(before, after)
    if "storage" in names:
        found.append(f"{head} SET STORAGE {usual_storage(after, context)}")
    if "compression" in names:
        found.append(f"{head} SET COMPRESSION {after.compression or 'default'}")
    if "statistics" in names:
        found.append(f"{head} SET STATISTICS {-1 if after.statistics is None else after.statistics}")
    if "options" in names:
        found += change_options(head, before.options, after.options)
    if "foreign_options" in names:
        found += _foreign_options(before.foreign_options, after)
    found += after_alter(before, after, fields, context)
    if after.identity and not before.identity:
        found += after_create(_sequence(after, context), context)[1:]
    elif after.identity and names & {"identity_acl", "identity_comment"}:
        old = replace(_sequence(after, context), acl=before.identity_acl, comment=before.identity_comment)
        changed = [name.removeprefix("identity_") for name in ("identity_acl", "identity_comment") if name in names]
        found += after_alter(old, _sequence(after, context), changed, context)
    return found


def _foreign_options(before: tuple[str, ...], after: Column) -> list[str]:
    words, missing = unkept.changed(before, after.foreign_options)
    head = f"ALTER FOREIGN TABLE {holder(after.ref)} ALTER COLUMN {ident(after.ref.name)}"
    found = [f"{head} OPTIONS ({words})"] if words else []
    return found + unkept.told(f"column {holder(after.ref)}.{ident(after.ref.name)}", missing)


def retype(before: Column, after: Column) -> str:
    """ALTER … TYPE. Between types of which no cast is known the value goes through text; a generated one is made of
    its expression, and Postgres takes no USING.
    """
    name = ident(after.ref.name)
    collation = f" COLLATE {after.collation}" if after.collation else ""
    text = f"{_head(after)} TYPE {after.type}{collation}"
    if before.type == after.type or after.generated:
        return text
    through = "" if castable(before, after) else "::text"
    return f"{text} USING {name}{through}::{after.type}"


def change_options(head: str, before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """SET and RESET between two lists of `name=value`."""
    found: list[str] = []
    gone = {option.partition("=")[0] for option in before} - {option.partition("=")[0] for option in after}
    new = [option for option in after if option not in before]
    if gone:
        found.append(f"{head} RESET ({', '.join(sorted(gone))})")
    if new:
        found.append(f"{head} SET ({', '.join(_option(option) for option in new)})")
    return found


def _option(text: str) -> str:
    name, _, value = text.partition("=")
    return f"{name}='{value}'" if value and not value.replace(".", "").replace("_", "").isalnum() else text


def _nullability(before: Column, after: Column, context: Context) -> list[str]:
    """A NOT NULL constraint that has its own entry in the catalog speaks for the column."""
    named = context.not_null.get(after.ref)
    if before.nullable == after.nullable or named is not None:
        return []
    if after.nullable and any(
        isinstance(item := context.base.get(ref), Constraint)
        and item.type == "not null"
        and item.columns == (after.ref.name,)
        for ref in context.gone_of(Ref("table", after.ref.schema, after.ref.parent))
        if ref.kind == "constraint"
    ):
        return []
    if after.nullable:
        return [f"{_head(after)} DROP NOT NULL"]
    if after.not_null_name is None or not _is_free(after.not_null_name, after.ref, context):
        return [f"{_head(after)} SET NOT NULL"]
    name = ident(after.not_null_name)
    return [f"ALTER TABLE {holder(after.ref)} ADD CONSTRAINT {name} NOT NULL {ident(after.ref.name)}"]


def _is_free(name: str, column: Ref, context: Context) -> bool:
    """Whether the column can get a NOT NULL of that name: no parent brings one, and no other column has it."""
    table = context.base.get(Ref("table", column.schema, column.parent))
    if context.version < _SINCE_NOT_NULL_CONSTRAINTS or not isinstance(table, Table):
        return False
    if table.partition_of is not None or table.inherits:
        return False
    others = (context.base.get(column_ref(table.ref, each)) for each in table.columns)
    return not any(isinstance(other, Column) and other.not_null_name == name for other in others)


def _alter_identity(before: Column, after: Column) -> list[str]:
    head = _head(after)
    if not after.identity:
        return []
    if not before.identity:
        return [f"{head} ADD {_identity(after)}"]
    words: list[str] = []
    if before.identity != after.identity:
        words.append(f"SET GENERATED {after.identity.upper()}")
    if before.identity_options and after.identity_options:
        words += sequences.changed(before.identity_options, after.identity_options, "SET ")
    return [f"{head} {' '.join(words)}"] if words else []


def _head(item: Column) -> str:
    return f"ALTER TABLE {holder(item.ref)} ALTER COLUMN {ident(item.ref.name)}"
