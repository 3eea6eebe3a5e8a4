"""Sequences, and the option lists that identity columns share with them."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident, qualified
from db_migrate_tools.schema.model import Sequence, SequenceOptions

_BOUNDS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def create(item: Sequence, context: Context) -> list[str]:
    """Without OWNED BY: the column may come later. `own` says it then."""
    unlogged = "UNLOGGED " if item.persistence == "unlogged" else ""
    text = f"CREATE {unlogged}SEQUENCE {qualified(item.ref)} AS {item.options.data_type}"
    return [" ".join([text, *options(item.options)]), *after_create(item, context)]


def drop(item: Sequence) -> list[str]:
    return [f"DROP SEQUENCE {qualified(item.ref)}"]


def own(item: Sequence) -> list[str]:
    column = item.owned_by
    owner = "NONE" if column is None else f"{holder(column)}.{ident(column.name)}"
    return [f"ALTER SEQUENCE {qualified(item.ref)} OWNED BY {owner}"]


def alter(before: Sequence, after: Sequence, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    if "options" in fields:
        changes = changed(before.options, after.options)
        found.append(f"ALTER SEQUENCE {qualified(after.ref)} {' '.join(changes)}")
    if "persistence" in fields:
        word = "UNLOGGED" if after.persistence == "unlogged" else "LOGGED"
        found.append(f"ALTER SEQUENCE {qualified(after.ref)} SET {word}")
    return found + after_alter(before, after, fields, context)


def options(item: SequenceOptions) -> list[str]:
    """START WITH … CYCLE, without what follows from the data type and the direction."""
    up = item.increment > 0
    bound = _BOUNDS.get(item.data_type, 2**63)
    low, high = (1, bound - 1) if up else (-bound, -1)
    start = item.minimum if up else item.maximum
    found: list[str] = []
    if item.start != start:
        found.append(f"START WITH {item.start}")
    if item.increment != 1:
        found.append(f"INCREMENT BY {item.increment}")
    if item.minimum != low:
        found.append(f"MINVALUE {item.minimum}")
    if item.maximum != high:
        found.append(f"MAXVALUE {item.maximum}")
    if item.cache != 1:
        found.append(f"CACHE {item.cache}")
    if item.cycle:
        found.append("CYCLE")
    return found


def changed(before: SequenceOptions, after: SequenceOptions, prefix: str = "") -> list[str]:
    """The clauses of ALTER SEQUENCE, or with `SET ` before each those of ALTER COLUMN on an identity."""
    found: list[str] = []
    if before.data_type != after.data_type and not prefix:
        found.append(f"AS {after.data_type}")
    retyped = before.data_type != after.data_type
    pairs = (
        ("START WITH", before.start, after.start),
        ("INCREMENT BY", before.increment, after.increment),
        ("MINVALUE", before.minimum, after.minimum),
        ("MAXVALUE", before.maximum, after.maximum),
        ("CACHE", before.cache, after.cache),
    )
    for words, old, new in pairs:
        if old != new or (retyped and words in ("MINVALUE", "MAXVALUE")):
            found.append(f"{prefix}{words} {new}")
    if before.cycle != after.cycle:
        found.append(f"{prefix}{'CYCLE' if after.cycle else 'NO CYCLE'}")
    return found
