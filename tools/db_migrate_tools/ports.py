"""What a tool may ask of the world. `server/` provides each; tests may provide a fake for pure decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from db_migrate_tools.evidence import (
    ApplicationImpact,
    AppliedMigration,
    Env,
    Execution,
    Identity,
    Rehearsal,
    RollbackProof,
    SessionSettings,
    TargetFacts,
)
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.lifecycle import PlanState
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.sql.model import Source, Statement
from db_migrate_tools.wire import SourceInput, TypesReport

Progress = Callable[[str], Awaitable[None]]
"""Tells the client what is happening now, in words that a person can read."""


def token_hash(token: str) -> str:
    """What the ledger keeps of a token: its sha256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class Refused(Exception):  # noqa: N818
    """An expected refusal: what happened, then what to do. Shown to people as it stands."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


class Target(Protocol):
    """One environment's database, read-only: planning and status ask it."""

    env: Env

    async def facts(self) -> TargetFacts:
        """Identity, catalog, sizes, settings and history, in one read-only transaction. Raises Refused."""
        ...

    async def identity(self) -> Identity:
        """Who the database says it is. Raises Refused when it cannot be reached."""
        ...

    async def history(self, limit: int) -> tuple[AppliedMigration, ...]:
        """Applied migrations, newest first."""
        ...


class Targets(Protocol):
    """The configured environments."""

    def configured(self) -> tuple[Env, ...]: ...

    def target(self, env: Env) -> Target:
        """Raises Refused when the environment has no usable URL, with what to set."""
        ...

    def runner(self, env: Env) -> Runner:
        """Raises Refused when nothing may be executed there."""
        ...

    def embedded(self, env: Env) -> bool:
        """Whether the environment is the project's own embedded database."""
        ...

    def refusal(self, env: Env) -> Refused | None:
        """Why nothing can be executed there, whatever anybody decides; None where a plan can be."""
        ...

    def credentials(self, env: Env) -> Literal["open", "sealed", "remote"]: ...


class Shadow(Protocol):
    """The throwaway Postgres."""

    async def rehearse(
        self,
        target: TargetFacts,
        up: Sequence[Statement],
        down: Sequence[Statement],
        progress: Progress,
        kept: WayBack | None = None,
    ) -> Rehearsal:
        """Run `up` on a copy of the target's schema, then the rollback: the human's `down` where there is one
        and it restores the schema, else the derived one. `kept` is the data side of a derived one. Never raises for
        what the SQL does.
        """
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to execute, exactly, where, and what must be true there first."""

    plan_id: str
    digest: str
    env: Env
    identity: Identity
    fingerprint: str
    settings: SessionSettings
    statements: tuple[Statement, ...]
    version: str
    name: str
    rollback: tuple[str, ...]
    rollback_proof: RollbackProof
    approved_by: str
    source: str | None
    source_sha256: str
    undoes: str | None = None


class Runner(Protocol):
    """Executes on one environment's database."""

    async def execute(self, order: Order, progress: Progress) -> Execution:
        """Run the order once, or resume or recognise an earlier run of the same plan. Raises nothing expected."""
        ...


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan in the ledger. `envelope` is canonical bytes, `page` the whole PlanOutput as JSON,
    `statements` and `down` what the order needs; times are seconds since the epoch.
    """

    plan_id: str
    env: Env
    state: PlanState
    digest: str
    envelope: bytes
    token_hash: str
    page: str
    statements: tuple[Statement, ...]
    rollback: tuple[str, ...]
    rollback_proof: RollbackProof
    requester: str
    created_at: int
    expires_at: int
    source: str | None = None
    feature: str | None = None
    undoes: str | None = None
    version: str | None = None
    decision: Decision | None = None
    outcome: str | None = None
    updated_at: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A human's answer. `by` names the person as far as known; `strength` says how it was obtained."""

    decision: Literal["approve", "reject"]
    by: str
    channel: Literal["form", "terminal", "page"]
    strength: Literal["client-attested", "human-key", "team"]
    at: int


