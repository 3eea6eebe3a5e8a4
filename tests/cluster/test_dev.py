"""The embedded development database: durable, shared, stopped with the last of its users."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import asyncpg
import pytest

from cluster.helpers import DEV, User, Watch, keeper, kill, postmaster, processes_of
from db_migrate.cluster import dev_home, places
from db_migrate.cluster.dev import DevDatabase, OtherMajor, ensure_dev
from db_migrate.cluster.dev_home import LocationMissing
from db_migrate.cluster.launch import NotStarted
from db_migrate.cluster.places import NotServed


@pytest.fixture
async def dev(state_dir: Path, place: Path) -> AsyncIterator[DevDatabase]:
    database = await ensure_dev(state_dir, root_home=place)
    watch = Watch(database.home)
    yield database
    await database.close()
    watch.until_ended()


async def stopped(database: DevDatabase) -> None:
    """Close the only user of a database and wait for its end."""
    watch = Watch(database.home)
    await database.close()
    watch.until_ended()


async def run(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_the_application_is_what_it_is_on_supabase(dev: DevDatabase) -> None:
    connection = await asyncpg.connect(dev.dsn)
    role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert role is not None
    assert role["rolname"] == "postgres"
    assert not role["rolsuper"]
    assert role["rolcreatedb"]
    assert role["rolcreaterole"]
    assert role["rolbypassrls"]
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    assert await connection.fetchval(owner) == "postgres"
    await connection.execute(
        """
        CREATE TABLE notes (id int PRIMARY KEY, owner text DEFAULT current_user);
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes TO authenticated USING (owner = current_user);
        GRANT SELECT ON notes TO anon, authenticated, service_role;
        INSERT INTO notes VALUES (1);
        """
    )
    for name, seen in (("anon", 0), ("authenticated", 0), ("service_role", 1), ("postgres", 1)):
        await connection.execute(f"SET ROLE {name}")
        assert await connection.fetchval("SELECT count(*) FROM notes") == seen
        await connection.execute("RESET ROLE")
    await connection.close()


async def test_upper_and_lower_case_know_unicode(dev: DevDatabase) -> None:
    assert await run(dev.dsn, "SELECT lower('É')") == "é"


async def test_people_connect_by_a_url_that_only_the_owner_may_read(dev: DevDatabase) -> None:
    assert stat.S_IMODE(dev.url_file.stat().st_mode) == 0o600
    url = dev.url_file.read_text().strip()
    assert url.startswith("postgresql://postgres:")
    assert url.endswith(f"@127.0.0.1:{dev.port}/postgres")
    assert await run(url, "SELECT current_user::text") == "postgres"


async def test_no_password_is_seen_in_a_repr(dev: DevDatabase) -> None:
    for shown in (repr(dev), str(dev), repr(dev.secrets)):
        assert dev.secrets.application not in shown
        assert dev.secrets.superuser not in shown


async def test_data_port_and_password_survive_a_restart(state_dir: Path, place: Path) -> None:
    first = await ensure_dev(state_dir, root_home=place)
    await run(first.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    await stopped(first)
    assert processes_of(first.home) == []
    second = await ensure_dev(state_dir, root_home=place)
    assert second.port == first.port
    assert second.dsn == first.dsn
    assert await run(second.dsn, "SELECT answer FROM kept") == 42
    await stopped(second)


async def test_two_processes_share_it_and_the_last_one_stops_it(state_dir: Path, place: Path) -> None:
    one, other = User(DEV, state_dir, place), User(DEV, state_dir, place)
    found, same = one.ready(), other.ready()
    assert found == same
    home = Path(found["home"])
    watch = Watch(home)
    first = postmaster(home)
    one.leave()
    assert await run(found["dsn"], "SELECT 1") == 1
    assert postmaster(home) == first
    other.leave()
    watch.until_ended()
    with pytest.raises(FileNotFoundError):
        await run(found["dsn"], "SELECT 1")


def test_many_processes_may_start_it_at_once(state_dir: Path, place: Path) -> None:
    users = [User(DEV, state_dir, place) for _ in range(4)]
    homes = {Path(user.ready()["home"]) for user in users}
    assert len(homes) == 1
    home = homes.pop()
    watch = Watch(home)
    assert len([line for line in processes_of(home) if " -D " in line]) == 1
    for user in users:
        user.kill()
    watch.until_ended()


async def test_after_a_killed_server_nothing_runs_and_what_was_committed_is_there(state_dir: Path, place: Path) -> None:
    user = User(DEV, state_dir, place)
    found = user.ready()
    await run(found["dsn"], "CREATE TABLE kept AS SELECT 42 AS answer")
    watch = Watch(Path(found["home"]))
    user.kill()
    watch.until_ended()
    again = await ensure_dev(state_dir, root_home=place)
    assert await run(again.dsn, "SELECT answer FROM kept") == 42
    await stopped(again)


@pytest.mark.parametrize("victim", [keeper, postmaster])
async def test_after_a_crash_the_next_call_starts_it_again_with_what_was_committed(
    state_dir: Path, place: Path, victim: Callable[[Path], int]
) -> None:
    database = await ensure_dev(state_dir, root_home=place)
    await run(database.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    watch = Watch(database.home)
    kill(victim(database.home))
    if sys.platform == "linux":
        watch.until_ended()
    again = await ensure_dev(state_dir, root_home=place)
    assert await run(again.dsn, "SELECT answer FROM kept") == 42
    await database.close()
    await stopped(again)


async def test_a_port_that_somebody_took_is_given_up(state_dir: Path, place: Path) -> None:
    first = await ensure_dev(state_dir, root_home=place)
    await stopped(first)
    with socket.create_server(("127.0.0.1", first.port)):
        second = await ensure_dev(state_dir, root_home=place)
        assert second.port != first.port
        assert await run(second.url_file.read_text().strip(), "SELECT 1") == 1
        await stopped(second)


async def test_a_port_taken_between_our_look_and_postgres_s_is_tried_elsewhere(
    state_dir: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        taken = rival.getsockname()[1]
        honest = dev_home.choose_port

        def late(note: Path) -> tuple[int, bool]:
            monkeypatch.setattr(dev_home, "choose_port", honest)
            return taken, True

        monkeypatch.setattr(dev_home, "choose_port", late)
        database = await ensure_dev(state_dir, root_home=place)
        assert database.port != taken
        assert await run(database.dsn, "SELECT 1") == 1
        await stopped(database)


async def test_without_a_loopback_the_url_leads_to_the_socket(
    state_dir: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev_home, "LOOPBACK", "192.0.2.1")
    database = await ensure_dev(state_dir, root_home=place)
    url = database.url_file.read_text().strip()
    assert "192.0.2.1" not in url
    assert await run(url, "SELECT 1") == 1
    await stopped(database)


async def test_data_of_another_major_version_are_refused_and_left_alone(state_dir: Path, place: Path) -> None:
    database = await ensure_dev(state_dir, root_home=place)
    await stopped(database)
    version = database.home / "data" / "PG_VERSION"
    version.write_text("16\n")
    if Path("/usr/lib/postgresql/16/bin/postgres").exists():
        pytest.skip("this machine has Postgres 16")
    before = sorted((database.home / "data").iterdir())
    with pytest.raises(OtherMajor, match=r"made by Postgres 16; the programs here are 1\d\.") as refused:
        await ensure_dev(state_dir, root_home=place)
    assert "Install PostgreSQL 16" in refused.value.remedy
    assert "pg_dumpall" in refused.value.remedy
    assert sorted((database.home / "data").iterdir()) == before
    version.write_text(f"{database.major}\n")
    again = await ensure_dev(state_dir, root_home=place)
    await stopped(again)


async def test_a_database_that_does_not_start_is_refused_and_starts_when_mended(state_dir: Path, place: Path) -> None:
    database = await ensure_dev(state_dir, root_home=place)
    await stopped(database)
    settings = database.home / "data" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("work_mem = plenty\n")
    with pytest.raises(NotStarted, match="did not start") as refused:
        await ensure_dev(state_dir, root_home=place)
    assert "work_mem" in refused.value.log
    assert str(database.home) in refused.value.remedy
    settings.write_text(before)
    await stopped(await ensure_dev(state_dir, root_home=place))


async def test_a_superuser_that_was_changed_by_hand_is_said_without_a_secret(dev: DevDatabase, state_dir: Path) -> None:
    await run(dev.admin_dsn, "ALTER ROLE supabase_admin PASSWORD 'other'")
    with pytest.raises(NotStarted, match="does not answer: InvalidPasswordError") as refused:
        await ensure_dev(state_dir, location=dev.home)
    assert dev.secrets.superuser not in str(refused.value)


async def test_it_may_live_elsewhere_and_is_found_there_again(state_dir: Path, place: Path) -> None:
    elsewhere = place / "elsewhere"
    database = await ensure_dev(state_dir, location=elsewhere, root_home=place)
    assert database.home == elsewhere
    assert (state_dir / "dev" / "location").read_text().strip() == str(elsewhere)
    await stopped(database)
    again = await ensure_dev(state_dir, root_home=place)
    assert again.home == elsewhere
    await stopped(again)
    moved = place / "moved"
    elsewhere.rename(moved)
    with pytest.raises(LocationMissing, match="elsewhere") as refused:
        await ensure_dev(state_dir, root_home=place)
    assert str(state_dir / "dev" / "location") in refused.value.remedy
    assert not elsewhere.exists()


async def test_a_long_path_does_not_make_the_socket_s_too_long(place: Path) -> None:
    state_dir = place / ("a-long-name-" * 8) / ".db-migrate"
    state_dir.mkdir(parents=True)
    database = await ensure_dev(state_dir, location=state_dir.with_name("database"))
    assert await run(database.dsn, "SELECT 1") == 1
    assert places.socket_fits(database.socket_dir)
    assert not database.socket_dir.is_relative_to(place)
    await stopped(database)
    database.socket_dir.rmdir()


async def test_a_place_that_cannot_be_made_is_refused(state_dir: Path, place: Path) -> None:
    (place / "file").touch()
    with pytest.raises(NotServed, match="Cannot make"):
        await ensure_dev(state_dir, location=place / "file" / "below", root_home=place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
async def test_as_root_a_private_place_is_refused_with_the_directory_in_the_way(state_dir: Path, place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(NotServed, match=f"pass through {private}") as refused:
        await ensure_dev(state_dir, location=private / "dev", root_home=place)
    assert "location" in refused.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
async def test_as_root_it_lives_outside_the_project_and_runs_as_nobody(dev: DevDatabase, state_dir: Path) -> None:
    assert not dev.home.is_relative_to(state_dir)
    assert dev.home.name.startswith("shop-")
    assert (state_dir / "dev" / "location").read_text().strip() == str(dev.home)
    assert Path(f"/proc/{postmaster(dev.home)}").stat().st_uid == places.NOBODY


async def test_a_call_that_is_cancelled_holds_nothing(state_dir: Path, place: Path) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await ensure_dev(state_dir, root_home=place)
    database = await ensure_dev(state_dir, root_home=place)
    await stopped(database)
