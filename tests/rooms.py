"""Directories for tests: quick, reachable for Postgres whoever it runs as, and gone with the tests however they end."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
PREFIX = "dbm-room-"


@contextmanager
def room(mode: int = 0o711, *, base: Path | None = None) -> Generator[Path]:
    """An empty directory, in memory where there is some; those of tests that were killed are removed first."""
    base = base or (MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir()))
    guard = os.open(base / f"{PREFIX}{os.getuid()}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(guard, fcntl.LOCK_EX)
    _sweep(base)
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    using = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(using, fcntl.LOCK_SH)
    os.close(guard)
    path.chmod(mode)
    try:
        yield path
    finally:
        shutil.rmtree(path)
        os.close(using)


def _sweep(base: Path) -> None:
    for path in base.glob(f"{PREFIX}*/"):
        try:
            held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(held)
