"""The user's project on disk: sources read, plans, migrations and reports written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final, Literal, cast

from db_migrate.project.features import bare_name, choose, find_features
from db_migrate.project.files import directory_for, read_file, replace_file, write_new
from db_migrate.project.mentions import find_mentions
from db_migrate.project.root import STATE, state_directory
from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Feature, Refused
from db_migrate_tools.specs import read_spec, split_marked
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.model import Blocker, Choice, Origin, Piece, Source
from db_migrate_tools.wire import FeatureSource, FileSource, SourceInput, SqlSource

MIGRATIONS: Final = "supabase/migrations"
REPORT: Final = "database-migration-report"
STATUS: Final = "migration-status.json"
_OURS: Final = "<!-- Written by db-migrate. It is replaced at the next migration of this feature. -->"
_MIGRATION_FILE: Final = re.compile(r"(\d+)_(.+)\.sql")
_PLAN_ID: Final = re.compile(r"[\w-]{1,80}")
_LONGEST_NAME: Final = 60


class FileProject:
    """The Project port over a directory. `feature_paths` and `generated` (files that are written by generators and
    never searched) are relative to the root.
    """

    def __init__(
        self,
        root: Path,
        feature_paths: Sequence[str] = (".agaile-os/features", ".agent-os/specs"),
        generated: Sequence[str] = (),
    ) -> None:
        self.root = root.resolve()
        self._paths = tuple(feature_paths)
        self._generated = tuple(generated)

    def features(self) -> tuple[Feature, ...]:
        """Every feature with a database-schema.md, newest first."""
        return find_features(self.root, self._paths)

    def read(self, source: SourceInput) -> Source:
        """Read a feature, file or inline source, once. Raises Refused."""
        if isinstance(source, FeatureSource):
            feature, said = choose(self.features(), source.feature, self._paths)
            return self._file(feature.path, "feature", feature.name, said)
        if isinstance(source, FileSource):
            return self._file(source.path, "file")
        if isinstance(source, SqlSource):
            digest = hashlib.sha256(source.sql.encode("utf-8", "surrogatepass")).hexdigest()
            return _of_sql("sql", slug(source.name), digest, source.sql)
        raise Refused(
            f"A source from {source.from_} is not a file of the project.",
            "Plan it with the environment whose history or schema it names.",
        )

    def unapplied_files(self, applied: Sequence[str]) -> tuple[str, ...]:
        """Files under supabase/migrations whose version is not in `applied`, in their order."""
        folder = self.root / MIGRATIONS
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
        matches = [(name, _MIGRATION_FILE.fullmatch(name)) for name in names]
        known = frozenset(applied)
        return tuple(f"{MIGRATIONS}/{name}" for name, match in matches if match and match[1] not in known)

    def write_plan(self, plan_id: str, markdown: str, sql: str) -> str:
        """Write the whole plan under .db-migrate/plans as <id>.md and <id>.sql; returns the page's relative path."""
        name = _plan_name(plan_id)
        directory = self._state("plans")
        replace_file(directory, f"{name}.sql", sql)
        return self._shown(replace_file(directory, f"{name}.md", markdown))

    def read_plan(self, plan_id: str, kind: Literal["md", "sql"]) -> str:
        """What write_plan wrote. Raises Refused when there is none."""
        path = f"{STATE}/plans/{_plan_name(plan_id)}.{kind}"
        if not (self.root / path).is_file():
            raise Refused(f"There is no plan {plan_id} in {STATE}/plans.", "Call status for the pending plans.")
        return read_file(self.root, path).text

    def write_migration(self, version: str, name: str, sql: str) -> str:
        """Write supabase/migrations/<version>_<name>.sql; the path relative to the root. A different file of that
        name stays: the next free name is taken.
        """
        if not version.isdecimal():
            raise Refused(f"{escape_hidden(version)} is no migration version.", "Versions are digits: 20260131120000.")
        directory = directory_for(self.root, MIGRATIONS)
        wanted = slug(name)
        for number in range(1, 1000):
            last = f"{wanted}_{number}" if number > 1 else wanted
            written = write_new(directory, f"{version}_{last}.sql", sql)
            if written is not None:
                return self._shown(written)
        raise Refused(f"{MIGRATIONS} is full of files named {version}_{wanted}.", "Remove those that are not meant.")

    def write_report(self, source_path: str | None, version: str, markdown: str) -> str:
        """Write the outcome beside the spec, over our own earlier report only; without a feature, under
        .db-migrate/reports. Returns the relative path.
        """
        folder = self._feature_folder(source_path)
        text = f"{_OURS}\n\n{markdown}"
        plain = slug(version)
        if folder is None:
            return self._shown(replace_file(self._state("reports"), f"{plain}.md", text))
        directory = directory_for(self.root, folder)
        for name in (f"{REPORT}.md", f"{REPORT}-{plain}.md"):
            target = directory / name
            if not target.is_symlink() and (not target.exists() or self._is_ours(target)):
                return self._shown(replace_file(directory, name, text))
        return self._shown(replace_file(self._state("reports"), f"{plain}.md", text))

    def mark_applied(self, source_path: str, version: str | None, env: Env) -> str | None:
        """Note beside a feature's spec which version brought it to `env`, or with version None that none stands there;
        returns None where the source is no feature's.
        The spec itself stays as it was planned: its digest is part of the history.
        """
        folder = self._feature_folder(source_path)
        if folder is None:
            return None
        directory = directory_for(self.root, folder)
        applied = self._applied(f"{folder}/{STATUS}")
        applied.pop(env, None)
        if version is not None:
            applied[env] = version
        text = json.dumps({"applied": dict(sorted(applied.items()))}, indent=2, ensure_ascii=False) + "\n"
        return self._shown(replace_file(directory, STATUS, text))

    def mentions(self, words: Sequence[str]) -> tuple[str, ...]:
        """Application files in which a word stands, as `path:line`. Mentions, not proof."""
        return find_mentions(self.root, words, self._generated)

    def _file(self, path: str, origin: Origin, feature: str | None = None, said: str | None = None) -> Source:
        file = read_file(self.root, path)
        place = PurePosixPath(file.path)
        name, version = _name_of(place, bare_name(feature) if feature else None)
        choices = (Choice(1, said),) if said else ()
        if place.suffix.lower() == ".sql":
            return _of_sql(origin, name, file.sha256, file.text, path=file.path, feature=feature, version=version)
        if place.suffix.lower() not in {".md", ".markdown"}:
            raise Refused(f"{escape_hidden(file.path)} is neither .sql nor .md.", "Name an SQL file or a spec.")
        spec = read_spec(file.text)
        return Source(
            origin=origin,
            name=name,
            sha256=file.sha256,
            up=spec.up,
            down=spec.down,
            path=file.path,
            feature=feature,
            choices=choices + spec.choices,
            blockers=spec.blockers,
        )

    def _state(self, folder: str) -> Path:
        state_directory(self.root)
        return directory_for(self.root, f"{STATE}/{folder}")

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _feature_folder(self, source_path: str | None) -> str | None:
        """The folder of a feature's spec, relative; None for anything that lies outside the feature paths."""
        if source_path is None:
            return None
        place = PurePosixPath(source_path)
        bases = [PurePosixPath(base) for base in self._paths]
        inside = ".." not in place.parts and any(place.is_relative_to(base) for base in bases)
        return str(place.parent) if inside and place.suffix == ".md" else None

    def _is_ours(self, target: Path) -> bool:
        return target.is_file() and target.read_bytes()[: len(_OURS.encode())] == _OURS.encode()

    def _applied(self, path: str) -> dict[str, str]:
        if not (self.root / path).is_file():
            return {}
        try:
            held: object = json.loads(read_file(self.root, path).text)
        except ValueError:
            return {}
        applied = cast("dict[str, object]", held).get("applied") if isinstance(held, dict) else None
        known = cast("dict[str, object]", applied) if isinstance(applied, dict) else {}
        return {env: version for env, version in known.items() if isinstance(version, str)}


