"""A place for clusters that Postgres may pass through whoever it runs as."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from db_migrate.cluster.places import writable_cache
from rooms import room


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory outside pytest's own, which only its owner may enter."""
    with room() as path:
        yield path


@pytest.fixture
def state_dir(place: Path) -> Path:
    """A project's `.db-migrate`."""
    path = place / "shop" / ".db-migrate"
    path.mkdir(parents=True, mode=0o700)
    return path


@pytest.fixture
def base(place: Path) -> Path:
    """Where throwaway clusters are made."""
    path = place / "b"
    path.mkdir(mode=0o711)
    return path


@pytest.fixture(scope="session")
def warm_cache() -> Path:
    """The machine's cache: initdb is run once, not once a test."""
    return writable_cache(None)
