"""A client without forms, the terminal, HTTP, two editors on one project, and servers that are killed."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import StdioServerParameters
from mcp.client import Client

from db_migrate.cli.serve import loopback
from db_migrate_tools.ports import Refused
from e2e_site import APP, Person, Site, data, fills, http_server


def at_a_terminal(site: Site, *words: str, typed: str) -> tuple[int, str]:
    """Run the console script on a pseudo-terminal, type when it asks, and return its status and screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        env = {**os.environ, "DB_MIGRATE_ENVIRONMENTS__DEV__URL": site.dsn, "TERM": "xterm", "COLUMNS": "100"}
        command = [sys.executable, "-m", "db_migrate", *words, "--project", str(site.root)]
        os.execvpe(command[0], command, env)
    screen = b""
    asked = False
    try:
        while chunk := os.read(terminal, 65536):
            screen += chunk
            if not asked and b"leave it: " in screen:
                asked = True
                os.write(terminal, f"{typed}\n".encode())
    except OSError:  # the other side of a pseudo-terminal ends with EIO
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.decode("utf-8", "replace")


async def test_without_forms_the_terminal_decides_and_executes(site: Site) -> None:
    async with Client(site.stdio()) as client:
        plan = data(await client.call_tool("plan", {}))
        token = plan["approval"]["token"]
        waiting = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert waiting["status"] == "awaiting_human"
        assert f"db-migrate-mcp review {plan['shortCode']}" in waiting["remedy"]

        status, screen = await anyio.to_thread.run_sync(
            lambda: at_a_terminal(site, "review", plan["shortCode"], typed="something else")
        )
        assert status == 1
        assert (await site.fetch("SELECT to_regclass('\"Notification\"') AS t"))[0]["t"] is None

        status, screen = await anyio.to_thread.run_sync(
            lambda: at_a_terminal(site, "review", plan["shortCode"], typed="dev")
        )
        assert status == 0, screen
        assert 'CREATE TABLE "Notification"' in screen
        applied = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert applied["status"] == "applied"
        assert applied["channel"] == "terminal"
    assert (await site.fetch("SELECT to_regclass('\"Notification\"') AS t"))[0]["t"] is not None


async def test_piped_input_cannot_approve(site: Site) -> None:
    async with Client(site.stdio()) as client:
        plan = data(await client.call_tool("plan", {}))
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            [sys.executable, "-m", "db_migrate", "review", plan["shortCode"], "--project", str(site.root)],
            input="dev\n",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DB_MIGRATE_ENVIRONMENTS__DEV__URL": site.dsn, "CI": "true", "FORCE": "1", "YES": "1"},
        )
    )
    assert done.returncode == 1
    assert "terminal" in done.stdout + done.stderr
    assert (await site.fetch("SELECT to_regclass('\"Notification\"') AS t"))[0]["t"] is None


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_the_main_job_runs_over_http_in_both_eras(site: Site, era: str) -> None:
    person = Person(fills("approve", "dev"))
    async with http_server(site) as url, Client(url, mode=era, elicitation_callback=person) as client:
        token = data(await client.call_tool("plan", {}))["approval"]["token"]
        applied = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert applied["status"] == "applied", applied


@pytest.mark.parametrize("address", ["0.0.0.0:8000", "192.168.1.5:8000", "example.org:80", "127.0.0.1:x", ":99999"])
def test_http_listens_on_loopback_only(address: str) -> None:
    with pytest.raises(Refused):
        loopback(address)


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1:1", "127.0.0.1"), ("[::1]:1", "::1"), ("localhost:1", "localhost"), (":1", "127.0.0.1")],
)
def test_loopback_addresses_are_accepted(address: str, host: str) -> None:
    assert loopback(address) == (host, 1)


def embedded(root: Path, home: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "db_migrate", "serve", "--project", str(root)],
        env={"PATH": os.environ["PATH"], "DB_MIGRATE_EMBEDDED_DIR": str(home)},
    )


def postgres_below(home: Path) -> list[int]:
    """Processes whose command line names a directory below `home`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(home) in line and b"postgres" in line:
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc")
async def test_two_editors_share_the_embedded_database_and_it_goes_with_the_last(place: Path) -> None:
    place.chmod(0o755)
    root, home = place / "app", place / "database"
    shutil.copytree(APP, root)
    person = Person(fills("approve", "dev"))
    sql = {"from": "sql", "sql": "CREATE TABLE shared (id int PRIMARY KEY)", "name": "shared"}
    async with Client(embedded(root, home)) as second:
        async with Client(embedded(root, home), elicitation_callback=person) as first:
            token = data(await first.call_tool("plan", {"source": sql}))["approval"]["token"]
            assert data(await first.call_tool("approve", {"token": token, "env": "dev"}))["status"] == "applied"
            assert data(await second.call_tool("status", {"env": "dev"}))["history"][0]["name"] == "shared"
        assert data(await second.call_tool("status", {"env": "dev"}))["environments"][0]["health"] == "healthy"
        assert postgres_below(home)
    await gone(home)


async def gone(home: Path) -> None:
    """Wait until no Postgres of that directory is left."""
    with anyio.fail_after(30):
        while left := postgres_below(home):
            for pid in left:
                await wait_for(pid)


async def wait_for(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await anyio.wait_readable(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc")
async def test_a_killed_server_leaves_no_postgres_behind(place: Path) -> None:
    place.chmod(0o755)
    root, home = place / "app", place / "database"
    shutil.copytree(APP, root)
    parameters = embedded(root, home)
    process = await anyio.open_process([parameters.command, *parameters.args], env=parameters.env)
    shadows = set(postgres_below(Path("/")))
    assert process.stdin is not None
    assert process.stdout is not None
    plan = (
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
        '"clientInfo":{"name":"killer","version":"1"}}}\n'
        '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"plan","arguments":'
        '{"source":{"from":"sql","name":"t","sql":"CREATE TABLE t (id int PRIMARY KEY)"}}}}\n'
    )
    await process.stdin.send(plan.encode())
    said = b""
    while b'"id":1' not in said:
        said += await process.stdout.receive()
    mine = [pid for pid in set(postgres_below(Path("/"))) - shadows if is_postmaster(pid)]
    assert len(mine) >= 2, "the embedded database and the shadow"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await process.aclose()
    with anyio.fail_after(30):
        for pid in mine:
            await wait_for(pid)


def is_postmaster(pid: int) -> bool:
    """Whether the process is a postmaster: its command line has the data directory."""
    try:
        return b"-D" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


async def test_a_refusal_on_the_command_line_is_one_line_and_status_one(place: Path) -> None:
    (place / "db-migrate.toml").write_text("[environments.dev]\nurll = 'x'\n")
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            [sys.executable, "-m", "db_migrate", "doctor", "--project", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
    )
    assert done.returncode == 1
    assert "environments.dev.urll" in done.stderr
    assert "Traceback" not in done.stderr


def test_usage_errors_have_status_two() -> None:
    done = subprocess.run([sys.executable, "-m", "db_migrate", "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
