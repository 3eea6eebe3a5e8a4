"""Wires the ports: the configured databases, the shadow, the ledger, the project, the types."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

import anyio
import anyio.to_thread
from pydantic import SecretStr

from db_migrate.cluster.dev import DevDatabase, ensure_dev
from db_migrate.cluster.launch import NotStarted
from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.ledger.store import SqlLedger
from db_migrate.postgres.connect import Unreachable
from db_migrate.postgres.dsn import parse
from db_migrate.postgres.patience import Patience
from db_migrate.postgres.runner import PostgresRunner
from db_migrate.postgres.target import PostgresTarget
from db_migrate.project.project import FileProject
from db_migrate.project.root import is_supabase, state_directory
from db_migrate.project.types import ProjectTypes
from db_migrate.settings import Settings, resolve_url
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused, Runner, Target, World
from db_migrate_tools.wire import Credentials

ENVIRONMENTS: Final[tuple[Env, ...]] = get_args(Env)
Place = tuple[tuple[tuple[str, int], ...], str | None, str | None]
"""Hosts, database and role of a URL."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> int:
        return int(time.time())

    def iso(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def version(self, seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


class Databases:
    """The configured environments. Nothing is connected, and no embedded database started, before it is asked for."""

    def __init__(self, root: Path, state: Path, settings: Settings) -> None:
        self._root = root
        self._state = state
        self._settings = settings
        self._dev: DevDatabase | None = None
        self._starting = anyio.Lock()
        self._targets: dict[Env, Target] = {}

    def configured(self) -> tuple[Env, ...]:
        return tuple(env for env in ENVIRONMENTS if env == "dev" or self._has_url(env))

    def embedded(self, env: Env) -> bool:
        """Whether the environment is the project's embedded database."""
        return env == "dev" and not self._has_url(env)

    def target(self, env: Env) -> Target:
        """The environment as planning sees it: one for all calls, since it remembers what it has read."""
        self._known(env)

        async def dsn() -> str:
            return await self.dsn(env, read=True)

        if env not in self._targets:
            self._targets[env] = PostgresTarget(
                env,
                dsn,
                read_only=env == "prod",
                embedded=self.embedded(env),
                standing_in=lambda: self._dev.notes if self._dev is not None and self.embedded(env) else (),
            )
        return self._targets[env]

    def refusal(self, env: Env) -> Refused | None:
        """Why nothing can be executed there, as far as the configuration tells; None where a plan can be."""
        if env not in self.configured():
            return self._unknown(env)
        if env == "prod":
            return Refused(
                "prod can be executed only with a human-held key, which this version cannot enrol.",
                "Nothing on this machine can stand in for it.",
            )
        if not self.embedded(env) and not _given(self._settings.environment(env).url):
            return Refused(
                f"{env} has only a read_url: it can be planned, and nothing executed there.",
                f"Set url under [environments.{env}] in db-migrate.toml.",
            )
        return None

    def runner(self, env: Env) -> Runner:
        refusal = self.refusal(env)
        if refusal is not None:
            raise refusal

        async def dsn() -> str:
            return await self.dsn(env, read=False)

        return PostgresRunner(
            env,
            dsn,
            embedded=self.embedded(env),
            patience=Patience(lock_wait=self._settings.execution.lock_wait),
        )

    def credentials(self, env: Env) -> Credentials:
        """Prod's connection is remote as long as the configuration has no URL that may change it. What the role of
        its read_url may do is known only once it has connected.
        """
        if env != "prod" or _given(self._settings.environment(env).url):
            return "open"
        read = self._place(self._settings.environment(env).read_url)
        others = [self._place(self._settings.environment(e).url) for e in ENVIRONMENTS]
        return "open" if read is not None and read in others else "remote"

    def _place(self, url: SecretStr | None) -> Place | None:
        """Where a configured URL leads and as whom; None when there is none or it cannot be read."""
        try:
            text = resolve_url(url, self._root)
            dsn = parse(text) if text is not None else None
        except Refused:
            return None
        return (dsn.hosts, dsn.database, dsn.user) if dsn is not None else None

    async def dsn(self, env: Env, *, read: bool) -> str:
        """The DSN, for connecting only. Starts the embedded database if that is what the environment is.

        Raises:
            Refused: A variable that the configuration names is not set, or the embedded database does not start.
        """
        configured = self._settings.environment(env)
        url = resolve_url((configured.read_url or configured.url) if read else configured.url, self._root)
        if url is not None:
            return url
        if self.embedded(env):
            return (await self._embedded()).dsn
        raise Refused(f"{env} has no URL that may change it.", f"Set url under [environments.{env}].")

    async def _embedded(self) -> DevDatabase:
        """The embedded database; another one where it died.

        Raises:
            Unreachable: It does not start now.
            Refused: It cannot start here.
        """
        async with self._starting:
            if self._dev is not None and not await anyio.to_thread.run_sync(self._dev.answers):
                await self.close()
            if self._dev is None:
                try:
                    self._dev = await ensure_dev(
                        self._state,
                        location=self._settings.embedded_dir,
                        explicit=self._settings.shadow.binaries,
                        supabase=is_supabase(self._root),
                    )
                except NotStarted as refusal:
                    raise Unreachable(refusal.reason, refusal.remedy) from refusal
            return self._dev

    async def for_people(self, env: Env) -> dict[str, str]:
        """DATABASE_URL and DIRECT_URL of the embedded database; nothing for an environment with its own URL."""
        if not self.embedded(env):
            return {}
        url = (await self._embedded()).url_file.read_text("utf-8").strip()
        return {"DATABASE_URL": url, "DIRECT_URL": url}

    def _has_url(self, env: Env) -> bool:
        configured = self._settings.environment(env)
        return _given(configured.url) or _given(configured.read_url)

    def _known(self, env: Env) -> None:
        if env not in self.configured():
            raise self._unknown(env)

    @staticmethod
    def _unknown(env: Env) -> Refused:
        key = "read_url" if env == "prod" else "url"
        return Refused(
            f"No database is configured for {env}.",
            f'Set {key} under [environments.{env}] in db-migrate.toml, e.g. "env:{env.upper()}_DATABASE_URL".',
        )

    async def close(self) -> None:
        """Let go of the embedded database."""
        if self._dev is not None:
            await self._dev.close()
            self._dev = None


def _given(url: SecretStr | None) -> bool:
    return url is not None and bool(url.get_secret_value())


def open_world(root: Path, settings: Settings) -> tuple[World, AbstractAsyncContextManager[None]]:
    """The world of a project, and what closes it.

    Raises:
        Refused: The ledger cannot be read.
    """
    clock = SystemClock()
    project = FileProject(root, settings.features.paths, [settings.types.output])
    state = state_directory(root)
    databases = Databases(root, state, settings)
    ledger = SqlLedger.at(state / "ledger.db", clock)

    async def cluster(major: int | None) -> Cluster:
        return await start_shadow(major=major, explicit=settings.shadow.binaries)

    async def dump_dsn(env: Env) -> str:
        return await databases.dsn(env, read=True)

    async def for_commands(env: Env) -> dict[str, str]:
        """Where the project's commands find the embedded database; others they know by themselves."""
        return await databases.for_people(env)

    shadow = ShadowRehearsal(cluster, dump_dsn, deadline=settings.shadow.deadline)
    types = ProjectTypes(root, settings.types, extra_env=for_commands)
    world = World(
        targets=databases,
        shadow=shadow,
        ledger=ledger,
        project=project,
        types=types,
        clock=clock,
        requester="",
        new_id=lambda: secrets.token_hex(16),
        new_token=lambda: f"dbm_{secrets.token_urlsafe(32)}",
        aside=anyio.to_thread.run_sync,
        approvals={env: settings.environment(env).approvals for env in ENVIRONMENTS},
    )

    @asynccontextmanager
    async def closing() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await shadow.close()
                await databases.close()
                ledger.close()

    return world, closing()
