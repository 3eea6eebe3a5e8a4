"""What an assistant sees before it calls anything: tools, schemas, annotations, prompt, resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from mcp.client import Client
from mcp.server.mcpserver import MCPServer
from mcp_types import TextContent, TextResourceContents

from db_migrate.app import create_server
from db_migrate.settings import Settings
from db_migrate_tools.ports import World
from e2e_site import Person, Site, data, text


def validator(schema: dict[str, Any] | None) -> Any:
    """The validator of a schema; its stubs know no plain dicts."""
    return cast("Any", Draft202012Validator)(schema)


def server(root: Path, dsn: str = "postgresql://nobody@127.0.0.1:1/none") -> MCPServer[World]:
    return create_server(root, Settings.model_validate({"environments": {"dev": {"url": dsn}}}))


async def test_there_are_five_tools_with_strict_inputs_and_described_outputs(place: Path) -> None:
    async with Client(server(place)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == ["plan", "approve", "status", "generate-only", "rollback-plan"]
    for tool in tools.values():
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)
        assert tool.description
        assert len(tool.description) < 400
    hints = {name: tool.annotations for name, tool in tools.items()}
    assert [name for name, hint in hints.items() if hint and hint.read_only_hint] == ["plan", "status", "rollback-plan"]
    assert [name for name, hint in hints.items() if hint and hint.destructive_hint] == ["approve"]


@pytest.mark.parametrize(
    ("arguments", "fits"),
    [
        ({"token": "t", "env": "dev"}, True),
        ({"token": "t", "env": "prod", "confirm": True}, True),
        ({"token": "t", "env": "prod"}, False),
        ({"token": "t", "env": "prod", "confirm": False}, False),
        ({"token": "t", "env": "dev", "approved": True}, False),
        ({"env": "dev"}, False),
    ],
)
async def test_the_schema_of_approve_says_that_prod_needs_confirm(
    place: Path, arguments: dict[str, object], fits: bool
) -> None:
    async with Client(server(place)) as client:
        schema = next(t for t in (await client.list_tools()).tools if t.name == "approve").input_schema
    assert validator(schema).is_valid(arguments) is fits


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("approve", {"token": "t", "env": "dev", "approved": True}, "approved"),
        ("approve", {"env": "dev"}, "token"),
        ("plan", {"env": "production"}, "env"),
        ("plan", {"source": {"from": "sql", "sql": "select 1"}}, "name"),
        ("plan", {"source": {"from": "nowhere"}}, "source"),
        ("plan", {"operations": ["tables"]}, "operations"),
        ("status", {"force": "yes"}, "force"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_by_name(
    place: Path, tool: str, arguments: dict[str, object], named: str
) -> None:
    async with Client(server(place)) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert named in text(result)
    assert "Error executing tool" not in text(result)


async def test_a_source_sent_as_json_text_is_read(site: Site) -> None:
    async with Client(server(site.root, site.dsn)) as client:
        sent = '{"from": "sql", "sql": "CREATE TABLE t (id int PRIMARY KEY)", "name": "t"}'
        plan = data(await client.call_tool("plan", {"source": sent, "level": "validate"}))
    assert plan["source"]["name"] == "t"


async def test_the_prompt_turns_flags_into_the_call(place: Path) -> None:
    async with Client(server(place)) as client:
        assert [p.name for p in (await client.list_prompts()).prompts] == ["db-migrate"]
        got = await client.get_prompt("db-migrate", {"options": "--env staging --plan-only"})
    block = got.messages[0].content
    assert isinstance(block, TextContent)
    assert '"level": "plan-only"' in block.text
    assert '"env": "staging"' in block.text


async def test_every_output_fits_the_published_schema(site: Site) -> None:
    async with Client(server(site.root, site.dsn), elicitation_callback=Person()) as client:
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
        for name, arguments in (
            ("status", {"sync": True}),
            ("plan", {}),
            ("generate-only", {"check": False}),
            ("rollback-plan", {"history": True}),
        ):
            result = data(await client.call_tool(name, arguments))
            validator(schemas[name]).validate(result)


async def test_resources_hold_the_whole_plan_the_schema_and_the_features(site: Site) -> None:
    async with Client(server(site.root, site.dsn)) as client:
        plan = data(await client.call_tool("plan", {}))

        async def read(uri: str) -> str:
            content = (await client.read_resource(uri)).contents[0]
            assert isinstance(content, TextResourceContents)
            return content.text

        assert plan["shortCode"] in await read(plan["resource"])
        assert 'CREATE TABLE "Notification"' in await read(plan["resource"] + "/sql")
        assert 'CREATE TABLE public."User"' in await read("db-migrate://schema/dev")
        assert "2026-11-02-notifications" in await read("db-migrate://features")
        assert "20260901090000" in await read("db-migrate://history/dev")
