"""TRUNCATE: the rows of every table that it empties copied aside first."""

from __future__ import annotations

from db_migrate_tools.kept import copies
from db_migrate_tools.kept.cascades import emptied, ordered
from db_migrate_tools.kept.model import Kept, NotKept
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.place import Place
from db_migrate_tools.schema.ddl.quote import qualified
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node


def truncate(node: Node, place: Place) -> Kept | NotKept | None:
    tables: list[Ref] = []
    for relation in node.nodes("relations"):
        found = place.table(relation)
        if isinstance(found, NotKept):
            return found
        if found is not None:
            tables.append(found)
    if not tables:
        return None
    cascade = node.choice("behavior") == "DROP_CASCADE"
    tables = emptied(tables, place.ground) if cascade else ordered(tables, place.ground)
    refused = place.moved_away(tables) or place.cannot_copy(tables)
    if refused is not None:
        return refused
    steps = [copies.lock(tables, "ACCESS EXCLUSIVE")]
    fill: list[str] = []
    last: list[str] = []
    used: list[str] = []
    for table in tables:
        name = place.names.table(table.schema, table.name)
        columns = place.stored(table)
        steps += copies.copy(place.ground, table, name, columns, f"the rows of {qualified(table)}")
        fill.append(copies.insert(table, name, columns))
        used.append(name)
        if node.flag("restart_seqs"):
            noted, again, sequences = copies.positions(place.ground, table, place.names)
            steps += noted
            last += again
            used += sequences
    steps.append(place.own_step())
    return Kept(
        steps=tuple(steps),
        choice=f"Before the statement runs, the rows of {', '.join(map(qualified, tables))} are copied to "
        f"{', '.join(map(kept, used))}: {', '.join(map(place.ground.rows, tables))}; the tables are locked meanwhile.",
        where=tuple(map(kept, used)),
        fill=tuple(fill),
        last=(*last, *copies.used_up(used)),
        keeps=frozenset(tables),
        filled=tuple(tables),
    )
