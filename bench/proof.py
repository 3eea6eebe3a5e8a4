"""The proof, measured against pg_dump, pg-delta and the bare database in one run. Run: make bench-proof.

BENCH_TABLES (100,1000,5000) says how many tables, BENCH_ROUNDS how often; with npm, pg-delta is measured too.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
from mcp import StdioServerParameters
from mcp.client import Client
from plot import svg

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.fingerprint import fingerprint
from schema import COLUMNS, changes, statements

TABLES = [int(n) for n in os.environ.get("BENCH_TABLES", "100,1000,5000").split(",")]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
APP = "app"
PEER = "@supabase/pg-delta@1.0.0-alpha.34"
PAUSE = 3.0
"""Seconds between two plans: somebody reads the first, and copies for the next are made meanwhile."""
DOCS = Path(__file__).resolve().parent.parent / "docs"


Figures = dict[str, float]


def median(values: list[float]) -> float:
    return statistics.median(values)


def clock(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def clock_async(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


class Lab:
    """Two databases of one size: `before`, and `after`, which has had the twenty changes."""

    def __init__(self, cluster: Cluster, home: Path, tables: int) -> None:
        self.cluster = cluster
        self.home = home
        self.tables = tables
        self.before = f"before_{tables}"
        self.after = f"after_{tables}"

    async def build(self) -> None:
        await self.cluster.execute(f"CREATE ROLE {APP} LOGIN PASSWORD '{APP}'")
        await self.cluster.create_database(self.before, owner=APP)
        async with self.connected(self.before) as connection:
            for batch in statements(self.tables):
                await connection.execute(batch)
        await self.cluster.create_database(self.after, template=self.before, owner=APP)
        async with self.connected(self.after) as connection:
            await connection.execute(";".join(changes(self.tables)))

    @asynccontextmanager
    async def connected(self, database: str) -> AsyncGenerator[Any]:
        connection = await asyncpg.connect(self.dsn(database))
        try:
            yield connection
        finally:
            await connection.close()

    def dsn(self, database: str) -> str:
        return self.cluster.dsn(database, APP, APP)

    def dump(self, database: str) -> str:
        program = self.cluster.bin_dir / "pg_dump"
        return subprocess.run(
            [program, "-s", "-d", self.dsn(database)], check=True, capture_output=True, text=True
        ).stdout


async def reading(lab: Lab, found: Figures) -> None:
    """The catalog against pg_dump -s; fingerprint, diff and DDL of two databases against text and pg-delta."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        async with lab.connected(lab.before) as connection:
            ours.append(await clock_async(lambda: read_catalog(connection)))
        theirs.append(clock(lambda: lab.dump(lab.before)))
    found["read the catalog"] = median(ours)
    found["pg_dump -s"] = median(theirs)

    async def compare() -> None:
        catalogs = []
        for database in (lab.before, lab.after):
            async with lab.connected(database) as connection:
                catalogs.append(await read_catalog(connection))
        assert fingerprint(catalogs[0]) != fingerprint(catalogs[1])
        assert ddl(diff(catalogs[0], catalogs[1]))

    found["compare two databases"] = median([await clock_async(compare) for _ in range(ROUNDS)])

    def compare_text() -> None:
        assert lab.dump(lab.before).splitlines() != lab.dump(lab.after).splitlines()

    found["compare two, pg_dump text"] = median([clock(compare_text) for _ in range(ROUNDS)])
    async with lab.connected(lab.before) as connection:
        catalog = await read_catalog(connection)
    async with lab.connected(lab.after) as connection:
        changed = await read_catalog(connection)
    found["fingerprint"] = median([clock(lambda: fingerprint(catalog)) for _ in range(ROUNDS)])
    found["diff and DDL"] = median([clock(lambda: ddl(diff(catalog, changed))) for _ in range(ROUNDS)])


def pg_delta(lab: Lab, program: Path | None, found: Figures) -> None:
    if program is None:
        return
    command = [os.fspath(program), "plan", "--out", os.fspath(lab.home / "delta.json")]
    # Its URLs need a host, which the one among the parameters replaces.
    one, other = (lab.dsn(name).replace("@/", "@localhost/") for name in (lab.before, lab.after))
    command += ["--source", one, "--desired", other]

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True)

    found["compare two, pg-delta"] = median([clock(run) for _ in range(min(ROUNDS, 3))])
    plan = json.loads((lab.home / "delta.json").read_text())
    assert plan, "pg-delta found nothing"


