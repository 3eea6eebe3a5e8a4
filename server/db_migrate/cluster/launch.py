"""Starts a keeper for a cluster's home and learns whether its Postgres came up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from db_migrate.cluster import places
from db_migrate.cluster.binaries import Binaries
from db_migrate_tools.ports import Refused

if TYPE_CHECKING:
    from db_migrate.cluster.keeper import Orders

PATIENCE = 120.0
"""Seconds that a start may take; recovery after a crash is the long case."""


class NotStarted(Refused):
    """Postgres did not start: its last words, then what to check. `log` holds everything it said."""

    def __init__(self, reason: str, remedy: str, log: str = "") -> None:
        super().__init__(reason, remedy)
        self.log = log


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one cluster: locks and logs are ours; data and socket belong to who Postgres runs as."""

    path: Path
    run: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def users(self) -> Path:
        """Locked, shared, by every process that uses the cluster; exclusively by the keeper that ends it."""
        return self.path / "users.lock"

    @property
    def keeper(self) -> Path:
        """Locked while a keeper lives."""
        return self.path / "keeper.lock"

    @property
    def start(self) -> Path:
        """Locked while somebody starts the cluster."""
        return self.path / "start.lock"

    @property
    def postgres(self) -> Path:
        """Locked while any process of the cluster's Postgres lives."""
        return self.path / "postgres.lock"

    def make_run(self) -> None:
        """Make the directory of the socket, for its users only."""
        self.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        uid = places.server_uid()
        if uid is not None:
            # Our own group passes, so that root without all its capabilities still reaches the socket.
            os.chown(self.run, uid, os.getegid())
            self.run.chmod(0o710)


def start_postgres(
    binaries: Binaries,
    home: Home,
    arguments: list[str],
    limits: Mapping[str, int],
    *,
    fresh: bool,
    confined: bool,
    starting: int,
    keeping: int,
) -> bool:
    """Hand the locks `starting` and `keeping` (descriptors) to a new keeper; returns when Postgres is ready, and
    then whether it runs without any network.

    The descriptors are closed here in any case; the keeper has its own. A `fresh` cluster is removed with its home at
    the end; a `confined` one reaches no files and no network but its own, where the system can see to that.

    Raises:
        NotStarted: with what Postgres said.
    """
    orders: Orders = {
        "postgres": os.fspath(binaries.program("postgres")),
        "home": os.fspath(home.path),
        "data": os.fspath(home.data),
        "run": os.fspath(home.run),
        "uid": places.server_uid(),
        "arguments": arguments,
        "inherited": [starting, keeping],
        "fresh": fresh,
        "patience": PATIENCE,
        "limits": dict(limits),
        "software": [os.fspath(path) for path in binaries.software],
        "confined": confined,
    }
    try:
        # -P: a json.py in somebody's working directory is not ours.
        keeper = subprocess.run(
            [sys.executable, "-P", "-m", "db_migrate.cluster.keeper"],
            input=json.dumps(orders).encode(),
            capture_output=True,
            check=False,
            pass_fds=(starting, keeping),
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(starting)
        os.close(keeping)
    answer = json.loads(keeper.stdout) if keeper.stdout else {"problem": "Its keeper did not start.", "log": ""}
    if answer["problem"] is None:
        return bool(answer["offline"])
    log = answer["log"] or keeper.stderr.decode(errors="replace")
    raise NotStarted(
        f"Postgres {binaries.version} did not start. {answer['problem']} {_last_line(log)}".strip(),
        f"Check free space, memory and permissions at {home.path}.",
        log,
    )


def _last_line(log: str) -> str:
    lines = [line for line in log.splitlines() if "FATAL" in line or "PANIC" in line] or log.splitlines()
    return lines[-1].strip() if lines else ""
