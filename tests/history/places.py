"""A project with a long history, and its embedded development database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from db_migrate.settings import Settings
from db_migrate.world import Databases, open_world
from db_migrate_tools.ports import World
from history.replay import HISTORY, Replay
from rooms import room


@asynccontextmanager
async def opened(place: Path, files: Path = HISTORY) -> AsyncGenerator[tuple[World, Replay]]:
    """The world of a copy of a project, with an embedded development database that holds the baseline only.

    The database is not below `place`: Postgres, which is not root, must get there.
    """
    root = place / "project"
    place.mkdir(exist_ok=True)
    shutil.copytree(files, root)
    with room() as data:
        world, closing = open_world(root, Settings.model_validate({"embedded_dir": data / "dev"}))
        async with closing:
            assert isinstance(world.targets, Databases)
            yield world, Replay(world, await world.targets.dsn("dev", read=False))
