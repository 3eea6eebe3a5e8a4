"""Programs of the project's: found, run, ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest

from db_migrate.project.commands import OUTPUT_LIMIT, find, run, search_path

ENV = {"PATH": os.environ["PATH"], "FORCE_COLOR": "1"}


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "script.py"
    path.write_text(text, "utf-8")
    return sys.executable, str(path)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped by init does not."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()


async def gone(pid: int) -> None:
    """Return once the process has gone: a signal takes a moment to arrive."""
    with anyio.fail_after(30):
        while alive(pid):
            await anyio.lowlevel.checkpoint()


async def test_output_and_status_come_back(tmp_path: Path) -> None:
    argv = script(
        tmp_path,
        "import os, sys\nprint(os.getcwd(), os.environ['NO_COLOR'], 'FORCE_COLOR' in os.environ)\n"
        "sys.stdout.flush(); sys.stderr.write('oh'); sys.exit(3)",
    )
    ran = await run(argv, cwd=tmp_path, env=ENV, seconds=60)
    assert (ran.status, ran.ok, ran.timed_out) == (3, False, False)
    assert ran.output == f"{tmp_path} 1 False\noh"
    assert ran.ms > 0


async def test_stdin_is_empty(tmp_path: Path) -> None:
    ran = await run(
        script(tmp_path, "print(repr(input.__self__ and __import__('sys').stdin.read()))"),
        cwd=tmp_path,
        env=ENV,
        seconds=60,
    )
    assert ran.output.strip() == "''"


async def test_much_output_keeps_its_end(tmp_path: Path) -> None:
    argv = script(tmp_path, f"for i in range(5): print('x' * {OUTPUT_LIMIT})\nprint('the end')")
    ran = await run(argv, cwd=tmp_path, env=ENV, seconds=60)
    assert ran.ok
    assert ran.output.endswith("the end\n")
    assert len(ran.output) <= OUTPUT_LIMIT


CHILD = """
import subprocess, sys, pathlib, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
pathlib.Path('pid').write_text(str(child.pid))
print('started', flush=True)
"""


async def test_the_time_limit_ends_the_program_and_its_children(tmp_path: Path) -> None:
    ran = await run(script(tmp_path, CHILD + "time.sleep(600)"), cwd=tmp_path, env=ENV, seconds=1.5)
    assert ran.timed_out
    assert not ran.ok
    assert "started" in ran.output
    await gone(int((tmp_path / "pid").read_text()))


async def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    ran = await run(script(tmp_path, CHILD), cwd=tmp_path, env=ENV, seconds=60)
    assert ran.ok
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_program_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    text = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)"
    )
    ran = await run(script(tmp_path, text), cwd=tmp_path, env=ENV, seconds=1.5)
    assert ran.timed_out
    assert ran.output == "deaf\n"


async def test_cancelling_ends_the_program(tmp_path: Path) -> None:
    argv = script(tmp_path, CHILD + "time.sleep(600)")
    async with anyio.create_task_group() as tasks:

        async def start() -> None:
            await run(argv, cwd=tmp_path, env=ENV, seconds=600)

        tasks.start_soon(start)
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_program_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run((str(tmp_path / "none"),), cwd=tmp_path, env=ENV, seconds=1)


def test_programs_are_found_where_editors_do_not_look(tmp_path: Path) -> None:
    root = tmp_path / "repository" / "packages" / "app"
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    root.mkdir(parents=True)
    home = tmp_path / "home"
    places = {
        "tsc": root / "node_modules" / ".bin",
        "turbo": tmp_path / "repository" / "node_modules" / ".bin",
        "pnpm": home / ".local" / "share" / "pnpm",
        "old": home / ".nvm" / "versions" / "node" / "v9.1.0" / "bin",
        "node": home / ".nvm" / "versions" / "node" / "v22.3.0" / "bin",
    }
    for name, place in places.items():
        place.mkdir(parents=True)
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    path = search_path(root, {"PATH": "/nowhere"}, home)
    assert {name: find(name, path) for name in places} == {name: str(p / name) for name, p in places.items()}
    assert path.index("v22.3.0") < path.index("v9.1.0")
    assert find("no-such-program", path) is None


def test_without_a_repository_only_the_projects_own_programs_count(tmp_path: Path) -> None:
    assert str(tmp_path.parent / "node_modules") not in search_path(tmp_path, {}, tmp_path)
