"""Files of the project: read once, never outside the root; written whole, never over somebody else's."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db_migrate_tools.ports import Refused
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.script import MOST_BYTES

_SYSTEM: Final = ("/proc", "/sys", "/dev")


@dataclass(frozen=True, slots=True)
class File:
    """A file's text, decoded; `sha256` is over its bytes as they were read; `path` is relative to the root."""

    path: str
    text: str
    sha256: str


def read_file(root: Path, name: str) -> File:
    """Read a regular file inside the root, once. Raises Refused for anything else."""
    shown = escape_hidden(name)
    real = _inside(root, name)
    if not stat.S_ISREG(_status(real, shown).st_mode):
        raise Refused(f"{shown} is not an ordinary file.", "Name a .sql or .md file of the project.")
    try:
        descriptor = os.open(real, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    except OSError as error:
        raise _unreadable(shown, error) from None
    with open(descriptor, "rb") as opened:  # noqa: PTH123
        status = os.fstat(descriptor)
        _same(root, name, status, shown)
        if status.st_size > MOST_BYTES:
            raise _too_large(shown, status.st_size)
        try:
            data = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise _unreadable(shown, error) from None
    if len(data) > MOST_BYTES:
        raise _too_large(shown, len(data))
    return File(real.relative_to(root.resolve()).as_posix(), decode(data, shown), hashlib.sha256(data).hexdigest())


def decode(data: bytes, shown: str) -> str:
    """UTF-8, with or without a byte order mark, or UTF-16 with one. Raises Refused for anything else."""
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(codecs.BOM_UTF32_LE):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        where = data.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{shown} is not UTF-8: line {where} holds bytes that are no characters.",
            "Save the file as UTF-8.",
        ) from None


def directory_for(root: Path, relative: str) -> Path:
    """A directory inside the root, made where it is missing. Raises Refused when it lies elsewhere."""
    directory = _inside(root, relative)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(relative, error) from None
    return directory


def write_new(directory: Path, name: str, text: str) -> Path | None:
    """Write a file that is not there yet, whole or not at all; None when a different one is there.

    A file with the same bytes counts as written.
    """
    target = directory / name
    data = text.encode()
    temporary = _temporary(directory, data)
    try:
        try:
            os.link(temporary, target)
        except FileExistsError:
            same = not target.is_symlink() and target.is_file() and target.read_bytes() == data
            return target if same else None
        except OSError as error:
            raise _unwritable(name, error) from None
        return target
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(directory: Path, name: str, text: str) -> Path:
    """Write a file, whole or not at all, in place of an earlier one."""
    target = directory / name
    temporary = _temporary(directory, text.encode())
    try:
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(name, error) from None
    return target


def _temporary(directory: Path, data: bytes) -> Path:
    try:
        descriptor, path = tempfile.mkstemp(prefix=".db-migrate-", dir=directory)
    except OSError as error:
        raise _unwritable(directory.name, error) from None
    with open(descriptor, "wb") as opened:  # noqa: PTH123
        opened.write(data)
        opened.flush()
        os.fsync(descriptor)
    temporary = Path(path)
    temporary.chmod(0o644)
    return temporary


def _inside(root: Path, name: str) -> Path:
    """The real path of a name under the root, every symbolic link followed; refused when it leads out."""
    shown = escape_hidden(name)
    if "\0" in name or not name.strip():
        raise Refused("The path is empty or holds a NUL byte.", "Name a file of the project.")
    base = root.resolve()
    try:
        real = (base / name).resolve()
    except (OSError, RuntimeError) as error:
        raise Refused(f"{shown} cannot be resolved ({type(error).__name__}).", "Name a file of the project.") from None
    system = any(real.is_relative_to(place) and not base.is_relative_to(place) for place in _SYSTEM)
    if system or not real.is_relative_to(base):
        raise Refused(
            f"{shown} lies outside the project.",
            f"Name a file under {base}, or give the SQL itself as source.",
        )
    return real


def _status(real: Path, shown: str) -> os.stat_result:
    try:
        return real.stat()
    except FileNotFoundError:
        raise Refused(f"There is no file {shown}.", "Check the path; it is relative to the project root.") from None
    except OSError as error:
        raise _unreadable(shown, error) from None


def _same(root: Path, name: str, opened: os.stat_result, shown: str) -> None:
    """What was opened must be what the name leads to inside the root: a link swapped in between is caught here."""
    now = _status(_inside(root, name), shown)
    if not stat.S_ISREG(opened.st_mode) or (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino):
        raise Refused(f"{shown} changed while it was being opened.", "Plan again.")


def _flag(name: str) -> int:
    value = getattr(os, name, 0)
    return value if isinstance(value, int) else 0


def _too_large(shown: str, size: int) -> Refused:
    return Refused(
        f"{shown} has {size / 1e6:.0f} MB; a migration may have {MOST_BYTES // 1_000_000} MB.",
        "Load bulk data outside the migration, or split the file.",
    )


def _unreadable(shown: str, error: OSError) -> Refused:
    return Refused(f"{shown} cannot be read: {error.strerror or type(error).__name__}.", "Check its permissions.")


def _unwritable(name: str, error: OSError) -> Refused:
    return Refused(
        f"{escape_hidden(name)} cannot be written: {error.strerror or type(error).__name__}.",
        "Check the directory’s permissions and free space.",
    )
