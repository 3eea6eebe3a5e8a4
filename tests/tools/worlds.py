"""A world of fakes at the ports: targets whose facts are given, a ledger of given plans, features of given SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

from analysis.evidence import rehearsal
from db_migrate_tools.evidence import AppliedMigration, Env, Identity, Rehearsal, SessionSettings, TargetFacts
from db_migrate_tools.ports import (
    Feature,
    Ledger,
    Progress,
    Project,
    Refused,
    Shadow,
    StoredPlan,
    Target,
    Targets,
    Types,
    World,
)
from db_migrate_tools.schema.model import Catalog, Object
from db_migrate_tools.sql.model import Piece, Source, Statement
from db_migrate_tools.wire import FeatureSource, SourceInput


def source_path(feature: str) -> str:
    return f".agaile-os/features/{feature}/sub-specs/database-schema.md"


def sha(sql: str) -> str:
    return sha256(sql.encode()).hexdigest()


def facts(
    env: Env, *history: AppliedMigration, objects: Sequence[Object] = (), pending: str | None = None
) -> TargetFacts:
    return TargetFacts(
        identity=Identity(env, "db.example", 5432, "app", "ann", "1", 2, "18.6", 180006),
        catalog=Catalog({thing.ref: thing for thing in objects}),
        fingerprint="f" * 64,
        sizes={},
        settings=SessionSettings("public"),
        history=history,
        journal_pending=pending,
    )


async def quiet(message: str) -> None:
    del message


@dataclass
class Databases:
    """`given` are the facts of what is configured; a string stands for a database that cannot be reached."""

    given: dict[Env, TargetFacts | str]
    asked: list[Env] = field(default_factory=list[Env])

    def configured(self) -> tuple[Env, ...]:
        return tuple(self.given)

    def target(self, env: Env) -> Target:
        return cast("Target", Reader(self, env))


@dataclass
class Reader:
    databases: Databases
    env: Env

    async def facts(self) -> TargetFacts:
        self.databases.asked.append(self.env)
        found = self.databases.given.get(self.env)
        if not isinstance(found, TargetFacts):
            raise Refused(found or "No database.", "Start it.")
        return found


@dataclass
class Plans:
    """A ledger that only lists."""

    plans: tuple[StoredPlan, ...] = ()
    broken: tuple[str, ...] = ()

    async def by_token(self, token: str) -> StoredPlan | None:
        return next((p for p in self.plans if p.token_hash == token), None)

    async def pending(self, env: Env | None = None) -> tuple[StoredPlan, ...]:
        return tuple(p for p in self.plans if p.state in ("previewed", "awaiting") and env in (None, p.env))

    async def recent(self, env: Env | None, limit: int) -> tuple[StoredPlan, ...]:
        return tuple(p for p in self.plans if env in (None, p.env))[:limit]

    async def damaged(self) -> tuple[str, ...]:
        return self.broken


@dataclass
class Specs:
    """Features by name with their SQL."""

    sql: dict[str, str] = field(default_factory=dict[str, str])
    files: tuple[str, ...] = ()

    def features(self) -> tuple[Feature, ...]:
        return tuple(Feature(name, source_path(name), True, 0.0) for name in self.sql)

    def read(self, source: SourceInput) -> Source:
        assert isinstance(source, FeatureSource)
        name = source.feature or ""
        sql = self.sql[name]
        if not sql:
            raise Refused("The spec cannot be read.", "Mend it.")
        return Source("feature", name, sha(sql), (Piece(sql),), path=source_path(name), feature=name)

    def unapplied_files(self, applied: Sequence[str]) -> tuple[str, ...]:
        return tuple(path for path in self.files if not any(version in path for version in applied))


@dataclass
class Rehearser:
    """Says what it was given to run, and answers as told."""

    answer: Rehearsal = field(default_factory=rehearsal)
    ran: list[str] = field(default_factory=list[str])

    async def rehearse(
        self, target: TargetFacts, up: Sequence[Statement], down: Sequence[Statement], progress: Progress
    ) -> Rehearsal:
        del target, down, progress
        self.ran += [statement.text for statement in up]
        return self.answer


class Epoch:
    def now(self) -> int:
        return 1_790_000_000

    def iso(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def version(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def world(
    databases: Databases,
    ledger: Plans | None = None,
    specs: Specs | None = None,
    shadow: Rehearser | None = None,
    types: Types | None = None,
) -> World:
    return World(
        targets=cast("Targets", databases),
        shadow=cast("Shadow", shadow or Rehearser()),
        ledger=cast("Ledger", ledger or Plans()),
        project=cast("Project", specs or Specs()),
        types=cast("Types", types),
        clock=Epoch(),
        requester="a test",
        new_id=lambda: "id",
        new_token=lambda: "token",
    )