class Ledger(Protocol):
    """Plans, tokens, decisions. Every write is one transaction; every transition happens at most once."""

    async def issue(self, plan: StoredPlan) -> None: ...

    async def by_token(self, token: str) -> StoredPlan | None: ...

    async def by_id(self, plan_id: str) -> StoredPlan | None: ...

    async def move(
        self,
        plan_id: str,
        came_from: Sequence[PlanState],
        to: PlanState,
        *,
        decision: Decision | None = None,
        version: str | None = None,
        outcome: str | None = None,
    ) -> bool:
        """Go to `to` if the plan is in one of `came_from` now; False when it is not (someone else was first)."""
        ...

    async def pending(self, env: Env | None = None) -> tuple[StoredPlan, ...]: ...

    async def recent(self, env: Env | None, limit: int) -> tuple[StoredPlan, ...]: ...

    async def damaged(self) -> tuple[str, ...]:
        """Plans that the lists leave out because their rows were edited or cannot be read: a sentence each."""
        return ()


Answer = Decision | Literal["unanswered", "unavailable", "asked"]


class Human(Protocol):
    """A channel to the person in front of the client."""

    async def ask(self, plan: StoredPlan, question: str) -> Answer:
        """`unavailable`: this client cannot show a form. `unanswered`: it could, and no decision came back.
        `asked`: the question travels in this call's result, and the answer comes with the client's next call.
        """
        ...


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature folder with a database-schema.md. `path` is relative to the project root."""

    name: str
    path: str
    active: bool
    modified: float
    done: bool = False


class Project(Protocol):
    """The user's project on disk."""

    def features(self) -> tuple[Feature, ...]: ...

    def read(self, source: SourceInput) -> Source:
        """Read a feature, file or inline source, once. Raises Refused."""
        ...

    def unapplied_files(self, applied: Sequence[str]) -> tuple[str, ...]:
        """Files under supabase/migrations whose version is not in `applied`."""
        ...

    def write_plan(self, plan_id: str, markdown: str, sql: str) -> str:
        """Write the whole plan under .db-migrate/plans as <id>.md and <id>.sql; returns the page's relative path."""
        ...

    def read_plan(self, plan_id: str, kind: Literal["md", "sql"]) -> str:
        """What write_plan wrote. Raises Refused when there is none."""
        ...

    def write_migration(self, version: str, name: str, sql: str) -> str:
        """Write supabase/migrations/<version>_<name>.sql; returns the path relative to the root."""
        ...

    def write_report(self, source_path: str | None, version: str, markdown: str) -> str:
        """Write the outcome beside the spec (or under .db-migrate/reports); returns the relative path."""
        ...

    def mark_applied(self, source_path: str, version: str | None, env: Env) -> str | None:
        """Note in the feature's folder that its SQL was applied, or with None that it was rolled back; returns the
        path changed.
        """
        ...

    def mentions(self, words: Sequence[str]) -> tuple[str, ...]:
        """Application files in which a word stands, as `path:line`. Mentions, not proof."""
        ...


class Types(Protocol):
    """Schema pull, type generation, compilation."""

    async def generate(self, env: Env, catalog: Catalog, *, check: bool, progress: Progress) -> TypesReport:
        """Write the types of `catalog`, run the project's commands, compile. Failures are in the report."""
        ...

    async def application_impact(self, before: Catalog, after: Catalog, progress: Progress) -> ApplicationImpact:
        """What the migration would break in the application, found in a copy of it: the project stays untouched."""
        ...


class Clock(Protocol):
    def now(self) -> int:
        """Seconds since the epoch, UTC."""
        ...

    def iso(self, seconds: int) -> str:
        """An instant as people read it: 2026-11-02T09:30:00Z."""
        ...

    def version(self, seconds: int) -> str:
        """An instant as a migration's version: 20261102093000."""
        ...


_T = TypeVar("_T")


class Aside(Protocol):
    """Runs work that only computes, so that other calls go on meanwhile."""

    async def __call__(self, work: Callable[[], _T], /) -> _T: ...


async def at_once(work: Callable[[], _T], /) -> _T:
    """Runs the work here and now."""
    return work()


@dataclass(frozen=True, slots=True)
class World:
    """All ports together, as a tool receives them."""

    targets: Targets
    shadow: Shadow
    ledger: Ledger
    project: Project
    types: Types
    clock: Clock
    requester: str
    new_id: Callable[[], str]
    new_token: Callable[[], str]
    approvals: dict[Env, int] = field(default_factory=dict[Env, int])
    """Distinct people that configuration asks for; an environment that is missing asks for one."""
    aside: Aside = at_once
