"""TypeScript's compiler: where it is, what to compile, and what it says."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from db_migrate.project.commands import Ran, find, run
from db_migrate_tools.evidence import CompileError

_PLAIN = re.compile(r"(?:^|\s)((?:[A-Za-z]:)?[^\s(:][^(\n:]*?)\((\d+),\d+\): error (TS\d+): (.*)")
_PRETTY = re.compile(r"(?:^|\s)((?:[A-Za-z]:)?[^\s:][^\n:]*?):(\d+):\d+ - error (TS\d+): (.*)")
_GLOBAL = re.compile(r"^error (TS\d+): (.*)", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_COMMENT_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r",(?=\s*[}\]])")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compiling came to. `broken` is an error that belongs to no file: then nothing was checked."""

    errors: tuple[CompileError, ...] = ()
    broken: str | None = None
    ms: float = 0.0


def compiler(root: Path, path: str) -> str | None:
    """Why the project cannot be compiled here, or None when it can."""
    if not (root / "tsconfig.json").is_file():
        return "the project has no tsconfig.json"
    if _local_compiler(path) is None:
        return "TypeScript is not installed in the project (node_modules/.bin/tsc): install its dependencies first"
    if find("node", path) is None:
        return "Node.js was not found on this machine"
    return None


async def compile_project(
    root: Path, *, path: str, environ: Mapping[str, str], scratch: Path, seconds: float
) -> Compiled:
    """Run tsc over the project's configuration, or over those that it refers to. `scratch` takes its own files."""
    tsc = _local_compiler(path) or "tsc"
    errors: list[CompileError] = []
    ms = 0.0
    for number, config in enumerate(_configurations(root)):
        # Build information of the project's own must not be overwritten by a compilation of other types.
        own = ("--incremental", "true", "--tsBuildInfoFile", str(scratch / f"{number}.tsbuildinfo"))
        argv = (tsc, "--noEmit", "--pretty", "false", *own, "-p", str(config))
        ran = await run(argv, cwd=root, env={**environ, "PATH": path}, seconds=seconds)
        ms += ran.ms
        found = diagnostics(ran.output, root)
        broken = _broken(ran, found, seconds)
        if broken is not None:
            return Compiled(broken=broken, ms=ms)
        errors += found
    return Compiled(tuple(sorted(set(errors))), ms=ms)


def diagnostics(output: str, root: Path) -> tuple[CompileError, ...]:
    """The compiler's errors in some command's output, files relative to the root, in order of file and line."""
    found: set[CompileError] = set()
    for line in _COLOUR.sub("", output).splitlines():
        match = _PLAIN.search(line) or _PRETTY.search(line)
        if match is not None:
            file, number, code, message = match.groups()
            found.add(CompileError(_relative(file, root), int(number), code, message.strip()))
    return tuple(sorted(found))


def new_errors(before: Iterable[CompileError], after: Sequence[CompileError]) -> tuple[CompileError, ...]:
    """Errors that were not there before. Lines may have moved: the same message in the same file is the same error."""
    known = Counter((e.file, e.code, e.message) for e in before)
    fresh: list[CompileError] = []
    for error in after:
        key = (error.file, error.code, error.message)
        if known[key]:
            known[key] -= 1
        else:
            fresh.append(error)
    return tuple(fresh)


def _broken(ran: Ran, found: Sequence[CompileError], seconds: float) -> str | None:
    if ran.timed_out:
        return f"tsc ran longer than {seconds:g} seconds"
    stray = _GLOBAL.search(_COLOUR.sub("", ran.output))
    if stray is not None:
        return f"tsc could not read the project: {stray[1]} {stray[2].strip()}"
    if not ran.ok and not found:
        return f"tsc ended with status {ran.status}: {ran.output.strip()[-300:]}"
    return None


def _local_compiler(path: str) -> str | None:
    own = os.pathsep.join(p for p in path.split(os.pathsep) if Path(p).parts[-2:] == ("node_modules", ".bin"))
    return find("tsc", own) if own else None


def _configurations(root: Path) -> list[Path]:
    """tsconfig.json, or the projects behind it when it only refers to others."""
    config = root / "tsconfig.json"
    try:
        found: object = json.loads(_without_comments(config.read_text("utf-8-sig")))
    except (OSError, ValueError):
        return [config]
    if not isinstance(found, dict):
        return [config]
    settings = cast("dict[str, object]", found)
    references = settings.get("references")
    if settings.get("files") != [] or not isinstance(references, list):
        return [config]
    paths = [cast("dict[str, object]", r).get("path") for r in cast("list[object]", references) if isinstance(r, dict)]
    return [root / p for p in paths if isinstance(p, str)] or [config]


def _without_comments(text: str) -> str:
    plain = _COMMENT_OR_STRING.sub(lambda m: m[0] if m[0].startswith('"') else " ", text)
    return _LAST_COMMA.sub("", plain)


def _relative(file: str, root: Path) -> str:
    path = Path(file)
    for base in (root, root.resolve()):
        if path.is_absolute() and path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return file.replace("\\", "/")
