"""One statement in its place: what it did, what was there before it, and how big that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice, takewhile

from db_migrate_tools.analysis import locks
from db_migrate_tools.analysis.course import RELATIONS, Course, Transaction, spellings
from db_migrate_tools.analysis.names import counted, quote, size
from db_migrate_tools.analysis.parts import Parts
from db_migrate_tools.evidence import Observation, Rehearsal, TableSize, TargetFacts
from db_migrate_tools.schema.model import Catalog, Index, Kind, Object, Ref, Table
from db_migrate_tools.sql.model import Script, Statement


def _search_path(target: TargetFacts) -> list[str]:
    return [part.strip().strip('"') for part in target.settings.search_path.split(",")] or ["public"]


@dataclass(frozen=True, slots=True)
class Ground:
    """The target before the migration, with its relations found by name and measured. `now` are the parts of its
    relations, `then` those after the migration.
    """

    target: TargetFacts
    names: Mapping[str, Ref] = field(repr=False)
    partitions: Mapping[Ref, tuple[Ref, ...]] = field(repr=False)
    now: Parts = field(repr=False)
    then: Parts = field(repr=False)

    @classmethod
    def of(cls, target: TargetFacts, after: Catalog | None = None) -> Ground:
        names: dict[str, Ref] = {}
        partitions: dict[Ref, list[Ref]] = {}
        for thing in target.catalog:
            if thing.ref.kind in RELATIONS:
                for spelling in spellings(thing.ref):
                    names.setdefault(spelling, thing.ref)
            if isinstance(thing, Table) and thing.partition_of:
                partitions.setdefault(thing.partition_of, []).append(thing.ref)
        path = _search_path(target)
        found = {schema: list[Ref]() for schema in path}
        for thing in target.catalog:
            if thing.ref.schema in found and thing.ref.kind in RELATIONS:
                found[thing.ref.schema].append(thing.ref)
        for ref in (ref for schema in path for ref in found[schema]):
            names.setdefault(ref.name, ref)
            names.setdefault(quote(ref.name), ref)
            names.setdefault(f'"{ref.name}"', ref)
        children = {parent: tuple(refs) for parent, refs in partitions.items()}
        return cls(target, names, children, Parts(target.catalog), Parts(after if after is not None else ()))

    def size(self, ref: Ref) -> TableSize | None:
        """The relation with its partitions; None when nothing was measured."""
        own = self.target.sizes.get(ref) or self.target.sizes.get(Ref("view", ref.schema, ref.name))
        parts = [part for child in self.partitions.get(ref, ()) if (part := self.size(child))]
        if not parts:
            return own
        rows = [part.rows for part in parts if part.rows is not None]
        return TableSize(
            sum(rows) if len(rows) == len(parts) else None,
            sum(part.bytes for part in parts) + (own.bytes if own else 0),
            all(part.exact for part in parts),
        )

    def empty(self, ref: Ref) -> bool:
        """Whether the relation certainly holds no row: it was counted, or its heap has no page."""
        if ref in self.partitions:
            return all(self.empty(child) for child in self.partitions[ref])
        measured = self.size(ref)
        return measured is not None and measured.exact and measured.rows == 0

    def extent(self, ref: Ref) -> str:
        """How much is in the relation, in words."""
        measured = self.size(ref)
        if measured is None:
            return "size unknown"
        if self.empty(ref):
            return "empty"
        if measured.rows is None:
            return f"rows unknown (never analyzed), {size(measured.bytes)}"
        about = "" if measured.exact else "about "
        return f"{about}{counted(measured.rows, 'row')}, {size(measured.bytes)}"


@dataclass(frozen=True)
class Situation:
    """What a hazard rule looks at. `place` counts the statement from 0 in the migration's `course`; `moved` maps a
    renamed object to the name that it has in the target; `renamed` are this statement's own renames, `later` those of
    the statements after it; the first `held` locks of its transaction, `locked`, were taken before it: those that
    stop at least the writes of existing rows. `every` are all statements.
    """

    statement: Statement
    seen: Observation
    ground: Ground
    after: Catalog | None
    course: Course = field(default_factory=Course, repr=False)
    place: int = 0
    moved: Mapping[Ref, Ref] = field(default_factory=dict[Ref, Ref])
    renamed: tuple[tuple[Ref, Ref], ...] = ()
    later: tuple[tuple[Ref, Ref], ...] = ()
    locked: Transaction = field(default_factory=Transaction, repr=False)
    held: int = 0
    every: tuple[Statement, ...] = field(default=(), repr=False)

    @property
    def target(self) -> TargetFacts:
        return self.ground.target

    @property
    def before(self) -> Catalog:
        return self.ground.target.catalog

    def was(self, ref: Ref) -> Object | None:
        """The object as it is in the target now, under whatever name."""
        table = ref.relation
        if ref not in self.moved and table is not None and table in self.moved:
            old = self.moved[table]
            return self.before.get(Ref(ref.kind, old.schema, ref.name, old.name))
        return self.before.get(self.moved.get(ref, ref))

    def becomes(self, ref: Ref) -> Object | None:
        """The object as the whole migration leaves it."""
        if self.after is None:
            return None
        for old, new in self.later:
            ref = new if ref == old else _under(ref, old, new)
        return self.after.get(ref)

    def old(self, ref: Ref) -> Ref | None:
        """The table in the target that `ref` is now; None when the migration itself made it."""
        if ref in self.moved:
            return self.moved[ref]
        return None if self.course.made(ref, self.place) else ref

    def made_before(self, ref: Ref) -> bool:
        """Whether an earlier statement of the migration made it."""
        return self.course.made(ref, self.place - 1)

    def changes_later(self, ref: Ref) -> bool:
        """Whether a later statement changes it: then `becomes` does not tell what this one made of it."""
        names = chain([ref], (new for old, new in self.later if old == ref))
        return any(self.course.changes_later(name, self.place) for name in names)

    def part_of(self, part: Ref, table: Ref) -> bool:
        """Whether a column or constraint belongs to the table, which has the target's name."""
        return part.relation is not None and self.old(part.relation) == table

    def now(self, ref: Ref) -> Ref:
        """What the target's `ref` is called once this statement ran."""
        return next((new for new, old in self.moved.items() if old == ref), ref)

    def existing(self, name: str) -> Ref | None:
        """The relation that an observation names if it was there before the migration; observations use the names
        of that time. Indexes stand for their table.
        """
        ref = self.ground.names.get(name)
        if ref is None:
            if self.course.made_named(name, self.place):
                return None
            schema, _, relation = name.rpartition(".")
            return Ref("table", schema.strip('"'), relation.strip('"'))
        index = self.before.get(ref)
        return index.table if isinstance(index, Index) else ref

    def named(self) -> tuple[Ref, ...]:
        """The relations of the target that the statement's own text names."""
        return self._named

    @cached_property
    def _named(self) -> tuple[Ref, ...]:
        words = {spelling: old for new, old in self.moved.items() for spelling in (*spellings(new), quote(new.name))}
        names = (n for n in self.statement.relations if not self.course.made_named(n, self.place, bare=True))
        found = (words.get(name) or self.existing(name) for name in names)
        return tuple(ref for ref in found if ref is not None and ref in self.before)

    def locks(self) -> tuple[tuple[Ref, str], ...]:
        """The strongest lock on each relation that was there before the migration."""
        return self._locks

    @cached_property
    def _locks(self) -> tuple[tuple[Ref, str], ...]:
        held: dict[Ref, str] = {}
        for lock in self.seen.locks:
            ref = self.existing(lock.relation)
            if ref is not None and (ref not in held or locks.strength(lock.mode) > locks.strength(held[ref])):
                held[ref] = lock.mode
        return tuple(sorted(held.items()))

    def _full(self, relations: tuple[str, ...]) -> tuple[Ref, ...]:
        found = (self.existing(name) for name in relations)
        return tuple(dict.fromkeys(ref for ref in found if ref is not None and not self.ground.empty(ref)))

    @cached_property
    def rewrites(self) -> tuple[Ref, ...]:
        """Relations that hold rows and are written anew."""
        return self._full(self.seen.rewrites)

    @cached_property
    def scans(self) -> tuple[Ref, ...]:
        """Relations that hold rows and are read to the end."""
        return self._full(self.seen.scans)

    @cached_property
    def index_builds(self) -> tuple[Ref, ...]:
        """Relations that hold rows and get an index."""
        return self._full(self.seen.index_builds)

    def indexed(self, ref: Ref) -> bool:
        """Whether an index is built on the table's rows, or on those of its partitions."""
        return ref in self.index_builds or any(self.indexed(child) for child in self.ground.partitions.get(ref, ()))

    def mode(self, ref: Ref) -> str | None:
        return dict(self.locks()).get(ref)

    def stopped(self, *, but: Ref | None = None) -> tuple[tuple[Ref, str], ...]:
        """Existing relations whose writes at least wait for this statement."""
        return tuple((ref, mode) for ref, mode in self.locks() if locks.stops_writes(mode) and ref != but)

    def created(self, kind: Kind) -> tuple[Ref, ...]:
        return tuple(ref for ref in self.seen.created if ref.kind == kind)

    def altered(self, kind: Kind) -> tuple[Ref, ...]:
        """Objects that changed; what a plain RENAME touches has another name only."""
        names = set[Ref]() if self.statement.opaque else {ref for pair in self.renamed for ref in pair}
        return tuple(ref for ref in self.seen.altered if ref.kind == kind and ref not in names)

    def dropped(self, kind: Kind) -> tuple[Ref, ...]:
        """Objects that are gone after the statement; a rename drops nothing."""
        return tuple(ref for ref in self.seen.dropped if ref.kind == kind)

    def transaction(self) -> Iterator[Statement]:
        """The following statements that run in this one's transaction."""
        yield from takewhile(lambda statement: statement.transactional, islice(self.every, self.place + 1, None))


