"""Which step waits for which: what is needed comes first, what is let go of goes last, a name is freed before reuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from db_migrate_tools.schema.ddl.order import Key
from db_migrate_tools.schema.model import Column, Constraint, Object, Ref, Sequence, Table

if TYPE_CHECKING:
    from db_migrate_tools.schema.ddl.plan import Planner

_NONE: frozenset[Key] = frozenset()
_ALONGSIDE = frozenset({"acl", "owner", "comment"})
"""What can change on an object at any time, whoever depends on it."""


def connect(plan: Planner) -> None:
    for key, items in plan.takes.items():
        for item in items:
            _need(plan, key, item)
    early = {column.ref for column in plan.homes.early_defaults}
    for key, items in plan.releases.items():
        for item in items:
            _free(plan, key, item, early)
    for ref in plan.closure.remade:
        for maker in plan.make[ref]:
            plan.steps[maker].needs |= plan.unmake[ref] - {maker}
    _names(plan)


def _need(plan: Planner, key: Key, item: Object) -> None:
    step = plan.steps[key]
    holder = Ref("type", item.ref.schema, item.ref.parent) if item.ref.parent else None
    for dep in _depends(item):
        if dep == holder or (dep not in plan.make and dep.kind != "table"):
            continue
        if _comes_before_inheriting(plan, item, dep):
            plan.steps["alter", dep].needs.add(key)
            continue
        if item.ref in plan.apart and dep.kind == "routine":
            continue
        step.needs |= plan.make.get(dep, _NONE)
    step.needs.discard(key)


def _comes_before_inheriting(plan: Planner, item: Object, dep: Ref) -> bool:
    """Whether this is a new column of a table that starts to inherit, and must have all columns for that."""
    if not isinstance(item, Column) or ("alter", dep) not in plan.steps or dep != item.ref.relation:
        return False
    before, after = plan.delta.base.get(dep), plan.delta.after.get(dep)
    return isinstance(before, Table) and isinstance(after, Table) and bool(set(after.inherits) - set(before.inherits))


def _left(plan: Planner, table: Ref) -> set[Ref]:
    """The parents that a table inherits from no more."""
    before, after = plan.delta.base.get(table), plan.delta.after.get(table)
    if not isinstance(before, Table) or not isinstance(after, Table):
        return set()
    return set(before.inherits) - set(after.inherits)


def _free(plan: Planner, key: Key, item: Object, early: set[Ref]) -> None:
    """Whatever this step lets go of can change or go only afterwards."""
    for dep in item.depends - {Ref("type", item.ref.schema, item.ref.parent)}:
        for other in plan.unmake.get(dep, ()):
            if other == key or other not in plan.steps or (key[0] == "alter" and other[0] == "alter"):
                continue
            if key[0] == "alter" and other[0] == "detach":
                continue
            if key[0] == "drop" and other == ("alter", item.ref.relation) and getattr(item, "local", True) is False:
                # An inherited part can go once the table inherits no more, and must then go before its like above.
                plan.steps[key].needs.add(other)
                for above in _left(plan, dep):
                    like = ("drop", Ref(item.ref.kind, above.schema, item.ref.name, above.name))
                    if like in plan.steps:
                        plan.steps[like].needs.add(other)
                continue
            if other[0] == "alter" and _ALONGSIDE.issuperset(plan.context.changed.get(dep, ("",))):
                continue
            if isinstance(item, Column) and item.ref in plan.closure.defaults and key[0] == "alter":
                continue
            if isinstance(item, Column) and key[0] == "drop" and item.ref in early:
                continue
            plan.steps[other].needs.add(key)


def _names(plan: Planner) -> None:
    """A name is free once its last bearer is gone."""
    bearers: dict[tuple[str, str], set[Key]] = defaultdict(set)
    for ref in plan.gone:
        if ref.kind in ("table", "view", "index", "sequence", "type"):
            bearers[ref.schema, ref.name] |= plan.unmake[ref]
    for ref in plan.unmake:
        if ref.kind == "sequence" and ref not in plan.gone:
            bearers[ref.schema, ref.name] |= {key for key in plan.unmake[ref] if key[0] == "drop-identity"}
    for ref in plan.made:
        name = ref.name if ref.kind in ("table", "view", "index", "sequence", "type") else None
        item = plan.delta.after.objects[ref]
        if isinstance(item, Constraint):
            name = item.index
        if name is not None:
            for maker in plan.make[ref]:
                plan.steps[maker].needs |= bearers.get((ref.schema, name), set()) - {maker}


def _depends(item: Object) -> Iterable[Ref]:
    """A sequence waits for its owning column in a step of its own."""
    owner = item.owned_by if isinstance(item, Sequence) else None
    return (dep for dep in item.depends if dep != owner)
