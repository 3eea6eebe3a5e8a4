"""What derived SQL may say and a person's may not, told by its form: where it was stored, it could be altered."""

from __future__ import annotations

import re
from typing import Final

from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import parse, scan
from db_migrate_tools.sql.survey import Survey
from db_migrate_tools.sql.text import SqlError, Text

_AS_ROLE: Final = re.compile(
    r" DECLARE myself text := current_setting\('role'\); BEGIN\n"
    r"    PERFORM set_config\('role', '(?:[^'\\]|'')*', true\);\n    (?P<one>[^;]+);\n"
    r"    PERFORM set_config\('role', myself, true\);\nEND "
)


def unchecked_bodies(node: Node) -> bool:
    """Whether this is `SET LOCAL check_function_bodies = off`: until its transaction ends, functions may be defined
    before what they name. It lets nothing run that could not.
    """
    value = next(iter(node.nodes("args")), None)
    constant = value.node("sval") if value is not None else None
    return (
        node.kind == "VariableSetStmt"
        and node.flag("is_local")
        and node.text("name") == "check_function_bodies"
        and constant is not None
        and constant.text("sval") == "off"
    )


def grants_as_another(node: Node, found: Survey) -> bool:
    """Whether this is the code block that makes one GRANT or REVOKE as another role, and nothing else."""
    if node.kind != "DoStmt" or len(found.bodies) != 1:
        return False
    form = _AS_ROLE.fullmatch(found.bodies[0])
    if form is None:
        return False
    inside = Text(form["one"])
    try:
        tokens = scan(inside)
        statements = parse(inside, tokens)
    except SqlError:
        return False
    plain = not any(token.comment for token in tokens)
    return plain and [statement.node.kind for statement in statements] == ["GrantStmt"]
