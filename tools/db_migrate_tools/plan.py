"""plan: what a migration would do, proven on the shadow. Changes nothing; may issue a token."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from db_migrate_tools import levels
from db_migrate_tools.analysis.assess import Application, assess
from db_migrate_tools.analysis.checks import checks, may_issue
from db_migrate_tools.envelope import Envelope, canonical, digest, digest_of_statements, short_code
from db_migrate_tools.evidence import Identity, Rehearsal, RollbackEvidence, TargetFacts
from db_migrate_tools.kept.transform import would_keep
from db_migrate_tools.ports import Progress, StoredPlan, World, token_hash
from db_migrate_tools.report.plan import render
from db_migrate_tools.sources import kept_of, scripts_of, source_of, with_path
from db_migrate_tools.sql.model import Script, Source
from db_migrate_tools.wire import (
    Approval,
    Check,
    Checkpoint,
    Diagnostic,
    MigrationPlan,
    Option,
    PlanInput,
    PlanOutput,
    Proof,
    SourceOut,
    Target,
)

WITHHELD: Final = "<the token that plan returned>"
_PURGED: Final = RollbackEvidence((), "impossible", "What is removed here cannot be had back.", written_by="none")
_NAMED_IN_CODE: Final = frozenset({"table", "column", "view", "routine", "type"})


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known of a plan once it is rehearsed. `undoes` is the version that a stored rollback takes back."""

    request: PlanInput
    facts: TargetFacts
    source: Source
    undoes: str | None
    script: Script
    rehearsal: Rehearsal
    migration: MigrationPlan

    @property
    def rollback(self) -> RollbackEvidence:
        why = self.rehearsal.why_not or "The migration did not run through on the shadow: its rollback was not tried."
        return self.rehearsal.rollback or RollbackEvidence((), "not-proven", why, written_by="none")


async def plan(
    request: PlanInput, world: World, progress: Progress, *, client_has_form: bool, lifetime_seconds: int
) -> PlanOutput:
    """Plan the migration and, at level preview and with no failed check, issue a token for it.

    Raises:
        Refused: The source or the target cannot be used; the message says why and what to do.
    """
    draft = await _draft(request, world, progress)
    source, script = draft.source, draft.script
    outcome = checks(
        script,
        draft.facts,
        draft.rehearsal,
        source_sha256=source.sha256,
        origin=source.origin,
        unapplied=_earlier_files(draft, world),
    )
    outcome += _executable(request, world)
    envelope = _envelope(draft, world, lifetime_seconds)
    full = digest(envelope)
    strength = _strength(draft, envelope, world, client_has_form=client_has_form)
    issue = request.level == "preview" and (bool(script.statements) or _to_record(draft)) and may_issue(outcome)
    token = world.new_token() if issue else None
    output = PlanOutput(
        plan_id=envelope.plan_id,
        level=request.level,
        env=request.env,
        digest=full,
        short_code=short_code(full),
        target=target_out(draft.facts),
        source=_source_out(draft),
        plan=draft.migration,
        proof=_proof(draft),
        checks=outcome,
        checkpoint=strength,
        approval=Approval(token=token, expires_at=world.clock.iso(envelope.expires_at)) if token else None,
        options=_options(draft, world, may_run=issue and levels.suffices(strength)),
        next_steps=_next_steps(request, script, outcome, strength, issued=issue),
        resource=f"db-migrate://plans/{envelope.plan_id}",
    )
    whole = _without_token(output)
    page = await world.aside(lambda: render(whole, markdown=True, limit=None))
    file = world.project.write_plan(envelope.plan_id, page, script.sql)
    output = output.model_copy(update={"file": file})
    if token:
        await world.ledger.issue(_stored(draft, output, envelope, token))
    return output


def _executable(request: PlanInput, world: World) -> list[Check]:
    """Whether anything can run there at all. Prod may be previewed with a token all the same: a key may come."""
    refusal = world.targets.refusal(request.env)
    if refusal is None:
        return []
    return [
        Check(
            name="may be executed",
            status="warn" if request.env == "prod" else "fail",
            detail=refusal.reason,
            remedy=refusal.remedy,
        )
    ]


def _earlier_files(draft: _Draft, world: World) -> tuple[str, ...]:
    """Migration files that this database lacks, but for the one being planned."""
    files = world.project.unapplied_files([m.version for m in draft.facts.history])
    return tuple(path for path in files if path != draft.source.path)


