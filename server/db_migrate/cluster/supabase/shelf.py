"""The extensions that one cluster is offered: its stand-ins, in the versions that a target has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from db_migrate.cluster import copies
from db_migrate.cluster.binaries import Binaries
from db_migrate.cluster.supabase.stand_ins import (
    REACHING_OUT,
    STAND_INS,
    TRUSTED,
    control,
    gate,
    is_name,
    is_version,
    script,
)

_DEFAULT = re.compile(r"^\s*default_version\s*=\s*'([^']+)'.*$", re.MULTILINE)
CONTROL_PATH = 18
"""The first major version that looks for extensions in more than one place."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A directory of control files and scripts that a cluster reads; `real` is where the programs have their own."""

    extensions: Path
    real: Path

    def stands_in(self) -> frozenset[str]:
        """Names of the extensions that are stand-ins here."""
        return frozenset(name for name in STAND_INS if name in REACHING_OUT or not self._has(name))

    def _has(self, name: str) -> bool:
        return (self.real / f"{name}.control").is_file()

    def lay(self) -> None:
        """Write every stand-in and the trusted copies of real extensions."""
        self.extensions.mkdir(parents=True, exist_ok=True, mode=0o755)
        for name in sorted(self.stands_in()):
            self._write(f"{name}.control", control(STAND_INS[name], STAND_INS[name].version))
            self.offer(name, STAND_INS[name].version)
        for name in sorted(TRUSTED):
            if self._has(name):
                self._copy(name)

    def offer(self, name: str, version: str, *, default: bool = False) -> bool:
        """Have the extension in that version, as the default one when asked; whether it can be had.

        A stand-in is the same in every version. A real extension of another version is ours under that number: its
        objects may differ from the target's, which the comparison of the copy tells.
        """
        if not (is_name(name) and is_version(version)):
            return False
        script_name = f"{name}--{version}.sql"
        if name in self.stands_in():
            if not (self.extensions / script_name).exists():
                self._write(script_name, script(STAND_INS[name]))
        elif not self._has(name):
            return False
        elif not (self.real / script_name).exists() and not (self.extensions / script_name).exists():
            self._copy(name)
            text = self._whole(name)
            if text is None:
                return False
            self._write(script_name, (gate(name) if name in TRUSTED else "") + text)
        if default:
            self._make_default(name, version)
        return True

    def _make_default(self, name: str, version: str) -> None:
        path = self.extensions / f"{name}.control"
        if not path.exists():
            return
        text = path.read_text("utf-8")
        wanted = _DEFAULT.sub(f"default_version = '{version}'", text)
        if wanted != text:
            self._write(path.name, wanted)

    def _copy(self, name: str) -> None:
        """Put a real extension on the shelf: trusted where Supabase trusts it, with the same scripts."""
        if (self.extensions / f"{name}.control").is_file() and not (self.extensions / f"{name}.control").is_symlink():
            return
        text = (self.real / f"{name}.control").read_text("utf-8")
        for path in self.real.glob(f"{name}--*.sql"):
            fresh = path.name.count("--") == 1
            self._write(path.name, (gate(name) if fresh and name in TRUSTED else "") + path.read_text("utf-8"))
        if name in TRUSTED and not re.search(r"^\s*trusted\s*=", text, re.MULTILINE):
            text = f"{text.rstrip()}\ntrusted = true\n"
        self._write(f"{name}.control", text)

    def _whole(self, name: str) -> str | None:
        """The scripts that lead to the default version, as one; None where there is no way."""
        found = _DEFAULT.search((self.real / f"{name}.control").read_text("utf-8"))
        if found is None:
            return None
        wanted = found[1]
        steps = [path.name[len(name) + 2 : -4].split("--") for path in sorted(self.real.glob(f"{name}--*.sql"))]
        ways = deque([[step[0]] for step in steps if len(step) == 1])
        seen = {way[0] for way in ways}
        while ways:
            way = ways.popleft()
            if way[-1] == wanted:
                return self._joined(name, way)
            for step in steps:
                if len(step) == 2 and step[0] == way[-1] and step[1] not in seen:
                    seen.add(step[1])
                    ways.append([*way, step[1]])
        return None

    def _joined(self, name: str, way: list[str]) -> str:
        parts = [way[0], *(f"{one}--{two}" for one, two in pairwise(way))]
        return "\n".join((self.real / f"{name}--{part}.sql").read_text("utf-8") for part in parts)

    def _write(self, name: str, text: str) -> None:
        """Complete or not at all: a Postgres may be reading."""
        building = self.extensions / f".{name}.new"
        building.write_text(text, "utf-8")
        building.chmod(0o644)
        building.replace(self.extensions / name)

    def offer_all(self, installed: Mapping[str, str], defaults: Iterable[tuple[str, str]]) -> None:
        """Have what a target has installed, by version, and let its default versions be ours."""
        for name, version in installed.items():
            self.offer(name, version)
        ours = self.stands_in() | TRUSTED
        for name, version in defaults:
            if name in ours:
                self.offer(name, version, default=True)


