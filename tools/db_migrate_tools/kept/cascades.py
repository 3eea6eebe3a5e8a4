"""What goes or changes with deleted rows: foreign keys with ON DELETE CASCADE, SET NULL or SET DEFAULT."""

from __future__ import annotations

from dataclasses import dataclass

from db_migrate_tools.kept.ground import Ground
from db_migrate_tools.kept.model import NotKept
from db_migrate_tools.schema.ddl.quote import ident, idents, qualified
from db_migrate_tools.schema.model import Constraint, Ref


@dataclass(frozen=True, slots=True)
class Follower:
    """A table whose rows go (`deleted`) or change with those of `source`, the name of a WITH query. `columns` are
    what is kept of them; `key` finds changed rows again.
    """

    name: str
    table: Ref
    source: str
    constraint: Constraint
    deleted: bool
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()

    def sql(self) -> str:
        """The rows as they are before the foreign key acts, as a WITH query."""
        pairs = zip(self.constraint.columns, self.constraint.referenced_columns, strict=True)
        joined = " AND ".join(f"c.{ident(one)} = p.{ident(other)}" for one, other in pairs)
        listed = idents([*self.columns])
        return (
            f"{self.name} AS (SELECT {listed} FROM {qualified(self.table)} AS c "
            f"WHERE EXISTS (SELECT FROM {self.source} AS p WHERE {joined}))"
        )


def followers(table: Ref, ground: Ground) -> tuple[Follower, ...] | NotKept:
    """Everything that deleting rows of `table` reaches, parents first."""
    found: list[Follower] = []
    reached = {table}
    waiting = [(table, "kept_rows")]
    while waiting:
        parent, source = waiting.pop(0)
        for key in ground.pointing_at(parent):
            action = _action(key)
            child = key.ref.relation
            if action is None or child is None or _is_part(key):
                continue
            if child in reached:
                return NotKept(
                    f"deleting rows of {qualified(table)} reaches {qualified(child)} in more than one way",
                    "Delete the rows of each table by a statement of its own.",
                )
            reached.add(child)
            name = f"kept_rows_{len(found) + 1}"
            deleted = action == "CASCADE"
            row_key = ground.key(child, key.columns)
            if not deleted and row_key is None:
                return NotKept(
                    f"ON DELETE {action} changes rows of {qualified(child)}, which has no key to find them again",
                    "Give that table a primary key first.",
                )
            columns = ground.stored(child) if deleted else (*(row_key or ()), *key.columns)
            found.append(Follower(name, child, source, key, deleted, columns, () if deleted else row_key or ()))
            if deleted:
                waiting.append((child, name))
    return tuple(found)


def _is_part(key: Constraint) -> bool:
    """A partition's copy of its parent's foreign key: the parent's says it all."""
    return not key.local


def _action(key: Constraint) -> str | None:
    for action in ("CASCADE", "SET NULL", "SET DEFAULT"):
        if f"ON DELETE {action}" in key.definition:
            return action
    return None


def emptied(tables: list[Ref], ground: Ground) -> list[Ref]:
    """What TRUNCATE … CASCADE empties, parents before the tables that refer to them."""
    found = list(tables)
    for parent in found:
        for key in ground.pointing_at(parent):
            child = key.ref.relation
            if child is not None and child not in found and not _is_part(key):
                found.append(child)
    return ordered(found, ground)


def ordered(tables: list[Ref], ground: Ground) -> list[Ref]:
    """The tables so that each comes after those that it refers to, where they do not refer to each other."""
    left, done = list(tables), list[Ref]()
    while left:
        free = [t for t in left if not any(k.references in left and k.references != t for k in ground.keys(t))]
        taken = free or left[:1]
        done += taken
        left = [t for t in left if t not in taken]
    return done
