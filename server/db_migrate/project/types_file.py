"""The generated types file on disk: read, written whole or not at all, never in place of something hand-written."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

_TYPES = re.compile(r"^export (?:type|interface) (?:Json|Database)\b", re.MULTILINE)
_TYPESCRIPT_PROJECT = ("package.json", "tsconfig.json", "deno.json", "deno.jsonc", "jsr.json")


@dataclass(frozen=True, slots=True)
class TypesFile:
    """`output` is relative to the root; "" writes nothing. `asked_for`: the project's configuration names it."""

    root: Path
    output: str
    asked_for: bool = False

    def read(self) -> str | None:
        """Its text with plain line ends, or None when there is none."""
        if not self.output:
            return None
        try:
            return (self.root / self.output).read_text("utf-8").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError):
            return None

    def why_not(self) -> str | None:
        """Why there is no file to be written here, if so."""
        if not self.output:
            return 'not written: types.output is "" in db-migrate.toml'
        wanted = self.asked_for or (self.root / self.output).exists()
        if not wanted and not any((self.root / name).is_file() for name in _TYPESCRIPT_PROJECT):
            return "not written: this is no TypeScript project. To have types all the same, set types.output"
        return None

    def write(self, text: str, old: str | None) -> str | None:
        """Write `text` if it differs from `old`. Returns what went wrong, with what to do."""
        path = self.root / self.output
        if not path.resolve().is_relative_to(self.root.resolve()):
            return f"{self.output} leads out of the project. Set types.output to a path inside it."
        if text == old:
            return None
        if path.exists() and (old is None or (old.strip() and not _TYPES.search(old))):
            return f"{self.output} is no generated types file, so it was left alone. Set types.output to another path."
        try:
            _replace(path.resolve(), text)
        except OSError as error:
            return f"{self.output} could not be written: {error.strerror}. Check that folder's permissions."
        return None


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
