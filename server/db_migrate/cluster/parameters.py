"""How Postgres is set up: a throwaway shadow is quick and fenced in, a development database is durable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEBIBYTE: Final = 1024 * 1024

SHADOW_INITDB: Final = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
SHADOW_SEGMENT_MEBIBYTES: Final = 1
"""Small WAL segments: a data directory of 30 MB instead of 39."""

SHADOW_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    # A migration may touch five thousand tables in one transaction, with their indexes and what they own.
    "max_locks_per_transaction": "4096",
    "max_worker_processes": "0",
    "max_parallel_workers_per_gather": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "wal_init_zero": "off",
    "wal_recycle": "off",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "mmap",
    "temp_file_limit": "64MB",
    # Failing statements are the shadow's daily bread: they go to the client, not to a file.
    "log_min_messages": "fatal",
}
SHADOW_LIMITS: Final[Mapping[str, int]] = {
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 256 * MEBIBYTE,
    "RLIMIT_AS": 1024 * MEBIBYTE,
}

DEV_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "on",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "huge_pages": "try",
    # Containers often have a /dev/shm of 64 MB.
    "dynamic_shared_memory_type": "mmap",
}
DEV_LIMITS: Final[Mapping[str, int]] = {"RLIMIT_CORE": 0}


def dev_initdb(major: int) -> tuple[str, ...]:
    """Options of initdb for a development database: Unicode upper and lower case where the version has it built in."""
    common = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions")
    if major >= 17:
        return (*common, "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return common


def arguments(settings: Mapping[str, str], major: int) -> list[str]:
    """Settings as words for the command line of `postgres`."""
    chosen = {**settings, **({"io_method": "sync"} if major >= 18 else {})}
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