async def _draft(request: PlanInput, world: World, progress: Progress) -> _Draft:
    await progress(f"Reading the schema of {request.env}")
    facts = await world.targets.target(request.env).facts()
    await progress("Reading the migration")
    source, undoes = await source_of(request.source, world, facts, request)
    written, down = await world.aside(lambda: scripts_of(source, request))
    facts = with_path(facts, written)
    keeping = await world.aside(lambda: kept_of(written, down, source, facts, request))
    script = keeping.script
    human = () if keeping.way_back is not None else down.statements
    await progress(f"Rehearsing {len(script.statements)} statements on a copy of the schema")
    rehearsal = await world.shadow.rehearse(facts, script.statements, human, progress, keeping.way_back)
    if source.origin == "kept":
        rehearsal = replace(rehearsal, rollback=_PURGED)
    application = await _application(world, facts, rehearsal, progress)
    migration = await world.aside(
        lambda: assess(script, facts, rehearsal, env=request.env, origin=source.origin, application=application)
    )
    return _Draft(request, facts, source, undoes, script, rehearsal, migration)


async def _application(world: World, facts: TargetFacts, rehearsal: Rehearsal, progress: Progress) -> Application:
    """What the compiler says, and where the names that go are mentioned: the compiler does not see strings."""
    if rehearsal.after is None:
        return Application(why_not="the migration did not run through on the shadow")
    await progress("Compiling the application against the new types")
    impact = await world.types.application_impact(facts.catalog, rehearsal.after, progress)
    gone = sorted({ref.name for o in rehearsal.observations for ref in o.dropped if ref.kind in _NAMED_IN_CODE})
    return Application(
        diagnostics=tuple(
            Diagnostic(file=d.file, line=d.line, code=d.code, message=d.message) for d in impact.diagnostics
        ),
        mentions=world.project.mentions(gone) if gone else (),
        why_not=None if impact.ran else impact.why_not,
    )


def _envelope(draft: _Draft, world: World, lifetime_seconds: int) -> Envelope:
    now = world.clock.now()
    risk = draft.migration.risk_assessment
    return Envelope(
        plan_id=world.new_id(),
        env=draft.request.env,
        name=draft.source.name,
        statements=tuple(s.text for s in draft.script.statements),
        transactional=tuple(s.transactional for s in draft.script.statements),
        rollback_digest=digest_of_statements(draft.rollback.statements),
        target=draft.facts.identity,
        settings=draft.facts.settings,
        schema_fingerprint=draft.facts.fingerprint,
        risk=risk.overall_risk,
        data_loss=risk.data_loss,
        requester=world.requester,
        source_sha256=draft.source.sha256,
        created_at=now,
        expires_at=now + lifetime_seconds,
        nonce=world.new_id(),
    )


def _strength(draft: _Draft, envelope: Envelope, world: World, *, client_has_form: bool) -> Checkpoint:
    env = draft.request.env
    credentials = world.targets.credentials(env)
    if draft.facts.identity.superuser:
        # Whatever the configuration calls it: with this role, the planning connection can change everything.
        credentials = "open"
    return levels.checkpoint_for(
        env,
        client_has_form,
        credentials,
        risk=envelope.risk,
        data_loss=envelope.data_loss,
        configured_approvals=world.approvals.get(env, 1),
        embedded=draft.facts.identity.embedded,
    )


def _proof(draft: _Draft) -> Proof:
    rehearsal = draft.rehearsal
    return Proof(
        ran=rehearsal.ran,
        on=rehearsal.on,
        schema_from=rehearsal.schema_from,
        statements=len(draft.script.statements),
        rollback=draft.rollback.proof,
        why=rehearsal.why_not or draft.rollback.why,
        ms=round(rehearsal.ms, 1),
        schema_after=rehearsal.schema_after,
        rollback_rows=draft.rollback.rows,
        rollback_tables=draft.rollback.tables,
        findings=list(draft.rollback.findings),
        later=[*filter(None, [draft.rollback.choice]), *draft.rollback.later],
        notes=list(rehearsal.notes),
        left_out=[o.statement for o in rehearsal.observations if not o.observed],
    )


def _source_out(draft: _Draft) -> SourceOut:
    source = draft.source
    choices = (*source.choices, *draft.script.choices)
    return SourceOut.model_validate(
        {
            "from": source.origin,
            "name": source.name,
            "sha256": source.sha256,
            "path": source.path,
            "feature": source.feature,
            "choices": [f"line {c.line}: {c.what}" if c.line else c.what for c in choices],
        }
    )


