"""Statements that ran and changed nothing: mostly IF NOT EXISTS over an object that is there, and different."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from db_migrate_tools.analysis.hazards.base import HARMLESS, Finding, Rule
from db_migrate_tools.analysis.situation import Situation

_UNLESS: Final = re.compile(r"\bIF\s+NOT\s+EXISTS\b", re.IGNORECASE)
_IF: Final = re.compile(r"\bIF\s+EXISTS\b", re.IGNORECASE)


def _idle(s: Situation) -> Iterator[Finding]:
    seen = s.seen
    changed = seen.created or seen.altered or seen.dropped or seen.rewrites or seen.index_builds
    if not seen.compared or seen.error is not None or changed:
        return
    if s.statement.opaque or s.statement.writes_rows or s.statement.category in ("data", "other", "grant"):
        return
    if _UNLESS.search(s.statement.text):
        yield Finding(
            f"This step does nothing: {s.statement.target} is there already, and it stays as it is, even where it "
            "differs from what this statement says.",
            "Compare it with what is there (resource db-migrate://schema), and write the difference as ALTER.",
            "MEDIUM",
        )
    elif _IF.search(s.statement.text):
        yield Finding(
            f"This step does nothing: there is no {s.statement.target}.",
            "Look whether the name is right, or leave it out.",
        )
    else:
        yield Finding(f"This step changed nothing in the schema: {s.statement.target} is so already.", "Leave it out.")


RULES: Final[tuple[Rule, ...]] = (Rule("no-effect", "LOW", "a step does nothing here", _idle, HARMLESS),)