def _renamed(seen: Observation, alive: set[Ref]) -> tuple[tuple[Ref, Ref], ...]:
    """Old and new names: a rename is told as both of them altered, and only the old one was known."""
    pairs: list[tuple[Ref, Ref]] = []
    fresh = sorted(ref for ref in seen.altered if ref not in alive)
    for kind in dict.fromkeys(ref.kind for ref in fresh):
        new = [ref for ref in fresh if ref.kind == kind]
        old = sorted(ref for ref in seen.altered if ref.kind == kind and ref in alive)
        pairs += zip(old, new, strict=True) if len(old) == len(new) else ()
    return tuple(pairs)


def _under(ref: Ref, old: Ref, new: Ref) -> Ref:
    """`ref` once the relation `old` that it belongs to is called `new`."""
    if old.kind not in RELATIONS or (ref.schema, ref.parent) != (old.schema, old.name):
        return ref
    return Ref(ref.kind, new.schema, ref.name, new.name)


def situations(script: Script, target: TargetFacts, rehearsal: Rehearsal) -> tuple[Situation, ...]:
    """The statements in their order, each with what was observed of it."""
    ground, course, transaction = Ground.of(target, rehearsal.after), Course(), Transaction()
    seen = {observation.statement: observation for observation in rehearsal.observations}
    why_not = rehearsal.why_not or "the rehearsal did not reach it"
    alive, moved = set(target.catalog.objects), dict[Ref, Ref]()
    found: list[Situation] = []
    for place, statement in enumerate(script.statements):
        what = seen.get(statement.number, Observation(statement.number, observed=False, why_not=why_not))
        renamed = _renamed(what, alive)
        if renamed:
            moved = dict(moved)
        for old, new in renamed:
            alive.discard(old)
            if old.kind in RELATIONS:
                alive = {_under(ref, old, new) for ref in alive}
            alive.add(new)
            if course.made(old, place):
                course.bear([new], place)
            else:
                moved[new] = moved.pop(old, old)
        alive.difference_update(what.dropped)
        alive.update(what.created)
        course.bear(what.created, place)
        course.change(what.altered, place)
        if not statement.transactional:
            transaction = Transaction()
        situation = Situation(
            statement,
            what,
            ground,
            rehearsal.after,
            course=course,
            place=place,
            moved=moved,
            renamed=renamed,
            locked=transaction,
            held=len(transaction.held),
            every=script.statements,
        )
        found.append(situation)
        if statement.transactional:
            for ref, mode in situation.stopped():
                if not ground.empty(ref):
                    transaction.keep(ref, mode, statement.number, ours=statement.ours)
    later: tuple[tuple[Ref, Ref], ...] = ()
    for position in range(len(found) - 1, -1, -1):
        if later:
            found[position] = replace(found[position], later=later)
        if found[position].renamed:
            later = (*found[position].renamed, *later)
    return tuple(found)
