"""Which step waits for which: what is needed comes first, what is let go of goes last, a name is freed before reuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from db_migrate_tools.schema.ddl.order import Key
from db_migrate_tools.schema.model import Column, Object, Ref, Sequence

if TYPE_CHECKING:
    from db_migrate_tools.schema.ddl.plan import Planner


def connect(plan: Planner) -> None:
    for key, items in plan.takes.items():
        for item in items:
            _need(plan, key, item)
    for key, items in plan.releases.items():
        for item in items:
            _free(plan, key, item)
    for ref in plan.closure.remade:
        for maker in plan.make[ref]:
            plan.steps[maker].needs |= plan.unmake[ref] - {maker}
    _names(plan)


def _need(plan: Planner, key: Key, item: Object) -> None:
    step = plan.steps[key]
    for dep in _depends(item):
        if item.ref in plan.apart and dep.kind == "routine":
            continue
        step.needs |= {need for need in plan.make.get(dep, ()) if need != key}


def _free(plan: Planner, key: Key, item: Object) -> None:
    """Whatever this step lets go of can change or go only afterwards."""
    for dep in item.depends:
        for other in plan.unmake.get(dep, ()):
            if other == key or other not in plan.steps or (key[0] == "alter" and other[0] == "alter"):
                continue
            if key[0] == "alter" and other[0] == "detach":
                continue
            if isinstance(item, Column) and item.ref in plan.closure.defaults and key[0] == "alter":
                continue
            if isinstance(item, Column) and key[0] == "drop" and item in plan.homes.early_defaults:
                continue
            plan.steps[other].needs.add(key)


def _names(plan: Planner) -> None:
    """A name is free once its last bearer is gone."""
    bearers: dict[tuple[str, str], set[Key]] = defaultdict(set)
    for ref in plan.gone:
        if ref.kind in ("table", "view", "index", "sequence", "type"):
            bearers[ref.schema, ref.name] |= plan.unmake[ref]
    for ref in plan.made:
        names: Iterable[str] = (ref.name,) if ref.kind in ("table", "view", "index", "sequence", "type") else ()
        for name in names:
            for maker in plan.make[ref]:
                plan.steps[maker].needs |= bearers.get((ref.schema, name), set()) - {maker}


def _depends(item: Object) -> Iterable[Ref]:
    """A sequence waits for its owning column in a step of its own."""
    owner = item.owned_by if isinstance(item, Sequence) else None
    return (dep for dep in item.depends if dep != owner)
