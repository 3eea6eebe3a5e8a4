"""ALTER TABLE … DROP COLUMN and … TYPE: the values, with the key of their rows, copied aside first."""

from __future__ import annotations

from db_migrate_tools.kept import copies
from db_migrate_tools.kept.model import Kept, NotKept
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.place import Place
from db_migrate_tools.kept.types import keeps_values
from db_migrate_tools.schema.ddl.quote import ident, qualified
from db_migrate_tools.schema.model import Column, Ref
from db_migrate_tools.sql.names import type_name
from db_migrate_tools.sql.node import Node


def alter(node: Node, place: Place) -> Kept | NotKept | None:
    """None when no value of the target is lost."""
    if node.choice("objtype") != "OBJECT_TABLE":
        return None
    commands = node.nodes("cmds")
    if not any(c.choice("subtype") in {"AT_DropColumn", "AT_AlterColumnType"} for c in commands):
        return None
    table = place.table(node.node("relation"))
    if not isinstance(table, Ref):
        return table
    there = {c.ref.name: c for c in place.columns(table, place_names(commands))}
    losing = [
        column
        for command in commands
        if (column := there.get(command.text("name"))) is not None and _loses(command, column)
    ]
    if not losing:
        return None
    names = list(dict.fromkeys(column.ref.name for column in losing))
    refused = place.cannot_copy([table]) or _identity(losing, commands)
    if refused is not None:
        return refused
    key = place.key(table, names)
    if key is None:
        return NotKept(
            f"{qualified(table)} has no key without {', '.join(names)} by which values find their rows again",
            "Give the table a primary key first.",
        )
    retyped = [c.text("name") for c in commands if c.choice("subtype") == "AT_AlterColumnType"]
    return _copied(table, names, [name for name in names if name in retyped], key, place)


def place_names(commands: list[Node]) -> list[str]:
    return [command.text("name") for command in commands]


def _loses(command: Node, column: Column) -> bool:
    if command.choice("subtype") == "AT_DropColumn":
        return True
    definition = command.node("def")
    if command.choice("subtype") != "AT_AlterColumnType" or definition is None:
        return False
    computed = definition.node("raw_default") is not None
    return computed or not keeps_values(column.type, type_name(definition.node("type_name")))


def _identity(losing: list[Column], commands: list[Node]) -> NotKept | None:
    changed = {c.text("name") for c in commands if c.choice("subtype") == "AT_AlterColumnType"}
    for column in losing:
        if column.ref.name in changed and column.identity == "always":
            return NotKept(f"{column.ref.name} is an identity column whose values cannot be set", "")
    return None


def _copied(table: Ref, names: list[str], retyped: list[str], key: tuple[str, ...], place: Place) -> Kept:
    name = place.names.table(table.schema, f"{table.name}_{names[0]}")
    listed = ", ".join(map(ident, names))
    what = f"{listed} of {qualified(table)}, by {', '.join(key)}"
    noted, again, sequences = copies.positions(place.ground, table, place.names, names)
    used = [name, *sequences]
    return Kept(
        steps=(
            copies.lock([table], "ACCESS EXCLUSIVE"),
            *copies.copy(place.ground, table, name, [*key, *names], what),
            *noted,
            place.own_step(),
        ),
        choice=f"Before the statement runs, {listed} of {qualified(table)} is copied to {kept(name)} with the key "
        f"({', '.join(key)}): {place.ground.rows(table)}; the table is locked meanwhile.",
        where=tuple(map(kept, used)),
        first=copies.forget(table, name, key, retyped) if retyped else (),
        fill=(copies.restore(table, name, key, names),),
        last=(*again, *copies.used_up(used)),
        keeps=frozenset(Ref("column", t.schema, n, t.name) for t in place.ground.family(table) for n in names),
        filled=(table,),
    )
