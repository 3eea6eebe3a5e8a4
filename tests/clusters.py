"""A running Postgres for tests, of any binaries, that ends with the tests however they end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from db_migrate.cluster import initialise, locks, parameters
from db_migrate.cluster.binaries import Binaries, resolve
from db_migrate.cluster.launch import Home, start_postgres
from db_migrate_tools.ports import Refused


def binaries_of(major: int) -> Binaries | None:
    """Programs of exactly that major version, if this machine has them."""
    try:
        found = resolve(major)
    except Refused:
        return None
    return found if found.major == major else None


@contextmanager
def running(binaries: Binaries) -> Generator[str]:
    """Yields the superuser's DSN of the `postgres` database.

    Unlike a shadow it asks for no password and has Postgres's own settings.
    """
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="dbm-test-", dir=memory if memory.is_dir() else None))
    path.chmod(0o711)
    home = Home(path, path / "run")
    using = locks.share(home.users)
    kept = locks.open_lock(home.keeper)
    options = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    initialise.initdb(binaries, home.data, superuser="postgres", password="unused", options=options)
    home.make_run()
    start_postgres(
        binaries,
        home,
        parameters.arguments({"listen_addresses": "", "fsync": "off"}, binaries.major),
        {},
        fresh=True,
        confined=False,
        starting=locks.own(home.start),
        keeping=locks.own(home.keeper),
    )
    yield f"postgresql://postgres@/postgres?host={home.run}"
    os.close(using)
    locks.wait_until_free(kept)
    os.close(kept)
    assert not path.exists()
