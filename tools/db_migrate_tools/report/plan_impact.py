"""The first half of a preview: where, from what, how risky, how far, and the SQL itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from db_migrate_tools.report import words
from db_migrate_tools.report.detail import Detail, counted, first, shortened, some, where
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text
from db_migrate_tools.wire import (
    Impact,
    ImpactScope,
    Locking,
    MigrationOperation,
    PlanOutput,
    RiskLevel,
    RiskReason,
    WayBack,
)

_NAMES: Final[dict[tuple[str, str], str]] = {
    ("CREATE", "table"): "New table",
    ("CREATE", "column"): "New column",
    ("ALTER", "policy"): "Row security",
    ("INDEX", "index"): "Index",
    ("CONSTRAINT", "constraint"): "Constraint",
    ("DATA", "data"): "Rows",
    ("POLICY", "policy"): "Policy",
    ("ROUTINE", "routine"): "Function",
    ("GRANT", "grant"): "Privilege",
    ("OTHER", "other"): "Other",
    ("DROP", "index"): "Drop index",
}
_MODES: Final = {"CREATE": "New", "ALTER": "Change", "DROP": "Drop"}
_LEVELS: Final[tuple[RiskLevel, ...]] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_IMPACTS: Final[tuple[Impact, ...]] = ("none", "low", "medium", "high")
_LOCKS: Final[tuple[Locking, ...]] = ("none", "brief", "exclusive")
_WAYS: Final[tuple[WayBack, ...]] = ("proven", "not-proven", "loses-data", "none")
_FEWEST_REASONS: Final = 7
_KEEPING: Final = "Keeps data"


def target(plan: PlanOutput) -> Iterator[Block]:
    target = plan.target
    yield Heading("📍 Target environment")
    yield Table(
        ("Environment", "Host", "Database", "Role", "Server", "Status"),
        [
            (
                words.ENVIRONMENT[target.env],
                target.host,
                target.database,
                target.role,
                f"Postgres {target.server_version}",
                target.status,
            )
        ],
    )


def source(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    source = plan.source
    where = {
        "feature": f"feature {source.feature}",
        "file": "a file of the project",
        "sql": "SQL given in the call",
        "rollback": "the stored rollback of an applied migration",
        "environment": "the schema of another environment",
        "kept": "what reversible migrations kept",
    }[source.from_]
    yield Heading("📄 Migration source")
    count = len(plan.plan.operations) + plan.omitted.get("operations", 0)
    file = f"{source.path} " if source.path else ""
    yield Text(f"{file}({where}), {counted(count, 'statement')}, sha256 {source.sha256[:12]}")
    if source.choices:
        yield Text("Decided while reading it:")
        yield Bullets(some(source.choices, detail.others, "choices"))


def _kind(operation: MigrationOperation) -> str:
    if operation.ours:
        return _KEEPING
    key = (operation.type, operation.category)
    if key == ("ALTER", "column"):
        return {"Add": "New column", "Drop": "Drop column"}.get(operation.description.partition(" ")[0], "Column")
    if key in _NAMES:
        return _NAMES[key]
    mode = _MODES.get(operation.type)
    return f"{mode} {operation.category}" if mode else operation.category.capitalize()


def _locks(operation: MigrationOperation) -> str:
    if any(not lock.observed for lock in operation.locks):
        return "Not seen"
    return words.LOCKING[operation.locking_behavior]


def _sum(reasons: Sequence[RiskReason], most: int | None) -> Iterator[str]:
    """The reasons as a sum; what is left out in its middle is added up, so that it still comes out."""
    kept = len(reasons) if most is None else max(most, _FEWEST_REASONS)
    end = min(len(reasons), kept) - 2 if len(reasons) > kept else len(reasons)
    head, rest, last = reasons[:end], reasons[end:-2], reasons[max(end, len(reasons) - 2) :]
    rows = [(reason.points, reason.why) for reason in head]
    if rest:
        rows.append((sum(reason.points for reason in rest), f"{counted(len(rest), 'more reason')}"))
    rows += [(reason.points, reason.why) for reason in last]
    width = max(len(f"{points:+d}") for points, _ in rows)
    yield from (f"{points:+d}".rjust(width) + f"  {why}" for points, why in rows)


def impact(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    migration, risk = plan.plan, plan.plan.risk_assessment
    yield Heading("🔍 Impact analysis")
    yield Strong(f"Risk: {words.RISK[risk.level]} {risk.level} ({risk.overall_risk}/100)")
    if risk.reasons:
        yield Code(list(_sum(risk.reasons, detail.others)), language="text")
    yield Table(
        ("Breaking changes", "Data loss", "Downtime", "Way back", "Time to run"),
        [
            (
                words.yes(risk.breaking_changes, "🟠"),
                words.yes(risk.data_loss),
                words.yes(risk.downtime, "🟠"),
                risk.rollback_complexity,
                migration.estimated_duration,
            )
        ],
    )
    shown, rest = first(migration.operations, detail.operations)
    if shown:
        yield Table(("#", "Type", "Change", "Impact", "Risk", "Locks", "Reversible"), list(_rows(shown)))
    yield from _rest(plan, migration.operations[len(shown) :] if rest else [])
    yield from _reach(plan, detail)


def _rows(operations: Sequence[MigrationOperation]) -> Iterator[Sequence[str]]:
    """A row an operation; statements that only keep data, and of which there is nothing to say, share one."""
    for quiet, run in groupby(operations, key=lambda o: o.ours and not o.hazards):
        group = list(run)
        if not quiet or len(group) == 1:
            yield from ((str(o.number), _kind(o), o.description, *_judged([o])) for o in group)
        else:
            numbers = f"{group[0].number}–{group[-1].number}"
            yield (numbers, _KEEPING, f"{len(group)} statements that `reversible` adds", *_judged(group))


def _judged(group: Sequence[MigrationOperation]) -> tuple[str, str, str, str]:
    """Impact, risk, locks and way back: the worst of the group's."""
    impact = _IMPACTS[max(_IMPACTS.index(o.impact) for o in group)]
    risk = _LEVELS[max(_LEVELS.index(o.risk_level) for o in group)]
    lock = max(group, key=lambda o: _LOCKS.index(o.locking_behavior))
    # A plan of an earlier version says only whether.
    way = _WAYS[max(_WAYS.index(o.way_back or ("proven" if o.reversible else "none")) for o in group)]
    return words.IMPACT[impact], f"{words.RISK[risk]} {risk.capitalize()}", _locks(lock), words.WAY_BACK[way]


