"""Types built anew: the old one aside or dropped, its successor made, and every stored value brought over as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db_migrate_tools.schema.ddl import types
from db_migrate_tools.schema.ddl.order import Key
from db_migrate_tools.schema.model import Column, Ref, Table, Type

if TYPE_CHECKING:
    from db_migrate_tools.schema.ddl.plan import Planner


def rebuild(plan: Planner) -> None:
    """The steps that put types aside, make their successors and move the columns over."""
    for ref, users in plan.closure.rebuilt.items():
        before, after = plan.delta.base.objects[ref], plan.delta.after.objects[ref]
        if not isinstance(before, Type) or not isinstance(after, Type):
            continue
        parked = ref in plan.closure.parked
        aside, key = ("aside", ref), ("alter", ref)
        plan.add(aside, types.drop(before) if parked else types.put_aside(before), before)
        plan.unmake[ref].add(aside)
        plan.releases[aside].append(before)
        plan.add(key, types.create(after, plan.context), after).needs.add(aside)
        plan.takes[key].append(after)
        plan.make[ref].add(key)
        for name in before.columns if parked else ():
            plan.releases[aside].append(plan.delta.base.objects[Ref("column", ref.schema, name, ref.name)])
        for name in after.columns:
            attribute = Ref("column", ref.schema, name, ref.name)
            plan.make[attribute].add(key)
            plan.takes[key].append(plan.delta.after.objects[attribute])
        for column in users:
            if _moves(plan, column):
                if parked:
                    _park(plan, column)
                _move(plan, column, key)
    _rows(plan)


def _rows(plan: Planner) -> None:
    """Columns that store a table's rows wait as text while the table's columns change."""
    for table, users in plan.closure.rows.items():
        inside = {column.ref for column in plan.context.columns_of(table)}
        changing = [key for key in plan.steps if key[1] in inside and key[0] in ("move", "park")]
        changing += [("alter", ref) for ref in inside if ref in plan.changes]
        for column in users:
            before = plan.delta.base.objects[column.ref]
            if _moves(plan, column):
                _park(plan, column)
                first, last = ("park", column.ref), ("move", column.ref)
                _move(plan, column, first)
            elif table in before.depends:
                first, last = ("alter", column.ref), None
            else:
                first, last = None, ("alter", column.ref)
            plan.between += [(first, key, last) for key in changing]


def order(plan: Planner) -> None:
    """What waits as text does so before anything changes beneath it, and until all of that has changed."""
    for first, key, last in plan.between:
        if first is not None and key in plan.steps:
            plan.steps[key].needs.add(first)
        if last is not None and last in plan.steps:
            plan.steps[last].needs.add(key)


def _comes_with_its_parent(plan: Planner, column: Column) -> bool:
    """Whether an attribute's type or a parent table's column brings the new type along."""
    if Ref("type", column.ref.schema, column.ref.parent) in plan.closure.rebuilt:
        return True
    table = plan.delta.after.get(Ref("table", column.ref.schema, column.ref.parent))
    if column.local or not isinstance(table, Table):
        return False
    parents = (*table.inherits, *((table.partition_of,) if table.partition_of else ()))
    return table.ref not in plan.closure.reattached and not set(parents) & plan.gone


def _moves(plan: Planner, column: Column) -> bool:
    """Whether the column gets to its type's successor by a step of its own."""
    change = plan.changes.get(column.ref)
    changes_type = change is not None and bool({"type", "collation"} & set(change.fields))
    return not (changes_type or column.ref in plan.gone or _comes_with_its_parent(plan, column))


def _park(plan: Planner, column: Column) -> None:
    """Its values wait as text, so that nothing holds the type."""
    key = ("park", column.ref)
    if key in plan.steps:
        return
    table = Ref("table", column.ref.schema, column.ref.parent)
    before = plan.delta.base.objects[column.ref]
    if not isinstance(before, Column):
        return
    statements = types.park(before) if table in plan.delta.base.objects else types.park_attribute(before)
    step = plan.add(key, statements, column)
    step.needs |= {("detach", table), ("drop-default", column.ref)}
    plan.unmake[column.ref].add(key)
    plan.releases[key].append(before)


def _move(plan: Planner, column: Column, made: Key) -> None:
    table = Ref("table", column.ref.schema, column.ref.parent)
    key = ("move", column.ref)
    if key in plan.steps:
        plan.steps[key].needs.add(made)
        return
    if table not in plan.delta.after.objects:
        step = plan.add(key, types.alter_attribute(column, column, ("type",), plan.context), column)
    else:
        step = plan.add(key, types.move(column, default_apart=column.ref in plan.closure.defaults), column)
    step.needs |= {made, ("park", column.ref), ("detach", table), ("drop-default", column.ref)}
    plan.make[column.ref].add(key)
    plan.unmake[column.ref].add(key)
    plan.takes[key].append(column)


def drop_asides(plan: Planner) -> None:
    """A type put aside goes when nothing is left of it."""
    aside = [ref for ref in plan.closure.rebuilt if ref not in plan.closure.parked]
    for ref in aside:
        before = plan.delta.base.objects[ref]
        if not isinstance(before, Type):
            continue
        step = plan.add(("drop-aside", ref), types.drop_aside(before), before)
        step.needs.add(("alter", ref))
        for user in plan.closure.users[ref]:
            step.needs |= plan.unmake[user] | {("drop-aside", user), ("alter", user)}
            if user.parent:
                step.needs.add(("drop-aside", Ref("type", user.schema, user.parent)))
        step.needs.discard(step.key)
        for one in (
            before,
            *(plan.delta.base.objects[Ref("column", ref.schema, name, ref.name)] for name in before.columns),
        ):
            for key in {key for dep in one.depends for key in plan.unmake[dep] if key[0] == "drop"}:
                plan.steps[key].needs.add(step.key)
