"""The example application in a temporary place, with its database."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import asyncpg
import pytest

from e2e_site import APP, ROLES, Site
from rooms import room


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that goes afterwards."""
    with room(0o700, base=Path(gettempdir())) as path:
        yield path


@pytest.fixture
async def site(place: Path, make_database: Callable[[], Awaitable[str]]) -> Site:
    """The example application before its feature."""
    dsn = await make_database()
    connection = await asyncpg.connect(dsn)
    for role in ROLES:
        await connection.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
    await connection.execute((APP / "database.sql").read_text("utf-8"))
    await connection.close()
    root = place / "app"
    shutil.copytree(APP, root)
    return Site(root, dsn)
