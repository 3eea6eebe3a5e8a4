"""The second half of a preview: checks, hazards, what was observed, the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from db_migrate_tools.analysis import locks
from db_migrate_tools.report import words
from db_migrate_tools.report.detail import Detail, counted, first, some, where
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text
from db_migrate_tools.report.scissors import uncut
from db_migrate_tools.wire import Hazard, MigrationOperation, PlanOutput, Proof

_FAILS: Final = "fails-on-rehearsal"
_TELLING: Final = frozenset({"rehearsal", "rollback"})
"""Checks whose passing says how much was seen."""
_NUMBERS: Final = 12
_LEVELS: Final = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


def safety(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    yield Heading("🛡️ Safety checks")
    yield Bullets(words.check_lines(plan.checks, None if detail.others is None else _TELLING))


def hazards(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    found: dict[tuple[str, str], list[tuple[int, Hazard]]] = {}
    for operation in plan.plan.operations:
        for hazard in operation.hazards:
            found.setdefault((hazard.severity, hazard.code), []).append((operation.number, hazard))
    yield Heading("🚧 Hazards")
    if not found:
        yield Text("None found.")
    groups = sorted(found.values(), key=lambda group: -_LEVELS.index(group[0][1].severity))
    shown, rest = first(groups, detail.others)
    for group in shown:
        yield from _hazard(group, detail)
    if rest:
        yield Text(f"… and {counted(rest, 'more kind')} of hazard. Everything is in {where(plan)}.")


def _hazard(group: Sequence[tuple[int, Hazard]], detail: Detail) -> Iterator[Block]:
    worst = group[0][1]
    numbers = list(dict.fromkeys(str(number) for number, _ in group))
    cut = detail.others is not None and len(numbers) > _NUMBERS
    listed = f"{', '.join(numbers[:_NUMBERS])} …" if cut else ", ".join(numbers)
    yield Strong(
        f"{words.RISK[worst.severity]} {worst.severity} · {worst.code} · "
        f"operation{'s' if len(numbers) > 1 else ''} {listed}"
    )
    messages = list(dict.fromkeys(hazard.message for _, hazard in group))
    yield Bullets(some(messages, detail.others, "like this")) if len(messages) > 1 else Text(messages[0])
    remedies = list(dict.fromkeys(hazard.remedy for _, hazard in group))
    for remedy in first(remedies, detail.others)[0] if detail.remedies else ():
        yield from _remedy(remedy)


def _remedy(remedy: str) -> Iterator[Block]:
    prose, _, sql = remedy.partition("\n")
    yield Text(f"→ {prose}")
    if sql:
        yield Code([sql])


def _ran(proof: Proof) -> str:
    out = [str(number) for number in proof.left_out]
    ran = f"{counted(proof.statements - len(out), 'statement')} ran."
    if not out:
        return ran
    named = ", ".join(out[:_NUMBERS]) + (" …" if len(out) > _NUMBERS else "")
    return f"{ran} Not run there, so nothing was seen of {'it' if len(out) == 1 else 'them'}: statement {named}."


def observed(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    proof = plan.proof
    yield Heading("👁️ What was observed")
    if not proof.ran:
        yield Text(f"Nothing: the migration was not rehearsed. {proof.why or ''}")
        return
    origin = {"pg_dump": "the target's dumped schema", "catalog": "the target's catalog", "empty": "an empty schema"}
    failed = [str(o.number) for o in plan.plan.operations if any(h.code == _FAILS for h in o.hazards)]
    done = f"It stopped at statement {failed[0]}." if failed else _ran(proof)
    yield Text(
        f"Rehearsed on {_server(proof.on)}, on a copy made from {origin.get(proof.schema_from, proof.schema_from)}, "
        f"without your rows. {done}"
    )
    rows = list(_lock_rows(plan.plan.operations, detail.others))
    if rows:
        shown, rest = first(rows, detail.others)
        yield Table(("#", "Existing relation", "Strongest lock", "What waits"), shown)
        if rest:
            yield Text(f"… and {counted(rest, 'more lock')}.")
    else:
        yield Text("No lock on an existing table was seen that reads or writes would wait for.")
    rewritten = sorted({name for o in plan.plan.operations for name in o.rewrites})
    scanned = sorted({name for o in plan.plan.operations for name in o.scans})
    yield Bullets(
        [
            f"Rewritten: {', '.join(some(rewritten, detail.others, 'tables')) or 'no table'}",
            f"Read to the end or indexed: {', '.join(some(scanned, detail.others, 'tables')) or 'no table'}",
            *some(proof.findings, detail.others, "findings"),
            *some(proof.notes, detail.others, "notes"),
        ]
    )


def _lock_rows(operations: Sequence[MigrationOperation], most: int | None) -> Iterator[tuple[str, str, str, str]]:
    """The strongest lock of each operation on each relation, if it is one that anybody feels; alike ones in one row."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for operation in operations:
        held = {lock.relation: lock for lock in sorted(operation.locks, key=lambda lock: locks.strength(lock.mode))}
        for name, lock in held.items():
            if lock.observed and locks.strength(lock.mode) >= locks.strength("ShareUpdateExclusiveLock"):
                work = (
                    "; rewritten" if name in operation.rewrites else "; read through" if name in operation.scans else ""
                )
                row = (name, locks.words(lock.mode), locks.blocks(lock.mode) + work)
                found.setdefault(row, []).append(operation.number)
    for row, numbers in found.items():
        shown, rest = first(numbers, None if most is None else _NUMBERS)
        yield (", ".join(map(str, shown)) + (" …" if rest else ""), *row)


