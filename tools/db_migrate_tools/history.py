"""Finding an applied migration by what a person or an assistant calls it."""

from __future__ import annotations

from collections.abc import Sequence

from db_migrate_tools.evidence import AppliedMigration
from db_migrate_tools.ports import Refused


def find(history: Sequence[AppliedMigration], called: str | None) -> AppliedMigration:
    """The migration with that version, name or `<version>_<name>`; the newest when `called` is None.

    Raises:
        Refused: There is none, or the name belongs to several; says which there are.
    """
    if not history:
        raise Refused("No migration was applied to this database through db-migrate.", "There is nothing to roll back.")
    if called is None:
        return history[0]
    found = [m for m in history if called in {m.version, m.name, f"{m.version}_{m.name}"}]
    if len(found) == 1:
        return found[0]
    if found:
        versions = ", ".join(m.version for m in found)
        raise Refused(f"{called} names several applied migrations: {versions}.", "Name one by its version.")
    known = ", ".join(f"{m.version} {m.name}" for m in history[:5])
    raise Refused(f"{called} is not an applied migration here.", f"The newest are: {known}.")
