"""A history replayed on one database: each file planned, applied, taken back, compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

import asyncpg

from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.carry_out import execute
from db_migrate_tools.evidence import RollbackProof, TargetFacts
from db_migrate_tools.plan import plan
from db_migrate_tools.ports import Decision, Refused, World
from db_migrate_tools.schema.diff import describe, diff
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.wire import PlanInput, PlanOutput

HISTORY: Final = Path(__file__).resolve().parents[2] / "fixtures" / "history"
PULLED: Final = HISTORY.with_name("pulled")
MIGRATIONS: Final = "supabase/migrations"

_REASONS: Final = (
    ("search-path", r"set_config|search_path"),
    ("role", r"SET ROLE"),
    ("session", r"changes the session"),
    ("transactions", r"stands inside the script"),
    ("data", r"without the data"),
    ("rows-stay", r"rows remain that were not there before"),
    ("rows-gone", r"are not there any more"),
    ("values", r"values of .* differ"),
    ("sequence", r"starts again behind"),
    ("untried", r"had no rows in|but none of the"),
    ("rows", r"does not bring those rows back"),
    ("cast", r"are converted there and back"),
    ("left-out", r"could not be rehearsed"),
    ("fails", r"of the rollback failed"),
    ("differs", r"the schema is not as it was"),
    ("no-way", r"no statement that undoes"),
)
"""What the sentence behind an outcome speaks of, in a word for the table."""


@dataclass(frozen=True, slots=True)
class Line:
    """What planning one file came to. `outcome` is the rollback's word, `refused` or `empty`; `failures` say what
    was promised and did not come true.
    """

    name: str
    outcome: RollbackProof | str
    reason: str = ""
    unseen: int = 0
    why: str = ""
    failures: tuple[str, ...] = ()
    seconds: float = 0.0
    undone: bool = False

    @property
    def row(self) -> str:
        """The line of the committed table."""
        return "\t".join([self.name, self.outcome, self.reason, str(self.unseen)]).rstrip()


def files(project: Path = HISTORY) -> list[Path]:
    """The migration files in the order in which the Supabase CLI runs them."""
    return sorted((project / MIGRATIONS).glob("*.sql"))


def reason_of(why: str) -> str:
    """The sentence in words that a table holds."""
    found = [word for word, pattern in _REASONS if re.search(pattern, why)]
    return "+".join(found) or ("other" if why else "")


def without_comments(sql: str) -> str:
    """The text without comments; strings that look like comments do not occur here."""
    return re.sub(r"/\*.*?\*/", "", re.sub(r"--[^\n]*", "", sql), flags=re.S)


async def silent(_: str) -> None:
    """Progress that nobody hears."""


async def planned_from(world: World, name: str, level: str = "preview") -> PlanOutput:
    """The plan of one migration file for dev. Raises Refused."""
    source = {"from": "file", "path": f"{MIGRATIONS}/{name}"}
    request = PlanInput.model_validate({"env": "dev", "level": level, "source": source})
    return await plan(request, world, silent, client_has_form=True, lifetime_seconds=600)


class Replay:
    """One run over a database whose DSN is `dsn`, with the world of a project that holds the files."""

    def __init__(self, world: World, dsn: str) -> None:
        self._world = world
        self.dsn = dsn
        self._before: TargetFacts | None = None

    async def skip(self, path: Path) -> None:
        """Have the file applied without planning it."""
        await self._by_hand(path)

    async def one(self, path: Path, *, by_runner: bool) -> Line:
        """Plan the file, apply it as psql would or as `approve` does, and try its rollback on the real database."""
        began = perf_counter()
        found = await self._one(path, by_runner=by_runner)
        return replace(found, seconds=perf_counter() - began)

    async def _one(self, path: Path, *, by_runner: bool) -> Line:
        name = path.stem
        before = self._before or await self._facts()
        try:
            planned = await planned_from(self._world, path.name, "preview" if by_runner else "plan-only")
        except Refused as refusal:
            await self._by_hand(path)
            return Line(name, "refused", reason_of(str(refusal)), why=str(refusal))
        if not planned.plan.operations:
            await self._by_hand(path)
            return Line(name, "empty", why="no statement")
        why = planned.proof.why or ""
        line = Line(name, planned.proof.rollback, reason_of(why), _unseen(planned), why)
        failures = [*_told(planned)]
        if by_runner and planned.approval is not None:
            failures += await self._carry_out(planned)
        else:
            await self._by_hand(path)
        after = self._before = await self._facts()
        promised = planned.proof.schema_after
        if promised is not None and promised != after.fingerprint:
            failures.append("the schema is not the promised one")
        undone = line.outcome in {"proven", "proven-with-data-loss"}
        if undone:
            failures += await self._undo([step.sql for step in planned.plan.rollback_plan.steps], before)
        return replace(line, failures=tuple(failures), undone=undone)

    async def _carry_out(self, planned: PlanOutput) -> list[str]:
        stored = await self._world.ledger.by_id(planned.plan_id)
        assert stored is not None
        decision = Decision("approve", "a test", "terminal", "client-attested", stored.created_at)
        await self._world.ledger.move(stored.plan_id, ["previewed"], "approved", decision=decision)
        approved = await self._world.ledger.by_id(stored.plan_id)
        assert approved is not None
        outcome = await execute(approved, self._world, silent)
        return [] if outcome.status == "applied" else [f"not applied: {outcome.reason}"]

    async def _undo(self, statements: list[str], before: TargetFacts) -> list[str]:
        """Run the rollback on the real database in a transaction that is given up, and compare."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("BEGIN")
            for statement in statements:
                await connection.execute(statement)
            now = await read_catalog(connection)
        except asyncpg.PostgresError as error:
            return [f"the rollback fails here: {error}"]
        finally:
            await connection.close()
        if fingerprint(now) == before.fingerprint:
            return []
        left = diff(before.catalog, now)
        return [] if left.only_order else [f"not undone here: {'; '.join(describe(left)[:5])}"]

    async def _by_hand(self, path: Path) -> None:
        """As psql would run the file; recorded as the Supabase CLI does."""
        self._before = None
        sql = path.read_text("utf-8")
        connection = await asyncpg.connect(self.dsn)
        try:
            # asyncpg cannot run a text without any statement.
            if without_comments(sql).strip():
                await connection.execute(sql)
        finally:
            await connection.close()
        await self._record(path.stem)

    async def _record(self, name: str) -> None:
        version, _, rest = name.partition("_")
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(
                "CREATE SCHEMA IF NOT EXISTS supabase_migrations;"
                "CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations"
                "(version text PRIMARY KEY, statements text[], name text)"
            )
            await connection.execute(
                "INSERT INTO supabase_migrations.schema_migrations (version, name) VALUES ($1, $2) "
                "ON CONFLICT DO NOTHING",
                version,
                rest,
            )
        finally:
            await connection.close()

    async def _facts(self) -> TargetFacts:
        return await self._world.targets.target("dev").facts()


def _told(planned: PlanOutput) -> list[str]:
    """What must not be: a check that fails, a statement or an outcome without a word of why."""
    said = [f"{check.name}: {check.detail}" for check in planned.checks if check.status == "fail"]
    if not planned.proof.ran:
        said.append(f"not rehearsed: {planned.proof.why}")
    if planned.proof.rollback != "proven" and not planned.proof.why:
        said.append(f"{planned.proof.rollback} without a why")
    return said


def _unseen(planned: PlanOutput) -> int:
    """How many statements could not be watched."""
    found = [re.match(r"(\d+) statements? of", c.detail) for c in planned.checks if c.name == "rehearsal"]
    return sum(int(match[1]) for match in found if match)
