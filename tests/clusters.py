"""A running Postgres for tests, of any binaries, that ends with the tests however they end."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from db_migrate.cluster import initialise, locks, parameters
from db_migrate.cluster.binaries import Binaries, resolve
from db_migrate.cluster.launch import Home, start_postgres
from db_migrate_tools.ports import Refused
from rooms import room

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    # Nothing outside of its directory: what a killed one leaves there is swept.
    "dynamic_shared_memory_type": "mmap",
}


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
    with room() as place:
        home = Home(place / "home", place / "home" / "run")
        home.path.mkdir(mode=0o711)
        using = locks.share(home.users)
        kept = locks.open_lock(home.keeper)
        options = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        initialise.initdb(binaries, home.data, superuser="postgres", password="unused", options=options)
        home.make_run()
        start_postgres(
            binaries,
            home,
            parameters.arguments(SETTINGS, binaries.major),
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
        assert not home.path.exists()
