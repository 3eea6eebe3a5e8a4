"""What keeps a shadow's SQL from the rest of this machine, and what of that this machine cannot give."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from db_migrate.cluster import confine, parameters, places
from db_migrate.cluster.shadow import Cluster

TCP_SINCE = 4
"""The Landlock version that knows of connections."""


@dataclass(frozen=True, slots=True)
class Fence:
    """One fence around a shadow. `remedy` is there where it does not stand."""

    name: str
    detail: str
    remedy: str | None = None

    @property
    def stands(self) -> bool:
        return self.remedy is None


def fences(cluster: Cluster) -> Iterator[Fence]:
    """Every fence that a shadow is meant to have, and whether this one has it."""
    yield _files()
    yield _network(cluster)
    yield _memory()
    yield _disk(cluster)
    yield _end()


def _files() -> Fence:
    version = confine.landlock_version()
    if version:
        return Fence("files", f"Landlock {version}: no file but its own and the system's programs, no other program")
    return Fence(
        "files",
        "without Landlock, only its missing rights as a role keep SQL from files of the user that Postgres runs as",
        "A Linux kernel from 5.13 on with Landlock turned on; a container may have to allow its system calls.",
    )


def _network(cluster: Cluster) -> Fence:
    if cluster.offline:
        return Fence("network", "an empty network of its own; reached over a unix socket only")
    if confine.landlock_version() >= TCP_SINCE:
        return Fence("network", "Landlock: no TCP connection; reached over a unix socket only")
    return Fence(
        "network",
        "it listens on a unix socket only, but could connect to others if SQL found a way to",
        "A Linux kernel from 6.7 on with Landlock; as root, the right to make network namespaces.",
    )


def _memory() -> Fence:
    most = parameters.SHADOW_LIMITS["RLIMIT_AS"] // parameters.MEBIBYTE
    if sys.platform == "linux":
        return Fence("memory", f"at most {most} MB a process")
    return Fence("memory", "this system does not enforce the limit on a process's memory", "Run it on Linux.")


def _disk(cluster: Cluster) -> Fence:
    free = places.free_bytes(cluster.home.path)
    one = parameters.SHADOW_LIMITS["RLIMIT_FSIZE"] // parameters.MEBIBYTE
    detail = f"at most {one} MB a file; {free // parameters.MEBIBYTE:,} MB are free at {cluster.home.path.parent}"
    if free >= places.ROOM:
        return Fence("disk", f"{detail}; a rehearsal that adds a gigabyte, or half of them, is stopped")
    return Fence(
        "disk", detail, f"Free {places.ROOM // parameters.MEBIBYTE} MB there, or set TMPDIR to where they are."
    )


def _end() -> Fence:
    if sys.platform == "linux":
        return Fence("end", "the kernel ends it with the process that keeps it")
    return Fence(
        "end",
        "if its keeper is killed, Postgres goes on until the next start sweeps it up",
        "Run it on Linux to have the kernel see to that.",
    )
