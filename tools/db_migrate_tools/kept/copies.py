"""Rows copied into side tables, and put back from there."""

from __future__ import annotations

from collections.abc import Sequence

from db_migrate_tools.kept.ground import Ground
from db_migrate_tools.kept.model import Step
from db_migrate_tools.kept.names import Namer, kept
from db_migrate_tools.schema.ddl.quote import ident, idents, literal, qualified
from db_migrate_tools.schema.model import Ref


def comment(name: str, what: str) -> Step:
    """A word for whoever finds the table in the database."""
    said = f"Kept by db-migrate: {what}. To remove it, plan with source kept."
    return Step(f"COMMENT ON TABLE {kept(name)} IS {literal(said).strip()}", f"Say what {kept(name)} holds")


def lock(tables: Sequence[Ref], mode: str) -> Step:
    """What is copied and what then changes must be the same rows."""
    names = ", ".join(qualified(table) for table in tables)
    return Step(f"LOCK TABLE {names} IN {mode} MODE", f"Hold {names}, so that nothing changes while it is copied")


def copy(ground: Ground, table: Ref, name: str, columns: Sequence[str], what: str) -> list[Step]:
    """All rows of a table, with these columns; partitions are part of it."""
    listed = idents(list(columns)) or ""
    step = Step(
        f"CREATE TABLE {kept(name)} AS SELECT {listed} FROM {qualified(table)}",
        f"Copy {ground.rows(table)} of {qualified(table)} to {kept(name)}",
    )
    return [step, comment(name, what)]


def empty(table: Ref, name: str, columns: Sequence[str], what: str) -> list[Step]:
    """A side table for some of a table's rows."""
    step = Step(
        f"CREATE TABLE {kept(name)} AS SELECT {idents(list(columns)) or '*'} FROM {qualified(table)} WITH NO DATA",
        f"Make {kept(name)} for what {what}",
    )
    return [step, comment(name, f"{what} of {qualified(table)}")]


def insert(table: Ref, name: str, columns: Sequence[str]) -> str:
    """Rows back into their table, identity values as they were."""
    listed = idents(list(columns))
    return f"INSERT INTO {qualified(table)} ({listed}) OVERRIDING SYSTEM VALUE SELECT {listed} FROM {kept(name)}"


def restore(table: Ref, name: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """Values back into rows that are still there, found by their key."""
    values = ", ".join(f"{ident(c)} = kept.{ident(c)}" for c in columns)
    return f"UPDATE {qualified(table)} AS now SET {values} FROM {kept(name)} AS kept WHERE {same(key, 'now', 'kept')}"


def forget(table: Ref, name: str, key: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Nothing in those columns, for the rows whose old values are kept: their new ones need not be of the old type.
    The DDL that follows turns triggers and NOT NULL on again.
    """
    values = ", ".join(f"{ident(c)} = NULL" for c in columns)
    nullable = ", ".join(f"ALTER COLUMN {ident(c)} DROP NOT NULL" for c in columns)
    return (
        f"ALTER TABLE {qualified(table)} DISABLE TRIGGER USER",
        f"ALTER TABLE {qualified(table)} {nullable}",
        f"UPDATE {qualified(table)} AS now SET {values} FROM {kept(name)} AS kept WHERE {same(key, 'now', 'kept')}",
    )


def remove(table: Ref, name: str, key: Sequence[str]) -> str:
    """Rows away again that are found by their key."""
    return f"DELETE FROM {qualified(table)} AS now USING {kept(name)} AS kept WHERE {same(key, 'now', 'kept')}"


def same(key: Sequence[str], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{ident(c)} = {other}.{ident(c)}" for c in key)


def positions(
    ground: Ground, table: Ref, names: Namer, only: Sequence[str] | None = None
) -> tuple[list[Step], list[str], list[str]]:
    """Where the table's counting columns stand: the steps that note it, what sets it again, the tables used."""
    steps: list[Step] = []
    last: list[str] = []
    used: list[str] = []
    for column, sequence in ground.sequences(table):
        if only is not None and column not in only:
            continue
        name = names.table(table.schema, f"{table.name}_{column}_seq")
        steps.append(
            Step(
                f"CREATE TABLE {kept(name)} AS SELECT last_value, is_called FROM {sequence}",
                f"Note where the sequence {sequence} stands in {kept(name)}",
            )
        )
        steps.append(comment(name, f"where the sequence of {qualified(table)}.{ident(column)} stood"))
        owner = literal(qualified(table)).strip()
        last.append(
            f"SELECT setval(pg_get_serial_sequence({owner}, {literal(column).strip()})::regclass, "
            f"last_value, is_called) FROM {kept(name)}"
        )
        used.append(name)
    return steps, last, used


def used_up(names: Sequence[str]) -> tuple[str, ...]:
    """Side tables are no longer wanted once their rows are back."""
    return tuple(f"DROP TABLE {kept(name)}" for name in names)
