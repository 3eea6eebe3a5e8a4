"""What a statement leaves behind in Postgres's own books: locks, new files, scans; read and compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from db_migrate.shadow.relations import FIRST_USER_OID, INDEXES, ROWS, TABLES, Relation, Relations
from db_migrate_tools.evidence import Lock
from db_migrate_tools.schema.model import Ref

# One answer for everything: a line for each lock, and one (relation 0) with the rows of catalogs written so far.
# Every change of the catalogs is counted like a change of any table: no difference, nothing to read again.
LOOK = f"""
WITH held AS MATERIALIZED (
    SELECT l.relation, l.mode FROM pg_catalog.pg_locks l
    WHERE $2 AND l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
      AND l.relation >= {FIRST_USER_OID}
)
SELECT relation::int8, mode,
       coalesce((SELECT c.relkind::text FROM pg_catalog.pg_class c WHERE c.oid = relation), ''),
       coalesce((SELECT c.relfilenode FROM pg_catalog.pg_class c WHERE c.oid = relation), 0)::int8,
       coalesce((SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = relation), 0)::int8,
       pg_catalog.pg_stat_get_xact_numscans(relation)
FROM held
UNION ALL
SELECT 0, '', '', coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_inserted(o.oid)
                             + pg_catalog.pg_stat_get_xact_tuples_updated(o.oid)
                             + pg_catalog.pg_stat_get_xact_tuples_deleted(o.oid)), 0)::int8, 0, 0
FROM pg_catalog.unnest($1::oid[]) AS o (oid)
"""

_SAID = re.compile(
    r"rewriting table |verifying table |building index |validating foreign key constraint "
    r"|existing constraints on column |partition constraint for |updated partition constraint for "
)
SOURCES = frozenset({"tablecmds.c", "index.c", "partbounds.c"})
"""Files of Postgres from which those lines come."""

_QUOTED = re.compile(r'"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Touched:
    """What the session's transaction holds: modes by relation, and the present state of those relations.
    `written` counts the rows of catalogs that it has written.
    """

    modes: frozenset[tuple[int, str]] = frozenset()
    files: Mapping[int, int] = field(default_factory=dict[int, int])
    indexes: Mapping[int, int] = field(default_factory=dict[int, int])
    scans: Mapping[int, int] = field(default_factory=dict[int, int])
    written: int = 0


def touched(rows: Iterable[tuple[int, str, str, int, int, int]]) -> Touched:
    """What the lines of LOOK say."""
    modes: set[tuple[int, str]] = set()
    files: dict[int, int] = {}
    indexes: dict[int, int] = {}
    scans: dict[int, int] = {}
    written = 0
    for oid, mode, kind, file, table, scanned in rows:
        if not oid:
            written = file
            continue
        modes.add((oid, mode))
        files[oid] = file
        scans[oid] = scanned
        if kind == "i":
            indexes[oid] = table
    return Touched(frozenset(modes), files, indexes, scans, written)


class Books:
    """The state of a session's database as last read: what the copy began with, and what has changed since."""

    def __init__(self, known: Relations) -> None:
        self.known = known
        self.modes: frozenset[tuple[int, str]] = frozenset()
        self.written = 0
        self._files: dict[int, int] = {}
        self._seen_files: set[int] = set()
        self._indexes: set[int] = set()
        self._scans: dict[int, int] = {}

    def file_of(self, oid: int) -> int:
        known = self.known.by_oid.get(oid)
        return self._files.get(oid, known.file if known else 0)

    def has_file(self, file: int) -> bool:
        return file in self._seen_files or file in self.known.files

    def has_index(self, oid: int) -> bool:
        return oid in self._indexes or oid in self.known.by_oid

    def scans_of(self, oid: int) -> int:
        return self._scans.get(oid, 0)

    def take(self, now: Touched) -> None:
        """What was read is the state from which the next statement starts."""
        self.modes = now.modes
        self.written = now.written
        self._scans.update(now.scans)
        self._files.update(now.files)
        self._seen_files.update(now.files.values())
        self._indexes.update(now.indexes)

    def learn(self, changed: Mapping[int, Relation]) -> None:
        """Relations that changed while nobody held a lock on them."""
        for oid, relation in changed.items():
            self._files[oid] = relation.file
            self._seen_files.add(relation.file)
            if relation.kind == "i":
                self._indexes.add(oid)

    def begin(self, *, forget_scans: bool) -> None:
        """A new transaction: no lock is held. `forget_scans` where Postgres has put its counters back to 0."""
        self.modes = frozenset()
        self.written = 0
        if forget_scans:
            self._scans.clear()


