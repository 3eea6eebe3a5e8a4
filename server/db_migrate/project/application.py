"""Which application files a migration would break: a copy of the application, compiled with tomorrow's types."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from db_migrate.project.compiler import Compiled, compile_project, compiler, new_errors
from db_migrate.project.scratch import scratch
from db_migrate_tools.evidence import ApplicationImpact

LEFT_OUT = frozenset({".git", "dist", "build", ".next", ".nuxt", ".turbo", ".db-migrate", "coverage", ".venv"})
_READ_BY_TSC = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json")
_MAX_FILES = 50_000
_MAX_FILE_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Application:
    """An application to compile. `output` is its types file, relative to the root; `path` where programs are."""

    root: Path
    output: str
    path: str
    environ: Mapping[str, str]
    seconds: float

    def why_not(self) -> str | None:
        """Why it cannot be compiled here, or None when it can."""
        if not (self.root / self.output).is_file():
            return f"{self.output} does not exist yet, so no code is written against it"
        return compiler(self.root, self.path)


class _TooLargeError(Exception):
    """The project has more files than are worth copying."""


async def impact(application: Application, before: str, after: str) -> ApplicationImpact:
    """Compile the application, which can be, with `before`'s types and with `after`'s; what only the latter breaks is
    the impact.
    """
    began = time.monotonic()
    if before == after:
        return ApplicationImpact(ran=True, ms=(time.monotonic() - began) * 1000)
    with scratch() as place:
        was, now = await _compile_both(application, before, after, place)
    ms = (time.monotonic() - began) * 1000
    why_not = was.broken or now.broken
    if why_not is None:
        return ApplicationImpact(ran=True, diagnostics=new_errors(was.errors, now.errors), ms=ms)
    return ApplicationImpact(ran=False, why_not=why_not, ms=ms)


async def _compile_both(application: Application, before: str, after: str, place: Path) -> tuple[Compiled, Compiled]:
    found: dict[str, Compiled] = {}

    async def compile_one(name: str, types: str) -> None:
        copy = place / name / application.root.name
        own = place / f"{name}-files"
        own.mkdir()
        try:
            await anyio.to_thread.run_sync(copy_application, application.root, copy)
        except _TooLargeError:
            found[name] = Compiled(broken=f"the project has more than {_MAX_FILES:,} source files")
            return
        (copy / application.output).write_text(types, "utf-8")
        found[name] = await compile_project(
            copy, path=application.path, environ=application.environ, scratch=own, seconds=application.seconds
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(compile_one, "before", before)
        tasks.start_soon(compile_one, "after", after)
    return found["before"], found["after"]


def copy_application(root: Path, copy: Path) -> None:
    """Copy what a compiler reads. Each node_modules is linked, not copied; nothing is written through the links."""
    files = 0
    for folder, names, contents in os.walk(root):
        here = copy / Path(folder).relative_to(root)
        here.mkdir(parents=True, exist_ok=True)
        if "node_modules" in names:
            (here / "node_modules").symlink_to(Path(folder).resolve() / "node_modules")
        names[:] = [n for n in names if n != "node_modules" and n not in LEFT_OUT]
        for name in contents:
            source = Path(folder) / name
            if name.endswith(_READ_BY_TSC) and source.is_file() and source.stat().st_size <= _MAX_FILE_BYTES:
                files += 1
                if files > _MAX_FILES:
                    raise _TooLargeError
                shutil.copyfile(source, here / name)
    _link_from_above(root, copy)


def _link_from_above(root: Path, copy: Path) -> None:
    """A workspace's packages may find their modules at its top."""
    if (copy / "node_modules").exists():
        return
    for folder in root.resolve().parents:
        if (folder / "node_modules").is_dir():
            (copy / "node_modules").symlink_to(folder / "node_modules")
            return
        if (folder / ".git").exists():
            return
