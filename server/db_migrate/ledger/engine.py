"""Open the ledger's database: the file, its protection, its tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from db_migrate.ledger.tables import VERSION, ledger_schema, metadata
from db_migrate_tools.ports import Refused

BUSY_SECONDS = 15.0


class LedgerUnreadable(Refused):
    """The ledger cannot be read or written. Nothing of it was changed or deleted."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"The ledger {where} cannot be used: {what}.",
            "Nothing was deleted. Restore the file from a backup; or, to begin an empty ledger, move it aside together "
            f"with its -wal and -shm files (mv {where} {where}.broken): open plans must then be planned again, "
            "applied migrations are recorded in the databases themselves.",
        )


class LedgerBusy(Refused):
    """Another process holds the ledger for longer than anyone should."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The ledger {where} was locked by another process for {BUSY_SECONDS:.0f} seconds.",
            "Nothing was changed. Try again; if it stays locked, look which program has the file open.",
        )


class LedgerTooNew(Refused):
    """The ledger was written by a newer version."""

    def __init__(self, where: str, version: int) -> None:
        super().__init__(
            f"The ledger {where} has schema version {version}, and this program knows versions up to {VERSION}.",
            "Upgrade db-migrate-mcp (another of your tools runs a newer one).",
        )


def open_file(path: Path) -> Engine:
    """An engine over the SQLite file at `path`, made when missing, readable by its owner only.

    Raises:
        LedgerUnreadable: The file cannot be opened, or is no ledger.
        LedgerTooNew: A newer version of this program wrote it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LedgerUnreadable(str(path), error.strerror or str(error)) from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # A connection a use: other processes, forks and a file moved aside are then never a special case.
        poolclass=NullPool,
        connect_args={"timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    prepare(engine, str(path))
    return engine


def prepare(engine: Engine, where: str) -> None:
    """Make the tables of an empty database, bring those of an older version forward."""
    with errors_named(where), engine.connect().execution_options(write=True) as connection, connection.begin():
        if not inspect(connection).has_table(ledger_schema.name):
            metadata.create_all(connection)
            connection.execute(insert(ledger_schema).values(version=VERSION))
        # One is the first version: the next one adds its step here and runs it from the number that is stored.
        stored = connection.execute(select(ledger_schema.c.version)).scalar_one_or_none()
    if stored is None:
        raise LedgerUnreadable(where, "its schema version is missing")
    if stored > VERSION:
        raise LedgerTooNew(where, stored)


@contextmanager
def errors_named(where: str) -> Generator[None]:
    """Turn the driver's errors into refusals that name the ledger."""
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise LedgerBusy(where) from error
        raise LedgerUnreadable(where, str(error.orig)) from error
    except IntegrityError:
        # A mistake of the caller, such as a plan id that exists: no fault of the ledger.
        raise
    except DBAPIError as error:
        raise LedgerUnreadable(where, str(error.orig)) from error


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling begins late, after the first read; ours begins when it is told to.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
