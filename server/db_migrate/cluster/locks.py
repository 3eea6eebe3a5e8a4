"""Advisory file locks: the kernel frees them when their holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import fcntl

RETRY_EVERY = 0.005

# The keeper imports this module: nothing beyond the standard library.


def open_lock(path: Path | str) -> int:
    """A descriptor of the lock file, made when missing, readable by its owner only; closed on exec."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def share(path: Path | str) -> int:
    """Wait, for ever, for a shared lock; returns the descriptor that holds it until it is closed."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def own(path: Path | str) -> int:
    """Wait, for ever as keepers do, for the exclusive lock; returns the descriptor that holds it until it is closed."""
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
    return _within(path, fcntl.LOCK_EX, seconds)


def share_within(path: Path | str, seconds: float) -> int:
    """A shared lock, waited for no longer than that.

    Raises:
        TimeoutError: somebody held the exclusive one all the time.
    """
    return _within(path, fcntl.LOCK_SH, seconds)


def _within(path: Path | str, kind: int, seconds: float) -> int:
    descriptor = open_lock(path)
    if _taken_within(descriptor, kind, seconds):
        return descriptor
    os.close(descriptor)
    raise TimeoutError(f"{path} is still locked after {seconds:.0f} s")


def _taken_within(descriptor: int, kind: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(RETRY_EVERY)
        else:
            return True


def is_held(path: Path | str) -> bool:
    """Whether some process holds a lock on the file now."""
    descriptor = try_own(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def holders(path: Path | str) -> list[int]:
    """Processes, as far as we may look at them, that have the file open; none where the system does not list them."""
    wanted = Path(path).stat()
    found: set[int] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            same = os.path.samestat(link.stat(), wanted)
        except OSError:
            # Processes and their files come and go.
            continue
        if same:
            found.add(int(link.parts[2]))
    return sorted(found)


def wait_until_free(descriptor: int, seconds: float = 60.0) -> bool:
    """Wait until nobody holds the exclusive lock of an open lock file, even one that was removed meanwhile; False
    when somebody still does after that time.
    """
    if not _taken_within(descriptor, fcntl.LOCK_SH, seconds):
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
