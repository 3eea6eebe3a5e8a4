"""After a migration is applied: its file, types, validation, report, feature status. None of it can undo it."""

from __future__ import annotations

from collections.abc import Callable

from db_migrate_tools.health import validate
from db_migrate_tools.ports import Order, Progress, Refused, StoredPlan, World
from db_migrate_tools.report.outcome import report_page
from db_migrate_tools.wire import Check, ExecutionReport, PlanOutput, TypesReport

NEXT_COMMANDS = ["/typescripter", "/g"]


async def after_applying(
    stored: StoredPlan, order: Order, report: ExecutionReport, world: World, progress: Progress
) -> ExecutionReport:
    """The report of an applied migration, with everything that followed it. What fails here is told as a check."""
    checks: list[Check] = []
    files: list[str] = []

    def keep(name: str, write: Callable[[], str | None]) -> None:
        try:
            path = write()
        except (Refused, OSError) as error:
            checks.append(Check(name=name, status="warn", detail=str(error), remedy="The database itself is migrated."))
        else:
            files.extend([path] if path else [])

    if not (stored.source or "").startswith(f"supabase/migrations/{order.version}_"):
        sql = "".join(f"{s.text};\n\n" for s in order.statements).rstrip() + "\n"
        keep("migration file", lambda: world.project.write_migration(order.version, order.name, sql))
    types: TypesReport | None = None
    await progress("Validating the database")
    try:
        facts = await world.targets.target(stored.env).facts()
    except Refused as refusal:
        checks.append(Check(name="connection", status="fail", detail=refusal.reason, remedy=refusal.remedy))
    else:
        expected = PlanOutput.model_validate_json(stored.page).proof.schema_after
        checks += validate(facts, order, expected=expected)
        undone = next((m.source for m in facts.history if m.version == order.undoes), None)
        if undone is not None:
            keep("feature status", lambda: world.project.mark_applied(undone, None, stored.env))
        await progress("Generating TypeScript types")
        types = await world.types.generate(stored.env, facts.catalog, check=True, progress=progress)
        checks.append(_types_check(types))
    full = report.model_copy(update={"types": types, "checks": checks, "next_commands": NEXT_COMMANDS, "files": files})
    keep(
        "report",
        lambda: world.project.write_report(stored.source, order.version, report_page(stored, order, full)),
    )
    source = stored.source
    if source is not None:
        keep("feature status", lambda: world.project.mark_applied(source, order.version, stored.env))
    return full.model_copy(update={"checks": list(checks), "files": list(files)})


def _types_check(types: TypesReport) -> Check:
    if not types.ok:
        failed = [run.explanation or f"{run.command} failed" for run in types.generators if not run.ok]
        diagnostics = [f"{d.file}:{d.line} {d.message}" for d in types.diagnostics[:5]]
        return Check(
            name="types",
            status="warn",
            detail=" ".join([*failed, *diagnostics]) or "Types could not be generated.",
            remedy="Mend it and call generate-only; the migration itself is applied.",
        )
    unwritten = next((run.explanation for run in types.generators if run.name == "types"), None)
    if unwritten is not None and unwritten.startswith("not written"):
        return Check(name="types", status="pass", detail=f"No types: {unwritten}")
    skipped = [run for run in types.generators if run.name == "check" and (run.explanation or "").startswith("not")]
    if skipped:
        return Check(
            name="types",
            status="pass",
            detail=f"Types are generated. The application was not compiled: {skipped[0].explanation}",
        )
    return Check(name="types", status="pass", detail="Types are generated and no new compile error appeared.")
