"""serve: MCP over stdio or over HTTP on loopback."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import typer
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

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
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        bound, port = listening.getsockname()[:2]
        app = create_server(root, settings).streamable_http_app(host=host, transport_security=security(bound, port))
        typer.echo(f"Serving MCP at http://{_in_url(host)}:{port}/mcp", err=True)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        await uvicorn.Server(config).serve(sockets=[listening])
    return 0


def security(host: str, port: int) -> TransportSecuritySettings:
    """Requests for this very address only, also by the name localhost where that leads here, and from no web page of
    another origin: the SDK's own protection knows three addresses, and any port.
    """
    names = [_in_url(host), *(["localhost"] if host in ("127.0.0.1", "::1") else [])]
    hosts = [f"{name}:{port}" for name in names] + (names if port == 80 else [])
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[f"http://{name}" for name in hosts])


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


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
