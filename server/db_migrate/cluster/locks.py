"""Advisory file locks: the kernel frees them when their holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

RETRY_EVERY = 0.005

# The keeper imports this module: nothing beyond the standard library.


def open_lock(path: Path | str) -> int:
    """A descriptor of the lock file, made when missing, readable by its owner only; closed on exec."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def share(path: Path | str) -> int:
    """Wait for a shared lock; returns the descriptor that holds it until it is closed."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def own(path: Path | str) -> int:
    """Wait for the exclusive lock; returns the descriptor that holds it until it is closed."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def try_own(path: Path | str) -> int | None:
    """The exclusive lock if nobody holds any lock on the file, else None."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def own_within(path: Path | str, seconds: float) -> int:
    """The exclusive lock, waited for no longer than that.

    Raises:
        TimeoutError: somebody held it all the time.
    """
    deadline = time.monotonic() + seconds
    while (descriptor := try_own(path)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} is still locked after {seconds:.0f} s")
        time.sleep(RETRY_EVERY)
    return descriptor


def is_held(path: Path | str) -> bool:
    """Whether some process holds a lock on the file now."""
    descriptor = try_own(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def owned(path: Path | str) -> Generator[int]:
    """Hold the exclusive lock for a block."""
    descriptor = own(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def wait_until_free(descriptor: int) -> None:
    """Wait until nobody holds the exclusive lock of an open lock file, even one that was removed meanwhile."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    fcntl.flock(descriptor, fcntl.LOCK_UN)
