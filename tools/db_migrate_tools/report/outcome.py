"""What became of an approval: the page for the assistant and its human, and the report kept beside the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from db_migrate_tools.ports import Order, StoredPlan
from db_migrate_tools.report import words
from db_migrate_tools.report.generated import types_blocks
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.scissors import PAGE, fitting, left_out, weight
from db_migrate_tools.report.shorten import LIMIT, cut_outcome
from db_migrate_tools.wire import ApproveOutput, ApproveStatus, ExecutionReport, OperationReport

_HEADLINES: Final[dict[ApproveStatus, str]] = {
    "applied": "✅ Applied",
    "awaiting_human": "✋ Waiting for a person",
    "declined": "🚫 Declined",
    "unanswered": "✋ No answer yet",
    "refused": "⛔ Refused",
    "failed": "❌ Failed",
    "rolled_back": "🔙 Failed and rolled back",
    "executing": "⏳ Running",
}
_MEANING: Final[dict[ApproveStatus, str]] = {
    "applied": "The migration is in the database.",
    "awaiting_human": "Nothing has run. The token stays valid.",
    "declined": "Nothing has run. The person said no, and this plan is closed.",
    "unanswered": "Nothing has run. The token stays valid.",
    "refused": "Nothing has run.",
    "failed": "Part of it may stand in the database: read what stands.",
    "rolled_back": "Nothing of it stands in the database.",
    "executing": "A run of this plan is under way. Calling `approve` again with the same token tells its outcome.",
}
_OUTCOMES: Final = {
    "done": "✅ done",
    "already-done": "✅ was done already",
    "rolled_back": "🔙 rolled back",
    "failed": "❌ failed",
    "not-run": "not run",
}


def render(output: ApproveOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page; with a limit it stays small, shows the first operations and counts the rest."""

    def page(shown: ApproveOutput) -> str:
        return write(_page(shown), markdown=markdown)

    if limit is None:
        return page(output)
    return fitting(lambda size: page(cut_outcome(output, size)), weight, PAGE, limit)


def _page(output: ApproveOutput) -> Iterator[Block]:
    env = f" on {output.env}" if output.env else ""
    yield Title(f"{_HEADLINES[output.status]}{env}")
    yield Strong(_MEANING[output.status])
    if output.migration is not None:
        yield Text(f"Migration {output.migration.version} {output.migration.name}")
    yield Text(output.reason)
    if output.remedy:
        yield Text(f"→ {output.remedy}")
    if output.url:
        yield Text(f"The person can decide here: {output.url}")
    if output.channel and output.status not in ("awaiting_human", "unanswered"):
        yield Text(f"Decided through: {output.channel}")
    if output.report is not None:
        yield from _report(output.report, output.omitted)
    if output.omitted:
        yield Text(left_out(output.omitted, _whole(output)))


def _whole(output: ApproveOutput) -> str:
    places = ["the report among the files written"] if output.report and output.report.files else []
    places += [f"db-migrate://plans/{output.plan_id}/sql"] if output.plan_id else []
    places += [f"db-migrate://history/{output.env}"] if output.migration and output.env else []
    return f"The whole is in {', '.join(places)}." if places else ""


def _report(report: ExecutionReport, omitted: Mapping[str, int]) -> Iterator[Block]:
    yield from _operations(report.operations, omitted)
    yield Text(f"Total time: {words.milliseconds(report.total_ms)}")
    if report.types is not None:
        yield Heading("🧩 Types")
        yield from types_blocks(report.types, omitted)
    if report.checks:
        yield Heading("🔬 Checked afterwards")
        yield Bullets(words.check_lines(report.checks))
    if report.files:
        yield Heading("📁 Files written")
        yield Bullets(report.files)
    if report.next_commands:
        yield Heading("👉 Next commands")
        yield Code(report.next_commands, language="text")


def _operations(operations: Sequence[OperationReport], omitted: Mapping[str, int]) -> Iterator[Block]:
    rest = omitted.get("operations", 0)
    if not operations and not rest:
        return
    yield Heading("⚙️ What ran")
    yield Table(
        ("#", "Statement", "Time", "Waited for locks", "Attempts", "Outcome"),
        [
            (
                str(i),
                one_line(o.sql),
                words.milliseconds(o.ms),
                words.milliseconds(o.lock_wait_ms),
                str(o.attempts),
                _OUTCOMES.get(o.outcome, o.outcome),
            )
            for i, o in enumerate(operations, start=1)
        ],
    )
    if rest:
        bad = omitted.get("operationsNotDone", 0)
        yield Text(f"… and {rest} more; {f'{bad} of them did not go through' if bad else 'all of them done'}.")


def one_line(sql: str, most: int = 90) -> str:
    """A statement's beginning, to recognise it by."""
    text = " ".join(sql.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def report_page(stored: StoredPlan, order: Order, report: ExecutionReport) -> str:
    """The report kept in the project, as Markdown: what was approved by whom, what ran, how to go back."""
    return write(_kept(stored, order, report), markdown=True)


def _kept(stored: StoredPlan, order: Order, report: ExecutionReport) -> Iterator[Block]:
    identity = order.identity
    yield Title(f"Migration {order.version}: {order.name}")
    yield Table(
        ("Environment", "Host", "Database", "Role", "Server"),
        [
            (
                words.ENVIRONMENT[order.env],
                identity.host,
                identity.database,
                identity.role,
                f"Postgres {identity.server_version}",
            )
        ],
    )
    lines = [
        f"Approved by {order.approved_by}",
        f"Asked for by {stored.requester}",
        f"Plan {order.plan_id}, sha256 of what was approved {order.digest}",
        f"Source {order.source or 'given in the call'}, sha256 {order.source_sha256}",
    ]
    if order.undoes:
        lines.append(f"Takes back migration {order.undoes}")
    yield Bullets(lines)
    yield Heading("SQL")
    yield Code([f"{s.text};" for s in order.statements], numbers=[str(s.number) for s in order.statements])
    yield from _report(report, {})
    yield Heading("🔙 The way back")
    yield Text(words.PROOF[order.rollback_proof])
    if order.rollback:
        yield Code([f"{sql.rstrip().removesuffix(';')};" for sql in order.rollback])
        yield Text("To run it, ask for a plan of it; it needs an approval of its own:")
        call = f'plan {{"env": "{order.env}", "source": {{"from": "rollback", "migration": "{order.version}"}}}}'
        yield Code([call], language="text")