async def bare(lab: Lab, found: Figures) -> None:
    """What no proof can be quicker than: a copy of the template, and the same statements run twice."""
    again = lab.before
    copies: list[float] = []
    ran: list[float] = []
    for round_number in range(ROUNDS):
        name = f"bare_{round_number}"
        copies.append(await clock_async(lambda: lab.cluster.create_database(name, template=again, owner=APP)))  # noqa: B023
        async with lab.connected(name) as connection:

            async def once() -> None:
                await connection.execute("BEGIN")
                for statement in changes(lab.tables):
                    await connection.execute(statement)
                await connection.execute("ROLLBACK")

            ran.append(await clock_async(once) + await clock_async(once))
        await lab.cluster.drop_database(name)
    found["bare: copy + DDL twice"] = median([one + two for one, two in zip(copies, ran, strict=True)])

    async def dump_and_restore() -> None:
        text = lab.dump(lab.before)
        async with await start_shadow() as other:
            await other.execute(f"CREATE ROLE {APP}")
            await other.create_database("restored")
            psql = [other.bin_dir / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", other.dsn("restored")]
            subprocess.run(psql, input=text, check=True, capture_output=True, text=True)

    found["bare: pg_dump + restore"] = median([await clock_async(dump_and_restore) for _ in range(min(ROUNDS, 3))])


async def planning(lab: Lab, found: Figures) -> None:
    """Plans of the twenty statements through the MCP server over stdio."""
    project = lab.home / f"project_{lab.tables}"
    project.mkdir()
    (project / "db-migrate.toml").touch()
    (project / "change.sql").write_text(";\n".join(changes(lab.tables)))
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "db_migrate", "serve", "--project", os.fspath(project)],
        env={**os.environ, "DB_MIGRATE_ENVIRONMENTS__DEV__URL": lab.dsn(lab.before)},
    )
    asked = {"source": {"from": "file", "path": "change.sql"}, "level": "validate"}
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(min(ROUNDS, 3)):
        async with Client(server) as client:
            await client.list_tools()
            for number in range(ROUNDS + 1):
                await anyio.sleep(PAUSE)
                began = time.perf_counter()
                result = await client.call_tool("plan", asked)
                (warm if number else cold).append(time.perf_counter() - began)
                answer: Any = result.structured_content
                assert answer, result.content
                assert answer["proof"]["ran"], answer["proof"]
                assert answer["proof"]["rollback"] in {"proven", "proven-with-data-loss"}, answer["proof"]
            found["memory: server, MB"] = max(found.get("memory: server, MB", 0.0), _peak("db_migrate serve"))
            found["memory: shadow, MB"] = max(found.get("memory: shadow, MB", 0.0), _shadow_memory(lab.cluster))
    found["plan, cold"] = median(cold)
    found["plan, warm"] = median(warm)


def _processes() -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append((int(entry.name), (entry / "cmdline").read_text().replace("\0", " ").strip()))
            except OSError:
                continue
    return found


def _status(pid: int, field: str) -> float:
    """A field of /proc/pid/status in megabytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), 0.0)


def _peak(words: str) -> float:
    return max((_status(pid, "VmHWM") for pid, command in _processes() if words in command), default=0.0)


def _blocks(file: Path) -> int:
    """Bytes that a file takes; databases of the rehearsal before are being dropped meanwhile."""
    try:
        return file.stat().st_blocks * 512
    except OSError:
        return 0


def _shadow_memory(target: Cluster) -> float:
    """Files in memory and the processes of every throwaway Postgres but the target's."""
    base = target.home.path.parent
    homes = [home for home in base.iterdir() if home.is_dir() and home != target.home.path]
    files = sum(_blocks(Path(where) / name) for home in homes for where, _, names in os.walk(home) for name in names)
    pids = {pid for pid, command in _processes() if any(os.fspath(home) in command for home in homes)}
    return files / 1e6 + sum(_status(pid, "RssAnon") for pid in pids)


def peer(home: Path) -> Path | None:
    """pg-delta's program, installed for this run; None without npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", home, PEER], check=True, capture_output=True)
    return home / "node_modules" / ".bin" / "pgdelta"


async def measure(tables: int, home: Path, program: Path | None) -> Figures:
    found: Figures = {}
    async with await start_shadow() as cluster:
        lab = Lab(cluster, home, tables)
        await lab.build()
        await reading(lab, found)
        pg_delta(lab, program, found)
        await bare(lab, found)
        await planning(lab, found)
    return found


RATIOS = (
    ("read the catalog", "pg_dump -s"),
    ("compare two databases", "compare two, pg_dump text"),
    ("compare two databases", "compare two, pg-delta"),
    ("plan, warm", "bare: copy + DDL twice"),
    ("plan, cold", "bare: pg_dump + restore"),
)


def table(measured: dict[int, Figures]) -> str:
    names = list(dict.fromkeys(name for figures in measured.values() for name in figures))
    head = "| seconds | " + " | ".join(f"{n:,} tables" for n in measured) + " |\n| --- |" + " ---: |" * len(measured)
    rows = [head]
    for name in names:
        shown = [f"{figures[name]:.0f}" if "MB" in name else f"{figures[name]:.3f}" for figures in measured.values()]
        rows.append(f"| {name} | " + " | ".join(shown) + " |")
    for one, other in RATIOS:
        if all(other in figures for figures in measured.values()):
            ratios = " | ".join(f"{figures[one] / figures[other]:.2f} ×" for figures in measured.values())
            rows.append(f"| **{one} / {other}** | {ratios} |")
    return "\n".join(rows)


async def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="db-migrate-bench-"))
    try:
        program = peer(home)
        measured: dict[int, Figures] = {}
        for tables in TABLES:
            place = home / str(tables)
            place.mkdir()
            measured[tables] = await measure(tables, place, program)
            print(f"{tables} tables, {tables * COLUMNS} columns: done", file=sys.stderr)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(table(measured))
    if len(measured) > 1:
        names = [n for n in next(iter(measured.values())) if "MB" not in n and n not in {"fingerprint", "diff and DDL"}]
        lines = {n: [(t, f[n]) for t, f in measured.items() if n in f] for n in names}
        (DOCS / "growth.svg").write_text(svg("How the proof grows", "tables", "seconds", lines))


if __name__ == "__main__":
    anyio.run(main)
