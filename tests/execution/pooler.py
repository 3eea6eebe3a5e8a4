"""A pooler in transaction mode, small: every client's queries go to one backend, one round trip at a time."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

SYNC = b"S" + struct.pack("!i", 4)
READY = b"Z" + struct.pack("!i", 5) + b"I"
HELLO = b"R" + struct.pack("!ii", 8, 0)


def _parameter(name: str, value: str) -> bytes:
    body = f"{name}\0{value}\0".encode()
    return b"S" + struct.pack("!i", len(body) + 4) + body


async def _until_ready(server: asyncio.StreamReader) -> bytes:
    answer = b""
    while True:
        head = await server.readexactly(5)
        body = await server.readexactly(struct.unpack("!i", head[1:])[0] - 4)
        answer += head + body
        if head[:1] == b"Z":
            return answer


@asynccontextmanager
async def transaction_pooler(socket: Path, database: str) -> AsyncGenerator[Path]:
    """A directory with a socket behind which all clients share one backend of `database`."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    body = struct.pack("!i", 196608) + f"user\0postgres\0database\0{database}\0\0".encode()
    writer.write(struct.pack("!i", len(body) + 4) + body)
    await _until_ready(reader)
    turn = asyncio.Lock()

    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        try:
            await client.readexactly(struct.unpack("!i", await client.readexactly(4))[0] - 4)
            known = _parameter("server_version", "18.6") + _parameter("client_encoding", "UTF8")
            key = b"K" + struct.pack("!iii", 12, 999_999, 1)
            answer.write(HELLO + known + key + READY)
            pending = b""
            while True:
                head = await client.readexactly(5)
                body = await client.readexactly(struct.unpack("!i", head[1:])[0] - 4)
                if head[:1] == b"X":
                    return
                flush = head[:1] == b"H"
                pending += SYNC if flush else head + body
                if head[:1] not in b"QSH":
                    continue
                async with turn:
                    writer.write(pending)
                    said = await _until_ready(reader)
                answer.write(said[: -len(READY)] if flush else said)
                pending = b""
        except asyncio.IncompleteReadError:
            return
        finally:
            answer.close()

    place = socket.parent / "pooled"
    place.mkdir(exist_ok=True)
    server = await asyncio.start_unix_server(serve, str(place / ".s.PGSQL.5432"))
    try:
        yield place
    finally:
        server.close()
        writer.close()
        await asyncio.sleep(0)
