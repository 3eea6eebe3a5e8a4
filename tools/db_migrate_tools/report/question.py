"""What a person reads before deciding: the ten lines, and the exact SQL. A pure function of the stored plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from db_migrate_tools.envelope import Envelope, load, short_code
from db_migrate_tools.evidence import RollbackProof
from db_migrate_tools.levels import requirement
from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.sql.hidden import escape_hidden, hidden, lookalike
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.wire import MigrationOperation, PlanOutput, WayBack

LONGEST_SQL: Final = 20_000
"""Characters of SQL, as shown, that a form can carry; a plan with more is decided at a terminal."""
MOST_LISTED: Final = 40
WIDE: Final = 110

_BLANK_RUN: Final = 3
_WIDE_GAP: Final = re.compile(r"(?<=\S)( {24,})")
_PROOF: Final[dict[RollbackProof, str]] = {
    "proven": "proven: it was run on the shadow and the schema was the same again",
    "proven-with-data-loss": "brings the schema back, proven on the shadow; the data that this plan removes stays lost",
    "failed": "FAILED on the shadow: going back needs work by hand",
    "impossible": "IMPOSSIBLE: there is no way back by SQL",
    "not-proven": "NOT PROVEN: what it brings back could not all be seen",
}
_WAY_BACK: Final[dict[WayBack, str]] = {
    "proven": "reversible",
    "not-proven": "undoing it NOT proven",
    "loses-data": "undoing it brings NOT all data back",
    "none": "NOT reversible",
}
_NOTHING_RUNS = "Nothing runs: the file holds no statement. It is only recorded in the history as applied."


@dataclass(frozen=True, slots=True)
class Line:
    """One of the ten: a heading, and what stands under it."""

    heading: str
    text: tuple[str, ...]


def question(plan: StoredPlan, page: PlanOutput) -> str:
    """The message of the form, as text that is also sound Markdown, with the SQL whole however long it is.
    `page` is the plan's stored page.
    """
    sql = sql_block(plan.statements)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", sql)), default=0))
    lines = [_shown(line) for line in ten_lines(plan, page)]
    runs = f"{fence}sql\n{sql}\n{fence}" if plan.statements else _NOTHING_RUNS
    return "\n\n".join([f"Run this migration on {plan.env.upper()}?", *lines[:2], runs, *lines[2:]])


def fits_form(statements: Sequence[Statement]) -> bool:
    """Whether a form can show all of the SQL. What it cannot show in full nobody may approve there."""
    return len(sql_block(statements)) <= LONGEST_SQL


def ten_lines(plan: StoredPlan, page: PlanOutput) -> tuple[Line, ...]:
    """Environment, origin, change, risk, locks, rollback, checks, approval and phrase; the SQL is `sql_block`'s.

    What the envelope binds is taken from the envelope; names that came from elsewhere are escaped and quoted.
    """
    envelope = load(plan.envelope)
    return (
        Line(
            "Where",
            (
                f"{plan.env.upper()}",
                f"database {code(envelope.target.database)} on {code(envelope.target.host)}",
                f"as role {code(envelope.target.role)}" + (" (SUPERUSER)" if envelope.target.superuser else ""),
            ),
        ),
        Line(
            "Asked by",
            (
                code(plan.requester) + ("" if "(unverified)" in plan.requester else " (unverified)"),
                f"from {code(page.source.path or page.source.name)}",
                f"sha256 {envelope.source_sha256[:12]}",
                *(f"reading it: {code(choice)}" for choice in page.source.choices),
            ),
        ),
        Line("Changes", tuple(_changes(page))),
        Line("Risk", tuple(_risk(envelope, page))),
        Line("Locks", tuple(_locks(page))),
        Line("Rollback", tuple(_rollback(plan, page))),
        Line("Checks", tuple(_checks(plan, envelope, page))),
        Line("Approval", tuple(_approval(plan, envelope, page))),
        Line(
            "To approve",
            (f"type {plan.env} and choose approve. Anything else changes nothing; reject ends this plan.",),
        ),
    )


def sql_block(statements: Sequence[Statement]) -> str:
    """Every statement, numbered, with a gutter on each line that no SQL can imitate; nothing is cut.

    Characters that hide or reorder text are written out; runs of blank lines or wide gaps are counted instead
    of shown, which changes the display only.
    """
    width = len(str(max((s.number for s in statements), default=1)))
    rows: list[str] = []
    for statement in statements:
        for index, line in enumerate(_visible(f"{statement.text};")):
            number = str(statement.number) if index == 0 else ""
            rows.append(f"{number:>{width}} │ {line}".rstrip())
    return "\n".join(rows)


def awaiting(plan_digest: str, *, client_has_form: bool, statements: Sequence[Statement] = ()) -> tuple[str, str]:
    """Reason and remedy when no decision came back: where a person can decide now. `statements` are the plan's."""
    command = f"`db-migrate-mcp review {short_code(plan_digest)}` in a terminal on this machine, in this project"
    if client_has_form:
        remedy = (
            f"Ask the person to answer the form when `approve` is called again with this token, or to run {command}."
        )
        return "The form came back without a decision. Nothing was run, and the token stays valid.", remedy
    remedy = (
        f"Ask the person to run {command}: it shows the whole plan, takes the decision and executes. "
        "Calling `approve` again with this token then returns the outcome."
    )
    why = "This MCP client cannot show a form"
    if not fits_form(statements):
        why = f"The SQL of this plan is too long for a form ({LONGEST_SQL:,} characters), which shows all of it or none"
    return f"{why}, so a person has to decide elsewhere. Nothing was run.", remedy