def _without_token(output: PlanOutput) -> PlanOutput:
    """The plan as it is kept: that there is a token, but not which."""
    if output.approval is None:
        return output
    return output.model_copy(update={"approval": Approval(token=WITHHELD, expires_at=output.approval.expires_at)})


def _stored(draft: _Draft, output: PlanOutput, envelope: Envelope, token: str) -> StoredPlan:
    return StoredPlan(
        plan_id=envelope.plan_id,
        env=envelope.env,
        state="previewed",
        digest=output.digest,
        envelope=canonical(envelope),
        token_hash=token_hash(token),
        page=_without_token(output).model_dump_json(by_alias=True),
        statements=draft.script.statements,
        rollback=draft.rollback.statements,
        rollback_proof=draft.rollback.proof,
        requester=envelope.requester,
        created_at=envelope.created_at,
        expires_at=envelope.expires_at,
        source=draft.source.path,
        feature=draft.source.feature,
        undoes=draft.undoes,
        version=_own_version(draft),
    )


def _to_record(draft: _Draft) -> bool:
    """Whether there is something to write down though nothing runs: a migration file without a statement."""
    return draft.source.version is not None and draft.request.operations is None


def _own_version(draft: _Draft) -> str | None:
    """The version that a migration file brings, unless the history used it up: what was rolled back gets a new one."""
    version = draft.source.version
    return None if version in {m.version for m in draft.facts.history} else version


def target_out(facts: TargetFacts) -> Target:
    """The target as it goes over the wire."""
    return identity_out(facts.identity, facts.latency_ms)


def identity_out(identity: Identity, latency_ms: float) -> Target:
    """An identity as it goes over the wire."""
    return Target(
        env=identity.env,
        host=identity.host,
        database=identity.database,
        role=identity.role,
        server_version=identity.server_version,
        status="embedded" if identity.embedded else "read-only" if identity.read_only else "reachable",
        latency_ms=round(latency_ms, 1),
    )


def _options(draft: _Draft, world: World, *, may_run: bool) -> list[Option]:
    source, env = draft.source, draft.request.env
    again = _again(draft)
    options: list[Option] = []
    if may_run:
        confirm = ", confirm: true" if env == "prod" else ""
        options.append(Option(title="Apply it", call=f'approve(token: <token>, env: "{env}"{confirm})'))
    if not draft.request.reversible and source.origin != "kept" and would_keep(draft.script, draft.facts):
        options.append(
            Option(
                title="Make it reversible with its data: what it drops, deletes or overwrites is moved or copied to a "
                "private schema first, and the rollback brings it back",
                call=_reversible_call(draft, again),
            )
        )
    options += [
        Option(
            title="Only some kinds of operation",
            call=f'plan(env: "{env}", source: {again}, operations: ["table", "column", "index"])',
        ),
        Option(title="Only refresh the TypeScript types", call=f'generate-only(env: "{env}")'),
    ]
    if env == "dev" and "staging" in world.targets.configured():
        options.append(Option(title="Look at staging first", call=f'plan(env: "staging", source: {again})'))
    return options


def _again(draft: _Draft) -> str:
    """The source as a call names it."""
    source = draft.source
    named = f'"feature": "{source.feature}"' if source.feature else f'"path": "{source.path}"'
    return f'{{"from": "{source.origin}", {named}}}' if source.path else "the same source"


def _reversible_call(draft: _Draft, again: str) -> str:
    chosen = draft.request.operations
    only = f", operations: {json.dumps(chosen)}" if chosen is not None else ""
    return f'plan(env: "{draft.request.env}", source: {again}, reversible: true{only})'


def _next_steps(
    request: PlanInput, script: Script, outcome: list[Check], strength: Checkpoint, *, issued: bool
) -> list[str]:
    if not script.statements and not issued:
        return ["There is nothing to apply."]
    if issued and not levels.suffices(strength):
        return ["Show this page to the person.", f"{strength.reason} {strength.remedy or ''}".strip()]
    if issued:
        return [
            "Show this page to the person.",
            f'Call approve with the token and env "{request.env}". The server asks the person; only they decide.',
            "Retrying or rephrasing does not change their answer.",
        ]
    failed = [c for c in outcome if c.status == "fail"]
    if failed:
        return [f"Mend what failed and plan again: {c.name}: {c.remedy or c.detail}" for c in failed]
    return [f'To apply it, call plan with level "preview" for {request.env}: that gives a token.']