@dataclass(frozen=True, slots=True)
class Traces:
    """What one statement did to relations that were there before the migration. `writes` are tables whose rows
    it may change, `truncated` those that it empties.
    """

    locks: frozenset[Lock] = frozenset()
    rewrites: frozenset[str] = frozenset()
    scans: frozenset[str] = frozenset()
    index_builds: frozenset[str] = frozenset()
    writes: frozenset[Ref] = frozenset()
    truncated: frozenset[Ref] = frozenset()

    def __or__(self, other: Traces) -> Traces:
        return Traces(
            self.locks | other.locks,
            self.rewrites | other.rewrites,
            self.scans | other.scans,
            self.index_builds | other.index_builds,
            self.writes | other.writes,
            self.truncated | other.truncated,
        )


def between(before: Books, after: Touched, *, count_scans: bool) -> Traces:
    """What happened between two readings of one transaction, told of the relations known beforehand.

    `count_scans` is False where only the planner chose the scan: on empty tables its choice says nothing.
    """
    known = before.known
    locks = {(oid, mode) for oid, mode in after.modes - before.modes if oid in known.by_oid}
    counts = {oid: _since(before.scans_of(oid), count) for oid, count in after.scans.items()}
    scanned = {oid for oid, count in counts.items() if count > 0}
    refiled = {oid for oid, file in after.files.items() if oid in known.by_oid and file and file != before.file_of(oid)}
    heaps = {oid for oid in refiled if known.by_oid[oid].kind not in INDEXES | {"S"}}
    # ALTER TYPE makes indexes anew with the old file where the order of values stays: nothing is built then.
    new = Counter(
        table
        for oid, table in after.indexes.items()
        if not before.has_index(oid) and not before.has_file(after.files[oid]) and table in known.by_oid
    )
    renewed = Counter(known.by_oid[oid].table for oid in refiled if known.by_oid[oid].kind == "i")
    through = {known.by_oid[oid].table for oid in scanned if oid in known.by_oid}
    # A new file without a look at the old one is TRUNCATE's. Each index built anew is one look at the new one.
    rewritten = {
        oid for oid in heaps if known.by_oid[oid].kind == "m" or counts.get(oid, 0) > renewed[oid] or oid in through
    }
    truncated = heaps - rewritten
    read = {oid for oid in scanned if counts[oid] > renewed[oid] + new[oid] and oid in known.by_oid}
    validated = {oid for oid in read - rewritten if known.by_oid[oid].kind in TABLES}
    return Traces(
        locks=frozenset(Lock(known.by_oid[oid].display, mode) for oid, mode in locks),
        rewrites=frozenset(known.names(rewritten)),
        # A rewrite and the building of an index read the table too; that is said once, as what it is.
        scans=frozenset(known.names(validated)) if count_scans else frozenset(),
        index_builds=frozenset(known.names({*new, *renewed} - rewritten - truncated)),
        writes=frozenset(
            known.by_oid[oid].ref
            for oid, mode in locks
            if mode == "RowExclusiveLock" and known.by_oid[oid].kind in ROWS
        ),
        truncated=frozenset(known.by_oid[oid].ref for oid in truncated),
    )


def _since(before: int, now: int) -> int:
    """Counters go back to 0 when Postgres has published them."""
    return now - before if now >= before else now


def across(before: Books, changed: Mapping[int, Relation]) -> Traces:
    """What a statement outside a transaction left behind: new files and new indexes. Its locks are watched for."""
    known = before.known
    refiled = {
        oid
        for oid, relation in changed.items()
        if oid in known.by_oid and relation.file and relation.file != before.file_of(oid)
    }
    rewritten = {oid for oid in refiled if known.by_oid[oid].kind in TABLES}
    built = {
        relation.table
        for oid, relation in changed.items()
        if relation.kind == "i" and (not before.has_index(oid) or oid in refiled) and relation.table in known.by_oid
    }
    return Traces(rewrites=frozenset(known.names(rewritten)), index_builds=frozenset(known.names(built - rewritten)))


def says(line: str) -> bool:
    """Whether a line is one by which Postgres says what it does to a relation."""
    return _SAID.match(line) is not None


def told(known: Relations, lines: Iterable[str]) -> tuple[str, ...]:
    """The lines by which Postgres says what it does to a relation that was there before the migration.

    The line on a foreign key names only the key, so it is always kept.
    """

    def concerns(line: str) -> bool:
        quoted = [part for text in _QUOTED.findall(line) for part in (text, text.rpartition(".")[0])]
        return line.startswith("validating foreign key") or not quoted or any(part in known.bare for part in quoted)

    return tuple(line for line in lines if says(line) and concerns(line))
