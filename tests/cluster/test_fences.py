"""What doctor says of a shadow's fences: on this machine, and on one that lacks them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from db_migrate.cluster import confine, places
from db_migrate.cluster.fences import fences
from db_migrate.cluster.shadow import start_shadow


def almost_full(_: Path) -> int:
    return 5_000_000


async def test_a_fence_stands_where_the_machine_gives_it(base: Path, warm_cache: Path) -> None:
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        found = {fence.name: fence for fence in fences(cluster)}
        listens = await (connection := await cluster.connect()).fetchval("SHOW listen_addresses")
        await connection.close()
    assert set(found) == {"files", "network", "memory", "disk", "end"}
    assert listens == ""
    assert found["files"].stands == (confine.landlock_version() > 0)
    assert found["network"].stands == (cluster.offline or confine.landlock_version() >= 4)
    assert found["memory"].stands == found["end"].stands == (sys.platform == "linux")


async def test_what_a_machine_lacks_is_told_with_what_would_give_it(
    base: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        monkeypatch.setattr(confine, "landlock_version", lambda: 0)
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(places, "free_bytes", almost_full)
        cluster.offline = False
        found = {fence.name: fence for fence in fences(cluster)}
        monkeypatch.undo()
    assert not any(fence.stands for fence in found.values())
    assert "Linux" in str(found["files"].remedy)
    assert "SQL" in found["files"].detail
    assert str(found["disk"].remedy).startswith("Free 512 MB there")
