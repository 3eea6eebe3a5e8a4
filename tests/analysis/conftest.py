"""Real observations for the analysis: a target made by SQL, a migration rehearsed on one shadow for all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from analysis.judge import Judge
from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env, TargetFacts


@pytest.fixture(scope="session")
def dumps() -> dict[str, str]:
    """Where pg_dump finds the target of the moment."""
    return {}


@pytest.fixture(scope="session")
async def shadow(dumps: dict[str, str]) -> AsyncIterator[ShadowRehearsal]:
    async with await start_shadow() as cluster:

        async def start(_: int | None) -> Cluster:
            return cluster

        async def dump_dsn(_: Env) -> str | None:
            return dumps.get("dsn")

        yield ShadowRehearsal(start, dump_dsn, deadline=60)


@pytest.fixture(scope="session")
def known() -> dict[str, TargetFacts]:
    """Targets that were read, by the SQL that made them."""
    return {}


@pytest.fixture
async def judge(
    shadow: ShadowRehearsal,
    make_database: Callable[[], Awaitable[str]],
    dumps: dict[str, str],
    known: dict[str, TargetFacts],
) -> Judge:
    return Judge(shadow, make_database, dumps, known)
