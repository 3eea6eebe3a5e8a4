"""Executes an order on a Postgres: checked, locked, pinned; and resolved from the journal when the session is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

import anyio
import asyncpg

from db_migrate.postgres import outcome
from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection, NotLetIn, Unreachable, connect, refuse_transaction_pooling
from db_migrate.postgres.dsn import Dsn, parse, redact
from db_migrate.postgres.execution import MigrationRun
from db_migrate.postgres.failures import LOST
from db_migrate.postgres.identity import read_identity, refuse_other_database
from db_migrate.postgres.journal import Journal
from db_migrate.postgres.locks import RunnerBusy, release_runner_lock, take_runner_lock
from db_migrate.postgres.observer import observing
from db_migrate.postgres.outcome import Lost, redacted
from db_migrate.postgres.patience import Patience
from db_migrate.postgres.session import pin, refuse_unwritable
from db_migrate_tools.evidence import Env, Execution
from db_migrate_tools.ports import Order, Progress, Refused
from db_migrate_tools.schema.fingerprint import fingerprint

_CLIENT_GONE = (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError)


class PostgresRunner:
    """Runs orders on one environment. `dsn` is asked for at each execution, since a dev database starts lazily."""

    def __init__(
        self,
        env: Env,
        dsn: Callable[[], Awaitable[str]],
        *,
        embedded: bool = False,
        patience: Patience | None = None,
        tool_version: str | None = None,
    ) -> None:
        self._env: Env = env
        self._dsn = dsn
        self._embedded = embedded
        self._patience = patience or Patience()
        self._tool_version = tool_version or _own_version()

    async def execute(self, order: Order, progress: Progress) -> Execution:
        """Run the order once, or resume or recognise an earlier run of the same plan.

        A caller that is cancelled waits for the end: what is half-done at a database is worse than a late answer.
        `busy` in the result means that nothing was decided by this call and a later one will tell.
        """
        began = perf_counter()
        with anyio.CancelScope(shield=True):
            found = await self._execute(order, _patient(progress))
            return replace(found, total_ms=(perf_counter() - began) * 1000)
        raise AssertionError("a shielded scope that nobody cancels always returns")

    async def _execute(self, order: Order, progress: Progress) -> Execution:
        if order.env != self._env:
            return _refused(
                Refused(f"This plan is for {order.env}, not for {self._env}. Nothing was run.", "Plan again.")
            )
        try:
            dsn = parse(await self._dsn())
        except Unreachable as refusal:
            return replace(_refused(refusal), busy=True)
        except Refused as refusal:
            return _unasked(refusal)

        async def tell(message: str) -> None:
            await progress(redact(message, dsn))

        lost = Lost(None, f"it took longer than {self._patience.total:.0f} s")
        with anyio.move_on_after(self._patience.total):
            found = await self._once(order, dsn, tell)
            if isinstance(found, Execution):
                return found
            lost = found
        return redacted(await self._resolve(order, dsn, lost, tell), dsn)

    async def _once(self, order: Order, dsn: Dsn, progress: Progress) -> Execution | Lost:
        try:
            async with connect(dsn, timeout=self._patience.connect) as connection:
                await self._check(connection, order, dsn)
                await take_runner_lock(connection, self._patience, progress)
                await pin(connection, order.settings, self._patience)
                pid = int(await connection.fetchval("SELECT pg_backend_pid()"))
                async with observing(dsn, pid, self._patience, progress) as observer:
                    journal = Journal(connection, self._tool_version)
                    run = MigrationRun(connection, dsn, order, journal, observer, self._patience, progress)
                    found = await run.execute()
                if isinstance(found, Execution):
                    await release_runner_lock(connection)
                return found
        except NotLetIn as refusal:
            return _unasked(refusal)
        except (Unreachable, RunnerBusy) as refusal:
            return replace(_refused(refusal), busy=True)
        except Refused as refusal:
            return _refused(refusal)
        except (asyncpg.InterfaceError, *LOST) as error:
            return Lost(None, str(error))

    async def _check(self, connection: Connection, order: Order, dsn: Dsn) -> None:
        await refuse_transaction_pooling(connection, dsn)
        found = await read_identity(connection, self._env, dsn, embedded=self._embedded, like=order.identity)
        refuse_other_database(order.identity, found)
        await refuse_unwritable(connection)

    async def _resolve(self, order: Order, dsn: Dsn, lost: Lost, progress: Progress) -> Execution:
        """Ask the journal what came of a lost session, once its backend has given back the runner's lock."""
        await progress(f"The session was lost ({lost.said}); reading the outcome from the journal")
        deadline = anyio.current_time() + self._patience.reconnect
        while True:
            try:
                async with connect(dsn, timeout=self._patience.connect) as connection:
                    await self._check(connection, order, dsn)
                    await take_runner_lock(connection, self._patience, progress)
                    return await self._told(connection, order, lost)
            except (Refused, asyncpg.InterfaceError, *LOST) as error:
                if anyio.current_time() >= deadline:
                    return outcome.undecided(lost, str(error))
            await anyio.sleep(self._patience.poll * 4)

    async def _told(self, connection: Connection, order: Order, lost: Lost) -> Execution:
        journal = Journal(connection, self._tool_version)
        known = await journal.run(order.plan_id)
        after: str | None = None
        if known is not None and known.state == "applied":
            await pin(connection, order.settings, self._patience)
            after = fingerprint(await read_catalog(connection))
            await journal.schema_after(order, after)
        told = outcome.told_by_journal(order.statements, known, lost, after)
        if known is not None and told.status in ("failed", "rolled_back"):
            await journal.ended(order, "failed" if told.status == "failed" else "rolled_back", told.reason)
        return told


def _refused(refusal: Refused) -> Execution:
    return Execution(status="refused", reason=refusal.reason, remedy=refusal.remedy)


def _unasked(refusal: Refused) -> Execution:
    """Refused for want of a usable URL. Nothing ran now; whether an earlier call ran it, only the journal knows, so
    that the order stays open until the URL is mended.
    """
    return replace(_refused(refusal), resumable=True)


def _patient(progress: Progress) -> Progress:
    """Progress that a slow or departed client cannot hold up: locks may be held meanwhile."""

    async def tell(message: str) -> None:
        with anyio.move_on_after(0.5), suppress(*_CLIENT_GONE):
            await progress(message)

    return tell


def _own_version() -> str:
    try:
        return version("db-migrate-mcp")
    except PackageNotFoundError:
        return "unknown"
