"""serve: MCP over stdio or over HTTP on loopback."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import typer
import uvicorn

from db_migrate.app import create_server
from db_migrate.settings import Settings
from db_migrate_tools.ports import Refused


async def serve_stdio(root: Path, settings: Settings) -> int:
    """Serve until the client closes its end."""
    await create_server(root, settings).run_stdio_async()
    return 0


async def serve_http(root: Path, settings: Settings, address: str) -> int:
    """Serve streamable HTTP at /mcp until interrupted.

    Raises:
        Refused: The address is not HOST:PORT, or not on loopback.
    """
    host, port = loopback(address)
    app = create_server(root, settings).streamable_http_app(host=host)
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        name = f"[{host}]" if ":" in host else host
        typer.echo(f"Serving MCP at http://{name}:{listening.getsockname()[1]}/mcp", err=True)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        await uvicorn.Server(config).serve(sockets=[listening])
    return 0


def loopback(address: str) -> tuple[str, int]:
    """The host and port of HOST:PORT.

    Raises:
        Refused: It does not read as one, or the host can be reached from other machines.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdigit() or int(port) > 65535:
        raise Refused(f"{address} is not HOST:PORT.", "For example: serve --http 127.0.0.1:8765.")
    if host != "localhost":
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
        if not local:
            raise Refused(
                f"{host} can be reached from other machines, and this server does not know who calls it.",
                "Listen on 127.0.0.1, ::1 or localhost.",
            )
    return host, int(port)
