"""generate-only: what the generators said, as a result with a next step."""

from __future__ import annotations

import pytest

from db_migrate_tools.evidence import Env
from db_migrate_tools.generate_only import generate_only
from db_migrate_tools.ports import Progress
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.wire import CommandRun, GenerateOnlyInput, TypesReport
from tools.worlds import Databases, facts, quiet, world


class Generators:
    """Answers as told, and remembers whether it was asked to compile."""

    def __init__(self, *, ok: bool) -> None:
        self.ok = ok
        self.checks: list[bool] = []

    async def generate(self, env: Env, catalog: Catalog, *, check: bool, progress: Progress) -> TypesReport:
        del env, catalog, progress
        self.checks.append(check)
        run = CommandRun(name="built-in", command="types.ts", ok=self.ok, ms=1.26)
        return TypesReport(generators=[run], files=[], differences=["a"], diagnostics=[], ok=self.ok)

    async def application_impact(self, before: Catalog, after: Catalog, progress: Progress) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("ok", "step"),
    [(True, "Commit the generated files."), (False, "Mend what is listed, then call generate-only again.")],
)
async def test_the_report_comes_back_with_timings_and_a_next_step(ok: bool, step: str) -> None:
    types = Generators(ok=ok)
    given = world(Databases({"dev": facts("dev")}), types=types)  # type: ignore[arg-type]
    output = await generate_only(GenerateOnlyInput.model_validate({"check": False}), given, quiet)
    assert types.checks == [False]
    assert (output.ok, output.timings, output.next_steps) == (ok, {"built-in": 1.3}, [step])
