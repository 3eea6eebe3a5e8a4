"""Whole tables copied aside before a statement that empties or drops them runs as it is."""

from __future__ import annotations

from db_migrate_tools.kept import copies
from db_migrate_tools.kept.model import Kept, NotKept
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.place import Place
from db_migrate_tools.schema.ddl.quote import qualified
from db_migrate_tools.schema.model import Ref


def copied(tables: list[Ref], place: Place, *, counting: bool = True) -> Kept | NotKept:
    """All rows of the tables, and where their counting columns stand if those begin anew."""
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
        if counting:
            noted, again, sequences = copies.positions(place.ground, table, place.names)
            steps += noted
            last += again
            used += sequences
    steps.append(place.own_step())
    families = [ref for table in tables for ref in place.ground.family(table)]
    return Kept(
        steps=tuple(steps),
        choice=f"Before the statement runs, the rows of {', '.join(map(qualified, tables))} are copied to "
        f"{', '.join(map(kept, used))}: {', '.join(map(place.ground.rows, tables))}; "
        f"the {'table is' if len(tables) == 1 else 'tables are'} locked meanwhile.",
        where=tuple(map(kept, used)),
        fill=tuple(fill),
        last=(*last, *copies.used_up(used)),
        keeps=frozenset({*families, *(c.ref for ref in families for c in place.ground.columns(ref))}),
        filled=tuple(tables),
    )
