"""Where everything stands: environments, plans that wait, features, drift, history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeVar

from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.wire import Drift, EnvironmentStatus, FeatureStatus, HistoryRow, PendingPlan, StatusOutput

T = TypeVar("T")
LIMIT: Final = 40
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
    """The page; with a limit, so many rows of each list and a count of the rest."""
    return write(_page(output, limit), markdown=markdown)


def _page(output: StatusOutput, limit: int | None) -> Iterator[Block]:
    yield Title("📊 Database status")
    yield from _environments(output.environments)
    yield from _pending(output.pending, limit)
    yield from _features(output.features, limit)
    if output.drift:
        yield Heading("🧭 Differences between environments")
        for drift in output.drift:
            yield from _drift(drift, limit)
    if output.unapplied_files:
        yield Heading("📁 Migration files not applied")
        yield Bullets(_cut(output.unapplied_files, limit)[0])
        yield from _more(output.unapplied_files, limit)
    yield from history_blocks(output.history, limit)
    if output.omitted:
        yield Text("Left out: " + ", ".join(f"{count} {name}" for name, count in sorted(output.omitted.items())))
    yield Heading("👉 Next steps")
    yield Bullets(_cut(output.next_steps, limit)[0])
    yield from _more(output.next_steps, limit)


def _cut(items: Sequence[T], limit: int | None) -> tuple[Sequence[T], int]:
    shown = items if limit is None else items[:limit]
    return shown, len(items) - len(shown)


def _more(items: Sequence[object], limit: int | None) -> Iterator[Block]:
    rest = _cut(items, limit)[1]
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


def _pending(pending: Sequence[PendingPlan], limit: int | None) -> Iterator[Block]:
    yield Heading("✋ Plans")
    if not pending:
        yield Text("No plan waits for a person.")
        return
    shown, _ = _cut(pending, limit)
    yield Table(
        ("Code", "Environment", "Migration", "State", "Risk", "Valid until"),
        [(p.short_code, p.env, p.name, p.state, f"{p.risk}/100", p.expires_at) for p in shown],
    )
    yield from _more(pending, limit)
    told = [f"{p.short_code}: {p.outcome}" for p in shown if p.outcome]
    if told:
        yield Bullets(told)


def _features(features: Sequence[FeatureStatus], limit: int | None) -> Iterator[Block]:
    yield Heading("📄 Features")
    if not features:
        yield Text("No feature with a database-schema.md was found.")
        return
    shown, _ = _cut(features, limit)
    yield Table(("Feature", "State", "Statements"), [(f.feature, _FEATURES[f.state], str(f.statements)) for f in shown])
    yield from _more(features, limit)
    yield Bullets([f"{f.feature}: {f.suggestion}" for f in shown])


def _drift(drift: Drift, limit: int | None) -> Iterator[Block]:
    if drift.in_sync:
        yield Text(f"✅ {drift.env} has the schema of {drift.reference}.")
        return
    yield Text(f"🟡 {drift.env} differs from {drift.reference}:")
    yield Bullets(_cut(drift.differences, limit)[0])
    yield from _more(drift.differences, limit)
    if drift.command:
        yield Text("To bring them together:")
        yield Code([drift.command], language="text")


def history_blocks(history: Sequence[HistoryRow], limit: int | None) -> Iterator[Block]:
    """Applied migrations with what can undo each."""
    yield Heading("🕘 History")
    if not history:
        yield Text("No migration is recorded.")
        return
    shown, _ = _cut(history, limit)
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
            for row in shown
        ],
    )
    yield from _more(history, limit)


def _when(applied_at: str | None) -> str:
    """An ISO time to the minute."""
    if applied_at is None:
        return "not recorded"
    return f"{applied_at[:16].replace('T', ' ')} UTC" if applied_at.endswith("Z") else applied_at


def _rollback(row: HistoryRow) -> str:
    if row.rolled_back_by:
        return f"🔙 rolled back by {row.rolled_back_by}"
    return words.PROOF_SHORT[row.rollback] if row.rollback else "none stored"
