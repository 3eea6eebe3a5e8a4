"""npm packages for tests, installed once into a cache outside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def installed(*packages: str) -> Path:
    """A directory whose node_modules holds `packages` (pinned, e.g. `typescript@7.0.2`); skips where npm is missing.

    Several test processes may ask at once: the first installs, the others wait.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "db-migrate-tests"
    place = home / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            (place / "package.json").write_text("{}")
            command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *packages]
            subprocess.run(command, cwd=place, check=True, capture_output=True)
            (place / "done").touch()
    return place
