"""From a feature's database-schema.md, over MCP, to an applied migration with types and history, and back."""

from __future__ import annotations

from typing import Literal

import pytest
from mcp.client import Client
from mcp_types import ElicitResult

from e2e_site import Person, Site, data, fills, text

FEATURE = "2026-11-02-notifications"


async def table_exists(site: Site) -> bool:
    return (await site.fetch("SELECT to_regclass('public.\"Notification\"') IS NOT NULL AS there"))[0]["there"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_feature_is_planned_approved_applied_and_rolled_back(
    site: Site, era: Literal["auto", "legacy"]
) -> None:
    person = Person(fills("approve", "dev"), fills("approve", "dev"))
    async with Client(site.stdio(), mode=era, elicitation_callback=person) as client:
        before = data(await client.call_tool("status", {}))
        assert {f["feature"]: f["state"] for f in before["features"]}[FEATURE] == "unapplied"

        planned = await client.call_tool("plan", {})
        plan = data(planned)
        assert plan["source"]["feature"] == FEATURE
        assert plan["proof"] == plan["proof"] | {"ran": True, "rollback": "proven"}
        assert not await table_exists(site)
        assert 'CREATE TABLE "Notification"' in text(planned)

        token = plan["approval"]["token"]
        applied = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert applied["status"] == "applied", applied
        assert await table_exists(site)
        assert plan["shortCode"] in person.asked[0]
        version, name = applied["migration"]["version"], applied["migration"]["name"]
        assert applied["report"]["nextCommands"] == ["/typescripter", "/g"]

        recorded = await site.fetch("SELECT version, name FROM supabase_migrations.schema_migrations ORDER BY version")
        assert [(r["version"], r["name"]) for r in recorded] == [("20260901090000", "init"), (version, name)]
        sql = (site.root / "supabase" / "migrations" / f"{version}_{name}.sql").read_text("utf-8")
        assert 'CREATE TABLE "Notification"' in sql
        types = (site.root / "src" / "types" / "database.types.ts").read_text("utf-8")
        assert types.startswith("export type Json")
        assert "lastActiveAt" in types

        again = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert again == applied
        assert len(person.asked) == 1

        after = data(await client.call_tool("status", {"env": "dev"}))
        assert {f["feature"]: f["state"] for f in after["features"]}[FEATURE] == "applied"
        assert [row["version"] for row in after["history"]] == [version, "20260901090000"]

        back = data(await client.call_tool("rollback-plan", {}))
        assert back["proof"] == "proven"
        assert back["migration"]["version"] == version
        undo = data(await client.call_tool("plan", {"source": {"from": "rollback", "migration": version}}))
        undone = data(await client.call_tool("approve", {"token": undo["approval"]["token"], "env": "dev"}))
        assert undone["status"] == "applied", undone
        assert not await table_exists(site)
        recorded = await site.fetch("SELECT version FROM supabase_migrations.schema_migrations ORDER BY version")
        assert [r["version"] for r in recorded] == ["20260901090000", version, undone["migration"]["version"]]
        last = data(await client.call_tool("status", {"env": "dev"}))
        assert last["environments"][0]["fingerprint"] == before["environments"][0]["fingerprint"]
        assert {f["feature"]: f["state"] for f in last["features"]}[FEATURE] == "unapplied"


async def test_a_page_tells_what_the_plan_tells_and_says_that_nothing_changed(site: Site) -> None:
    async with site.client(elicitation_callback=Person()) as client:
        planned = await client.call_tool("plan", {})
    page, plan = text(planned), data(planned)
    assert str(plan["plan"]["riskAssessment"]["overallRisk"]) in page
    assert plan["shortCode"] in page
    assert "Nothing has been changed" in page
    assert len(page) < 28_000
    assert plan["approval"]["token"].startswith("dbm_")
    whole = (site.root / plan["file"]).read_text("utf-8")
    assert plan["approval"]["token"] not in whole


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize(
    "answer",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={}),
        fills("approve", "prod"),
        fills("approve", ""),
    ],
    ids=["declined", "cancelled", "empty", "wrong environment", "nothing typed"],
)
async def test_what_is_no_decision_runs_nothing_and_leaves_the_token_alive(
    site: Site, era: Literal["auto", "legacy"], answer: ElicitResult
) -> None:
    person = Person(answer, fills("approve", "dev"))
    async with site.client(mode=era, elicitation_callback=person) as client:
        token = data(await client.call_tool("plan", {}))["approval"]["token"]
        first = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert first["status"] == "unanswered"
        assert not await table_exists(site)
        second = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert second["status"] == "applied", second


async def test_a_rejection_is_final(site: Site) -> None:
    person = Person(fills("reject", "dev"))
    async with site.client(elicitation_callback=person) as client:
        token = data(await client.call_tool("plan", {}))["approval"]["token"]
        assert data(await client.call_tool("approve", {"token": token, "env": "dev"}))["status"] == "declined"
        again = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert again["status"] == "declined"
    assert len(person.asked) == 1
    assert not await table_exists(site)


async def test_validate_and_plan_only_give_no_token(site: Site) -> None:
    async with site.client() as client:
        for level in ("validate", "plan-only"):
            plan = data(await client.call_tool("plan", {"level": level}))
            assert plan["approval"] is None
            assert (site.root / plan["file"]).is_file()
        assert data(await client.call_tool("status", {}))["pending"] == []


async def test_only_the_asked_operations_are_planned(site: Site) -> None:
    async with site.client() as client:
        plan = data(await client.call_tool("plan", {"operations": ["table", "column"]}))
        assert {o["category"] for o in plan["plan"]["operations"]} == {"table", "column"}
        token = plan["approval"]["token"]
        refused = data(await client.call_tool("approve", {"token": token, "env": "dev", "operations": ["column"]}))
        assert refused["status"] == "refused"
        assert "table" in refused["reason"]


async def test_a_statement_that_fails_on_the_copy_gives_no_token_and_names_the_statement(site: Site) -> None:
    sql = 'ALTER TABLE "User" ADD COLUMN age int;\nALTER TABLE "Usr" ADD COLUMN age int;'
    async with site.client() as client:
        result = await client.call_tool("plan", {"source": {"from": "sql", "sql": sql, "name": "typo"}})
    plan = data(result)
    assert plan["approval"] is None
    failed = [c for c in plan["checks"] if c["status"] == "fail"]
    assert any("Usr" in c["detail"] for c in failed), failed
    assert "Usr" in text(result)


async def test_a_schema_that_changed_since_the_preview_voids_the_plan(site: Site) -> None:
    async with site.client(elicitation_callback=Person()) as client:
        token = data(await client.call_tool("plan", {}))["approval"]["token"]
        await site.execute('ALTER TABLE "User" ADD COLUMN sneaked_in int')
        refused = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert refused["status"] == "refused"
        assert "changed since" in refused["reason"]
        again = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert again["status"] == "refused"
    assert not await table_exists(site)
