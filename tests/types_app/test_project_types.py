"""Types after a migration: the file, the project's commands, the compiler."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from db_migrate.project.types import ProjectTypes
from db_migrate.settings import TypeSettings
from db_migrate_tools.evidence import Env
from db_migrate_tools.wire import CommandRun, TypesReport
from types_app.site import CatalogAfter, Said, types_of

ADD = 'ALTER TABLE "User" ADD COLUMN "lastActiveAt" timestamptz'
DROP = 'ALTER TABLE "User" DROP COLUMN name'
OUTPUT = "src/types/database.types.ts"


def by_name(report: TypesReport) -> dict[str, CommandRun]:
    return {run.name: run for run in report.generators}


async def test_the_file_is_written_and_its_changes_are_told(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    report = await types_of(app).generate("dev", catalog_after(ADD), check=False, progress=said)
    assert report.ok
    assert report.differences == ["Tables.User.Row: added lastActiveAt: string | null"]
    (file,) = report.files
    text = (app / OUTPUT).read_text("utf-8")
    assert (file.path, file.changed, file.lines) == (OUTPUT, True, len(text.splitlines()))
    assert "lastActiveAt" in text
    assert said.lines == ["Generating TypeScript types"]


async def test_the_same_schema_changes_nothing(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    before = (app / OUTPUT).stat()
    report = await types_of(app).generate("dev", catalog_after(), check=False, progress=said)
    assert report.ok
    assert report.differences == []
    assert not report.files[0].changed
    assert (app / OUTPUT).stat().st_mtime_ns == before.st_mtime_ns


async def test_a_machine_without_node_is_no_failure(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    types = ProjectTypes(app, TypeSettings(), environ={"PATH": "/nowhere"}, home=app.parent)
    report = await types.generate("dev", catalog_after(ADD), check=True, progress=said)
    assert report.ok
    assert report.files[0].changed
    runs = by_name(report)
    assert runs["pull"].explanation == "not configured: package.json has no script db:pull"
    assert "not run" in str(runs["check"].explanation)


async def test_a_found_script_is_not_run_without_the_projects_dependencies(
    app: Path, tools: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    somewhere_else = f"{tools / '.bin'}:{os.environ['PATH']}"
    report = await types_of(app, path=somewhere_else).generate("dev", catalog_after(), check=True, progress=said)
    assert report.ok
    assert "dependencies are not installed" in str(by_name(report)["check"].explanation)


async def test_pnpm_runs_the_projects_scripts_with_the_given_variables_and_their_secrets_stay_secret(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "package.json").write_text(
        '{"scripts": {"db:pull": "node -e \'console.log(process.env.DATABASE_URL, process.env.DB_MIGRATE_X)\'",'
        ' "db:generate": "node -p 1+1", "typecheck": "tsc --noEmit"}, "packageManager": "pnpm@12.21.0"}'
    )

    async def extra(env: Env) -> Mapping[str, str]:
        assert env == "dev"
        return {"DATABASE_URL": "postgresql://app:hush@127.0.0.1:5432/app"}

    environ = {"PATH": os.environ["PATH"], "HOME": str(installed_app.parent), "DB_MIGRATE_X": "prod-secret"}
    types = ProjectTypes(installed_app, TypeSettings(), extra_env=extra, environ=environ, home=installed_app.parent)
    report = await types.generate("dev", catalog_after(ADD), check=True, progress=said)
    runs = by_name(report)
    assert report.ok, [r.output for r in report.generators]
    assert runs["pull"].command == "pnpm db:pull"
    assert "hush" not in report.model_dump_json()
    assert "prod-secret" not in report.model_dump_json()
    assert "•••" in runs["pull"].output
    assert runs["generate"].output.endswith("2")
    assert runs["check"].ok
    assert report.diagnostics == []
    assert "Running pnpm db:pull" in said.lines


async def test_errors_that_the_new_types_bring_are_told(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "src" / "old.ts").write_text("export const wrong: number = 'x'\n")
    types = types_of(installed_app)
    report = await types.generate("dev", catalog_after(DROP), check=True, progress=said)
    assert not report.ok
    assert {d.file for d in report.diagnostics} == {"src/report.ts", "src/users.ts"}, report.generators
    assert all(d.code.startswith("TS") and d.line > 0 for d in report.diagnostics)
    assert by_name(report)["check"].explanation == "The application does not compile."
    # Now they are the application's own, and all of them are shown.
    again = await types.generate("dev", catalog_after(DROP), check=True, progress=said)
    assert {d.file for d in again.diagnostics} > {"src/old.ts"}


async def test_when_compiling_before_failed_otherwise_it_is_not_known_which_errors_are_new(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "once.py").write_text(
        "import pathlib, subprocess, sys\n"
        "ran = pathlib.Path('ran')\n"
        "if not ran.exists(): ran.touch(); sys.exit('no licence server')\n"
        "sys.exit(subprocess.run(['tsc', '--noEmit']).returncode)\n"
    )
    types = types_of(installed_app, check=f"{sys.executable} once.py")
    report = await types.generate("dev", catalog_after(DROP), check=True, progress=said)
    assert report.diagnostics
    assert "is not known" in str(by_name(report)["check"].explanation)


async def test_errors_that_were_there_are_no_failure_of_new_types(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "src" / "old.ts").write_text("export const wrong: number = 'x'\n")
    report = await types_of(installed_app).generate("dev", catalog_after(ADD), check=True, progress=said)
    assert report.ok
    assert report.diagnostics == []
    assert by_name(report)["check"].explanation == "1 compile error was there before"


async def test_without_a_script_tsc_is_run(installed_app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    (installed_app / "package.json").write_text("{}")
    types = types_of(installed_app)
    report = await types.generate("dev", catalog_after(), check=True, progress=said)
    assert by_name(report)["check"].command == "tsc --noEmit"
    assert report.ok
    broken = await types.generate("dev", catalog_after(DROP), check=True, progress=said)
    assert not broken.ok
    assert broken.diagnostics


async def test_commands_of_the_configuration_must_be_there_and_succeed(
    app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (app / "fail.py").write_text("print('x' * 9000); print('Error: P1001'); raise SystemExit(1)")
    types = types_of(app, pull=f"{sys.executable} fail.py", generate="no-such-generator", check="a && b")
    report = await types.generate("dev", catalog_after(), check=True, progress=said)
    runs = by_name(report)
    assert not report.ok
    assert not runs["pull"].ok
    assert "could not reach its database" in str(runs["pull"].explanation)
    assert len(runs["pull"].output) == 4000
    assert runs["generate"].explanation == "not run, because the command before it failed"
    assert "without a shell" in str(runs["check"].explanation)

    report = await types_of(app, pull="", generate="no-such-generator", check="").generate(
        "dev", catalog_after(), check=True, progress=said
    )
    runs = by_name(report)
    assert set(runs) == {"types", "generate"}
    assert 'types.generate = ""' in str(runs["generate"].explanation)


async def test_a_command_that_hangs_is_ended_and_told(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    (app / "hang.py").write_text("import time\nprint('waiting', flush=True)\ntime.sleep(600)")
    types = types_of(app, pull=f"{sys.executable} hang.py", generate="", seconds=1.5)
    report = await types.generate("dev", catalog_after(), check=False, progress=said)
    pull = by_name(report)["pull"]
    assert not pull.ok
    assert "1.5 seconds" in str(pull.explanation)
    assert pull.output == "waiting"


async def test_a_program_that_cannot_be_started_is_told(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    (app / "node_modules" / ".bin").mkdir(parents=True)
    program = app / "node_modules" / ".bin" / "odd"
    program.write_bytes(b"\x7fELF nothing")
    program.chmod(0o755)
    report = await types_of(app, pull="odd", generate="").generate("dev", catalog_after(), check=False, progress=said)
    assert "could not be started" in str(by_name(report)["pull"].explanation)


async def test_types_of_another_environment_leave_the_development_commands_alone(
    app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    types = types_of(app, pull="no-such-program", generate="")
    report = await types.generate("staging", catalog_after(ADD), check=False, progress=said)
    assert report.ok
    assert "development database" in str(by_name(report)["pull"].explanation)


async def test_a_generator_that_writes_the_same_file_has_the_last_word(
    app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (app / "own.py").write_text(f"open('{OUTPUT}', 'w').write('export type Json = 1\\n')")
    types = types_of(app, pull="", generate=f"{sys.executable} own.py")
    report = await types.generate("dev", catalog_after(), check=False, progress=said)
    assert report.files[0].lines == 1
    assert report.files[0].changed


async def test_the_api_version_of_the_old_file_is_kept(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    path = app / OUTPUT
    text = path.read_text("utf-8")
    version = 'export type Database = {\n  __InternalSupabase: {\n    PostgrestVersion: "14.1"\n  }\n'
    path.write_text(text.replace("export type Database = {\n", version))
    report = await types_of(app).generate("dev", catalog_after(), check=False, progress=said)
    assert not report.files[0].changed


async def test_a_project_without_typescript_gets_no_file(
    tmp_path: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    report = await types_of(tmp_path).generate("dev", catalog_after(), check=True, progress=said)
    assert report.ok
    assert report.files == []
    assert report.differences == []
    assert list(tmp_path.iterdir()) == []
