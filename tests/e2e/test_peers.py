"""What others wrote drives our server: the official conformance suite, the MCP inspector, a fresh install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import anyio
import pytest

from e2e_site import Site, http_server
from node_cache import installed

CONFORMANCE = ("node@22.23.3", "@modelcontextprotocol/conformance@0.2.0-alpha.12")
INSPECTOR = ("node@22.23.3", "@modelcontextprotocol/inspector@2.12.0")
# Those that need no fixture tools of the suite's own: any server must pass them.
PLAIN = {
    "2025-11-25": (
        "server-initialize ping tools-list prompts-list resources-list server-session-lifecycle "
        "dns-rebinding-protection"
    ),
    "2026-07-28": ("tools-list prompts-list resources-list caching http-header-validation dns-rebinding-protection"),
}
REPOSITORY = Path(__file__).resolve().parents[2]


async def run(command: list[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    return await anyio.to_thread.run_sync(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("revision", list(PLAIN))
async def test_the_official_conformance_suite_passes(site: Site, place: Path, revision: str) -> None:
    home = await anyio.to_thread.run_sync(lambda: installed(*CONFORMANCE))
    node = home / "node_modules" / ".bin" / "node"
    suite = home / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    async with http_server(site) as url:
        for scenario in PLAIN[revision].split():
            command = [node, suite, "server", "--url", url, "--scenario", scenario, "--spec-version", revision]
            done = await run([*command, "-o", place / "results"])
            assert done.returncode == 0, f"{scenario}\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}"


async def test_the_inspector_lists_and_calls_the_tools(site: Site) -> None:
    home = await anyio.to_thread.run_sync(lambda: installed(*INSPECTOR))
    bin_ = home / "node_modules" / ".bin"
    server = site.stdio()
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    given = [word for name, value in (server.env or {}).items() for word in ("-e", f"{name}={value}")]
    inspect = [bin_ / "mcp-inspector", "--cli", *given, server.command, *server.args]

    async def ask(*words: str) -> dict[str, object]:
        done = await run([*inspect, *words], env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    listed = await ask("--method", "tools/list")
    assert [t["name"] for t in listed["tools"]] == ["plan", "approve", "status", "generate-only", "rollback-plan"]  # type: ignore[attr-defined,index]
    planned = await ask("--method", "tools/call", "--tool-name", "plan", "--tool-arg", "env=dev")
    token = planned["structuredContent"]["approval"]["token"]  # type: ignore[index]
    asked = await ask(
        "--method", "tools/call", "--tool-name", "approve", "--tool-arg", f"token={token}", "--tool-arg", "env=dev"
    )
    assert asked["structuredContent"]["status"] == "awaiting_human"  # type: ignore[index]


async def test_the_wheel_alone_in_a_new_environment_serves(place: Path) -> None:
    built = await run([sys.executable, "-m", "build", "--wheel", "--outdir", place / "dist", REPOSITORY])
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    (wheel,) = (place / "dist").glob("*.whl")
    assert (await run([sys.executable, "-m", "venv", place / "venv"])).returncode == 0
    python = place / "venv" / "bin" / "python"
    installed_ = await run(
        [python, "-m", "pip", "install", "--quiet", "-c", REPOSITORY / "constraints.txt", wheel], cwd=place
    )
    assert installed_.returncode == 0, installed_.stderr[-3000:]
    script = """
import anyio, sys
from mcp import StdioServerParameters
from mcp.client import Client
async def main():
    async with Client(StdioServerParameters(command=sys.argv[1], args=["serve", "--project", sys.argv[2]])) as client:
        print(len((await client.list_tools()).tools), (await client.call_tool("status", {})).is_error)
anyio.run(main)
"""
    (place / "project").mkdir()
    command = [python, "-I", "-c", script, place / "venv" / "bin" / "db-migrate-mcp", place / "project"]
    environment = {"PATH": os.defpath, "DB_MIGRATE_EMBEDDED_DIR": str(place / "database")}
    place.chmod(0o755)
    served = await run(command, cwd=place, env=environment)
    assert served.stdout.split() == ["5", "False"], served.stderr[-3000:]
    assert sysconfig.get_path("purelib") not in served.stderr


async def test_the_demo_goes_the_whole_way(place: Path) -> None:
    done = await run([sys.executable, "-m", "db_migrate", "demo"], cwd=place, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "scripted" in done.stdout
    assert "Three things to try" in done.stdout