def plain(text: str) -> str:
    """The text on one line, with everything invisible written out."""
    return escape_hidden(text.replace("\n", " ").replace("\t", " ")).strip()


def code(text: str) -> str:
    """Text of unknown origin as a Markdown code span: no link, emphasis or HTML in it can come alive."""
    shown = plain(text)
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def utc(seconds: int) -> str:
    """Seconds since the epoch as a date and time that means the same everywhere."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def milliseconds(value: float) -> str:
    """A duration in the unit that a person would use."""
    if value < 1000:
        return f"{max(1, round(value))} ms"
    return f"{value / 1000:.1f} s" if value < 120_000 else f"{value / 60_000:.0f} min"


def _shown(line: Line) -> str:
    """On one line where that is readable, else as a list."""
    joined = f"{line.heading}: {' · '.join(line.text)}"
    if len(joined) <= WIDE or len(line.text) == 1:
        return joined
    return "\n".join([f"{line.heading}:", *(f"- {part}" for part in line.text)])


def _visible(text: str) -> Iterator[str]:
    """The lines of a statement as they may be shown."""
    blank = 0
    for line in [*escape_hidden(text.replace("\t", "    ")).split("\n"), None]:
        if line is not None and not line.strip():
            blank += 1
            continue
        yield from [""] * blank if blank < _BLANK_RUN else [f"⟨{blank:,} blank lines⟩"]
        blank = 0
        if line is not None:
            yield _WIDE_GAP.sub(lambda gap: f" ⟨{len(gap[1]):,} spaces⟩ ", line)


def _changes(page: PlanOutput) -> Iterator[str]:
    proof = page.proof
    yield (
        f"observed on a shadow copy (Postgres {plain(proof.on)})"
        if proof.ran
        else f"NOT OBSERVED, no rehearsal ran{f': {plain(proof.why)}' if proof.why else ''}"
    )
    operations = page.plan.operations
    for operation in operations[:MOST_LISTED]:
        yield f"{operation.type} {code(operation.target)}: {code(operation.description)}"
    hidden = len(operations) - MOST_LISTED + page.omitted.get("operations", 0)
    if hidden > 0:
        yield f"and {hidden} more"


def _risk(envelope: Envelope, page: PlanOutput) -> Iterator[str]:
    assessment = page.plan.risk_assessment
    yield f"{assessment.level} ({envelope.risk}/100)"
    for reason in assessment.reasons:
        yield f"{reason.points:+d} {code(reason.why)}"
    scope = page.plan.impact_scope
    if envelope.data_loss:
        rows = "" if scope.rows is None else f" (about {scope.rows:,} rows in the tables concerned)"
        yield f"DATA WILL BE LOST{rows}"
    else:
        yield "no data is lost"
    if assessment.breaking_changes:
        yield "BREAKS applications that use the old schema"


def _locks(page: PlanOutput) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for operation in page.plan.operations:
        for lock in operation.locks:
            where = found.setdefault(lock.relation, [])
            word = lock.mode if lock.observed else f"{lock.mode} (not observed)"
            if word not in where:
                where.append(word)
    yield from (f"{code(relation)} {', '.join(modes)}" for relation, modes in sorted(found.items()))
    if not found:
        yield "none on existing tables"
    rewritten = sorted({table for operation in page.plan.operations for table in operation.rewrites})
    yield f"REWRITES {', '.join(code(table) for table in rewritten)}" if rewritten else "no table is rewritten"
    yield f"takes {plain(page.plan.estimated_duration)}"


def _rollback(plan: StoredPlan, page: PlanOutput) -> Iterator[str]:
    yield _PROOF[plan.rollback_proof]
    if page.proof.ran and page.proof.why:
        yield code(page.proof.why)
    count = len(plan.rollback)
    if not plan.statements:
        return
    yield f"{count} statement{'' if count == 1 else 's'}, {plain(page.plan.rollback_plan.estimated_duration)}"


def _checks(plan: StoredPlan, envelope: Envelope, page: PlanOutput) -> Iterator[str]:
    notable = [check for check in page.checks if check.status != "pass"]
    yield f"{len(page.checks) - len(notable)} of {len(page.checks)} passed"
    for check in notable:
        yield f"{check.status.upper()} {code(check.name)}: {code(check.detail)}"
    for name, found in (
        ("INVISIBLE CHARACTERS, written out as [U+…],", hidden),
        ("LETTERS OF ANOTHER SCRIPT that pass for Latin ones", lookalike),
    ):
        numbers = [str(s.number) for s in plan.statements if found(s.text)]
        if numbers:
            yield f"{name} in statement {', '.join(numbers)}"
    yield f"schema fingerprint {envelope.schema_fingerprint[:12]}, compared again before anything runs"


def _approval(plan: StoredPlan, envelope: Envelope, page: PlanOutput) -> Iterator[str]:
    need = requirement(plan.env, envelope.risk, envelope.data_loss)
    yield f"code {short_code(plan.digest)}"
    yield f"expires {utc(plan.expires_at)}"
    yield f"needs {page.checkpoint.required}, this answer is {page.checkpoint.available}"
    yield f"approval 1 of {need.approvals}"
    if page.checkpoint.credentials == "open":
        yield "advisory: the connection lies open on this machine"


def operation_details(operation: MigrationOperation) -> Iterator[str]:
    """What was found about one operation, a line each, for the page that shows everything."""
    yield (
        f"risk {operation.risk_level} · impact {operation.impact} · "
        f"{_WAY_BACK[operation.way_back or ('proven' if operation.reversible else 'none')]} · "
        f"{milliseconds(operation.duration_ms.low)} to {milliseconds(operation.duration_ms.high)} "
        f"({plain(operation.duration_ms.basis)})"
    )
    for lock in operation.locks:
        yield f"lock {plain(lock.mode)} on {plain(lock.relation)}{'' if lock.observed else ' (not observed)'}"
    if operation.rewrites:
        yield f"rewrites {', '.join(plain(table) for table in operation.rewrites)}"
    if operation.scans:
        yield f"scans {', '.join(plain(table) for table in operation.scans)}"
    for hazard in operation.hazards:
        yield f"{hazard.severity}: {plain(hazard.message)} {plain(hazard.remedy)}"
