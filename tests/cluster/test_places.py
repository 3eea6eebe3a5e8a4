"""Where clusters live, and what is not trusted as such a place."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from db_migrate.cluster import initialise, locks, pidfile, places
from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.initialise import NotInitialised
from db_migrate.cluster.places import NotServed


def test_our_directory_is_ours_alone(place: Path) -> None:
    path = places.own_directory(place / "ours")
    assert places.own_directory(path) == path
    assert not path.stat().st_mode & 0o066


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_what_others_may_have_prepared_is_refused(place: Path, trap: str) -> None:
    path = place / "trap"
    if trap == "link":
        path.symlink_to(place)
    elif trap == "file":
        path.touch()
    else:
        path.mkdir()
        path.chmod(0o777)
    with pytest.raises(NotServed, match="belongs to somebody else"):
        places.own_directory(path)


def test_a_directory_that_cannot_be_made_is_refused(place: Path) -> None:
    with pytest.raises(NotServed, match="Cannot make"):
        places.own_directory(place / "no" / "parent")


def test_without_memory_to_spare_clusters_live_among_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ROOM", 1 << 62)
    assert places.shadow_base().is_relative_to(tempfile.gettempdir())


def test_a_long_temporary_directory_is_left_for_a_short_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / ("long" * 30)))
    assert places.short_base().is_relative_to("/tmp")


def test_a_cache_that_cannot_be_written_is_replaced_by_a_private_one(place: Path) -> None:
    (place / "file").touch()
    found = places.writable_cache(place / "file" / "cache")
    assert found.is_relative_to(tempfile.gettempdir())
    assert stat.S_IMODE(found.stat().st_mode) & 0o022 == 0


def test_the_cache_follows_the_user_s_wish(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    monkeypatch.setattr(sys, "platform", "linux")
    assert places.default_cache() == place / "db-migrate"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert places.default_cache() == Path.home() / "Library" / "Caches" / "db-migrate"


def test_the_first_directory_in_the_way_is_named(place: Path) -> None:
    inner = place / "private" / "inner"
    inner.mkdir(parents=True)
    (place / "private").chmod(0o700)
    assert places.may_pass(inner, os.geteuid() + 1) == place / "private"
    (place / "private").chmod(0o711)
    assert places.may_pass(inner, os.geteuid() + 1) is None
    assert places.may_pass(place / "absent" / "below", os.geteuid() + 1) is None


def test_a_failing_initdb_is_refused_with_its_words_and_leaves_nothing(place: Path) -> None:
    with pytest.raises(NotInitialised, match="locale"):
        initialise.initdb(resolve(None), place / "data", superuser="x", password="secret", options=["--locale=nowhere"])
    assert list(place.iterdir()) == []


def test_a_secret_is_readable_by_its_owner_only(place: Path) -> None:
    for text in ("first", "second"):
        initialise.write_secret(place / "secret", text)
        assert (place / "secret").read_text() == text
    assert stat.S_IMODE((place / "secret").stat().st_mode) == 0o600
    assert len(list(place.iterdir())) == 1


def test_a_lock_that_is_never_free_is_given_up(place: Path) -> None:
    descriptor = locks.share(place / "lock")
    with pytest.raises(TimeoutError, match="still locked"):
        locks.own_within(place / "lock", 0)
    os.close(descriptor)
    os.close(locks.own_within(place / "lock", 0))


def test_a_pid_file_is_forgotten_when_its_number_is_another_program_s(place: Path) -> None:
    file = place / "postmaster.pid"
    assert not pidfile.forget_stale(str(place))
    file.write_text(f"{os.getpid()}\n{place}\n")
    assert pidfile.forget_stale(str(place))
    assert not file.exists()


def test_a_pid_file_of_what_may_be_our_postgres_is_left_alone(place: Path) -> None:
    file = place / "postmaster.pid"
    words = [sys.executable, "-c", "print(flush=True); input()", "postgres", "-D", str(place), "-k", "x"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        file.write_text(f"{process.pid}\n")
        assert not pidfile.forget_stale(str(place))
        assert file.exists()
        elsewhere = place / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "postmaster.pid").write_text(f"{process.pid}\n")
        pidfile.end_postmaster(str(elsewhere))
        assert process.poll() is None
        assert pidfile.forget_stale(str(elsewhere))
        process.communicate(b"\n")


def test_a_pid_file_that_says_nothing_names_no_process(place: Path) -> None:
    (place / "postmaster.pid").write_text("")
    assert pidfile.recorded(str(place)) is None
    pidfile.end_postmaster(str(place))
    assert pidfile.command_of(2**22 + 1) == ""
