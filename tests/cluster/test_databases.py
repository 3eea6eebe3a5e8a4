"""The configured environments: what may be executed where, how open prod is, and a dev database that died."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from cluster.helpers import kill, postmaster
from db_migrate.cluster import locks
from db_migrate.cluster.launch import Home
from db_migrate.settings import Settings
from db_migrate.world import Databases
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused

ONE = "postgresql://app:secret@db.example.org/app"


def databases(root: Path, **environments: dict[str, str]) -> Databases:
    return Databases(root, root / ".db-migrate", Settings.model_validate({"environments": environments}))


@pytest.mark.parametrize("env", ["dev", "staging"])
async def test_with_only_a_read_url_an_environment_is_planned_and_nothing_is_executed(env: Env, tmp_path: Path) -> None:
    found = databases(tmp_path, **{env: {"read_url": ONE}})
    assert not found.embedded(env)
    assert await found.dsn(env, read=True) == ONE
    refusal = found.refusal(env)
    assert refusal is not None
    assert f"{env} has only a read_url" in refusal.reason
    assert f"[environments.{env}]" in refusal.remedy
    with pytest.raises(Refused, match="only a read_url"):
        found.runner(env)
    with pytest.raises(Refused, match="no URL that may change it"):
        await found.dsn(env, read=False)
    assert not (tmp_path / ".db-migrate").exists(), "no embedded database instead"


def test_what_may_be_executed_follows_the_configuration(tmp_path: Path) -> None:
    found = databases(tmp_path, prod={"read_url": ONE})
    assert found.embedded("dev")
    assert found.refusal("dev") is None
    found.runner("dev")
    missing, key = found.refusal("staging"), found.refusal("prod")
    assert missing is not None
    assert "No database is configured for staging" in missing.reason
    assert key is not None
    assert "human-held key" in key.reason
    assert databases(tmp_path, staging={"url": ONE}).refusal("staging") is None


@pytest.mark.parametrize(
    ("environments", "credentials"),
    [
        ({"prod": {"read_url": ONE}}, "remote"),
        ({"prod": {"url": ONE}}, "open"),
        ({"prod": {"url": ONE, "read_url": "postgresql://reader@db.example.org/app"}}, "open"),
        ({"prod": {"read_url": ONE}, "staging": {"url": ONE}}, "open"),
        ({"prod": {"read_url": f"{ONE}?sslmode=require"}, "dev": {"url": ONE}}, "open"),
        ({"prod": {"read_url": ONE}, "staging": {"url": "postgresql://other@db.example.org/app"}}, "remote"),
        ({"prod": {"read_url": ONE}, "staging": {"url": "env:DBM_TEST_NOT_SET"}}, "remote"),
    ],
)
def test_prod_is_open_when_a_url_that_may_change_it_is_configured(
    environments: dict[str, dict[str, str]], credentials: str, tmp_path: Path
) -> None:
    assert databases(tmp_path, **environments).credentials("prod") == credentials


async def test_an_embedded_database_that_died_is_started_again(place: Path) -> None:
    state = place / ".db-migrate"
    state.mkdir()
    found = Databases(place, state, Settings.model_validate({"embedded_dir": place / "database"}))
    try:
        first = await found.dsn("dev", read=False)
        home = Home(place / "database", place / "database" / "run")
        kept = locks.open_lock(home.keeper)
        kill(postmaster(home.path))
        assert await asyncio.to_thread(locks.wait_until_free, kept)
        connection = await asyncpg.connect(await found.dsn("dev", read=False))
        assert await connection.fetchval("SELECT current_user") == "postgres"
        await connection.close()
        assert await found.dsn("dev", read=True) == first
    finally:
        await found.close()
    assert await asyncio.to_thread(locks.wait_until_free, kept)
