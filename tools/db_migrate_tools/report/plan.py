"""The preview: what would happen, how risky it is, what was proven, how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from db_migrate_tools.levels import suffices
from db_migrate_tools.report.detail import WHOLE, Detail, counted, where
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.plan_evidence import before_and_after, hazards, observed, rollback, safety
from db_migrate_tools.report.plan_impact import impact, source, sql, target
from db_migrate_tools.report.shorten import shorten
from db_migrate_tools.wire import PlanOutput

LIMIT: Final = 40
BUDGET: Final = 13_500


def _steps(limit: int) -> Iterator[Detail]:
    """Ever shorter pages, tried until one fits."""
    yield Detail(limit, 40, remedies=True, others=20, steps=limit)
    yield Detail(limit, 12, remedies=True, others=12, steps=12)
    yield Detail(limit, 12, remedies=True, others=8, steps=4)
    yield Detail(limit, 4, remedies=True, others=8, steps=4)
    yield Detail(limit, 4, remedies=False, others=6, steps=2)
    yield Detail(limit, 2, remedies=False, others=6, steps=2)
    yield Detail(limit, 1, remedies=False, others=4, steps=2)
    yield Detail(limit, 0, remedies=False, others=4, steps=2)
    yield Detail(min(limit, 15), 0, remedies=False, others=3, steps=2)
    yield Detail(min(limit, 5), 0, remedies=False, others=2, steps=2)


def cost(text: str) -> int:
    """Characters, where one beyond ASCII counts double: models read those in more tokens."""
    return len(text) + sum(1 for character in text if ord(character) > 127)


def render(plan: PlanOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page. With a limit it stays under 28,000 characters, shows the first operations and counts the rest;
    without one nothing is left out.
    """
    if limit is None:
        return write(_page(plan, WHOLE), markdown=markdown)
    detail = WHOLE
    for detail in _steps(limit):
        page = write(_page(plan, detail), markdown=markdown)
        if cost(page) <= BUDGET:
            return page
    short = shorten(plan, 5, BUDGET // 4)
    return write(_page(short, detail), markdown=markdown)


def _page(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    yield Title(f"🗄️ Migration plan: {plan.source.name}")
    yield Strong(_headline(plan))
    yield from target(plan)
    yield from source(plan, detail)
    yield from impact(plan, detail)
    yield from sql(plan, detail)
    yield from safety(plan, detail)
    yield from hazards(plan, detail)
    yield from observed(plan, detail)
    yield from rollback(plan, detail)
    yield from before_and_after(plan, detail)
    yield from approval(plan)
    yield from options(plan)
    yield Heading("📝 Important")
    yield Bullets(_notes(plan))
    if plan.next_steps:
        yield Heading("👉 Next steps")
        yield Bullets(_hide_token(plan, plan.next_steps))


def _headline(plan: PlanOutput) -> str:
    kind = {"preview": "Preview", "plan-only": "Plan", "validate": "Dry run"}[plan.level]
    failed = sum(1 for check in plan.checks if check.status == "fail")
    if failed:
        return f"{kind} only. Nothing has been changed. {counted(failed, 'check')} failed: this cannot be approved yet."
    return f"{kind} only. Nothing has been changed, and nothing runs before a person approves."


def approval(plan: PlanOutput) -> Iterator[Block]:
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


def options(plan: PlanOutput) -> Iterator[Block]:
    if plan.options:
        yield Heading("⚙️ Execution options")
        for i, option in enumerate(plan.options, start=1):
            yield Text(f"Option {i}: {option.title}")
            yield Code(_hide_token(plan, [option.call]), language="text")


def _notes(plan: PlanOutput) -> list[str]:
    notes = [
        "What runs is the SQL above, byte for byte. If the schema changes before that, the token becomes void.",
    ]
    if plan.env != "prod":
        notes.append("Each environment is planned anew: locks and times depend on its own data.")
    if plan.plan.risk_assessment.data_loss:
        notes.append("Data is lost by this migration. Make sure that a backup can be restored.")
    notes.append(f"The whole plan: {where(plan)}.")
    return notes
