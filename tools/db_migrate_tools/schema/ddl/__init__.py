"""DDL from a delta: one module a kind, all of it in dependency order."""

from __future__ import annotations

from db_migrate_tools.schema.ddl import rename, routines
from db_migrate_tools.schema.ddl.order import ordered
from db_migrate_tools.schema.ddl.plan import Planner
from db_migrate_tools.schema.diff import Delta

UNCHECKED_BODIES = "SET LOCAL check_function_bodies = off"

__all__ = ["UNCHECKED_BODIES", "ddl"]


def ddl(delta: Delta) -> tuple[str, ...]:
    """Statements, without semicolons, that turn `delta.before` into `delta.after`; nothing else is touched.

    Where they define a function whose body is a string, the first one is `SET LOCAL check_function_bodies = off`,
    for a body may name what comes later or what was never there. Whoever runs the statements must run them in one
    transaction; outside of one that first statement does nothing but warn.
    """
    steps = Planner(delta).plan()
    statements = [*rename.statements(delta), *ordered(steps)]
    stubs = {step.stub for step in steps.values() if step.stub}
    bodies = any(
        key[1].kind == "routine" and key[0] != "drop" and any(routines.BODY in text for text in step.statements)
        for key, step in steps.items()
    )
    if bodies or stubs & set(statements):
        statements.insert(0, UNCHECKED_BODIES)
    return tuple(statements)
