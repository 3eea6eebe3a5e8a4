"""Extensions that a cluster is offered: for an ordinary role, in any version, and none that reaches out."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from db_migrate.cluster.supabase.shelf import Shelf
from db_migrate.cluster.supabase.stand_ins import STAND_INS, TRUSTED
from supabase.places import Base


def shelf_of(base: Base) -> Shelf:
    assert base.cluster.shelf is not None
    return base.cluster.shelf


async def test_an_ordinary_role_creates_every_one_of_them(base: Base) -> None:
    await base.cluster.create_database("bare", owner="postgres")
    user = await base.user("bare")
    await user.execute("CREATE SCHEMA extensions")
    offered = {row[0] for row in await user.fetch("SELECT name::text FROM pg_available_extensions")}
    assert STAND_INS.keys() <= offered
    for name in [*STAND_INS, *sorted(TRUSTED & offered)]:
        place = "" if name in STAND_INS and STAND_INS[name].schema else " WITH SCHEMA extensions"
        await user.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"{place} CASCADE')
    made = {row[0] for row in await user.fetch("SELECT extname::text FROM pg_extension")}
    assert STAND_INS.keys() <= made
    # What the project's role may do with them, it may do here.
    assert await user.fetchval("SELECT cron.schedule('@daily', 'SELECT 1')") == 1
    await user.execute("SELECT pgmq.create('q'); SELECT vault.create_secret('x')")
    assert await user.fetchval("SELECT (extensions.http_get('https://example.org')).status") == 503
    for name in sorted(made - {"plpgsql"}):
        await user.execute(f'DROP EXTENSION IF EXISTS "{name}" CASCADE')
    await user.close()


async def test_no_stand_in_runs_with_the_rights_of_its_owner(base: Base) -> None:
    user = await base.user()
    assert (
        await user.fetch(
            "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner "
            "WHERE p.prosecdef AND r.rolsuper"
        )
        == []
    )
    reaching = await user.fetch(
        "SELECT name FROM pg_available_extension_versions "
        "WHERE name IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack') AND trusted"
    )
    assert reaching == []
    await user.close()


async def test_a_version_that_a_target_has_is_offered_under_its_number(base: Base) -> None:
    shelf = shelf_of(base)
    assert shelf.offer("pg_net", "0.2-beta", default=True)
    assert shelf.offer("moddatetime", "0.9")
    assert shelf.offer("pg_trgm", "0.1")
    user = await base.user()
    await user.execute(
        "BEGIN; CREATE SCHEMA new; CREATE EXTENSION pg_net; CREATE EXTENSION pg_trgm SCHEMA new VERSION '0.1';"
        "CREATE EXTENSION moddatetime SCHEMA new VERSION '0.9'"
    )
    rows = await user.fetch("SELECT extname::text, extversion FROM pg_extension")
    found = {str(name): str(version) for name, version in rows}
    assert (found["pg_net"], found["moddatetime"], found["pg_trgm"]) == ("0.2-beta", "0.9", "0.1")
    assert await user.fetchval("SELECT new.similarity('abc', 'abc')") == 1
    await user.close()
    assert shelf.offer("pg_net", STAND_INS["pg_net"].version, default=True)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("pg_net", "../../etc/passwd"),
        ("pg_net", "1--2"),
        ("pg_net", "1\n"),
        ("pg_net", ""),
        ("../pg_net", "1"),
        ("pg_net/x", "1"),
        ("no_such_extension", "1"),
    ],
)
def test_a_name_or_version_that_is_no_file_s_name_is_not_offered(tmp_path: Path, name: str, version: str) -> None:
    real = tmp_path / "real"
    real.mkdir()
    shelf = Shelf(tmp_path / "ours", real)
    shelf.lay()
    before = sorted(tmp_path.rglob("*"))
    assert not shelf.offer(name, version, default=True)
    assert sorted(tmp_path.rglob("*")) == before


async def test_only_a_throwaway_cluster_pretends_to_encrypt(base: Base) -> None:
    if "pgcrypto" not in shelf_of(base).stands_in():
        pytest.skip("these programs have pgcrypto itself")
    user = await base.user()
    assert await user.fetchval("SELECT pgp_sym_decrypt(pgp_sym_encrypt('x', 'k'), 'k')") == "x"
    hashed = await user.fetchval("SELECT crypt('word', gen_salt('bf', 8))")
    assert len(hashed) == 60
    assert hashed.startswith("$2a$08$")
    assert await user.fetchval("SELECT crypt('word', $1) = $1", hashed) is True
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await user.fetchval("SELECT digest('x', 'rot13')")
    await user.close()
