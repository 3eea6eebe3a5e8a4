"""A target of another major version than the embedded one: rehearsed on its own major where the binaries are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.shadow import start_shadow
from db_migrate_tools.ports import Refused
from e2e_site import APP, ROLES, Person, Site, data, fills


def has(major: int) -> bool:
    """Whether binaries of exactly that major version are on this machine."""
    try:
        return resolve(major).major == major
    except Refused:
        return False


@pytest.mark.parametrize("major", [14, 15, 16, 17])
async def test_the_main_job_runs_against_an_older_server(place: Path, major: int) -> None:
    if not has(major):
        pytest.skip(f"no binaries of Postgres {major} on this machine")
    async with await start_shadow(major=major) as cluster:
        assert cluster.major == major
        await cluster.execute("CREATE ROLE app LOGIN PASSWORD 'app'")
        for role in ROLES:
            await cluster.execute(f"CREATE ROLE {role} NOLOGIN")
        await cluster.create_database("app", owner="app")
        root = place / "app"
        shutil.copytree(APP, root)
        site = Site(root, cluster.dsn("app", "app", "app"))
        await site.execute((APP / "database.sql").read_text("utf-8"))
        person = Person(fills("approve", "dev"), fills("approve", "dev"))
        async with site.client(elicitation_callback=person) as client:
            before = data(await client.call_tool("status", {"env": "dev"}))["environments"][0]["fingerprint"]
            plan = data(await client.call_tool("plan", {}))
            assert plan["proof"]["on"].startswith(str(major))
            assert plan["proof"]["rollback"] == "proven"
            assert [c for c in plan["checks"] if c["status"] == "fail"] == []
            token = plan["approval"]["token"]
            applied = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
            assert applied["status"] == "applied", applied
            schema = {c["name"]: c["status"] for c in applied["report"]["checks"]}
            assert schema["schema"] == "pass"
            version = applied["migration"]["version"]
            undo = data(await client.call_tool("plan", {"source": {"from": "rollback", "migration": version}}))
            token = undo["approval"]["token"]
            undone = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
            assert undone["status"] == "applied", undone
            after = data(await client.call_tool("status", {"env": "dev"}))["environments"][0]["fingerprint"]
            assert after == before
