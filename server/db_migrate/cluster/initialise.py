"""Fresh data directories: initdb, or a copy of one that was made before."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db_migrate.cluster import parameters, places
from db_migrate.cluster.binaries import Binaries
from db_migrate_tools.ports import Refused


class NotInitialised(Refused):
    """initdb failed: what it said, then what to check."""


@dataclass(frozen=True, slots=True)
class Seed:
    """An initialised data directory to copy, with its superuser's password."""

    data: Path
    password: str = field(repr=False)


def initdb(binaries: Binaries, data: Path, *, superuser: str, password: str, options: Sequence[str]) -> None:
    """Make the data directory `data`, whose parent exists, complete or not at all.

    Raises:
        NotInitialised: initdb failed.
    """
    uid = places.server_uid()
    mark = secrets.token_hex(4)
    building = data.with_name(f"{data.name}.new-{mark}")
    secret = data.with_name(f".password-{mark}")
    building.mkdir(mode=0o700)
    try:
        write_secret(secret, password)
        if uid is not None:
            for path in (building, secret):
                os.chown(path, uid, uid)
        done = subprocess.run(
            [binaries.program("initdb"), "-D", building, "-U", superuser, f"--pwfile={secret}", *options],
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            cwd="/",
            **places.run_as(uid),
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NotInitialised(
                f"Postgres {binaries.version} could not make its data directory {data}: {' '.join(said[-2:])}",
                "Check free space and permissions there.",
            )
        building.rename(data)
    finally:
        secret.unlink(missing_ok=True)
        shutil.rmtree(building, ignore_errors=True)


def seed(binaries: Binaries, superuser: str, cache: Path | None) -> Seed:
    """The cached data directory for throwaway clusters of these binaries, made at the first use."""
    home = places.writable_cache(cache) / f"seed-{superuser}-{binaries.key}-{os.getuid()}"
    if not (home / "password").exists():
        _make_seed(binaries, superuser, home)
    return Seed(home / "data", (home / "password").read_text(encoding="utf-8"))


def _make_seed(binaries: Binaries, superuser: str, home: Path) -> None:
    building = home.with_name(f".building-{secrets.token_hex(6)}")
    building.mkdir(mode=0o711)
    try:
        password = secrets.token_urlsafe(24)
        size = f"--wal-segsize={parameters.SHADOW_SEGMENT_MEBIBYTES}"
        options = [*parameters.SHADOW_INITDB, size]
        initdb(binaries, building / "data", superuser=superuser, password=password, options=options)
        write_secret(building / "password", password)
        building.rename(home)
    except OSError:
        # Another process may have made the same seed in the meantime: theirs is as good.
        if not (home / "password").exists():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def copy_data(source: Path, destination: Path) -> None:
    """Copy a data directory with its owners and modes."""
    # A thousand small files: cp is three times quicker than shutil, and clones where the file system can.
    subprocess.run(["cp", "-a", source, destination], check=True, capture_output=True)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, complete or not at all."""
    building = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)
