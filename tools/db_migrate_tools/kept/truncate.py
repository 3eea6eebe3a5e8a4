"""TRUNCATE: the rows of every table that it empties copied aside first."""

from __future__ import annotations

from db_migrate_tools.kept import whole
from db_migrate_tools.kept.cascades import emptied, ordered
from db_migrate_tools.kept.model import Kept, NotKept
from db_migrate_tools.kept.place import Place
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
    return whole.copied(tables, place, counting=node.flag("restart_seqs"))