def _plan_name(plan_id: str) -> str:
    if not _PLAN_ID.fullmatch(plan_id):
        raise Refused(f"{escape_hidden(plan_id)} is no plan’s id.", "Call status for the pending plans.")
    return plan_id


def slug(name: str) -> str:
    """A migration's name: lower-case letters, digits and underscores. Raises Refused when nothing is left."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:_LONGEST_NAME].strip("_")
    if not plain:
        raise Refused(
            f"The name “{escape_hidden(name)}” has no letter or digit of a–z, 0–9.",
            "Give a short name such as add_last_active.",
        )
    return plain


def _name_of(place: PurePosixPath, feature: str | None) -> tuple[str, str | None]:
    """A source's name, and its version where it is a file of supabase/migrations."""
    if feature is not None:
        return slug(feature), None
    match = _MIGRATION_FILE.fullmatch(place.name)
    if match is not None:
        in_place = place.parent.as_posix().endswith(MIGRATIONS)
        return slug(match[2]), match[1] if in_place else None
    # Prisma names the folder, not the file; a spec is named by its feature's folder.
    stem = place.stem
    if stem.lower() in {"migration", "database-schema", "up"}:
        parents = [part for part in place.parent.parts if part != "sub-specs"]
        stem = bare_name(parents[-1]) if parents else stem
        stem = re.sub(r"^\d{8,}_", "", stem)
    return slug(stem), None


def _of_sql(
    origin: Origin,
    name: str,
    sha256: str,
    text: str,
    *,
    path: str | None = None,
    feature: str | None = None,
    version: str | None = None,
) -> Source:
    """SQL text, cut at `-- Down` markers: what stands below one is a rollback and never runs as a change."""
    parts = split_marked(Piece(text))
    down = tuple(part.piece for part in parts if part.way == "down")
    choices = tuple(
        Choice(part.piece.line, f"Taken as rollback, because of its comment “{escape_hidden(part.marker)}”.")
        for part in parts
        if part.way == "down"
    )
    up = tuple(part.piece for part in parts if part.way == "up")
    nothing = Blocker(None, "There is no SQL statement to run here.", "Write the migration’s statements.")
    return Source(
        origin=origin,
        name=name,
        sha256=sha256,
        up=up,
        down=down,
        path=path,
        feature=feature,
        version=version,
        choices=choices,
        # A migration file without a statement changes nothing, but as long as it is not recorded it stays open.
        blockers=() if up or version is not None else (nothing,),
    )
