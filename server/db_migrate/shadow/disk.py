"""How much a rehearsal may write: the shadow's files are watched while SQL runs, and what writes too much is ended."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from db_migrate.cluster import places
from db_migrate.cluster.parameters import MEBIBYTE
from db_migrate.shadow import roles
from db_migrate.shadow.server import connect
from db_migrate.shadow.stage import Stage
from db_migrate_tools.evidence import PgFailure

LOOK_EVERY = 0.2
REST = 10
"""A look at many files takes a while: so many times as long nothing is looked at afterwards."""

MOST = 1024 * MEBIBYTE
"""Bytes that one rehearsal may add, or half of what is free, whichever is less."""

GROWING = ("base", "pg_wal", "pg_xact", "pg_multixact", "pg_subtrans", "pg_tblspc", "pg_replslot", "pg_logical")


@dataclass(slots=True)
class Disk:
    """What one rehearsal may add to the shadow's files, and whether it was stopped for adding more."""

    most: int
    stopped: bool = False

    @property
    def failure(self) -> PgFailure:
        """What is said of the statement that was stopped."""
        said = f"wrote more than {self.most // MEBIBYTE} MB on the shadow, so it was stopped"
        return PgFailure("53100", said, limit="space")


@asynccontextmanager
async def watched(stage: Stage, most: int = MOST) -> AsyncGenerator[Disk]:
    """Watch the shadow's files while the block runs; when too much is added, the sessions of its logins are ended."""
    data = stage.server.home.data
    disk = Disk(min(most, places.free_bytes(data) // 2))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, stage, data, disk)
        try:
            yield disk
        finally:
            tasks.cancel_scope.cancel()


async def _watch(stage: Stage, data: Path, disk: Disk) -> None:
    # Nobody waits for this first look: on a large schema there are many files.
    before = await anyio.to_thread.run_sync(size, data)
    pause = LOOK_EVERY
    while True:
        await anyio.sleep(pause)
        started = time.perf_counter()
        added = await anyio.to_thread.run_sync(size, data) - before
        if added > disk.most:
            disk.stopped = True
            await _end(stage)
            return
        pause = max(LOOK_EVERY, REST * (time.perf_counter() - started))


async def _end(stage: Stage) -> None:
    # The rehearsal's own session of the superuser may be in use.
    admin = await connect(stage.server)
    try:
        for player in list(stage.players):
            await roles.stop(admin, player)
    finally:
        admin.terminate()


def size(data: Path) -> int:
    """Bytes on disk of everything in a data directory that SQL can make grow."""
    total = 0
    directories = [os.fspath(data / part) for part in GROWING]
    while directories:
        try:
            with os.scandir(directories.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        directories.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            # Databases and files come and go while they are counted.
            continue
    return total
