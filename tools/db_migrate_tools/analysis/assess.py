"""Everything that is known of a migration → the plan that a human reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db_migrate_tools.analysis import duration
from db_migrate_tools.analysis.checks import checks, may_issue
from db_migrate_tools.analysis.hazards import Effect
from db_migrate_tools.analysis.names import listed, show
from db_migrate_tools.analysis.operations import operation
from db_migrate_tools.analysis.risk import assess_risk
from db_migrate_tools.analysis.scope import scope
from db_migrate_tools.analysis.situation import Situation, situations
from db_migrate_tools.analysis.way_back import rollback_plan
from db_migrate_tools.evidence import Env, Rehearsal, TargetFacts
from db_migrate_tools.schema.model import Constraint, Index, Ref
from db_migrate_tools.sql.model import Origin, Script
from db_migrate_tools.wire import Diagnostic, MigrationOperation, MigrationPlan

__all__ = ["Application", "assess", "checks", "may_issue"]


@dataclass(frozen=True, slots=True)
class Application:
    """What is known of the application: new compile errors after the migration, and mentions as `path:line`.

    `why_not` says why it was not compiled, None when it was.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    mentions: tuple[str, ...] = ()
    why_not: str | None = "it was not compiled against the new types"


def _files(application: Application) -> list[str]:
    broken = [f"{d.file}:{d.line} {d.code} {d.message}" for d in application.diagnostics]
    return [*broken, *(f"{mention} (mentioned)" for mention in application.mentions)]


def _prerequisites(
    every: Sequence[Situation], operations: Sequence[MigrationOperation], target: TargetFacts
) -> Iterator[str]:
    owners = {
        thing.owner
        for s in every
        for ref, mode in s.locks()
        if mode == "AccessExclusiveLock" and (thing := s.was(ref)) is not None and thing.owner
    }
    foreign = sorted(owners - {target.identity.role})
    if foreign and not target.identity.superuser:
        yield f"{target.identity.role} must be a member of {listed(foreign)}: only an owner may change a table."
    extensions = sorted(ref.name for s in every for ref in s.created("extension"))
    if extensions:
        yield f"The server must offer the extension {listed(extensions)}."
    codes = {hazard.code: operation for operation in operations for hazard in operation.hazards}
    for code, what in (
        ("scan-set-not-null", "No NULL in a column that becomes NOT NULL"),
        ("scan-constraint", "No row that breaks a new constraint"),
        ("row-level-precheck", "No orphaned row under a new foreign key"),
        ("data-dependent-unique", "No duplicates under a new unique rule"),
    ):
        if code in codes:
            yield f"{what} (operation {codes[code].number}); its hazard gives the query or the way round."
    if any(not s.statement.transactional for s in every):
        yield "A direct or session connection: steps outside a transaction do not go through a transaction pooler."
    if any(operation.locking_behavior == "exclusive" for operation in operations):
        yield "A quiet time, or the form without long locks that the hazards name."


def _validation(every: Sequence[Situation]) -> Iterator[str]:
    if not every:
        return
    yield "The schema's fingerprint equals the one that the rehearsal ended with."
    after = every[0].after
    made = [ref for s in every for ref in s.created("table")]
    if made:
        yield f"New tables are there with their columns: {listed(map(show, made))}."
    indexes = [ref for s in every for ref in s.created("index")]
    free = [ref for ref in indexes if after is None or _is_free_index(after.get(ref))]
    if free:
        yield f"Indexes are there and valid: {listed(show(Ref('index', ref.schema, ref.name)) for ref in free)}."
    rules = [ref for s in every for ref in s.created("constraint")]
    named = [ref for ref in rules if after is not None and _is_rule(after.get(ref))]
    if named:
        yield f"Constraints are there and validated: {listed(show(Ref('index', '', ref.name)) for ref in named)}."
    gone = [s.moved.get(ref, ref) for s in every for ref in (*s.dropped("table"), *s.dropped("column"))]
    gone = [ref for ref in gone if ref in every[0].before]
    relations = set(gone)
    gone = [ref for ref in gone if ref.relation not in relations]
    if gone:
        yield f"No longer there: {listed(map(show, gone))}."
    yield "In a TypeScript project, types are generated anew and the application compiles against them."


def _is_free_index(thing: object) -> bool:
    return isinstance(thing, Index) and thing.constraint is None


def _is_rule(thing: object) -> bool:
    return isinstance(thing, Constraint) and thing.type not in ("not null", "primary key") and thing.validated


def assess(
    script: Script,
    target: TargetFacts,
    rehearsal: Rehearsal,
    *,
    env: Env,
    origin: Origin = "sql",
    application: Application | None = None,
) -> MigrationPlan:
    """The plan: operations, risk, rollback, scope. Deterministic: the same evidence gives the same plan."""
    known = application or Application()
    every = situations(script, target, rehearsal)
    operations: list[MigrationOperation] = []
    effects: frozenset[Effect] = frozenset()
    for situation in every:
        made, more = operation(situation, rehearsal.rollback, origin)
        operations.append(made)
        effects |= more
    low, high = duration.total(made.duration_ms for made in operations)
    return MigrationPlan(
        operations=operations,
        risk_assessment=assess_risk(
            operations, effects, rehearsal.rollback, env, breaks=[d.file for d in known.diagnostics]
        ),
        rollback_plan=rollback_plan(every, rehearsal.rollback),
        estimated_duration=duration.words(low, high) if operations else "nothing to run",
        impact_scope=scope(every, _files(known)),
        prerequisites=list(_prerequisites(every, operations, target)),
        validation_steps=list(_validation(every)),
    )