@dataclass(frozen=True, slots=True)
class Stocked:
    """Programs with a shelf: run these, with these settings."""

    binaries: Binaries
    settings: Mapping[str, str]
    shelf: Shelf


def stock(binaries: Binaries, place: Path) -> Stocked | None:
    """Programs that find the shelf laid in `place`, made anew; None where the installation has an unknown layout.

    From 18 on Postgres is told where to look. Before, it looks beside itself only: so the program is copied, and what
    lies beside it is linked, but for the directory of extensions.
    """
    share = _directory(binaries, "--sharedir")
    if share is None or not (share / "extension").is_dir():
        return None
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o755)
    place.chmod(0o755)
    real = share / "extension"
    if binaries.major >= CONTROL_PATH:
        shelf = Shelf(place / "extension", real)
        shelf.lay()
        settings = {"extension_control_path": f"{place}:$system"}
        return Stocked(replace(binaries, also=(place,)), settings, shelf)
    libraries = _directory(binaries, "--pkglibdir")
    if libraries is None:
        return None
    beside = _beside(binaries, place, share, libraries)
    shelf = Shelf(beside.share / "extension", real)
    shelf.extensions.mkdir(mode=0o755)
    played = shelf.stands_in()
    for path in real.iterdir():
        # Not one script of a real extension that a stand-in plays: its version could be asked for.
        if path.name.partition("--")[0].removesuffix(".control") not in played:
            (shelf.extensions / path.name).symlink_to(path)
    shelf.lay()
    also = (place, *binaries.software, share, libraries)
    return Stocked(replace(binaries, bin_dir=beside.bin, also=also), {}, shelf)


@dataclass(frozen=True, slots=True)
class _Beside:
    bin: Path
    share: Path


def _beside(binaries: Binaries, place: Path, share: Path, libraries: Path) -> _Beside:
    """An installation in `place` of the same inner layout, since Postgres finds its files relative to itself."""
    package = copies.package_of(binaries.bin_dir)
    base = Path(os.path.commonpath([binaries.bin_dir, share, libraries, package]))
    if base == package:
        base = package.parent
    bin_dir = place / binaries.bin_dir.relative_to(base)
    bin_dir.mkdir(parents=True, mode=0o755)
    shutil.copy2(binaries.program("postgres"), bin_dir / "postgres")
    laid = place / share.relative_to(base)
    laid.mkdir(parents=True, mode=0o755)
    for path in share.iterdir():
        if path.name != "extension":
            (laid / path.name).symlink_to(path)
    linked = place / libraries.relative_to(base)
    linked.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    if linked != laid:
        linked.symlink_to(libraries)
    for extra in (copies.libraries_of(package), package / ".dylibs"):
        if extra.is_dir() and extra.is_relative_to(base) and not (place / extra.relative_to(base)).exists():
            (place / extra.relative_to(base)).symlink_to(extra)
    return _Beside(bin_dir, laid)


def _directory(binaries: Binaries, option: str) -> Path | None:
    """A directory that the installation's pg_config names; where there is none, the usual one beside its programs."""
    usual = binaries.bin_dir.parent / ("share" if option == "--sharedir" else "lib")
    try:
        said = subprocess.run(
            [binaries.program("pg_config"), option], capture_output=True, text=True, check=False, env={}, cwd="/"
        )
        named = Path(said.stdout.strip()) if said.returncode == 0 and said.stdout.strip() else usual
    except OSError:
        named = usual
    return next((path for path in (named, usual, usual / "postgresql") if path.is_dir()), None)
