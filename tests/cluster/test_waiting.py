"""Locks that somebody holds are waited for with an end, and the refusal names the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from db_migrate.cluster import locks, waiting
from db_migrate.cluster.waiting import StillLocked


def test_a_lock_that_is_never_let_go_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "start.lock"
    held = locks.own(path)
    for take in (waiting.own, waiting.share):
        with pytest.raises(StillLocked) as refusal:
            take(path, 0.02)
        assert str(path) in refusal.value.reason
        assert f"fuser {path}" in refusal.value.remedy
    with pytest.raises(StillLocked), waiting.owned(path, 0.02):
        pass
    os.close(held)
    with waiting.owned(path):
        assert locks.is_held(path)
    os.close(waiting.share(path))
    assert not locks.is_held(path)


def test_waiting_for_a_process_that_hangs_ends(tmp_path: Path) -> None:
    path = tmp_path / "keeper.lock"
    kept = locks.open_lock(path)
    held = locks.own(path)
    assert not locks.wait_until_free(kept, 0.02)
    os.close(held)
    assert locks.wait_until_free(kept)
    os.close(kept)