def _rest(plan: PlanOutput, more: Sequence[MigrationOperation]) -> Iterator[Block]:
    omitted = plan.omitted.get("operations", 0)
    if more:
        kinds = Counter(_kind(o).lower() for o in more)
        worst = max((o.risk_level for o in more), key=_LEVELS.index)
        groups = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common())
        yield Text(f"… and {counted(len(more), 'more operation')}: {groups}. The worst of them is {worst} risk.")
    if omitted:
        yield Text(f"… and {counted(omitted, 'operation')} that this result leaves out.")
    if more or omitted:
        yield Text(f"Everything is in {where(plan)}.")


def _reach(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    scope = plan.plan.impact_scope
    lines = [f"Tables: {', '.join(some(scope.tables, detail.others, 'tables')) or 'none'}"]
    existing = any(not table.endswith("(new)") for table in scope.tables)
    if existing and (scope.bytes or scope.rows != 0):
        lines.append(f"Rows in existing ones: {_count(scope, detail)}; {_bytes(scope.bytes)} on disk")
    if scope.dependents:
        lines.append(f"Depending on them: {', '.join(some(scope.dependents, detail.others, 'objects'))}")
    yield Bullets(lines)
    if scope.application_files:
        yield Text("In the application:")
        yield Bullets(some(scope.application_files, detail.others, "places"))


def _count(scope: ImpactScope, detail: Detail) -> str:
    about = "" if scope.exact else "about "
    if scope.rows is not None:
        return f"{about}{scope.rows:,}"
    uncounted = f"never counted or analyzed: {', '.join(some(scope.uncounted, detail.others, 'tables'))}"
    return f"{about}{scope.known_rows:,} and more, {uncounted}" if scope.known_rows else f"not known, {uncounted}"


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"


def sql(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    shown, rest = first(plan.plan.operations, detail.operations)
    if not shown:
        return
    yield Heading("🧾 SQL, exactly as it would run")
    if detail.lines == 0:
        yield Text(f"Too long for this page. Read it in {where(plan)}.")
        return
    cut = [shortened(o.sql, detail.lines) for o in shown]
    yield Code(
        [f"{text};" if text == o.sql else text for text, o in zip(cut, shown, strict=True)],
        numbers=[str(o.number) for o in shown],
    )
    if rest or any(text != o.sql for text, o in zip(cut, shown, strict=True)):
        yield Text(f"Not all of it is shown. Read the whole SQL in {where(plan)}.")
