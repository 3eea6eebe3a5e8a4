"""Partitions that join and leave their parents."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from db_migrate_tools.schema.ddl import tables
from db_migrate_tools.schema.model import Constraint, Ref, Table, Trigger
from db_migrate_tools.schema.order import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from db_migrate_tools.schema.ddl.plan import Planner


def attach_and_detach(plan: Planner) -> None:
    """Their steps, and what has to come before."""
    _detach_what_goes(plan)
    moved = _moved(plan) | {ref for ref in plan.made if ref.kind == "table"}
    found = [item for ref in moved if isinstance(item := plan.delta.after.get(ref), Table)]
    parts = [item for item in sorted(found, key=lambda item: BY_NAME(item.ref)) if _was_or_is(plan, item)]
    if not parts:
        return
    gone, made = _by_relation(plan, plan.gone), _by_relation(plan, plan.made)
    for item in parts:
        before = plan.delta.base.get(item.ref)
        if item.ref not in plan.made and isinstance(before, Table) and before.partition_of is not None:
            step = plan.add(("detach", item.ref), tables.detach(before), before)
            plan.unmake[item.ref].add(step.key)
            plan.releases[step.key].append(before)
            for ref in gone.get(item.ref, ()):
                for key in plan.unmake[ref]:
                    plan.steps[key].needs.add(step.key)
        if item.partition_of is not None:
            _attach(plan, item, item.partition_of, made)


def _detach_what_goes(plan: Planner) -> None:
    """Postgres drops no partition of a table that a foreign key refers to."""
    parts = [
        item
        for ref in sorted(plan.gone, key=BY_NAME)
        if isinstance(item := plan.delta.base.objects[ref], Table) and item.partition_of is not None
    ]
    if not parts:
        return
    keys = [item for item in plan.delta.base if isinstance(item, Constraint) and item.references is not None]
    for item in parts:
        if item.partition_of in plan.gone:
            continue
        above = set(_above(plan, item))
        referring = [key.ref for key in keys if key.references in above]
        going = {step for ref in referring if ref in plan.gone for step in plan.unmake[ref]}
        drop = plan.steps["drop", item.ref]
        drop.needs |= going
        if any(ref not in plan.gone for ref in referring):
            step = plan.add(("detach", item.ref), tables.detach(item), item)
            step.needs |= going
            drop.needs.add(step.key)


def _above(plan: Planner, item: Table) -> Iterator[Ref]:
    """The tables that it is a partition of, at every level."""
    parent = item.partition_of
    while parent is not None:
        yield parent
        above = plan.delta.base.get(parent)
        parent = above.partition_of if isinstance(above, Table) else None


def _was_or_is(plan: Planner, item: Table) -> bool:
    before = plan.delta.base.get(item.ref)
    return item.partition_of is not None or (isinstance(before, Table) and before.partition_of is not None)


def _moved(plan: Planner) -> set[Ref]:
    found = set(plan.closure.reattached)
    for ref, change in plan.changes.items():
        if isinstance(change.after, Table) and {"partition_of", "partition_bound"} & set(change.fields):
            found.add(ref)
    return found


def _by_relation(plan: Planner, refs: Collection[Ref]) -> Mapping[Ref, list[Ref]]:
    """The parts of relations among these, by relation."""
    found: dict[Ref, list[Ref]] = defaultdict(list)
    for ref in sorted(refs, key=BY_NAME):
        relation = plan.homes.relation_of(ref)
        if relation is not None:
            found[relation].append(ref)
    return found


def _attach(plan: Planner, item: Table, parent: Ref, made: Mapping[Ref, list[Ref]]) -> None:
    step = plan.add(("attach", item.ref), tables.attach(item), item)
    step.needs |= {("detach", item.ref), ("create", item.ref), ("alter", item.ref), ("create", parent)}
    for column in plan.context.columns_of(item.ref):
        step.needs |= {("move", column.ref), ("alter", column.ref), ("drop-identity", column.ref)}
    for ref in (*made.get(item.ref, ()), *made.get(parent, ())):
        other = plan.delta.after.objects[ref]
        later = isinstance(other, Trigger) or (isinstance(other, Constraint) and other.type == "foreign key")
        if not later:
            step.needs.add(("create", ref))
