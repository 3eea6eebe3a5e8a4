"""A migration judged as a plan judges it: target read, statements rehearsed, everything assessed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import asyncpg

from db_migrate.postgres.target import PostgresTarget
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.analysis.assess import Application, assess
from db_migrate_tools.evidence import Env, Rehearsal, TableSize, TargetFacts
from db_migrate_tools.kept.model import Keeping
from db_migrate_tools.kept.transform import keep
from db_migrate_tools.schema.model import Ref, Table
from db_migrate_tools.sql.model import Piece, Script
from db_migrate_tools.sql.script import build
from db_migrate_tools.wire import Hazard, MigrationPlan

BIG = TableSize(2_000_000, 505_000_000)


async def silent(_: str) -> None:
    """Progress that nobody hears."""


@dataclass(frozen=True)
class Case:
    """A judged migration with what it was judged from."""

    script: Script
    target: TargetFacts
    rehearsal: Rehearsal
    plan: MigrationPlan

    def codes(self) -> set[str]:
        return {hazard.code for operation in self.plan.operations for hazard in operation.hazards}

    def hazard(self, code: str) -> Hazard:
        found = [h for o in self.plan.operations for h in o.hazards if h.code == code]
        assert found, f"{code} not in {self.codes()}"
        return found[0]


class Judge:
    """`sizes` are the tables' sizes by name; without them all are big, with {} as Postgres measures them: empty.

    A target is read once for each setup: the shadow keeps its schema as a template.
    """

    def __init__(
        self,
        shadow: ShadowRehearsal,
        make_database: Callable[[], Awaitable[str]],
        dumps: dict[str, str],
        known: dict[str, TargetFacts],
    ):
        self.shadow = shadow
        self.known = known
        self.make_database = make_database
        self.dumps = dumps

    async def facts(self, setup: str) -> TargetFacts:
        if setup not in self.known:
            self.known[setup] = await self._read(setup)
        return self.known[setup]

    async def _read(self, setup: str) -> TargetFacts:
        dsn = await self.make_database()
        connection = await asyncpg.connect(dsn)
        await connection.execute(setup)
        await connection.close()
        self.dumps["dsn"] = dsn

        async def url() -> str:
            return dsn

        return await PostgresTarget("dev", url).facts()

    async def __call__(
        self,
        setup: str,
        sql: str,
        *,
        sizes: dict[str, TableSize] | None = None,
        env: Env = "dev",
        application: Application | None = None,
        reversible: bool = False,
    ) -> Case:
        facts = await self.facts(setup)
        measured = dict(facts.sizes)
        tables = {o.ref.name for o in facts.catalog if isinstance(o, Table)}
        for name, size in (sizes if sizes is not None else dict.fromkeys(tables, BIG)).items():
            measured[Ref("table", "public", name)] = size
        facts = replace(facts, sizes=measured, identity=replace(facts.identity, env=env))
        script = build([Piece(sql)])
        assert not script.blockers, script.blockers
        keeping = keep(script, facts, "") if reversible else Keeping(script)
        script = keeping.script
        rehearsal = await self.shadow.rehearse(facts, script.statements, (), silent, keeping.way_back)
        plan = assess(script, facts, rehearsal, env=env, application=application)
        return Case(script, facts, rehearsal, plan)
