"""A project with a long history on its first day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db_migrate_tools.ports import World
from history.places import opened


@pytest.fixture
async def first_day(tmp_path: Path) -> AsyncIterator[World]:
    """Every file there, nothing applied."""
    async with opened(tmp_path) as (world, _):
        yield world
