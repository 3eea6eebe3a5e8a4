"""Where a project's development database lives, and what is kept there: passwords, port, URL."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from db_migrate.cluster import initialise, places
from db_migrate.cluster.launch import Home
from db_migrate_tools.ports import Refused

APPLICATION = "postgres"
DATABASE = "postgres"
ROOT_HOME = Path("/var/lib/db-migrate")
LOOPBACK = "127.0.0.1"


class LocationMissing(Refused):
    """The place that the project's `location` file names is not there; nothing was made in its stead."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of the superuser and of the application's role."""

    superuser: str = field(repr=False)
    application: str = field(repr=False)


def find_home(state_dir: Path, location: Path | None, root_home: Path = ROOT_HOME) -> Path:
    """The directory of the project's database, made when missing, and remembered in `dev/location`.

    Raises:
        LocationMissing: it was put somewhere that is not there now.
        NotServed: Postgres could not reach it.
    """
    note = state_dir / "dev" / "location"
    uid = places.server_uid()
    usual = state_dir / "dev"
    if uid is not None:
        usual = root_home / f"{state_dir.parent.name[:24] or 'project'}-{places.short_hash(state_dir)}"
    noted = Path(note.read_text(encoding="utf-8").strip()) if note.exists() else None
    home = (location.expanduser().resolve() if location else None) or noted or usual
    if home == noted and home != usual and not home.is_dir():
        raise LocationMissing(
            f"The development database was put at {home}, and that is not there.",
            f"Mount or restore it, or remove {note} to begin with an empty database.",
        )
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700 if uid is None else 0o711)
    except OSError as error:
        raise places.NotServed(
            f"Cannot make {home} for the development database: {error.strerror}.",
            "Give it another location, or set a URL for dev in db-migrate.toml.",
        ) from error
    if uid is not None and (barred := places.may_pass(home, uid)) is not None:
        raise places.NotServed(
            f"Postgres does not run as root, and user {uid} may not pass through {barred}.",
            "Choose a location that everybody may pass through, such as one below /var/lib.",
        )
    if home != usual or uid is not None:
        write_if_new(note, f"{home}\n")
    return home


def choose_port(note: Path) -> tuple[int, bool]:
    """The port of last time when it is free, else a free one, noted; and whether there is a loopback at all."""
    wanted = int(note.read_text(encoding="utf-8")) if note.exists() else 0
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As Postgres itself does: connections of the last run that linger do not make a port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen = int(probe.getsockname()[1])
        write_if_new(note, f"{chosen}\n")
        return chosen, True
    return wanted or 5432, False


def socket_directory(home: Path) -> Path:
    """Where the socket goes: beside the data when its path is short enough."""
    beside = home / "run"
    if places.socket_fits(beside):
        return beside
    return places.short_base() / f"d-{places.short_hash(home)}"


def secrets_of(home: Path) -> Secrets:
    """The passwords of this home, made at the first use."""
    path = home / "passwords.json"
    if not path.exists():
        made = {"superuser": secrets.token_urlsafe(24), "application": secrets.token_urlsafe(24)}
        initialise.write_secret(path, json.dumps(made))
    known: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return Secrets(known["superuser"], known["application"])


def url_for_people(known: Secrets, home: Home, port: int, *, loopback: bool) -> str:
    credentials = f"{APPLICATION}:{quote(known.application, safe='')}"
    if loopback:
        return f"postgresql://{credentials}@{LOOPBACK}:{port}/{DATABASE}\n"
    return f"postgresql://{credentials}@/{DATABASE}?host={quote(os.fspath(home.run), safe='')}&port={port}\n"


def write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        initialise.write_secret(path, text)
