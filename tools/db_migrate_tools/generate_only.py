"""generate-only: pull the schema and generate types. Writes generated files, changes no database."""

from __future__ import annotations

from db_migrate_tools.ports import Progress, World
from db_migrate_tools.wire import GenerateOnlyInput, GenerateOutput


async def generate_only(request: GenerateOnlyInput, world: World, progress: Progress) -> GenerateOutput:
    """Generate types from the environment's schema as it is.

    Raises:
        Refused: The environment cannot be read.
    """
    await progress(f"Reading the schema of {request.env}")
    facts = await world.targets.target(request.env).facts()
    report = await world.types.generate(request.env, facts.catalog, check=request.check, progress=progress)
    return GenerateOutput(
        env=request.env,
        generators=report.generators,
        files=report.files,
        differences=report.differences,
        diagnostics=report.diagnostics,
        ok=report.ok,
        timings={run.name: round(run.ms, 1) for run in report.generators},
        next_steps=["Commit the generated files."]
        if report.ok
        else ["Mend what is listed, then call generate-only again."],
    )
