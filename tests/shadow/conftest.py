"""One shadow for all tests of this directory, and targets to rehearse against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env
from shadow.rehearser import Rehearser


@pytest.fixture(scope="session")
def dumps() -> dict[str, str]:
    """Where pg_dump finds the target of the moment; empty means nowhere."""
    return {}


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Cluster]:
    """The running shadow itself, to look at behind the rehearsal's back."""
    async with await start_shadow() as cluster:
        yield cluster


@pytest.fixture(scope="session")
async def shadow(server: Cluster, dumps: dict[str, str]) -> ShadowRehearsal:
    async def start(_: int | None) -> Cluster:
        return server

    async def dump_dsn(_: Env) -> str | None:
        return dumps.get("dsn")

    return ShadowRehearsal(start, dump_dsn, deadline=60)


@pytest.fixture
async def rehearse(
    shadow: ShadowRehearsal, make_database: Callable[[], Awaitable[str]], dumps: dict[str, str]
) -> Rehearser:
    return Rehearser(shadow, make_database, dumps)
