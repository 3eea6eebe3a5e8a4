"""What a migration would break in the application, before it runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from db_migrate.project.application import copy_application
from db_migrate_tools.schema.model import Object, Ref
from types_app.site import CatalogAfter, Said, types_of

ADD = 'ALTER TABLE "User" ADD COLUMN "lastActiveAt" timestamptz'
DROP = 'ALTER TABLE "User" DROP COLUMN name'


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(root)): (p.stat().st_mtime_ns, p.read_bytes())
        for folder, _, files in os.walk(root)
        for p in (Path(folder) / f for f in files)
    }


async def test_a_dropped_column_breaks_the_files_that_use_it_and_the_project_stays_untouched(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "src" / "old.ts").write_text("export const wrong: number = 'x'\n")
    before = everything(installed_app)
    impact = await types_of(installed_app).application_impact(catalog_after(), catalog_after(DROP), said)
    assert impact.ran, impact
    assert impact.why_not is None
    assert {d.file for d in impact.diagnostics} == {"src/report.ts", "src/users.ts"}
    users = (installed_app / "src" / "users.ts").read_text().splitlines()
    assert all("name" in users[d.line - 1] for d in impact.diagnostics if d.file == "src/users.ts")
    assert everything(installed_app) == before
    assert said.lines


async def test_an_added_column_breaks_nothing(installed_app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    impact = await types_of(installed_app).application_impact(catalog_after(), catalog_after(ADD), said)
    assert impact.ran
    assert impact.diagnostics == ()


async def test_types_that_stay_the_same_need_no_compiler(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    index = 'CREATE INDEX more ON "User" (name)'
    impact = await types_of(installed_app).application_impact(catalog_after(), catalog_after(index), said)
    assert impact.ran
    assert impact.ms < 1000


class Counted(dict[Ref, Object]):
    """Objects of a catalog that count how often all of them were looked at."""

    looks = 0

    def values(self) -> Any:
        self.looks += 1
        return super().values()


async def test_the_types_of_a_schema_that_stays_the_same_are_written_once(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    objects = Counted(catalog_after().objects)
    before, after = replace(catalog_after(), objects=objects), catalog_after('CREATE INDEX more ON "User" (name)')
    types = types_of(installed_app)
    for _ in range(3):
        assert (await types.application_impact(before, after, said)).ran
    assert objects.looks == 1


async def test_no_types_are_written_where_nothing_can_be_compiled(
    app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    objects = Counted(catalog_after().objects)
    impact = await types_of(app).application_impact(
        replace(catalog_after(), objects=objects), catalog_after(DROP), said
    )
    assert not impact.ran
    assert objects.looks == 0
    assert said.lines == []


async def test_it_says_why_the_application_was_not_compiled(app: Path, catalog_after: CatalogAfter, said: Said) -> None:
    before, after = catalog_after(), catalog_after(DROP)
    assert "node_modules" in str((await types_of(app).application_impact(before, after, said)).why_not)
    assert "types.output" in str((await types_of(app, output="").application_impact(before, after, said)).why_not)
    elsewhere = await types_of(app, output="src/none.ts").application_impact(before, after, said)
    assert "does not exist" in str(elsewhere.why_not)
    (app / "tsconfig.json").unlink()
    impact = await types_of(app).application_impact(before, after, said)
    assert (impact.ran, impact.why_not) == (False, "the project has no tsconfig.json")


async def test_a_compilation_that_cannot_be_done_is_no_success(
    installed_app: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    (installed_app / "tsconfig.json").write_text('{"extends": "../outside.json", "include": ["src"]}')
    impact = await types_of(installed_app).application_impact(catalog_after(), catalog_after(DROP), said)
    assert not impact.ran
    assert "tsc could not read the project" in str(impact.why_not)


async def test_the_compilers_notes_stay_out_of_the_linked_modules(
    app: Path, tools: Path, catalog_after: CatalogAfter, said: Said
) -> None:
    modules = app / "node_modules"
    modules.mkdir()
    for entry in tools.iterdir():
        (modules / entry.name).symlink_to(entry)
    config = (app / "tsconfig.json").read_text()
    own = '"incremental": true, "tsBuildInfoFile": "node_modules/.cache/app.tsbuildinfo", "strict": true'
    (app / "tsconfig.json").write_text(config.replace('"strict": true', own))
    impact = await types_of(app).application_impact(catalog_after(), catalog_after(DROP), said)
    assert impact.diagnostics
    assert not (modules / ".cache").exists()


def test_a_copy_has_sources_and_links_and_nothing_else(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    root = repository / "app"
    (repository / ".git").mkdir(parents=True)
    (repository / "node_modules").mkdir()
    for name in ("src/a.ts", "src/b.tsx", "data.json", "photo.jpg", "dist/out.js", ".next/types/x.ts", "lib/.env"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "lib" / "node_modules" / "dep").mkdir(parents=True)
    copy = tmp_path / "copy"
    copy_application(root, copy)
    files = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
    assert files == {"src/a.ts", "src/b.tsx", "data.json"}
    assert (copy / "lib" / "node_modules").readlink() == root / "lib" / "node_modules"
    assert (copy / "node_modules").readlink() == repository / "node_modules"
