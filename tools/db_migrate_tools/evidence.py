"""What was observed: of the target, of the shadow, of an execution. Facts only; analysis gives them meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from db_migrate_tools.schema.model import Catalog, Ref

Env = Literal["dev", "staging", "prod"]
RollbackProof = Literal["proven", "proven-with-data-loss", "failed", "impossible", "not-proven"]


Power = Literal["createrole", "createdb", "subscriptions", "platform"]
"""What a role may beyond its own objects; `platform` where its host lets it do more than Postgres does."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is. Compared field by field before anything runs; `host` carries no secret."""

    env: Env
    host: str
    port: int
    database: str
    role: str
    system_identifier: str
    database_oid: int
    server_version: str
    server_version_num: int
    superuser: bool = False
    embedded: bool = False
    read_only: bool = False

    @property
    def major(self) -> int:
        return self.server_version_num // 10000


@dataclass(frozen=True, slots=True)
class TableSize:
    """`rows` is what was counted (`exact`), else Postgres's estimate (reltuples), None before the first ANALYZE;
    `bytes` counts indexes and TOAST.
    """

    rows: int | None
    bytes: int
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Settings of a new session of the planning role that change what SQL means."""

    search_path: str
    standard_conforming_strings: str = "on"
    timezone: str = "UTC"
    lock_timeout: str = "0"
    statement_timeout: str = "0"


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A row of the target's history: ours where `plan_id` is set, else the Supabase CLI's."""

    version: str
    name: str
    plan_id: str | None = None
    digest: str | None = None
    applied_at: str | None = None
    applied_by: str | None = None
    sql: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    rollback_proof: RollbackProof = "not-proven"
    source: str | None = None
    sha256: str | None = None
    rolled_back_by: str | None = None


@dataclass(frozen=True, slots=True)
class OfferedExtension:
    """An extension that CREATE EXTENSION finds on a server, its default version, and whether our role may create it."""

    name: str
    version: str
    creatable: bool


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """Everything that planning reads from a target, in one read-only transaction. `acts_as` are the roles that the
    planning role is a member of, `known_roles` all roles of the server, `connections` how many are in use and how
    many there may be, `offered` the extensions that can be had, `powers` what the planning role may beyond its own
    objects, `administers` the roles that it may hand out; None where they were not read. `standing_in` says where the
    database plays another one.
    """

    identity: Identity
    catalog: Catalog
    fingerprint: str
    sizes: dict[Ref, TableSize]
    settings: SessionSettings
    history: tuple[AppliedMigration, ...] = ()
    latency_ms: float = 0.0
    long_transactions: int = 0
    journal_pending: str | None = None
    notes: tuple[str, ...] = ()
    acts_as: tuple[str, ...] | None = None
    known_roles: tuple[str, ...] | None = None
    connections: tuple[int, int] | None = None
    offered: tuple[OfferedExtension, ...] | None = None
    standing_in: tuple[str, ...] = ()
    powers: frozenset[Power] | None = None
    administers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Lock:
    """A lock on a relation that existed before the statement. `mode` is Postgres's: `AccessExclusiveLock`."""

    relation: str
    mode: str


@dataclass(frozen=True, slots=True)
class PgFailure:
    """An error that Postgres raised. `limit` says of which limit of the shadow it speaks, where it does: there the
    statement may be right all the same.
    """

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    context: str | None = None
    limit: Literal["time", "space", "memory"] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one statement did on the shadow. `observed` is False where it could not be run there; `why_not` says why.

    `rewrites`, `scans` and `index_builds` name relations that existed before the migration began;
    `created`, `altered` and `dropped` come from comparing catalogs, which `compared` says was done after this very
    statement; `rows` is the command tag's count.
    """

    statement: int
    observed: bool = True
    why_not: str | None = None
    error: PgFailure | None = None
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    index_builds: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    created: tuple[Ref, ...] = ()
    altered: tuple[Ref, ...] = ()
    dropped: tuple[Ref, ...] = ()
    rows: int | None = None
    ms: float = 0.0
    compared: bool = False


ANOTHER_ORDER: Final = " stand in another order after the rollback."
"""Ends a note on columns: Postgres cannot put one in its old place, and nothing else says that it came back so."""


@dataclass(frozen=True, slots=True)
class RollbackEvidence:
    """The rollback that was run on the shadow and what came of it. `differences` are left over after it.

    `rows` synthetic rows in `tables` tables were there before the migration and compared after the rollback; 0 where
    only the schema was compared. `findings` tell what rows showed on the way forward, `later` what happens to data
    that come after the migration, `choice` why of two rollbacks this one was taken.
    """

    statements: tuple[str, ...]
    proof: RollbackProof
    why: str | None = None
    written_by: Literal["derived", "human", "none"] = "derived"
    differences: tuple[str, ...] = ()
    lost: tuple[Ref, ...] = ()
    notes: tuple[str, ...] = ()
    ms: float = 0.0
    rows: int = 0
    tables: int = 0
    findings: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A whole rehearsal. `after` is the catalog once every statement ran, None when one failed; `schema_after` is
    what the target's fingerprint will be, None where the copy was not equal to it or a statement was left out.
    """

    ran: bool
    on: str
    schema_from: Literal["pg_dump", "catalog", "empty"]
    observations: tuple[Observation, ...] = ()
    after: Catalog | None = None
    schema_after: str | None = None
    rollback: RollbackEvidence | None = None
    why_not: str | None = None
    notes: tuple[str, ...] = ()
    ms: float = 0.0

    @property
    def failed_at(self) -> Observation | None:
        """The first statement that Postgres refused."""
        return next((o for o in self.observations if o.error is not None), None)


@dataclass(frozen=True, slots=True)
class StepReport:
    """One executed statement."""

    sql: str
    ms: float
    lock_wait_ms: float
    attempts: int
    outcome: Literal["done", "already-done", "rolled_back", "failed", "not-run"]
    error: PgFailure | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """What running a migration came to. `stands` says in words what of a failed one remains in the database;
    `busy`: nothing was decided by this call (another runner works, or the database cannot be asked), a later one
    tells; `resumable`: what stands is in the journal, or nothing could be asked for want of a usable URL, and the
    same order continues from there.
    """

    status: Literal["applied", "failed", "rolled_back", "refused"]
    steps: tuple[StepReport, ...] = ()
    reason: str | None = None
    remedy: str | None = None
    stands: tuple[str, ...] = ()
    fingerprint_after: str | None = None
    total_ms: float = 0.0
    blockers: tuple[str, ...] = field(default=())
    resumed: bool = False
    busy: bool = False
    resumable: bool = False


@dataclass(frozen=True, slots=True, order=True)
class CompileError:
    """One error of the application's compiler. `file` is relative to the project's root; `line` counts from 1."""

    file: str
    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ApplicationImpact:
    """What the compiler says of the application once the types are the migrated schema's, before it runs.

    `diagnostics` are only those that the migration would bring. No error means no compile error: strings, raw SQL and
    unused results are invisible to a compiler. `ran` False says nothing about the application; `why_not` tells why.
    """

    ran: bool
    why_not: str | None = None
    diagnostics: tuple[CompileError, ...] = ()
    ms: float = 0.0
