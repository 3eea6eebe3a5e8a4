"""Processes that use a cluster, as server processes do, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from db_migrate.cluster import locks
from db_migrate.cluster.launch import Home

SHADOW = """
import json, sys
from pathlib import Path
from db_migrate.cluster.shadow import start_shadow_blocking
cluster = start_shadow_blocking(None, None, Path(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps({"home": str(cluster.home.path)}), flush=True)
sys.stdin.read()
"""
DEV = """
import anyio, json, sys
from pathlib import Path
from db_migrate.cluster.dev import ensure_dev
database = anyio.run(lambda: ensure_dev(Path(sys.argv[1]), root_home=Path(sys.argv[2])))
print(json.dumps({"home": str(database.home), "dsn": database.dsn}), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses a cluster until it is told to leave."""

    def __init__(self, script: str, *arguments: Path) -> None:
        words = [os.fspath(argument) for argument in arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ready(self) -> dict[str, Any]:
        """What it says when its cluster is up."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def leave(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Watch:
    """Waits for the end of a cluster whose files may be removed meanwhile; made while it runs."""

    def __init__(self, home: Path) -> None:
        places = Home(home, home / "run")
        self.home = home
        self.keeper = locks.open_lock(places.keeper)
        self.postgres = locks.open_lock(places.postgres)

    def until_ended(self) -> None:
        """Block until its keeper and every process of its Postgres are gone."""
        for descriptor in (self.keeper, self.postgres):
            locks.wait_until_free(descriptor)
            os.close(descriptor)
        assert processes_of(self.home) == []


def postmaster(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().splitlines()[0])


def keeper(home: Path) -> int:
    listed = subprocess.run(["ps", "-o", "ppid=", "-p", str(postmaster(home))], capture_output=True, check=True)
    return int(listed.stdout)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def processes_of(home: Path) -> list[str]:
    """Command lines that name the cluster's data directory."""
    listed = subprocess.run(["ps", "-e", "-ww", "-o", "args="], capture_output=True, check=True, text=True)
    return [line for line in listed.stdout.splitlines() if f"{home}/data" in line]
