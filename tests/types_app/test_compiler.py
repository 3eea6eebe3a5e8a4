"""The compiler's words read back, and errors that are new."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from db_migrate.project.compiler import compile_project, compiler, diagnostics, new_errors
from db_migrate_tools.evidence import CompileError


def test_errors_are_read_in_every_layout(tmp_path: Path) -> None:
    output = f"""
> tracker@1.0.0 typecheck
> tsc --noEmit

src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.
  The expected type comes from here.
web:typecheck: src/b.tsx(12,1): error TS2339: Property 'x' does not exist on type '{{ a: number; }}'.
\x1b[96msrc/c.ts\x1b[0m:\x1b[93m4\x1b[0m:\x1b[93m2\x1b[0m - \x1b[91merror\x1b[0m\x1b[90m TS1005: \x1b[0m';' expected.
{tmp_path}/src/d.ts(1,1): error TS1: absolute
src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.
error TS5083: Cannot read file.
Found 4 errors.
"""
    assert diagnostics(output, tmp_path) == (
        CompileError("src/a.ts", 3, "TS2322", "Type 'string' is not assignable to type 'number'."),
        CompileError("src/b.tsx", 12, "TS2339", "Property 'x' does not exist on type '{ a: number; }'."),
        CompileError("src/c.ts", 4, "TS1005", "';' expected."),
        CompileError("src/d.ts", 1, "TS1", "absolute"),
    )


def test_an_error_that_moved_is_not_new_and_a_second_one_is() -> None:
    def error(line: int, message: str = "no") -> CompileError:
        return CompileError("a.ts", line, "TS1", message)

    assert new_errors([error(1)], [error(5)]) == ()
    assert new_errors([error(1)], [error(1), error(2)]) == (error(2),)
    assert new_errors([error(1)], [error(1, "yes")]) == (error(1, "yes"),)
    assert new_errors([error(1)], []) == ()


def test_it_says_why_a_project_cannot_be_compiled(tmp_path: Path) -> None:
    assert compiler(tmp_path, "") == "the project has no tsconfig.json"
    (tmp_path / "tsconfig.json").write_text("{}")
    assert "node_modules/.bin/tsc" in str(compiler(tmp_path, "/nowhere"))
    own = tmp_path / "node_modules" / ".bin"
    own.mkdir(parents=True)
    (own / "tsc").write_text("")
    (own / "tsc").chmod(0o755)
    assert "Node.js" in str(compiler(tmp_path, str(own)))
    (own / "node").write_text("")
    (own / "node").chmod(0o755)
    assert compiler(tmp_path, str(own)) is None


async def compiled(root: Path, tools: Path, scratch: Path) -> tuple[list[str], str | None]:
    path = f"{tools / '.bin'}:{os.environ['PATH']}"
    done = await compile_project(root, path=path, environ={}, scratch=scratch, seconds=60)
    return [f"{e.file}:{e.line} {e.code}" for e in done.errors], done.broken


async def test_a_configuration_that_only_refers_to_others_is_followed(tools: Path, tmp_path: Path) -> None:
    root = tmp_path / "app"
    for name, code in (("web", "export const a: number = 'x'\n"), ("api", "export const b = 1\n")):
        (root / name).mkdir(parents=True)
        (root / name / "index.ts").write_text(code)
        (root / name / "tsconfig.json").write_text(json.dumps({"compilerOptions": {"composite": True, "types": []}}))
    (root / "tsconfig.json").write_text(
        '{\n  // the parts\n  "files": [], /* none */\n'
        '  "references": [{ "path": "./web" }, { "path": "./api/tsconfig.json" },],\n}'
    )
    assert await compiled(root, tools, tmp_path) == (["web/index.ts:1 TS2322"], None)
    assert not list(root.rglob("*.tsbuildinfo"))


@pytest.mark.parametrize("config", ['{"extends": "./gone.json"}', '{"include": ["nothing"]}', "{"])
async def test_a_project_that_cannot_be_read_is_no_success(tools: Path, tmp_path: Path, config: str) -> None:
    root = tmp_path / "app"
    root.mkdir()
    (root / "tsconfig.json").write_text(config)
    errors, broken = await compiled(root, tools, tmp_path)
    assert errors or broken
    if broken:
        assert "TS" in broken


def test_the_compiler_is_found_in_a_search_path_as_the_platform_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_dir = tmp_path / "node_modules" / ".bin"
    bin_dir.mkdir(parents=True)
    for name in ("tsc", "node"):
        (bin_dir / name).write_text("")
        (bin_dir / name).chmod(0o755)
    (tmp_path / "tsconfig.json").write_text("{}")
    monkeypatch.setattr(os, "pathsep", ";")
    assert compiler(tmp_path, f"/usr/bin;{bin_dir}") is None
