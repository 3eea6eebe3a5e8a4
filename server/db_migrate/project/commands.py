"""A program of the project's: found on a host's minimal PATH, run without a shell, ended with all it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.abc

OUTPUT_LIMIT = 2_000_000
_GRACE_SECONDS = 2.0
_QUIET = {"NO_COLOR": "1", "CI": "1", "SUPABASE_TELEMETRY_DISABLED": "1", "PRISMA_HIDE_UPDATE_MESSAGE": "1"}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `output` is stdout and stderr as they came, at most its last two million bytes."""

    status: int
    output: str
    ms: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.timed_out


def search_path(root: Path, environ: Mapping[str, str], home: Path) -> str:
    """Where programs are looked for: the project's own, then PATH, then where Node and its managers usually live.

    Editors start servers with a PATH that knows none of the last.
    """
    upwards = up_to_repository(root)
    usual = [
        "/usr/local/bin",
        "/opt/homebrew/bin",
        *(
            home / place
            for place in (
                ".local/share/pnpm",
                "Library/pnpm",
                ".volta/bin",
                ".bun/bin",
                ".local/share/fnm/aliases/default/bin",
                ".local/share/mise/shims",
                ".asdf/shims",
                ".local/bin",
            )
        ),
        *sorted(home.glob(".nvm/versions/node/*/bin"), key=_node_version, reverse=True),
        "/usr/bin",
        "/bin",
    ]
    places = [*(d / "node_modules" / ".bin" for d in upwards), *environ.get("PATH", "").split(os.pathsep), *usual]
    return os.pathsep.join(dict.fromkeys(str(p) for p in places if str(p)))


def up_to_repository(root: Path) -> list[Path]:
    """The root and the folders above it, up to the repository's: a workspace keeps its programs at its top."""
    found: list[Path] = []
    for folder in (root, *root.parents):
        found.append(folder)
        if (folder / ".git").exists():
            return found
    return [root]


def _node_version(path: Path) -> tuple[int, ...]:
    return tuple(int(n) for n in path.parent.name.removeprefix("v").split(".") if n.isdigit())


def find(program: str, path: str) -> str | None:
    """The program's full path, or None."""
    return shutil.which(program, path=path)


async def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], seconds: float) -> Ran:
    """Run to the end, or to the time limit; then the whole process group is ended.

    Raises:
        OSError: The program cannot be started.
    """
    began = time.monotonic()
    process = await anyio.open_process(
        list(argv),
        cwd=cwd,
        env={**{k: v for k, v in env.items() if k != "FORCE_COLOR"}, **_QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    output = bytearray()
    timed_out = True
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, output)
            with anyio.move_on_after(seconds):
                await process.wait()
                timed_out = False
            await _end(process)
            # What the program left behind may hold the pipe open: nothing more of interest comes from it.
            tasks.cancel_scope.deadline = anyio.current_time() + _GRACE_SECONDS
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
            await process.aclose()
    text = output[-OUTPUT_LIMIT:].decode("utf-8", "replace")
    return Ran(process.returncode or 0, text, (time.monotonic() - began) * 1000, timed_out)


async def _read(process: anyio.abc.Process, output: bytearray) -> None:
    assert process.stdout is not None  # noqa: S101 - stdout=PIPE
    async for chunk in process.stdout:
        output += chunk
        if len(output) > 2 * OUTPUT_LIMIT:
            del output[:-OUTPUT_LIMIT]


async def _end(process: anyio.abc.Process) -> None:
    """End the process and everything that it started, politely first."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with anyio.move_on_after(_GRACE_SECONDS):
            await process.wait()
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await process.wait()


def _signal(process: anyio.abc.Process, number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return
