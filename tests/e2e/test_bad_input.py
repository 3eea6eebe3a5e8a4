"""Bad input over MCP: a clear refusal with the line or name and the remedy, and nothing changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mcp.client import Client

from db_migrate.app import create_server
from db_migrate.settings import Settings
from e2e_site import Person, Site, data, fills, text

SPEC = Path("sub-specs") / "database-schema.md"


def client_of(site: Site, **environments: dict[str, str]) -> Client:
    configured = {"dev": {"url": site.dsn}, **environments}
    return Client(create_server(site.root, Settings.model_validate({"environments": configured})))


async def refusal(site: Site, source: dict[str, str | None], env: str = "dev") -> str:
    """The text of a refused plan; afterwards the database is as before and nothing pends."""
    before = await site.fetch("SELECT count(*) FROM pg_class")
    async with client_of(site) as client:
        result = await client.call_tool("plan", {"source": source, "env": env})
        assert result.is_error, text(result)
        assert data(await client.call_tool("status", {}))["pending"] == []
    assert await site.fetch("SELECT count(*) FROM pg_class") == before
    return text(result)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("CREATE TABLE a (id int PRIMARY KEY);\nCOMMIT;\nCREATE TABLE b (id int);", ["line 2", "COMMIT"]),
        ("CREATE TABLE t (id int);\n\\c other", ["line 2", "\\c"]),
        ("CREATE TABLE t (id int);\x00DROP TABLE t", ["NUL"]),
        ("CREATE TABLE t ();", ["line 1"]),
        ("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;", ["MySQL"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);", ["SQLite"]),
        ("SET ROLE postgres;", ["line 1", "SET ROLE"]),
        ("COPY t FROM PROGRAM 'id';", ["line 1", "PROGRAM"]),
        ("DROP SCHEMA db_migrate CASCADE;", ["line 1", "db_migrate"]),
        ("CREATE TABLE t (id int,);", ["line 1"]),
    ],
)
async def test_sql_that_must_not_run_is_refused_with_its_line(site: Site, sql: str, says: list[str]) -> None:
    told = await refusal(site, {"from": "sql", "sql": sql, "name": "bad"})
    for word in says:
        assert word in told


async def test_a_begin_and_commit_around_the_whole_script_are_taken_off_and_said(site: Site) -> None:
    sql = "BEGIN;\nCREATE TABLE t (id int PRIMARY KEY);\nCOMMIT;"
    async with client_of(site) as client:
        plan = data(await client.call_tool("plan", {"source": {"from": "sql", "sql": sql, "name": "t"}}))
    assert [o["sql"] for o in plan["plan"]["operations"]] == ["CREATE TABLE t (id int PRIMARY KEY)"]
    assert any("BEGIN" in choice for choice in plan["source"]["choices"])


async def test_paths_outside_the_project_are_refused(site: Site) -> None:
    outside = site.root.parent / "outside.sql"
    outside.write_text("CREATE TABLE t (id int);")
    (site.root / "link.sql").symlink_to(outside)
    for path in ("../outside.sql", str(outside), "link.sql", "/proc/self/environ"):
        assert "CREATE TABLE" not in await refusal(site, {"from": "file", "path": path})


async def test_a_huge_file_is_refused_unread(site: Site) -> None:
    with (site.root / "huge.sql").open("wb") as file:
        os.truncate(file.fileno(), 100 * 1024 * 1024)
    assert "huge.sql" in await refusal(site, {"from": "file", "path": "huge.sql"})


async def test_a_file_that_is_missing_or_no_file_is_refused_by_name(site: Site) -> None:
    os.mkfifo(site.root / "pipe.sql")
    for path in ("missing.sql", "src", "pipe.sql"):
        assert path in await refusal(site, {"from": "file", "path": path})


async def test_no_feature_and_two_active_features_are_told_apart(site: Site) -> None:
    features = site.root / ".agaile-os" / "features"
    twin = features / "2026-11-02-other" / SPEC
    twin.parent.mkdir(parents=True)
    twin.write_text("# Database\n\n```sql\nCREATE TABLE other (id int PRIMARY KEY);\n```\n")
    told = await refusal(site, {"from": "feature", "feature": None})
    assert "2026-11-02-other" in told
    assert "2026-11-02-notifications" in told
    told = await refusal(site, {"from": "feature", "feature": "2020-01-01-nothing"})
    assert "2020-01-01-nothing" in told


async def test_a_spec_whose_fence_does_not_parse_is_blocked_with_its_line(site: Site) -> None:
    spec = site.root / ".agaile-os" / "features" / "2026-11-02-notifications" / SPEC
    lines = spec.read_text("utf-8").count("\n")
    spec.write_text(
        spec.read_text("utf-8") + "\n## More changes\n\n```sql\nCREATE TABLE broken (id int,, x int);\n```\n"
    )
    told = await refusal(site, {"from": "feature", "feature": None})
    assert f"line {lines + 5}" in told


async def test_an_unreachable_database_says_what_to_check_and_no_password(site: Site) -> None:
    url = "postgresql://app:canary-7f3a@127.0.0.1:1/app"
    async with client_of(site, staging={"url": url}) as client:
        result = await client.call_tool("plan", {"env": "staging"})
        status = data(await client.call_tool("status", {"env": "staging"}))
    assert result.is_error
    assert "127.0.0.1" in text(result)
    assert "canary-7f3a" not in text(result) + str(status)
    assert status["environments"][0]["health"] == "unreachable"
    assert status["environments"][0]["remedy"]


async def test_an_environment_without_a_url_says_what_to_set(site: Site) -> None:
    told = await refusal(site, {"from": "feature", "feature": None}, env="staging")
    assert "[environments.staging]" in told


async def test_tokens_that_are_unknown_or_of_another_environment_are_refused(site: Site) -> None:
    async with client_of(site, staging={"url": site.dsn}) as client:
        unknown = data(await client.call_tool("approve", {"token": "dbm_nonsense", "env": "dev"}))
        token = data(await client.call_tool("plan", {}))["approval"]["token"]
        other = data(await client.call_tool("approve", {"token": token, "env": "staging"}))
    assert (unknown["status"], other["status"]) == ("refused", "refused")
    assert "not known" in unknown["reason"]
    assert "staging" in other["reason"]


async def test_prod_is_planned_read_only_and_executed_by_nobody(site: Site) -> None:
    person = Person(fills("approve", "prod"))
    configured = {"environments": {"dev": {"url": site.dsn}, "prod": {"read_url": site.dsn}}}
    server = create_server(site.root, Settings.model_validate(configured))
    async with Client(server, elicitation_callback=person) as client:
        plan = data(await client.call_tool("plan", {"env": "prod"}))
        assert plan["checkpoint"]["required"] == "human-key"
        token = plan["approval"]["token"]
        without = data(await client.call_tool("approve", {"token": token, "env": "prod"}))
        assert (without["status"], "confirm" in without["reason"]) == ("refused", True)
        with_it = data(await client.call_tool("approve", {"token": token, "env": "prod", "confirm": True}))
    assert with_it["status"] == "refused"
    assert "human-held key" in with_it["reason"]
    assert person.asked == []
    assert (await site.fetch("SELECT to_regclass('\"Notification\"') AS there"))[0]["there"] is None
