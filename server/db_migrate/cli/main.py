"""The console script: serve, demo, init, doctor, review."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import anyio
import typer

from db_migrate.project.root import find_root
from db_migrate.secrets import RedactingFormatter, redact
from db_migrate.settings import load
from db_migrate_tools.ports import Refused

DONE: Final = 0
REFUSED: Final = 1

cli = typer.Typer(
    name="db-migrate-mcp",
    help="Postgres migrations by AI assistants, with a human checkpoint. Without a command: serve over stdio.",
    no_args_is_help=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Project = Annotated[
    Path | None,
    typer.Option("--project", envvar="DB_MIGRATE_PROJECT", help="Project root; default: found from here upwards."),
]


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 refused or failed, 2 usage."""
    _log_to_stderr()
    try:
        cli()
    except Refused as refusal:
        typer.echo(redact(f"{refusal.reason}\n{refusal.remedy}".strip()), err=True)
        sys.exit(REFUSED)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def run(work: Callable[[], Awaitable[int]]) -> None:
    """Run async work and exit with its status. A refusal inside a task group is a refusal all the same."""
    try:
        status = anyio.run(work)
    except BaseExceptionGroup as group:
        refused, other = group.split(Refused)
        if other is not None or refused is None:
            raise
        inner: BaseException = refused
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        raise inner from None
    raise typer.Exit(status)


@cli.callback()
def default(
    context: typer.Context,
    project: Project = None,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Without a command: serve over stdio."""
    if show_version:
        typer.echo(version("db-migrate-mcp"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        serve(project=project, http=None)


@cli.command()
def serve(
    project: Project = None,
    http: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Streamable HTTP, on loopback only.")] = None,
) -> None:
    """Serve MCP: over stdio, or over HTTP."""
    from db_migrate.cli.serve import serve_http, serve_stdio

    root = find_root(project or Path.cwd())
    settings = load(root)
    if http is None:
        run(lambda: serve_stdio(root, settings))
    else:
        run(lambda: serve_http(root, settings, http))


@cli.command()
def demo(
    keep: Annotated[bool, typer.Option(help="Leave the demo's project in place afterwards.")] = False,
) -> None:
    """Go the whole way once, on an example application and an embedded Postgres."""
    from db_migrate.cli.demo import demo as play

    run(lambda: play(keep=keep))


@cli.command()
def init(project: Project = None) -> None:
    """Write db-migrate.toml and the .mcp.json entry, and say what was written."""
    from db_migrate.cli.init import init as write

    typer.echo(write(project or Path.cwd()))


@cli.command()
def doctor(
    project: Project = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Look at environments, checkpoint strength, generators and the shadow, and say what to mend."""
    from db_migrate.cli.doctor import doctor as examine

    root = find_root(project or Path.cwd())
    settings = load(root)
    run(lambda: examine(root, settings, as_json=as_json))


@cli.command()
def review(
    plan: Annotated[str | None, typer.Argument(help="Plan id or short code; without one, the pending plans.")] = None,
    project: Project = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: lists and shows, decides nothing.")] = False,
) -> None:
    """List pending plans, show one, and decide about it."""
    from db_migrate.cli.decide import decide

    root = find_root(project or Path.cwd())
    settings = load(root)
    run(lambda: decide(root, settings, plan, as_json=as_json))
