"""The preview: what would happen, how risky it is, what was proven, how to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from db_migrate_tools.analysis import locks
from db_migrate_tools.levels import suffices
from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.wire import Hazard, MigrationOperation, PlanOutput, RiskReason

T = TypeVar("T")
LIMIT: Final = 40
BUDGET: Final = 24_000
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
_FAILS: Final = "fails-on-rehearsal"
_NUMBERS: Final = 12
_LEVELS: Final = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much a page shows; None is everything. `lines` are lines of SQL a statement."""

    operations: int | None
    lines: int | None
    remedies: bool
    others: int | None


_WHOLE: Final = Detail(None, None, remedies=True, others=None)


def _steps(limit: int) -> Iterator[Detail]:
    """Ever shorter pages, tried until one fits."""
    yield Detail(limit, 40, remedies=True, others=20)
    yield Detail(limit, 12, remedies=True, others=12)
    yield Detail(limit, 4, remedies=True, others=8)
    yield Detail(limit, 2, remedies=False, others=6)
    yield Detail(limit, 0, remedies=False, others=4)
    yield Detail(min(limit, 15), 0, remedies=False, others=3)
    yield Detail(min(limit, 5), 0, remedies=False, others=2)


def cost(text: str) -> int:
    """Characters, where one beyond ASCII counts double: models read those in more tokens."""
    return len(text) + sum(1 for character in text if ord(character) > 127)


