"""doctor: environments, checkpoint strength, generators, shadow: what works here, and what to mend."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.fences import fences
from db_migrate.cluster.shadow import start_shadow
from db_migrate.project.commands import find, search_path
from db_migrate.project.scripts import Absent, Command, Name, command
from db_migrate.settings import Settings
from db_migrate.world import ENVIRONMENTS, open_world
from db_migrate_tools import levels
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused, World
from db_migrate_tools.wire import Check

SIGNS = {"pass": "[green]ok[/]", "warn": "[yellow]note[/]", "fail": "[red]mend[/]"}


async def doctor(root: Path, settings: Settings, *, as_json: bool) -> int:
    """Print what was found; 1 when something must be mended."""
    world, closing = open_world(root, settings)
    async with closing:
        found = [Check(name="project", status="pass", detail=str(root))]
        for env in ENVIRONMENTS:
            found.append(await _environment(env, world))
            if env in world.targets.configured():
                found.append(_checkpoint(env, world))
        found += [*await _shadow(settings), *_generators(root, settings)]
    if as_json:
        sys.stdout.write(json.dumps([c.model_dump(by_alias=True) for c in found], ensure_ascii=False, indent=1) + "\n")
    else:
        _print(found)
    return 1 if any(c.status == "fail" for c in found) else 0


async def _environment(env: Env, world: World) -> Check:
    if env not in world.targets.configured():
        return Check(
            name=env,
            status="warn",
            detail="not configured",
            remedy=f"Set {'read_url' if env == 'prod' else 'url'} under [environments.{env}] in db-migrate.toml.",
        )
    try:
        facts = await world.targets.target(env).facts()
    except Refused as refusal:
        return Check(name=env, status="fail", detail=refusal.reason, remedy=refusal.remedy)
    who = facts.identity
    kind = "embedded" if who.embedded else who.host
    return Check(
        name=env,
        status="pass",
        detail=f"{kind}, database {who.database}, role {who.role}, PostgreSQL {who.server_version}, "
        f"{facts.latency_ms:.0f} ms",
    )


def _checkpoint(env: Env, world: World) -> Check:
    strength = levels.checkpoint_for(
        env,
        client_has_form=True,
        credentials=world.targets.credentials(env),
        configured_approvals=world.approvals.get(env, 1),
        embedded=world.targets.embedded(env),
    )
    return Check(
        name=f"{env} checkpoint",
        status="warn" if strength.remedy else "pass",
        detail=f"needs {strength.required}, has {strength.available}, credentials {strength.credentials}: "
        f"{strength.reason}",
        remedy=strength.remedy,
    )


async def _shadow(settings: Settings) -> list[Check]:
    try:
        binaries = resolve(None, explicit=settings.shadow.binaries)
        cluster = await start_shadow(major=None, explicit=settings.shadow.binaries)
    except Refused as refusal:
        return [Check(name="shadow", status="fail", detail=refusal.reason, remedy=refusal.remedy)]
    async with cluster:
        starts = f"PostgreSQL {binaries.version} ({binaries.origin}) starts and answers"
        return [
            Check(name="shadow", status="pass", detail=starts),
            *(
                Check(
                    name=f"shadow: {fence.name}",
                    status="pass" if fence.stands else "warn",
                    detail=fence.detail,
                    remedy=fence.remedy,
                )
                for fence in fences(cluster)
            ),
        ]


def _generators(root: Path, settings: Settings) -> list[Check]:
    """The project's own commands for pulling, generating and compiling, and whether their programs are there."""
    path = search_path(root, os.environ, Path.home())
    names: tuple[Name, ...] = ("pull", "generate", "check")
    return [_generator(name, command(root, name, getattr(settings.types, name)), path) for name in names]


def _generator(name: Name, wanted: Command | Absent | None, path: str) -> Check:
    title = f"types: {name}"
    if wanted is None:
        return Check(name=title, status="pass", detail="turned off")
    if isinstance(wanted, Absent):
        return Check(name=title, status="fail" if wanted.wrong else "pass", detail=wanted.why)
    if find(wanted.argv[0], path) is None:
        return Check(
            name=title,
            status="fail" if wanted.configured else "warn",
            detail=f"{wanted.shown}: {wanted.argv[0]} was not found",
            remedy=f'Install {wanted.argv[0]}, or set types.{name} = "" in db-migrate.toml.',
        )
    return Check(name=title, status="pass", detail=wanted.shown)


def _print(found: list[Check]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in found:
        remedy = f"\n[dim]→ {escape(check.remedy)}[/]" if check.remedy else ""
        table.add_row(check.name, SIGNS[check.status], f"{escape(check.detail)}{remedy}")
    Console().print(table)
