from pathlib import Path
from analysis.judge import Judge
from db_migrate_tools.analysis.checks import checks
from db_migrate_tools.report.plan import render
from db_migrate_tools.report.shorten import shorten, cost
from db_migrate_tools.wire import *

async def test_look(judge: Judge):
    setup = Path("fixtures/app/database.sql").read_text()
    import asyncpg
    for r in ("anon","authenticated","service_role"):
        dsn = await judge.make_database()
        c = await asyncpg.connect(dsn)
        try: await c.execute(f"create role {r}")
        except asyncpg.DuplicateObjectError: pass
        await c.close()
    import re
    spec = Path(next(Path("fixtures/app").rglob("*notif*/**/database-schema.md"))).read_text()
    sql = "\n".join(re.findall(r"```sql\n(.*?)```", spec.split("## Rollback")[0], re.S))
    case = await judge(setup, sql, sizes={})
    out = make(case)
    Path("/tmp/w/analysis/page.md").write_text(render(out, markdown=True))
    Path("/tmp/w/analysis/page.txt").write_text(render(out, markdown=False))
    print(len(render(out, markdown=True)), cost(out), cost(shorten(out)))
    big = await judge(setup, '''ALTER TABLE "Project" ALTER COLUMN name TYPE varchar(20); ALTER TABLE "User" ADD COLUMN token uuid DEFAULT gen_random_uuid(); ALTER TABLE "User" ALTER COLUMN email DROP NOT NULL; ALTER TABLE "User" ALTER COLUMN name SET NOT NULL; CREATE INDEX big ON "Task" (title); ALTER TABLE "User" RENAME COLUMN email TO mail; UPDATE "Task" SET title = title; DROP TABLE "Project" CASCADE; '''.replace('ALTER TABLE "Project" ALTER COLUMN name TYPE varchar(20)','ALTER TABLE "Task" ALTER COLUMN title TYPE varchar(20)'), env='prod')
    Path("/tmp/w/analysis/page2.txt").write_text(render(make(big, 'prod'), markdown=False))

def make(case, env="dev"):
    return PlanOutput(plan_id="p1", level="preview", env=env, digest="ab"*32, short_code="abababab",
        target=Target(env=env, host="db.lmnpveudnonakxbrawlu.supabase.co", database="postgres", role="postgres", server_version="18.6", status="reachable", latency_ms=3),
        source=SourceOut(from_="feature", name="notifications", sha256="cd"*32, path=".agaile-os/features/2025-09-04-notifications/sub-specs/database-schema.md", feature="2025-09-04-notifications", choices=["line 66: taken as rollback, not run"]),
        plan=case.plan, proof=Proof(ran=case.rehearsal.ran, on=case.rehearsal.on, schema_from=case.rehearsal.schema_from, statements=len(case.script.statements), rollback=case.rehearsal.rollback.proof if case.rehearsal.rollback else "not-proven", why=case.rehearsal.why_not, ms=3),
        checks=checks(case.script, case.target, case.rehearsal, source_sha256="x", unapplied=["supabase/migrations/20260901090000_init.sql"]),
        checkpoint=Checkpoint(required="client-attested", available="client-attested", credentials="open", reason="A person answers the form that the MCP client shows. A connection that can change dev is readable on this machine: an assistant that has a shell could go round this checkpoint.", remedy="keep the connection off the machine"),
        approval=Approval(token="tok_abcdefghijklmnopqrstuv", expires_at="2026-11-24T00:00:00Z"),
        options=[Option(title="Apply it", call='approve(token: <token>, env: "dev")'), Option(title="Only refresh the TypeScript types", call='generate-only(env: "dev")')],
        next_steps=["Show this page to the person.", 'Call approve with the token and env "dev".'], resource="db-migrate://plans/p1", file=".db-migrate/plans/p1.md")
