"""The registry: for each kind of object, who writes its CREATE, its DROP and its ALTER."""

from __future__ import annotations

from db_migrate_tools.schema.ddl import (
    columns,
    constraints,
    extras,
    indexes,
    routines,
    schemas,
    sequences,
    tables,
    triggers,
    types,
    views,
)
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.model import (
    Column,
    Constraint,
    DefaultAcl,
    Extension,
    Index,
    Object,
    Policy,
    Ref,
    Routine,
    Schema,
    Sequence,
    Table,
    Trigger,
    Type,
    View,
)


def create(item: Object, context: Context, apart: frozenset[Ref] = frozenset()) -> list[str]:
    """`apart` are the columns whose default is set by a later step."""
    match item:
        case Schema():
            return schemas.create_schema(item, context)
        case Extension():
            return schemas.create_extension(item, context)
        case Type():
            return types.create(item, context)
        case Table():
            return tables.create(item, apart, context)
        case Column() if item.ref.parent and _of_type(item, context):
            return types.create_attribute(item, context)
        case Column():
            return columns.create(item, context, default=item.ref not in apart)
        case Constraint():
            return constraints.create(item, context)
        case Index():
            return indexes.create(item, context)
        case Sequence():
            return sequences.create(item, context)
        case View():
            return views.create(item, context)
        case Routine():
            return routines.create(item, context)
        case Trigger():
            return triggers.create(item, context)
        case Policy():
            return triggers.create_policy(item, context)
        case DefaultAcl():
            return schemas.default_acl(None, item)
        case _:
            return extras.create(item, context)


def drop(item: Object, context: Context) -> list[str]:
    match item:
        case Schema():
            return schemas.drop_schema(item)
        case Extension():
            return schemas.drop_extension(item)
        case Type():
            return types.drop(item)
        case Table():
            return tables.drop(item)
        case Column() if _of_type(item, context):
            return types.drop_attribute(item)
        case Column():
            return columns.drop(item, context)
        case Constraint():
            return constraints.drop(item, context)
        case Index():
            return indexes.drop(item)
        case Sequence():
            return sequences.drop(item)
        case View():
            return views.drop(item)
        case Routine():
            return routines.drop(item)
        case Trigger():
            return triggers.drop(item, context)
        case Policy():
            return triggers.drop_policy(item)
        case DefaultAcl():
            return schemas.default_acl(item, None)
        case _:
            return extras.drop(item)


def alter(
    before: Object, after: Object, fields: tuple[str, ...], context: Context, *, default_apart: bool = False
) -> list[str]:
    match before, after:
        case (Schema(), Schema()):
            return schemas.alter_schema(before, after, fields, context)
        case (Extension(), Extension()):
            return schemas.alter_extension(before, after, fields, context)
        case (Type(), Type()):
            return types.alter(before, after, fields, context)
        case (Table(), Table()):
            return tables.alter(before, after, fields, context)
        case (Column(), Column()) if _of_type(after, context):
            return types.alter_attribute(before, after, fields, context)
        case (Column(), Column()) if _of_view(after, context):
            return views.alter_column(before, after, fields, context)
        case (Column(), Column()):
            return columns.alter(before, after, fields, context, default_apart=default_apart)
        case (Constraint(), Constraint()):
            return constraints.alter(before, after, fields, context)
        case (Index(), Index()):
            return indexes.alter(before, after, fields, context)
        case (Sequence(), Sequence()):
            return sequences.alter(before, after, fields, context)
        case (View(), View()):
            return views.alter(before, after, fields, context)
        case (Routine(), Routine()):
            return routines.alter(before, after, fields, context)
        case (Trigger(), Trigger()):
            return triggers.alter(before, after, fields, context)
        case (Policy(), Policy()):
            return triggers.alter_policy(before, after, fields, context)
        case (DefaultAcl(), DefaultAcl()):
            return schemas.default_acl(before, after)
        case _:
            return extras.alter(before, after, fields, context)


def _of_type(item: Column, context: Context) -> bool:
    ref = Ref("type", item.ref.schema, item.ref.parent)
    return ref in context.after.objects or ref in context.base.objects


def _of_view(item: Column, context: Context) -> bool:
    return Ref("view", item.ref.schema, item.ref.parent) in context.after.objects