def render(plan: PlanOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page. With a limit it stays under 28,000 characters, shows the first operations and counts the rest;
    without one nothing is left out.
    """
    if limit is None:
        return write(_page(plan, _WHOLE), markdown=markdown)
    page = ""
    for detail in _steps(limit):
        page = write(_page(plan, detail), markdown=markdown)
        if cost(page) <= BUDGET:
            return page
    note = "\n… cut here: the whole plan is in the file and the resource named by the result.\n"
    return page[: BUDGET // 2].rsplit("\n\n", 1)[0] + note


def _first(items: Sequence[T], most: int | None) -> tuple[Sequence[T], int]:
    shown = items if most is None else items[:most]
    return shown, len(items) - len(shown)


def _some(items: Sequence[str], most: int | None, what: str) -> list[str]:
    shown, rest = _first(items, most)
    return [*shown, *([f"… and {rest} more {what}"] if rest else [])]


def _page(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    yield Title(f"🗄️ Migration plan: {plan.source.name}")
    yield Strong(_headline(plan))
    yield from _target(plan)
    yield from _source(plan, detail)
    yield from _impact(plan, detail)
    yield from _sql(plan, detail)
    yield from _safety(plan)
    yield from _hazards(plan, detail)
    yield from _observed(plan, detail)
    yield from _rollback(plan, detail)
    yield from _before_and_after(plan, detail)
    yield from _approval(plan)
    yield from _options(plan)
    yield Heading("📝 Important")
    yield Bullets(_notes(plan))
    if plan.next_steps:
        yield Heading("👉 Next steps")
        yield Bullets(_hide_token(plan, plan.next_steps))


def _headline(plan: PlanOutput) -> str:
    kind = {"preview": "Preview", "plan-only": "Plan", "validate": "Dry run"}[plan.level]
    failed = sum(1 for check in plan.checks if check.status == "fail")
    if failed:
        return (
            f"{kind} only. Nothing has been changed. {_counted(failed, 'check')} failed: this cannot be approved yet."
        )
    return f"{kind} only. Nothing has been changed, and nothing runs before a person approves."


def _target(plan: PlanOutput) -> Iterator[Block]:
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


def _source(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    source = plan.source
    where = {
        "feature": f"feature {source.feature}",
        "file": "a file of the project",
        "sql": "SQL given in the call",
        "rollback": "the stored rollback of an applied migration",
        "environment": "the schema of another environment",
    }[source.from_]
    yield Heading("📄 Migration source")
    count = len(plan.plan.operations) + plan.omitted.get("operations", 0)
    file = f"{source.path} " if source.path else ""
    yield Text(f"{file}({where}), {_counted(count, 'statement')}, sha256 {source.sha256[:12]}")
    if source.choices:
        yield Text("Decided while reading it:")
        yield Bullets(_some(source.choices, detail.others, "choices"))


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _kind(operation: MigrationOperation) -> str:
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
    kept = len(reasons) if most is None else max(most, 3)
    end = min(len(reasons), kept) - 2 if len(reasons) > kept else len(reasons)
    first, rest, last = reasons[:end], reasons[end:-2], reasons[max(end, len(reasons) - 2) :]
    rows = [(reason.points, reason.why) for reason in first]
    if rest:
        rows.append((sum(reason.points for reason in rest), f"{_counted(len(rest), 'more reason')}"))
    rows += [(reason.points, reason.why) for reason in last]
    width = max(len(f"{points:+d}") for points, _ in rows)
    yield from (f"{points:+d}".rjust(width) + f"  {why}" for points, why in rows)


def _impact(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
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
    shown, rest = _first(migration.operations, detail.operations)
    if shown:
        yield Table(
            ("#", "Type", "Change", "Impact", "Risk", "Locks", "Reversible"),
            [
                (
                    str(o.number),
                    _kind(o),
                    o.description,
                    words.IMPACT[o.impact],
                    f"{words.RISK[o.risk_level]} {o.risk_level.capitalize()}",
                    _locks(o),
                    "✅ Yes" if o.reversible else "❌ No",
                )
                for o in shown
            ],
        )
    yield from _rest(plan, migration.operations[len(shown) :] if rest else [])
    yield from _reach(plan, detail)


def _rest(plan: PlanOutput, more: Sequence[MigrationOperation]) -> Iterator[Block]:
    omitted = plan.omitted.get("operations", 0)
    if more:
        kinds = Counter(_kind(o).lower() for o in more)
        worst = max((o.risk_level for o in more), key=_LEVELS.index)
        groups = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common())
        yield Text(f"… and {_counted(len(more), 'more operation')}: {groups}. The worst of them is {worst} risk.")
    if omitted:
        yield Text(f"… and {_counted(omitted, 'operation')} that this result leaves out.")
    if more or omitted:
        yield Text(f"Everything is in {_where(plan)}.")


def _where(plan: PlanOutput) -> str:
    return f"the file {plan.file} and the resource {plan.resource}" if plan.file else f"the resource {plan.resource}"


def _reach(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    scope = plan.plan.impact_scope
    lines = [f"Tables: {', '.join(_some(scope.tables, detail.others, 'tables')) or 'none'}"]
    if any(not table.endswith("(new)") for table in scope.tables):
        rows = "not known (never analyzed)" if scope.rows is None else f"about {scope.rows:,}"
        lines.append(f"Rows in existing ones: {rows}; {_bytes(scope.bytes)} on disk")
    if scope.dependents:
        lines.append(f"Depending on them: {', '.join(_some(scope.dependents, detail.others, 'objects'))}")
    yield Bullets(lines)
    if scope.application_files:
        yield Text("In the application:")
        yield Bullets(_some(scope.application_files, detail.others, "places"))


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"


def _shortened(sql: str, lines: int | None) -> str:
    every = sql.split("\n")
    if lines is None or len(every) <= lines:
        # Long lines fold: what counts is how much is seen.
        most = None if lines is None else lines * 100
        return sql if most is None or len(sql) <= most else f"{sql[:most]}\n⟨{len(sql) - most:,} more characters⟩"
    kept = "\n".join(every[:lines])[: lines * 100]
    return f"{kept}\n⟨{len(every) - lines:,} more lines⟩"


def _sql(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    shown, rest = _first(plan.plan.operations, detail.operations)
    if not shown:
        return
    yield Heading("🧾 SQL, exactly as it would run")
    if detail.lines == 0:
        yield Text(f"Too long for this page. Read it in {_where(plan)}.")
        return
    cut = [_shortened(o.sql, detail.lines) for o in shown]
    yield Code(
        [f"{text};" if text == o.sql else text for text, o in zip(cut, shown, strict=True)],
        numbers=[str(o.number) for o in shown],
    )
    if rest or any(text != o.sql for text, o in zip(cut, shown, strict=True)):
        yield Text(f"Not all of it is shown. Read the whole SQL in {_where(plan)}.")


def _safety(plan: PlanOutput) -> Iterator[Block]:
    yield Heading("🛡️ Safety checks")
    yield Bullets(words.check_lines(plan.checks))


def _hazards(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    found: dict[tuple[str, str], list[tuple[int, Hazard]]] = {}
    for operation in plan.plan.operations:
        for hazard in operation.hazards:
            found.setdefault((hazard.severity, hazard.code), []).append((operation.number, hazard))
    yield Heading("🚧 Hazards")
    if not found:
        yield Text("None found.")
    groups = sorted(found.values(), key=lambda group: -_LEVELS.index(group[0][1].severity))
    shown, rest = _first(groups, detail.others)
    for group in shown:
        yield from _hazard(group, detail)
    if rest:
        yield Text(f"… and {_counted(rest, 'more kind')} of hazard. Everything is in {_where(plan)}.")


def _hazard(group: Sequence[tuple[int, Hazard]], detail: Detail) -> Iterator[Block]:
    first = group[0][1]
    numbers = list(dict.fromkeys(str(number) for number, _ in group))
    cut = detail.others is not None and len(numbers) > _NUMBERS
    listed = f"{', '.join(numbers[:_NUMBERS])} …" if cut else ", ".join(numbers)
    yield Strong(
        f"{words.RISK[first.severity]} {first.severity} · {first.code} · "
        f"operation{'s' if len(numbers) > 1 else ''} {listed}"
    )
    messages = list(dict.fromkeys(hazard.message for _, hazard in group))
    yield Bullets(_some(messages, detail.others, "like this")) if len(messages) > 1 else Text(messages[0])
    remedies = list(dict.fromkeys(hazard.remedy for _, hazard in group))
    for remedy in _first(remedies, detail.others)[0] if detail.remedies else ():
        yield from _remedy(remedy)


def _remedy(remedy: str) -> Iterator[Block]:
    prose, _, sql = remedy.partition("\n")
    yield Text(f"→ {prose}")
    if sql:
        yield Code([sql])


def _observed(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    proof = plan.proof
    yield Heading("👁️ What was observed")
    if not proof.ran:
        yield Text(f"Nothing: the migration was not rehearsed. {proof.why or ''}")
        return
    origin = {"pg_dump": "the target's dumped schema", "catalog": "the target's catalog", "empty": "an empty schema"}
    failed = [str(o.number) for o in plan.plan.operations if any(h.code == _FAILS for h in o.hazards)]
    done = f"It stopped at statement {failed[0]}." if failed else f"{_counted(proof.statements, 'statement')} ran."
    yield Text(
        f"Rehearsed on {_server(proof.on)}, on a copy made from {origin.get(proof.schema_from, proof.schema_from)}, "
        f"without your rows. {done}"
    )
    rows = [row for operation in plan.plan.operations for row in _lock_rows(operation)]
    if rows:
        shown, rest = _first(rows, detail.others)
        yield Table(("#", "Existing relation", "Strongest lock", "What waits"), shown)
        if rest:
            yield Text(f"… and {_counted(rest, 'more lock')}.")
    else:
        yield Text("No lock on an existing table was seen that reads or writes would wait for.")
    rewritten = sorted({name for o in plan.plan.operations for name in o.rewrites})
    scanned = sorted({name for o in plan.plan.operations for name in o.scans})
    yield Bullets(
        [
            f"Rewritten: {', '.join(_some(rewritten, detail.others, 'tables')) or 'no table'}",
            f"Read to the end or indexed: {', '.join(_some(scanned, detail.others, 'tables')) or 'no table'}",
        ]
    )


def _lock_rows(operation: MigrationOperation) -> Iterator[tuple[str, str, str, str]]:
    """The strongest lock on each relation, if it is one that anybody feels."""
    held = {lock.relation: lock for lock in sorted(operation.locks, key=lambda lock: locks.strength(lock.mode))}
    for name, lock in held.items():
        if lock.observed and locks.strength(lock.mode) >= locks.strength("ShareUpdateExclusiveLock"):
            work = "; rewritten" if name in operation.rewrites else "; read through" if name in operation.scans else ""
            yield str(operation.number), name, locks.words(lock.mode), locks.blocks(lock.mode) + work


def _server(on: str) -> str:
    return on if "ostgre" in on else f"Postgres {on}"


def _rollback(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    way = plan.plan.rollback_plan
    yield Heading("🔙 Rollback plan")
    yield Text(words.PROOF[way.proof] + (f" {plan.proof.why}" if plan.proof.ran and plan.proof.why else ""))
    if way.steps:
        automatic = all(step.automatic for step in way.steps)
        yield Text(
            'Run as a plan of its own, source {"from": "rollback"}, with its own approval:'
            if automatic
            else "By hand, after reading each step:"
        )
        shown, rest = _first(way.steps, detail.operations)
        lines = [_shortened(step.sql.rstrip().removesuffix(";"), detail.lines or 1) + ";" for step in shown]
        yield Code(lines, numbers=[str(i) for i in range(1, len(shown) + 1)])
        if rest or plan.omitted.get("rollbackSteps"):
            more = rest + plan.omitted.get("rollbackSteps", 0)
            yield Text(f"… and {_counted(more, 'more step')}. Everything is in {_where(plan)}.")
        notes = [step.note for step in way.steps if step.note]
        if notes:
            yield Bullets(_some(notes, detail.others, "notes"))
    if way.local:
        yield Text("Then, in the project:")
        yield Bullets(_some(way.local, detail.others, "steps"))
    if way.steps:
        yield Text(f"Estimated time of the rollback: {way.estimated_duration}")


def _before_and_after(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    if plan.plan.prerequisites:
        yield Heading("📋 Before it runs")
        yield Bullets(_some(plan.plan.prerequisites, detail.others, "conditions"))
    if plan.plan.validation_steps:
        yield Heading("🔬 Checked after it ran")
        yield Bullets(_some(plan.plan.validation_steps, detail.others, "steps"))


def _approval(plan: PlanOutput) -> Iterator[Block]:
    point = plan.checkpoint
    yield Heading("✋ Approval")
    if plan.approval is None:
        failed = [check.name for check in plan.checks if check.status == "fail"]
        if failed:
            yield Strong(f"No token was issued. First mend: {', '.join(failed)}.")
        elif plan.level == "preview":
            yield Strong("No token was issued: there is nothing to approve.")
        else:
            yield Text(f"Level {plan.level} issues no token. To go on, call plan with level preview.")
    else:
        confirm = ', "confirm": true' if plan.env == "prod" else ""
        yield Strong("Approval required: the migration has not run. A person decides, not the assistant.")
        if suffices(point):
            yield Text("The next call is `approve`; the server then asks the person:")
        else:
            yield Text("Nobody can approve it here yet; the reason stands below. Once it can be done, the call is:")
        yield Code([f'approve {{"token": "{plan.approval.token}", "env": "{plan.env}"{confirm}}}'], language="text")
    yield Table(
        ("Short code", "Decision needed", "Available here", "Credentials"),
        [(plan.short_code, point.required, point.available, point.credentials)],
    )
    yield Text(point.reason + (f" → {point.remedy}" if point.remedy else ""))


def _hide_token(plan: PlanOutput, texts: Sequence[str]) -> list[str]:
    """The token stands on the page once: the fewer copies, the fewer leaks."""
    return [text.replace(plan.approval.token, "<token>") if plan.approval else text for text in texts]


def _options(plan: PlanOutput) -> Iterator[Block]:
    if plan.options:
        yield Heading("⚙️ Execution options")
        for i, option in enumerate(plan.options, start=1):
            yield Text(f"Option {i}: {option.title}")
            yield Code(_hide_token(plan, [option.call]), language="text")


def _notes(plan: PlanOutput) -> list[str]:
    notes = [
        "This is a preview: the database is exactly as it was.",
        "What runs is the SQL above, byte for byte. If the schema changes before that, the token becomes void.",
        "Asking again or in other words does not change what the person decided.",
    ]
    if plan.env != "prod":
        notes.append("Each environment is planned anew: locks and times depend on its own data.")
    if plan.plan.risk_assessment.data_loss:
        notes.append("Data is lost by this migration. Make sure that a backup can be restored.")
    notes.append(f"The whole plan: {_where(plan)}.")
    return notes
