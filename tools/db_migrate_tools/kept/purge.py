"""What is kept in a database, by which migration, and taking it away for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db_migrate_tools.evidence import AppliedMigration, TableSize, TargetFacts
from db_migrate_tools.kept.names import kept, mentioned, tables
from db_migrate_tools.ports import Refused
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.sql.model import Statement


@dataclass(frozen=True, slots=True)
class Holding:
    """A kept table. `migration` is the one that made it, None when the history does not know it."""

    name: str
    what: str
    size: TableSize | None
    migration: AppliedMigration | None


def holdings(facts: TargetFacts) -> tuple[Holding, ...]:
    """Everything that is kept, by name."""
    made: dict[str, AppliedMigration] = {}
    for migration in reversed(facts.history):
        for name in mentioned(migration.sql):
            made.setdefault(name, migration)
    return tuple(
        Holding(
            name,
            (table.comment or "").removeprefix("Kept by db-migrate: ").partition(". To ")[0],
            facts.sizes.get(table.ref),
            made.get(name),
        )
        for name, table in sorted(tables(facts.catalog).items())
    )


def statements(facts: TargetFacts, migration: AppliedMigration | None) -> tuple[str, ...]:
    """DROP for everything that the migration kept, or that any did.

    Raises:
        Refused: Nothing is kept.
    """
    found = [
        h.name
        for h in holdings(facts)
        if migration is None or (h.migration and h.migration.version == migration.version)
    ]
    if not found:
        of = f" for {migration.version} {migration.name}" if migration is not None else ""
        raise Refused(f"Nothing is kept{of} in {facts.identity.env}.", "There is nothing to remove.")
    return tuple(f"DROP TABLE {kept(name)}" for name in found)


def needed(migration: AppliedMigration) -> tuple[str, ...]:
    """Kept tables that the migration's rollback reads."""
    return mentioned(migration.rollback)


def purged(migration: AppliedMigration, catalog: Catalog) -> tuple[str, ...]:
    """Those of them that are gone, so that the rollback can no longer run."""
    there = tables(catalog)
    return tuple(name for name in needed(migration) if name not in there)


def gone(migration: AppliedMigration, facts: TargetFacts) -> str | None:
    """A sentence when what the rollback needs is no longer kept; says who removed it, where the history knows."""
    missing = purged(migration, facts.catalog)
    if not missing:
        return None
    by = next(
        (
            m
            for m in facts.history
            if any(s.startswith("DROP TABLE") and set(mentioned([s])) & set(missing) for s in m.sql)
        ),
        None,
    )
    who = f"; {by.version} {by.name} removed it" if by is not None else ""
    return (
        f"The rollback of {migration.version} {migration.name} needs what was kept in "
        f"{', '.join(map(kept, missing))}, and that is gone{who}."
    )


def used_by(plan: Sequence[Statement], catalog: Catalog) -> tuple[str, ...]:
    """Kept tables that statements read although they neither are there nor are made by them."""
    there = set(tables(catalog))
    made: set[str] = set()
    missing: list[str] = []
    for statement in plan:
        for name in mentioned([statement.text]):
            if name in there or name in made:
                continue
            if statement.kind == "CreateTableAsStmt":
                made.add(name)
            else:
                missing.append(name)
    return tuple(missing)
