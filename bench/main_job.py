"""The main job, measured: plan cold and warm, approve against psql, server start, status. Run: make bench."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
from mcp import StdioServerParameters
from mcp.client import Client
from mcp_types import ElicitRequestParams, ElicitResult

from db_migrate.cluster.shadow import Cluster, start_shadow

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
APP = Path(__file__).resolve().parent.parent / "fixtures" / "app"
FEATURE = APP / ".agaile-os" / "features" / "2026-11-02-notifications" / "sub-specs" / "database-schema.md"


async def person(context: Any, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="accept", content={"decision": "approve", "confirm": "dev"})


@asynccontextmanager
async def serving(project: Path, dsn: str) -> AsyncGenerator[Client]:
    """A client of a new server process whose dev environment is `dsn`."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "db_migrate", "serve", "--project", str(project)],
        env={"DB_MIGRATE_ENVIRONMENTS__DEV__URL": dsn, "PATH": os.environ["PATH"]},
    )
    async with Client(server, elicitation_callback=person) as client:
        yield client


class Lab:
    """Fresh copies of the application's database and project."""

    def __init__(self, cluster: Cluster, home: Path) -> None:
        self._cluster = cluster
        self._home = home
        self._count = 0

    async def fresh(self) -> tuple[Path, str]:
        """A new copy of the project and the DSN of a new copy of its database."""
        self._count += 1
        name = f"app{self._count}"
        admin = await self._cluster.connect()
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        dsn = self._cluster.dsn(name)
        connection = await asyncpg.connect(dsn)
        await connection.execute((APP / "database.sql").read_text("utf-8"))
        await connection.close()
        project = self._home / name
        shutil.copytree(APP, project)
        return project, dsn


async def timed(work: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = await work
    return (time.perf_counter() - began) * 1000, result


async def one_round(lab: Lab) -> dict[str, float]:
    project, dsn = await lab.fresh()
    figures: dict[str, float] = {}
    began = time.perf_counter()
    async with serving(project, dsn) as client:
        await client.list_tools()
        figures["server start to tools/list"] = (time.perf_counter() - began) * 1000
        figures["plan, cold"], _ = await timed(client.call_tool("plan", {"level": "validate"}))
        figures["plan, warm"], planned = await timed(client.call_tool("plan", {}))
        assert planned.structured_content["approval"], planned.content
        figures["status"] = statistics.median([(await timed(client.call_tool("status", {})))[0] for _ in range(10)])
        token = planned.structured_content["approval"]["token"]
        figures["approve"], applied = await timed(client.call_tool("approve", {"token": token, "env": "dev"}))
        assert applied.structured_content["status"] == "applied", applied.content
        report = applied.structured_content["report"]
        figures["approve: on the database"] = report["totalMs"]
        sql = next((project / "supabase" / "migrations").glob("*_notifications.sql"))
    _, other = await lab.fresh()
    psql = subprocess.run
    began = time.perf_counter()
    psql(["psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", other, "-f", str(sql)], check=True)
    figures["psql -1 -f"] = (time.perf_counter() - began) * 1000
    return figures


async def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="db-migrate-bench-"))
    try:
        async with await start_shadow(major=None) as cluster:
            lab = Lab(cluster, home)
            admin = await cluster.connect()
            for role in ("anon", "authenticated", "service_role"):
                await admin.execute(f"CREATE ROLE {role} NOLOGIN")
            await admin.close()
            rounds = [await one_round(lab) for _ in range(ROUNDS)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    print(f"| what | median of {ROUNDS}, ms | ratio |\n| --- | ---: | --- |")
    against = {
        "plan, warm": "plan, cold",
        "approve": "psql -1 -f",
        "approve: on the database": "psql -1 -f",
    }
    for name, value in medians.items():
        peer = against.get(name)
        ratio = f"{value / medians[peer]:.2f} × {peer}" if peer else ""
        print(f"| {name} | {value:.0f} | {ratio} |")


if __name__ == "__main__":
    anyio.run(main)
