"""DDL from a delta: one module a kind, all of it in dependency order."""

from __future__ import annotations

from db_migrate_tools.schema.ddl import rename, routines
from db_migrate_tools.schema.ddl.order import ordered
from db_migrate_tools.schema.ddl.plan import Planner
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Routine

UNCHECKED_BODIES = "SET LOCAL check_function_bodies = off"

__all__ = ["UNCHECKED_BODIES", "ddl"]


def ddl(delta: Delta) -> tuple[str, ...]:
    """Statements, without semicolons, that turn `delta.before` into `delta.after`; nothing else is touched.

    Where a function's body may name what comes later, the first one is `SET LOCAL check_function_bodies = off`:
    whoever runs the statements must run them in one transaction. Outside of one it does nothing but warn.
    """
    planner = Planner(delta)
    steps = planner.plan()
    statements = [*rename.statements(delta), *ordered(steps)]
    bodies = [
        key
        for key, step in steps.items()
        if key[1].kind == "routine" and key[0] != "drop" and step.statements and _has_body(planner, key[1])
    ]
    if bodies and (
        len(bodies) > 1 or any(k not in bodies and k[0] != "drop" and s.statements for k, s in steps.items())
    ):
        statements.insert(0, UNCHECKED_BODIES)
    return tuple(statements)


def _has_body(planner: Planner, ref: object) -> bool:
    item = next((o for o in planner.delta.after if o.ref == ref), None)
    return isinstance(item, Routine) and routines.needs_unchecked_body(item)
