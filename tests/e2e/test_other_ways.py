"""A client without forms, the terminal, HTTP, two editors on one project, and servers that are killed."""

from __future__ import annotations

import http.client
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import asyncpg
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


def posted(host: str, port: int, headers: dict[str, str]) -> int:
    """The status of a ping with those headers."""
    accepted = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        connection.request("POST", "/mcp", message, {**accepted, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
async def test_http_answers_only_requests_for_its_own_address_and_from_no_other_origin(site: Site, host: str) -> None:
    async with http_server(site, f"{host}:0") as url:
        own = url.removeprefix("http://").removesuffix("/mcp")
        port = int(own.rpartition(":")[2])

        async def status(**headers: str) -> int:
            return await anyio.to_thread.run_sync(posted, host, port, headers)

        for evil in (f"evil.example:{port}", "evil.example", f"{host}:{port + 1}", f"{own}.evil.example"):
            assert await status(host=evil) == 421
        for evil in ("http://evil.example", f"http://evil.example:{port}", f"http://{host}:{port + 1}", "null"):
            assert await status(origin=evil) == 403
        assert await status(origin=f"http://{own}") not in (403, 421)
        assert (await status(host=f"localhost:{port}") == 421) is (host == "127.0.0.2")


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
    async with Victim(parameters) as server:
        await server.call(
            "plan", {"source": {"from": "sql", "name": "t", "sql": "CREATE TABLE t (id int PRIMARY KEY)"}}
        )
        mine = postmasters_kept_for(home)
        assert len(mine) == 2, "the embedded database and the shadow"
        await server.kill()
    with anyio.fail_after(30):
        for pid in mine:
            await wait_for(pid)


def postmasters_kept_for(home: Path) -> list[int]:
    """Postmasters whose keeper was started by a server with that directory in its environment."""
    found: list[int] = []
    for pid in postgres_below(Path("/")):
        try:
            if b"-D" not in (Path("/proc") / str(pid) / "cmdline").read_bytes():
                continue
            status = (Path("/proc") / str(pid) / "status").read_text("utf-8")
            parent = status.partition("PPid:")[2].split()[0]
            if os.fsencode(home) in (Path("/proc") / parent / "environ").read_bytes():
                found.append(pid)
        except OSError:  # it ended while we looked
            continue
    return found


class Victim:
    """A server over stdio that can be killed, and that asks a person who approves."""

    def __init__(self, parameters: StdioServerParameters) -> None:
        self._parameters = parameters
        self._number = 0
        self._rest = b""

    async def __aenter__(self) -> Victim:
        self._process = await anyio.open_process(
            [self._parameters.command, *self._parameters.args], env=self._parameters.env
        )
        hello: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}}
        await self._ask("initialize", {**hello, "clientInfo": {"name": "killer", "version": "1"}})
        await self._send({"method": "notifications/initialized"})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        await self._process.aclose()

    async def kill(self) -> None:
        """End it as the kernel ends what takes too much memory."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The structured content of a call's result."""
        result = await self._ask("tools/call", {"name": tool, "arguments": arguments})
        found: dict[str, Any] = result["structuredContent"]
        return found

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._send({"id": self._number, "method": method, "params": params})
        while True:
            said = await self._hear()
            if said.get("method") == "elicitation/create":
                filled = {"action": "accept", "content": {"decision": "approve", "confirm": "dev"}}
                await self._send({"id": said["id"], "result": filled})
            elif said.get("id") == self._number:
                answer: dict[str, Any] = said["result"]
                return answer

    async def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._rest:
            self._rest += await self._process.stdout.receive()
        line, _, self._rest = self._rest.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        return heard


IN_THE_WAY = """
SELECT (SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'db-migrate' AND wait_event_type = 'Lock'
        AND query LIKE 'ALTER TABLE%' AND datname = current_database()), pg_sleep(0.02)
"""


async def test_a_server_killed_while_it_approves_leaves_a_plan_that_is_applied_exactly_once(site: Site) -> None:
    await site.execute("CREATE TABLE counted (id int); CREATE TABLE held (id int)")
    sql = "INSERT INTO counted VALUES (1); ALTER TABLE held ADD COLUMN note text;"
    blocker = await asyncpg.connect(site.dsn)
    watcher = await asyncpg.connect(site.dsn)
    try:
        async with Victim(site.stdio()) as server:
            plan = await server.call("plan", {"source": {"from": "sql", "name": "note", "sql": sql}})
            asked = {"token": plan["approval"]["token"], "env": "dev"}
            held = blocker.transaction()
            await held.start()
            await blocker.execute("LOCK TABLE held IN ACCESS SHARE MODE")

            async def approve() -> None:
                with pytest.raises(anyio.EndOfStream):
                    await server.call("approve", asked)

            with anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(approve)
                    while await watcher.fetchval(IN_THE_WAY) is None:
                        pass
                    await server.kill()
            await held.rollback()
        async with Victim(site.stdio()) as server:
            with anyio.fail_after(60):
                while (outcome := await server.call("approve", asked))["status"] == "executing":
                    pass  # the killed server's backend has not let go of the runner's lock yet
            again = await server.call("approve", asked)
    finally:
        await blocker.close()
        await watcher.close()
    assert (outcome["status"], again["status"]) == ("applied", "applied"), outcome
    assert await site.fetch("SELECT id FROM counted") == [(1,)]
    assert [r["name"] for r in await site.fetch("SELECT name FROM db_migrate.migrations")] == ["note"]
    theirs = await site.fetch("SELECT name FROM supabase_migrations.schema_migrations ORDER BY version")
    assert [r["name"] for r in theirs] == ["init", "note"]


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
