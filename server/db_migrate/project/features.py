"""Feature folders: where they lie, which are done, which one is meant."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from db_migrate.project.files import read_file
from db_migrate_tools.ports import Feature, Refused
from db_migrate_tools.sql.hidden import escape_hidden

SPEC: Final = "database-schema.md"
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[-_]?")
_BOX: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[([ xX])\]", re.M)
_STATUS: Final = re.compile(r"^\s*(?:>\s*)?(?:[-*]\s+)?\**status\**\s*:\**\s*\W*(\w+)", re.I | re.M)
_DONE_WORDS: Final = frozenset({"complete", "completed", "done", "implemented", "shipped", "archived", "closed"})
_DONE_FOLDERS: Final = frozenset({"done", "complete", "completed", "archive", "archived"})


def find_features(root: Path, paths: Sequence[str]) -> tuple[Feature, ...]:
    """Every feature with a database-schema.md under the configured paths, newest first."""
    found: dict[str, Feature] = {}
    for base in paths:
        folder = root / base
        try:
            outside = not folder.resolve().is_relative_to(root.resolve())
        except (OSError, RuntimeError):
            continue  # links in a circle lead nowhere
        if outside:
            continue
        for directory in _folders(folder):
            if directory.name == "active" or directory.name in _DONE_FOLDERS:
                for inner in _folders(directory):
                    _add(root, inner, found, done=directory.name != "active")
            if directory.name != "active":
                _add(root, directory, found, done=False)
    return tuple(sorted(found.values(), key=_age, reverse=True))


def choose(features: Sequence[Feature], named: str | None, paths: Sequence[str]) -> tuple[Feature, str | None]:
    """The named feature, or the newest active one, and a sentence on the choice where there was one.
    Raises Refused when there is none, or when two are equally new.
    """
    if named is not None:
        return _named(features, named, paths), None
    candidates = [feature for feature in features if feature.active and not feature.done]
    if not candidates:
        where = " and ".join(paths) or "no path"
        done = f" {len(features)} finished there." if features else ""
        raise Refused(
            f"No active feature with a {SPEC} was found in {where}.{done}",
            "Name a feature, a file, or give the SQL: source {from: feature, feature: …}, {from: file, path: …}.",
        )
    declared = [feature for feature in candidates if "/active/" in f"/{feature.path}"]
    rivals = declared or candidates
    newest = max(rivals, key=_age)
    equal = rivals if declared else [f for f in rivals if _age(f) == _age(newest)]
    if len(equal) > 1:
        names = ", ".join(sorted(feature.name for feature in equal))
        raise Refused(
            f"Several features are active: {escape_hidden(names)}.",
            "Name the one that is meant: source {from: feature, feature: …}.",
        )
    others = len(candidates) - 1
    said = f"The feature {newest.name} is the newest of {len(candidates)} active ones." if others else None
    return newest, said


def bare_name(feature: str) -> str:
    """A feature's name without its date."""
    return _DATE.sub("", feature, count=1) if _DATE.match(feature) else feature


def _named(features: Sequence[Feature], named: str, paths: Sequence[str]) -> Feature:
    exact = [f for f in features if named in {f.name, f.path, f.path.rpartition("/")[0]}]
    matching = exact or [f for f in features if bare_name(f.name) == named]
    if len(matching) == 1:
        return matching[0]
    if matching:
        where = ", ".join(sorted(f.path for f in matching))
        raise Refused(f"Several features are called {escape_hidden(named)}: {where}.", "Name the folder’s whole path.")
    known = ", ".join(sorted(f.name for f in features)[:10]) or "none"
    raise Refused(
        f"There is no feature {escape_hidden(named)} with a {SPEC} in {' and '.join(paths)}.",
        f"Known features: {escape_hidden(known)}.",
    )


def _folders(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return  # not there, or not for us to read: no features
    yield from found


def _add(root: Path, directory: Path, found: dict[str, Feature], *, done: bool) -> None:
    for spec in (directory / "sub-specs" / SPEC, directory / SPEC):
        try:
            status = spec.stat()
        except OSError:
            continue  # not there, gone meanwhile, or in a folder that nobody may enter
        if stat.S_ISREG(status.st_mode):
            path = spec.relative_to(root).as_posix()
            finished = done or _is_done(root, directory, path)
            found[path] = Feature(directory.name, path, not finished, status.st_mtime, finished)
            return


def _is_done(root: Path, directory: Path, spec: str) -> bool:
    """Done: tasks.md has boxes and all are ticked, or a Status line says so."""
    tasks = _text(root, (directory / "tasks.md").relative_to(root).as_posix())
    boxes = _BOX.findall(tasks)
    if boxes and all(box != " " for box in boxes):
        return True
    for name in (spec, (directory / "spec.md").relative_to(root).as_posix()):
        said = _STATUS.search(_text(root, name)[:2000])
        if said is not None and said[1].lower() in _DONE_WORDS:
            return True
    return False


def _text(root: Path, name: str) -> str:
    try:
        return read_file(root, name).text if (root / name).is_file() else ""
    except (Refused, OSError):
        return ""  # an unreadable note says nothing; the spec itself is refused when it is planned


def _age(feature: Feature) -> tuple[bool, str, float]:
    """Dated folders by their date, before undated ones by their spec's time."""
    dated = _DATE.match(feature.name)
    return (True, dated[1], 0.0) if dated else (False, "", feature.modified)
