"""A second cluster, of the system's Postgres 15: TCP, passwords, and a pg_hba.conf that asks for TLS."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from db_migrate.cluster import confine
from execution.support import PASSWORD
from rooms import room

SYSTEM = Path("/usr/lib/postgresql/15/bin")
HBA = """
local all all trust
hostssl all tls_only 127.0.0.1/32 scram-sha-256
host all tls_only 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


@pytest.fixture(scope="session")
def scram() -> Iterator[str]:
    """`127.0.0.1:PORT` of a Postgres that asks for passwords; role `owner`, database `app`."""
    if not SYSTEM.is_dir():
        pytest.skip("needs the system's Postgres 15 for a cluster with passwords")
    with room(0o777) as root:
        yield from _served(root)


def _served(root: Path) -> Iterator[str]:
    options: dict[str, object] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    run = [SYSTEM / "initdb", "-D", root / "data", "-U", "postgres", "-A", "trust", "--locale=C", "--no-sync"]
    subprocess.run(run, check=True, capture_output=True, **options)  # type: ignore[call-overload]
    (root / "data" / "pg_hba.conf").write_text(HBA)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [SYSTEM / "postgres", "-D", root / "data", "-k", root, "-p", str(port), "-h", "127.0.0.1", "-c", "fsync=off"],
        stderr=subprocess.DEVNULL,
        # It must not outlive tests that are killed; the main thread starts it.
        preexec_fn=partial(confine.die_with_parent, os.getpid()),  # noqa: PLW1509
        **options,  # type: ignore[call-overload]
    )
    psql = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(root), "-p", str(port), "-U", "postgres", "postgres", "-c"]
    try:
        while subprocess.run([SYSTEM / "pg_isready", "-q", "-h", root, "-p", str(port)], check=False).returncode:
            assert server.poll() is None
        for text in (
            f"CREATE ROLE owner LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE ROLE tls_only LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE ROLE crowded LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 0",
            "CREATE DATABASE app OWNER owner",
        ):
            subprocess.run([*psql, text], check=True, capture_output=True)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
