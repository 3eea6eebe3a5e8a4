"""Which changes Postgres has no ALTER for: the object is dropped and made again."""

from __future__ import annotations

import re

from db_migrate_tools.schema.casts import converts
from db_migrate_tools.schema.kinds import CLASSES, must_replace_kind
from db_migrate_tools.schema.model import (
    Column,
    Constraint,
    Index,
    Object,
    Policy,
    Routine,
    Table,
    Trigger,
    View,
)

_PARAMETERS = re.compile(r" WITH \(([a-z_]+='[^'()]*'(?:, [a-z_]+='[^'()]*')*)\)")


def must_replace(before: Object, after: Object) -> bool:
    """Whether turning `before` into `after` needs a drop and a create."""
    if type(before) is not type(after):
        return True
    match before, after:
        case (Table(), Table()):
            return before.partition_by != after.partition_by or before.foreign_server != after.foreign_server
        case (Column(), Column()):
            return _column(before, after)
        case (Constraint(), Constraint()):
            return _constraint(before, after)
        case (Index(), Index()):
            return plain_index(before)[0] != plain_index(after)[0] or before.constraint != after.constraint
        case (View(), View()):
            return _view(before, after)
        case (Routine(), Routine()):
            return _routine(before, after)
        case (Trigger(), Trigger()):
            return before.definition != after.definition
        case (Policy(), Policy()):
            return (
                before.command != after.command
                or before.permissive != after.permissive
                or (before.using is not None and after.using is None)
                or (before.check is not None and after.check is None)
            )
        case _:
            return isinstance(before, CLASSES) and must_replace_kind(before, after)


def plain_index(item: Index) -> tuple[str, tuple[str, ...]]:
    """An index's definition without its storage parameters, which ALTER INDEX can change, and these."""
    found = _PARAMETERS.search(item.definition)
    if found is None:
        return item.definition, ()
    words = tuple(word.strip().replace("'", "") for word in found[1].split(","))
    return item.definition[: found.start()] + item.definition[found.end() :], words


def _column(before: Column, after: Column) -> bool:
    """A column becomes generated, or generated in another way, only anew; it stops being stored in place. Of another
    type it becomes in place where its expression's value converts by itself.
    """
    if before.generated == after.generated:
        return bool(after.generated) and not converts(before, after)
    return bool(after.generated) or before.generated == "virtual"


def _constraint(before: Constraint, after: Constraint) -> bool:
    if before.type != after.type or (before.validated and not after.validated):
        return True
    return _plain_definition(before) != _plain_definition(after)


def _plain_definition(item: Constraint) -> str:
    """The definition without what ALTER CONSTRAINT and VALIDATE CONSTRAINT can change."""
    text = item.definition.removesuffix(" NOT VALID")
    if item.type == "foreign key":
        text = text.removesuffix(" DEFERRABLE INITIALLY DEFERRED").removesuffix(" DEFERRABLE")
    return text


def _view(before: View, after: View) -> bool:
    if before.materialized or after.materialized:
        return before.materialized != after.materialized or before.definition != after.definition
    return after.columns[: len(before.columns)] != before.columns


def _routine(before: Routine, after: Routine) -> bool:
    """CREATE OR REPLACE keeps the result, the arguments' names and modes, and must not take a default away."""
    if before.type != after.type or before.returns != after.returns:
        return True
    if before.type == "aggregate":
        return before.definition != after.definition
    if len(before.arguments) != len(after.arguments):
        return True
    return any(
        (one.name and one.name != other.name)
        or one.mode != other.mode
        or one.type != other.type
        or (one.has_default and not other.has_default)
        for one, other in zip(before.arguments, after.arguments, strict=True)
    )
