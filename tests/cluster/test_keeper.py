"""The supervisor: what it does when Postgres does not come up, and when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.helpers import Watch, keeper, postmaster, processes_of
from db_migrate.cluster import initialise, launch, locks, parameters
from db_migrate.cluster.binaries import Binaries, resolve
from db_migrate.cluster.dev import ensure_dev
from db_migrate.cluster.launch import Home, NotStarted, start_postgres
from db_migrate.cluster.shadow import SUPERUSER, start_shadow


@pytest.fixture
def prepared(base: Path, warm_cache: Path) -> tuple[Binaries, Home]:
    """A home with data, ready to be started."""
    found = resolve(None, cache=warm_cache)
    home = Home(base / "s-22222222", base / "s-22222222" / "run")
    home.path.mkdir(mode=0o711)
    home.make_run()
    initialise.copy_data(initialise.seed(found, SUPERUSER, warm_cache).data, home.data)
    return found, home


def start(binaries: Binaries, home: Home) -> None:
    words = parameters.arguments(parameters.SHADOW_SETTINGS, binaries.major)
    start_postgres(
        binaries,
        home,
        words,
        parameters.SHADOW_LIMITS,
        fresh=True,
        confined=True,
        starting=locks.own(home.start),
        keeping=locks.own(home.keeper),
    )


def test_nothing_but_the_standard_library_is_imported() -> None:
    code = (
        "import sys, db_migrate.cluster.keeper;"
        "print({name.partition('.')[0] for name in sys.modules} & {'asyncpg', 'anyio', 'pydantic', 'db_migrate_tools'})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_postgres_that_is_never_ready_is_stopped_and_refused(
    prepared: tuple[Binaries, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PATIENCE", 0.0)
    watch = Watch(prepared[1].path)
    with pytest.raises(NotStarted, match="not ready after 0 s"):
        start(*prepared)
    watch.until_ended()
    assert not prepared[1].path.exists()


def test_two_postgres_never_serve_one_directory(
    prepared: tuple[Binaries, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PATIENCE", 0.0)
    alive = locks.own(prepared[1].postgres)
    with pytest.raises(NotStarted, match="would not end"):
        start(*prepared)
    os.close(alive)


def test_programs_that_are_not_there_are_named(prepared: tuple[Binaries, Home], place: Path) -> None:
    with pytest.raises(NotStarted, match="cannot run") as refused:
        start(Binaries(place / "none", "18.6", 18, "configured"), prepared[1])
    assert str(place / "none" / "postgres") in refused.value.log


def test_a_keeper_that_cannot_begin_is_a_refusal(
    prepared: tuple[Binaries, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotStarted, match="keeper did not start"):
        start(*prepared)


async def test_a_keeper_told_to_end_stops_a_development_database_cleanly(state_dir: Path, place: Path) -> None:
    database = await ensure_dev(state_dir, root_home=place)
    watch = Watch(database.home)
    os.kill(keeper(database.home), signal.SIGTERM)
    watch.until_ended()
    assert "database system is shut down" in (database.home / "postgres.log").read_text()
    await database.close()


async def test_limits_hold_for_the_running_server(base: Path, warm_cache: Path) -> None:
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        assert len(processes_of(cluster.home.path)) == 1
        limits = Path(f"/proc/{postmaster(cluster.home.path)}/limits")
        if limits.exists():
            found = {line[:25].strip(): line[25:].split()[:2] for line in limits.read_text().splitlines()}
            assert found["Max core file size"] == ["0", "0"]
            assert found["Max file size"] == [str(256 * parameters.MEBIBYTE)] * 2
            assert found["Max address space"] == [str(1024 * parameters.MEBIBYTE)] * 2
