"""The target's schema as pg_dump writes it; nothing of the address is on a command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from db_migrate.cluster.binaries import NoBinaries, pg_dump_for
from db_migrate.postgres.dsn import Dsn, parse, redact
from db_migrate_tools.ports import Refused

OUR_SCHEMAS: Final = ("db_migrate", "supabase_migrations")
PATIENCE: Final = 120.0
LOCK_WAIT_MS: Final = 3000

_VARIABLES: Final = {
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
}


class DumpFailed(Exception):  # noqa: N818
    """pg_dump could not copy the schema: what it said, without any secret."""


async def dump(dsn: str, major: int, *, patience: float = PATIENCE) -> str:
    """The schema of a server of that major version as SQL, with owners and privileges; `patience` in seconds.

    Raises:
        DumpFailed: There is no pg_dump for it, or it said no, or it took too long.
    """
    try:
        address = parse(dsn)
        try:
            return await _run(await _program(major, tls=False), address, patience)
        except DumpFailed as refusal:
            # The embedded programs speak no TLS; those of an installed Postgres do.
            if "SSL" not in str(refusal):
                raise
            return await _run(await _program(major, tls=True), address, patience)
    except Refused as refusal:
        raise DumpFailed(refusal.reason) from None


async def _program(major: int, *, tls: bool) -> Path:
    try:
        return await anyio.to_thread.run_sync(lambda: pg_dump_for(major, tls=tls))
    except NoBinaries as missing:
        raise DumpFailed(missing.reason) from None


async def _run(program: Path, address: Dsn, patience: float) -> str:
    command = [
        os.fspath(program),
        "--schema-only",
        "--no-password",
        "--no-tablespaces",
        "--no-subscriptions",
        "--no-security-labels",
        "--encoding=UTF8",
        f"--lock-wait-timeout={LOCK_WAIT_MS}",
        *(f"--exclude-schema={schema}" for schema in OUR_SCHEMAS),
    ]
    try:
        with anyio.fail_after(patience):
            done = await anyio.run_process(
                command, check=False, env=environment(address, os.environ), stdin=subprocess.DEVNULL
            )
    except TimeoutError:
        raise DumpFailed(f"pg_dump was still running after {patience:.0f} s.") from None
    except OSError as error:
        raise DumpFailed(f"pg_dump could not be started: {error.strerror}.") from None
    if done.returncode:
        raise DumpFailed(_reason(redact(done.stderr.decode(errors="replace"), address)))
    return done.stdout.decode()


def environment(address: Dsn, base: Mapping[str, str]) -> dict[str, str]:
    """What pg_dump is started with: the server's own environment, English messages, the whole address."""
    given = {**base, "LC_ALL": "C", "PGCONNECT_TIMEOUT": base.get("PGCONNECT_TIMEOUT", "10")}
    if address.hosts:
        given["PGHOST"] = ",".join(host for host, _ in address.hosts)
        given["PGPORT"] = ",".join(str(port) for _, port in address.hosts)
    if address.user:
        given["PGUSER"] = address.user
    if address.database:
        given["PGDATABASE"] = address.database
    if address.password:
        given["PGPASSWORD"] = address.password.reveal()
    given.update({_VARIABLES[word]: value for word, value in address.parameters.items() if word in _VARIABLES})
    return given


def _reason(stderr: str) -> str:
    """The first line that tells why."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    line = next((line for line in lines if "error:" in line), lines[0] if lines else "pg_dump failed without a word")
    return (line.partition("error: ")[2] or line).removesuffix(".") + "."
