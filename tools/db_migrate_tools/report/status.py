"""Where everything stands: environments, plans that wait, features, drift, history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.scissors import PAGE, fitting, left_out, weight
from db_migrate_tools.report.shorten import LIMIT, cut_status
from db_migrate_tools.wire import (
    Drift,
    EnvironmentStatus,
    FeatureStatus,
    HistoryRow,
    KeptData,
    PendingPlan,
    StatusOutput,
)

_WHOLE: Final = (
    "The whole is in db-migrate://history/<env> and db-migrate://features; "
    "ask status for one environment to see more of it."
)
_HEALTH: Final[dict[Literal["healthy", "unreachable", "refused", "not-configured"], str]] = {
    "healthy": "🟢 healthy",
    "unreachable": "🔴 unreachable",
    "refused": "🔴 refused",
    "not-configured": "not set up",
}
_FEATURES: Final[dict[Literal["unapplied", "applied", "changed-since-applied", "no-sql", "blocked"], str]] = {
    "unapplied": "🟡 not applied",
    "applied": "✅ applied",
    "changed-since-applied": "🟡 changed since",
    "no-sql": "no SQL",
    "blocked": "❌ blocked",
}


def render(output: StatusOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page; with a limit it stays small, shows so many rows of each list and counts the rest."""

    def page(shown: StatusOutput) -> str:
        return write(_page(shown), markdown=markdown)

    if limit is None:
        return page(output)
    return fitting(lambda size: page(cut_status(output, size)), weight, PAGE, limit)


def _page(output: StatusOutput) -> Iterator[Block]:
    rest = output.omitted
    yield Title("📊 Database status")
    yield from _environments(output.environments)
    yield from _pending(output.pending, rest.get("pending", 0))
    yield from _features(output.features, rest.get("features", 0))
    if output.drift:
        yield Heading("🧭 Differences between environments")
        for drift in output.drift:
            yield from _drift(drift)
        yield from _more(rest.get("differences", 0))
    if output.unapplied_files or rest.get("unappliedFiles"):
        yield Heading("📁 Migration files not applied")
        yield Bullets(output.unapplied_files)
        yield from _more(rest.get("unappliedFiles", 0))
    yield from history_blocks(output.history, rest.get("history", 0))
    yield from _kept(output.kept, rest.get("kept", 0))
    yield Heading("👉 Next steps")
    yield Bullets(output.next_steps)
    yield from _more(rest.get("nextSteps", 0))
    if rest:
        yield Text(left_out(rest, _WHOLE))


def _more(rest: int) -> Iterator[Block]:
    if rest:
        yield Text(f"… and {rest} more")


def _environments(environments: Sequence[EnvironmentStatus]) -> Iterator[Block]:
    yield Heading("📍 Environments")
    yield Table(
        ("Environment", "Health", "Database", "Server", "Applied", "Schema"),
        [
            (
                words.ENVIRONMENT[e.env],
                _HEALTH[e.health],
                f"{e.target.database} on {e.target.host}" if e.target else "–",
                f"Postgres {e.target.server_version}" if e.target else "–",
                "–" if e.applied is None else str(e.applied),
                e.fingerprint[:8] if e.fingerprint else "–",
            )
            for e in environments
        ],
    )
    yield Bullets([f"{e.env}: {e.detail}" + (f" → {e.remedy}" if e.remedy else "") for e in environments])


def _pending(pending: Sequence[PendingPlan], rest: int) -> Iterator[Block]:
    yield Heading("✋ Plans")
    if not pending and not rest:
        yield Text("No plan waits for a person.")
        return
    yield Table(
        ("Code", "Environment", "Migration", "State", "Risk", "Valid until"),
        [(p.short_code, p.env, p.name, p.state, f"{p.risk}/100", p.expires_at) for p in pending],
    )
    yield from _more(rest)
    told = [f"{p.short_code}: {p.outcome}" for p in pending if p.outcome]
    if told:
        yield Bullets(told)


def _features(features: Sequence[FeatureStatus], rest: int) -> Iterator[Block]:
    yield Heading("📄 Features")
    if not features and not rest:
        yield Text("No feature with a database-schema.md was found.")
        return
    yield Table(
        ("Feature", "State", "Statements"), [(f.feature, _FEATURES[f.state], str(f.statements)) for f in features]
    )
    yield from _more(rest)
    yield Bullets([f"{f.feature}: {f.suggestion}" for f in features])


def _drift(drift: Drift) -> Iterator[Block]:
    if drift.in_sync:
        yield Text(f"✅ {drift.env} has the schema of {drift.reference}.")
        return
    yield Text(f"🟡 {drift.env} differs from {drift.reference}:")
    yield Bullets(drift.differences)
    if drift.command:
        yield Text("To bring them together:")
        yield Code([drift.command], language="text")


def _kept(kept: Sequence[KeptData], rest: int) -> Iterator[Block]:
    if not kept and not rest:
        return
    yield Heading("📦 Kept for rollbacks")
    yield Table(
        ("Environment", "Table", "Holds", "Rows", "Since", "Migration"),
        [
            (
                row.env,
                row.table,
                row.what,
                "not counted" if row.rows is None else str(row.rows),
                _when(row.since),
                row.migration or "not in the history",
            )
            for row in kept
        ],
    )
    yield from _more(rest)
    yield Text("To remove it for good, in a plan of its own:")
    yield Code(list(dict.fromkeys(row.purge for row in kept)), language="text")


def history_blocks(history: Sequence[HistoryRow], rest: int) -> Iterator[Block]:
    """Applied migrations with what can undo each."""
    yield Heading("🕘 History")
    if not history and not rest:
        yield Text("No migration is recorded.")
        return
    yield Table(
        ("Environment", "Version", "Name", "Applied", "By", "Rollback"),
        [
            (
                row.env,
                row.version,
                row.name,
                _when(row.applied_at),
                row.applied_by or "another tool",
                _rollback(row),
            )
            for row in history
        ],
    )
    yield from _more(rest)


def _when(applied_at: str | None) -> str:
    """An ISO time to the minute."""
    if applied_at is None:
        return "not recorded"
    return f"{applied_at[:16].replace('T', ' ')} UTC" if applied_at.endswith("Z") else applied_at


def _rollback(row: HistoryRow) -> str:
    if row.rolled_back_by:
        return f"🔙 rolled back by {row.rolled_back_by}"
    return words.PROOF_SHORT[row.rollback] if row.rollback else "none stored"
