"""Copies that are compiled: gone with their user, or with the next one where it was killed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from db_migrate.cluster import places
from db_migrate.cluster.places import NotServed
from db_migrate.project.scratch import IN_USE, scratch


def test_what_a_killed_process_left_goes_and_what_is_used_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "short_base", lambda: tmp_path)
    left = tmp_path / "w-00000000"
    (left / "before" / "shop").mkdir(parents=True)
    (left / IN_USE).touch()
    with scratch() as used:
        assert not left.exists()
        assert stat.S_IMODE(used.stat().st_mode) == 0o700
        with scratch() as other:
            assert used.exists()
            assert other != used
    assert list(tmp_path.glob("w-*")) == []


def test_without_a_directory_of_our_own_any_other_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken() -> Path:
        raise NotServed("It belongs to somebody else.", "Remove it.")

    monkeypatch.setattr(places, "short_base", taken)
    with scratch() as place:
        (place / "file").touch()
    assert not place.exists()
