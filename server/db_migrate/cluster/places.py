"""Where clusters live on this machine, and as whom they run."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from db_migrate_tools.ports import Refused

NOBODY = 65534
ROOM = 512 * 1024 * 1024
LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107
"""Bytes that a unix socket's path may have, without the closing NUL."""


class NotServed(Refused):
    """Postgres cannot run there: what is in the way, then where to put it."""


def server_uid() -> int | None:
    """Who Postgres must run as when that is not ourselves: it refuses to run as root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    return NOBODY


class RunAs(TypedDict, total=False):
    """Arguments of subprocess that give up root."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(uid: int | None) -> RunAs:
    """How to start a program as `uid`; None is ourselves."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


def default_cache() -> Path:
    """Where copies of binaries and initialised data directories are kept between runs."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/cache/db-migrate")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "db-migrate"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "db-migrate"


def writable_cache(cache: Path | None) -> Path:
    """The cache directory, made when missing; a private one among the temporary files when it cannot be."""
    wanted = cache or default_cache()
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o755)
        if os.access(wanted, os.W_OK | os.X_OK):
            return wanted
    except OSError:
        pass
    return own_directory(Path(tempfile.gettempdir()) / f"dbm-cache-{os.getuid()}")


def shadow_base() -> Path:
    """A private directory for throwaway clusters: in memory when there is room, else among temporary files."""
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
    if memory.is_dir() and free_bytes(memory) >= ROOM:
        return own_directory(memory / f"dbm-{os.getuid()}")
    return short_base()


def short_base() -> Path:
    """A private directory with a path short enough for sockets below it."""
    temporary = Path(tempfile.gettempdir())
    name = f"dbm-{os.getuid()}"
    if not socket_fits(temporary / name / "d-0123456789ab"):
        temporary = Path("/tmp")  # noqa: S108 - the same
    return own_directory(temporary / name)


def own_directory(path: Path) -> Path:
    """Make a directory only we can write; as root, others may pass through it but not look.

    Raises:
        NotServed: somebody else made it before, or it is a link.
    """
    passable = server_uid() is not None
    try:
        path.mkdir(mode=0o711 if passable else 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise NotServed(
            f"Cannot make the directory {path}: {error.strerror}.",
            "Set TMPDIR to a directory that you may write to.",
        ) from error
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise NotServed(
            f"{path} belongs to somebody else or others may write to it.",
            "Remove it, or set TMPDIR to a directory of your own.",
        )
    if passable and found.st_mode & 0o011 != 0o011:
        path.chmod(0o711)
    return path


def free_bytes(path: Path) -> int:
    """Bytes that we may still write on the file system of `path`."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def socket_fits(directory: Path) -> bool:
    """Whether a Postgres socket in the directory has a path that the system accepts."""
    return len(os.fsencode(directory / ".s.PGSQL.65535.lock")) <= LONGEST_SOCKET


def may_pass(directory: Path, uid: int) -> Path | None:
    """The first directory on the way to `directory` that `uid` may not pass through, or None. Modes only, no ACLs."""
    for step in [*reversed(directory.parents), directory]:
        if not step.exists():
            return None
        found = step.stat()
        if not found.st_mode & (0o100 if found.st_uid == uid else 0o001):
            return step
    return None


def short_hash(path: Path) -> str:
    """Twelve characters that stand for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