def _server(on: str) -> str:
    return on if "ostgre" in on else f"Postgres {on}"


def rollback(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    way = plan.plan.rollback_plan
    yield Heading("🔙 Rollback plan")
    yield Text(words.PROOF[way.proof] + (f" {plan.proof.why}" if plan.proof.ran and plan.proof.why else ""))
    if plan.proof.rollback_rows:
        rows = f"{plan.proof.rollback_rows:,} synthetic rows in {counted(plan.proof.rollback_tables, 'table')}"
        yield Text(f"Tried with {rows}, made from the schema's types and constraints.")
    if plan.proof.later:
        yield Bullets(some(plan.proof.later, detail.others, "sentences"))
    if way.steps:
        if way.proof == "failed":
            yield Text("They do not run as they stand. Mend them and plan them as SQL when they are needed:")
        else:
            first_read = "" if all(step.automatic for step in way.steps) else "Read each step first. "
            call = f'plan(env: "{plan.env}", source: {{"from": "rollback"}})'
            yield Text(
                f"{first_read}Once the migration is applied, `{call}` plans these steps, with an approval of its own:"
            )
        texts, _ = first([step.sql.rstrip().removesuffix(";") + ";" for step in way.steps], detail.steps)
        shown = uncut(texts, detail.lines)
        rest = len(way.steps) - len(shown)
        if shown:
            yield Code(shown, numbers=[str(i) for i in range(1, len(shown) + 1)])
        if rest or plan.omitted.get("rollbackSteps"):
            more = rest + plan.omitted.get("rollbackSteps", 0)
            yield Text(f"… and {counted(more, 'more step')}. Everything is in {where(plan)}.")
        notes = [step.note for step in way.steps if step.note]
        if notes:
            yield Bullets(some(notes, detail.others, "notes"))
    if way.local:
        yield Text("Then, in the project:")
        yield Bullets(some(way.local, detail.others, "steps"))
    if way.steps:
        yield Text(f"Estimated time of the rollback: {way.estimated_duration}")


def before_and_after(plan: PlanOutput, detail: Detail) -> Iterator[Block]:
    if plan.plan.prerequisites:
        yield Heading("📋 Before it runs")
        yield Bullets(some(plan.plan.prerequisites, detail.others, "conditions"))
    if plan.plan.validation_steps:
        yield Heading("🔬 Checked after it ran")
        yield Bullets(some(plan.plan.validation_steps, detail.others, "steps"))
