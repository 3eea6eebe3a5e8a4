"""Every change that one object can go through is seen, made and unmade exactly, on every major to be had here.

Two witnesses say what "exactly" means: our catalog and the text of pg_dump.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from clusters import binaries_of, running
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.schema.model import Column, Table, Type
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build
from schema.dumps import difference, without_order
from schema.mutation_run import Attempt, Bench
from schema.mutations import WAYS, Mutation, Way, read

MUTATIONS = {mutation.name: mutation for mutation in read()}
MAJORS = (15, 17, 18)
KNOWN = [(major, name) for major in MAJORS for name, mutation in MUTATIONS.items() if mutation.on(major)]
each_known = pytest.mark.parametrize(("major", "name"), KNOWN)
"""Every mutation on every major that knows it."""
each_major = pytest.mark.parametrize("major", MAJORS)
NOT_PLANNED_AGAIN = ("CREATE SUBSCRIPTION",)
"""Words of refusals that stand for derived SQL too: a subscription needs a password that is nowhere read."""


class Benches:
    """A server a major on which all its mutations were run, as soon as somebody asks for it."""

    def __init__(self, servers: ExitStack) -> None:
        self._servers = servers
        self._made: dict[int, Bench] = {}

    async def on(self, major: int) -> Bench:
        if major in self._made:
            return self._made[major]
        binaries = binaries_of(major)
        if binaries is None:
            pytest.skip(f"no binaries of Postgres {major} on this machine")
        made = self._made[major] = Bench(self._servers.enter_context(running(binaries)), binaries)
        await made.prepare()
        todo = [mutation for mutation in MUTATIONS.values() if mutation.on(major)]
        await made.run([mutation for mutation in todo if not mutation.alone], "all")
        for mutation in todo:
            if mutation.alone:
                await made.run([mutation], mutation.schema)
        return made


@pytest.fixture(scope="module")
def benches() -> Iterator[Benches]:
    with ExitStack() as servers:
        yield Benches(servers)


@pytest.fixture
async def bench(benches: Benches, major: int, anyio_backend: str) -> Bench:
    return await benches.on(major)


def _mutation(bench: Bench, name: str) -> Mutation:
    mutation = MUTATIONS[name]
    assert name not in bench.broken, bench.broken[name]
    return mutation


def test_every_major_knows_as_many_mutations_as_were_promised_each_with_a_name_of_its_own() -> None:
    names = [mutation.name for mutation in read()]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    on = Counter(major for major, _ in KNOWN)
    assert all(on[major] >= 120 for major in MAJORS), on


@each_known
def test_it_is_seen_and_named(bench: Bench, name: str) -> None:
    mutation = _mutation(bench, name)
    run = bench.runs[name]
    delta = run.ways["made"].delta
    assert not delta.empty
    assert fingerprint(run.before.catalog) != fingerprint(run.after.catalog)
    told = describe(delta)
    assert any(all(word in line for word in mutation.words) for line in told), told
    if mutation.unseen_by_dump:
        assert run.before.dump == run.after.dump
    else:
        assert run.before.dump != run.after.dump


@pytest.mark.parametrize("way", WAYS)
@each_known
def test_its_ddl_arrives_by_both_witnesses(bench: Bench, name: str, way: Way) -> None:
    mutation = _mutation(bench, name)
    run = bench.runs[name]
    for one in (run.ways[way], run.apart.get(way)):
        if one is not None:
            _arrived(mutation, way, one, apart=one is not run.ways[way])


def _arrived(mutation: Mutation, way: Way, one: Attempt, *, apart: bool) -> None:
    sql = "\n" + ";\n".join(one.statements)
    if way in mutation.fails:
        assert mutation.fails[way] in one.error
        return
    assert one.error == "", f"{one.error}{sql}"
    assert one.reached is not None
    left = diff(one.goal.catalog, one.reached.catalog)
    leaves = mutation.leaves.get(way, ())
    if leaves:
        assert describe(left) == leaves, sql
        return
    reorders = way in mutation.reorders
    assert left.empty or (left.only_order and (reorders or apart)), (describe(left), sql)
    assert left.reordered == tuple(ref for ref in one.delta.reordered), sql
    if reorders and not apart:
        assert left.only_order, "the columns' order was kept after all"
    if left.empty:
        assert fingerprint(one.reached.catalog) == fingerprint(one.goal.catalog)
    dumps = (one.goal.dump, one.reached.dump)
    differs = difference(*(map(without_order, dumps) if left.only_order else dumps))
    assert differs == "", f"{differs}{sql}"


@each_major
def test_the_second_witness_can_object(bench: Bench) -> None:
    run = bench.runs["a table's comment changes"]
    assert difference(run.before.dump, run.before.dump) == ""
    assert "COMMENT ON TABLE" in difference(run.before.dump, run.after.dump)


@each_major
async def test_all_mutations_at_once_arrive_too(bench: Bench) -> None:
    """One delta of everything, in one transaction: the order must hold between hundreds of objects."""
    at_once = {name: mutation for name, mutation in MUTATIONS.items() if name in bench.runs and not mutation.alone}
    for way in WAYS:
        left = await bench.all_at_once(way)
        told = {line for m in at_once.values() for line in m.leaves.get(way, ())} | {
            line for line in left if any(m.schema in line and way in m.reorders for m in at_once.values())
        }
        assert set(left) <= told


@each_major
def test_all_ddl_can_be_planned_later_as_a_stored_rollback(bench: Bench) -> None:
    refused: list[str] = []
    for name, run in bench.runs.items():
        for statement in {s for one in (*run.ways.values(), *run.apart.values()) for s in one.statements}:
            script = build([Piece(f"{statement};")], derived=True)
            kept = [s.text for s in script.statements] == [statement.strip()]
            if not kept and not any(reason in b.what for b in script.blockers for reason in NOT_PLANNED_AGAIN):
                refused.append(f"{name}: {statement}\n{script.blockers or script.choices}")
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("way", WAYS)
@each_known
def test_its_ddl_leaves_other_tables_as_they_are(bench: Bench, name: str, way: Way) -> None:
    _mutation(bench, name)
    one = bench.runs[name].ways[way]
    assert one.reached is not None
    for ref in sorted(untouched(one)):
        at = (ref[0], ref[1])
        old = next((b for b in one.delta.before if (b.ref.schema, b.ref.name) == at and isinstance(b, Table)), None)
        if old is not None and at in one.start.tables and at in one.goal.tables:
            assert one.reached.tables.get(at) == one.start.tables[at], f"{at}\n" + ";\n".join(one.statements)


def untouched(one: Attempt) -> set[tuple[str, str]]:
    """Tables of which nothing differs, and nothing of what their columns are made of."""
    delta = one.delta
    differs = {
        name
        for ref in (
            *(item.ref for item in (*delta.created, *delta.dropped)),
            *(change.ref for change in delta.altered),
            *(ref for rename in delta.renamed for ref in (rename.before, rename.after)),
        )
        for name in ((ref.schema, ref.parent or ref.name),)
    }
    found = 0
    while found < len(differs):
        found = len(differs)
        for item in delta.base:
            if isinstance(item, Column | Type) and any((r.schema, r.parent or r.name) in differs for r in item.depends):
                differs.add((item.ref.schema, item.ref.parent or item.ref.name))
    return {(item.ref.schema, item.ref.name) for item in delta.base if isinstance(item, Table)} - differs
