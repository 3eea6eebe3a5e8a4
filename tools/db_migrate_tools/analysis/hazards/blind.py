"""What could not be seen, said plainly."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.analysis import failures
from db_migrate_tools.analysis.hazards.base import LOSES, OVERWRITES, Finding, Rule
from db_migrate_tools.analysis.names import listed, show
from db_migrate_tools.analysis.situation import Situation


def _opaque(s: Situation) -> Iterator[Finding]:
    if s.statement.opaque and s.seen.observed:
        yield Finding(
            "What this code does was seen only on a copy without your rows; where it branches on data it may do "
            "something else on the target.",
            "Read the code itself. Plain statements in its place can be judged better.",
        )


def _writes(s: Situation) -> Iterator[Finding]:
    """Code that writes rows says so by its locks, whatever its text looks like."""
    if not s.statement.opaque:
        return
    written = {s.existing(lock.relation) for lock in s.seen.locks if lock.mode == "RowExclusiveLock"}
    tables = sorted(ref for ref in written if ref is not None and ref in s.before and not s.ground.empty(ref))
    if tables:
        yield Finding(
            f"This code writes rows of {listed([show(ref) for ref in tables])}; which ones cannot be told beforehand.",
            "Write the change as UPDATE, INSERT or DELETE of its own: then the plan can say what it touches.",
        )


def _unseen(s: Situation) -> Iterator[Finding]:
    if not s.seen.observed:
        why = (s.seen.why_not or "no reason was given").rstrip(".")
        drops = s.statement.type == "DROP" and s.statement.category in ("table", "column")
        yield Finding(
            f"Nothing is known of this step's locks and effects: it did not run on the rehearsal ({why}).",
            "Try it on a copy of the target first.",
            "CRITICAL"
            if drops
            else "LOW"
            if s.statement.kind == "IndexStmt" and not s.statement.transactional
            else None,
            LOSES if drops or s.statement.kind == "TruncateStmt" else None,
        )


def _refused(s: Situation) -> Iterator[Finding]:
    if s.seen.error is not None:
        error = s.seen.error
        hint = f" Postgres's hint: {error.hint}" if error.hint else ""
        yield Finding(f"This step{failures.said(error, whole=False)}", f"{failures.remedy(error, s.target)}{hint}")


RULES: tuple[Rule, ...] = (
    Rule("dynamic-sql-blind", "MEDIUM", "code that only running it can show", _opaque),
    Rule("code-writes-rows", "HIGH", "code writes rows", _writes, OVERWRITES),
    Rule("not-observed", "HIGH", "a step was not rehearsed", _unseen),
    Rule("fails-on-rehearsal", "CRITICAL", "a step fails", _refused),
)
