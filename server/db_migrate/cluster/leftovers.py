"""Removes throwaway clusters that a kill or a power cut left behind."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from db_migrate.cluster import locks, pidfile
from db_migrate.cluster.launch import PATIENCE, Home, NotStarted


def sweep(base: Path) -> None:
    """Remove the clusters below `base` that nobody uses and nobody keeps."""
    for path in base.glob("s-*"):
        home = Home(path, path / "run")
        try:
            using = locks.try_own(home.users)
        except FileNotFoundError:
            # Its keeper is removing it.
            continue
        if using is None:
            continue
        if not locks.is_held(home.keeper):
            remove(home)
        os.close(using)


def remove(home: Home) -> None:
    """End what is left of a cluster without a keeper, and remove its files."""
    end_postgres(home)
    shutil.rmtree(home.path, ignore_errors=True)


def end_postgres(home: Home) -> None:
    """Wait until no process of a Postgres without a keeper is left. Where the kernel could not tell it that its
    keeper died, we do.

    Raises:
        NotStarted: some of them would not end.
    """
    if not locks.is_held(home.postgres):
        return
    if not pidfile.end_postmaster(os.fspath(home.data)):
        _end_orphans(home)
    try:
        os.close(locks.own_within(home.postgres, PATIENCE))
    except TimeoutError as error:
        raise NotStarted(
            f"Processes of an earlier Postgres still hold {home.path}.", "End them, then try again."
        ) from error


def _end_orphans(home: Home) -> None:
    """Kill backends whose postmaster is gone: one in a loop would never notice."""
    for pid in locks.holders(home.postgres):
        if pidfile.command_of(pid).startswith("postgres"):
            os.kill(pid, signal.SIGKILL)
