"""Resources tell what the ledger vouches for; the watch over features outlives what it cannot see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import anyio
import anyio.lowlevel
from mcp.client import Client
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp_types import TextResourceContents

from db_migrate.resources import watch_features
from db_migrate.settings import Settings
from db_migrate.world import open_world
from db_migrate_tools.ports import Feature, Project
from e2e_site import Site, data

FORGED = "forged"


async def read(client: Client, uri: str) -> str:
    content = (await client.read_resource(uri)).contents[0]
    assert isinstance(content, TextResourceContents)
    return content.text


async def test_a_plan_is_read_from_the_ledger_whatever_stands_in_its_files(site: Site) -> None:
    source = {"from": "sql", "name": "t", "sql": "CREATE TABLE t (id int PRIMARY KEY)"}
    async with site.client() as client:
        plan = data(await client.call_tool("plan", {"source": source}))
        folder = site.root / ".db-migrate" / "plans"
        page = (folder / f"{plan['planId']}.md").read_text("utf-8")
        for kind in ("md", "sql"):
            (folder / f"{plan['planId']}.{kind}").write_text(FORGED)
        told = await read(client, plan["resource"])
        assert FORGED not in told
        assert "CREATE TABLE t (id int PRIMARY KEY)" in told
        assert told.splitlines()[:3] == page.splitlines()[:3]
        assert plan["approval"]["token"] not in told
        assert await read(client, f"{plan['resource']}/sql") == "CREATE TABLE t (id int PRIMARY KEY);\n"

        only = data(await client.call_tool("plan", {"source": source, "level": "plan-only"}))
        assert await read(client, f"{only['resource']}/sql") == "CREATE TABLE t (id int PRIMARY KEY);\n"


class Flickering:
    """A project whose features cannot be seen at first."""

    def __init__(self) -> None:
        self.looks = 0

    def features(self) -> tuple[Feature, ...]:
        self.looks += 1
        if self.looks in (1, 3):
            raise PermissionError(13, "Permission denied")
        return tuple(Feature(f"f{n}", f"f{n}/database-schema.md", True, 0.0) for n in range(self.looks))


async def test_the_watch_over_features_survives_what_it_cannot_read(place: Path) -> None:
    world, closing = open_world(place, Settings())
    project = Flickering()
    bus = InMemorySubscriptionBus()
    told = anyio.Event()
    bus.subscribe(lambda _: told.set())
    async with closing:
        watched = replace(world, project=cast("Project", project))
        async with watch_features(watched, bus, every=0.01):
            with anyio.fail_after(30):
                await told.wait()
                while project.looks < 5:
                    await anyio.lowlevel.checkpoint()
