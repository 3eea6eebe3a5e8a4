"""Copies of Postgres installations that the user Postgres runs as can reach: made once, complete or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path


def copied(bin_dir: Path, version: str, cache: Path) -> Path:
    """A copy of an installation that everybody may read; returns its bin directory.

    A wheel finds its libraries relative to its programs, so they keep their places.
    """
    base = package_of(bin_dir).parent
    parts = _parts(bin_dir)

    def fill(building: Path) -> None:
        for part in parts:
            shutil.copytree(part, building / part.relative_to(base), symlinks=True)

    destination = cache / f"postgres-{version}-{_content_key(parts)}"
    _make_once(destination, fill)
    return destination / bin_dir.relative_to(base)


def unpacked(archive: Path, cache: Path) -> Path:
    """The bin directory of an installation that came as an archive with one directory at its top."""

    def fill(building: Path) -> None:
        with tarfile.open(archive) as packed:
            # Pythons before 3.11.4 have no filters; the archive came with a package that was installed like our code.
            packed.extraction_filter = getattr(tarfile, "data_filter", _as_it_is)
            packed.extractall(building)  # noqa: S202

    found = archive.stat()
    key = hashlib.sha256(f"{archive} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:16]
    destination = cache / f"{archive.name.removesuffix('.tar.gz')}-{key}"
    _make_once(destination, fill)
    return next(destination.glob("*/bin"), destination / "bin")


def _as_it_is(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    return member


def _make_once(destination: Path, fill: Callable[[Path], None]) -> None:
    """Make a directory by filling another one and renaming it; whoever comes first wins, all get the same."""
    if destination.is_dir():
        return
    building = destination.with_name(f".building-{secrets.token_hex(6)}")
    try:
        building.mkdir(mode=0o755)
        fill(building)
        _open_to_readers(building)
        building.rename(destination)
    except OSError:
        if not destination.is_dir():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def package_of(bin_dir: Path) -> Path:
    """The directory that a wheel or an installer made, given its bin directory."""
    install = bin_dir.parent
    return install.parent if install.name == "pginstall" else install


def libraries_of(package: Path) -> Path:
    """Where a wheel keeps the libraries that were packed with it."""
    return package.with_name(f"{package.name}.libs")


def _parts(bin_dir: Path) -> list[Path]:
    """The directories of an installation that running it takes; whatever else lies beside them stays private."""
    package = package_of(bin_dir)
    parts = [bin_dir.parent / name for name in ("bin", "lib", "lib64", "share")]
    return [part for part in (*parts, libraries_of(package), package / ".dylibs") if part.is_dir()]


def _open_to_readers(directory: Path) -> None:
    directory.chmod(0o755)
    for parent, folders, files in os.walk(directory):
        for folder in folders:
            (Path(parent) / folder).chmod(0o755)
        for file in files:
            path = Path(parent) / file
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)


def _content_key(parts: list[Path]) -> str:
    lines: list[str] = []
    for part in parts:
        for parent, _, files in os.walk(part):
            for file in files:
                path = Path(parent) / file
                found = path.lstat()
                lines.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
