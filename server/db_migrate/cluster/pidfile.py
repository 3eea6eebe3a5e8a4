"""What postmaster.pid says, and whether the process it names is still that Postgres."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

# The keeper imports this module: nothing beyond the standard library.


def lines(data: str) -> list[str]:
    """The lines of a data directory's postmaster.pid; none when there is no such file."""
    try:
        text = Path(data, "postmaster.pid").read_text(encoding="utf-8")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines()]


def is_ready(data: str, pid: int) -> bool:
    """Whether the file is of this Postgres and says that it accepts connections."""
    found = lines(data)
    return len(found) > 7 and found[0] == str(pid) and found[7] == "ready"


def command_of(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    if not Path("/proc/self").exists():
        listed = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return listed.stdout.strip()
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def recorded(data: str) -> int | None:
    """The process that the file names."""
    found = lines(data)
    return int(found[0]) if found and found[0].isdecimal() else None


def forget_stale(data: str) -> bool:
    """Remove the file when its number now belongs to some other program, for then Postgres would refuse to start.
    True when it was removed. A Postgres that may be serving this directory is left to Postgres's own judgement.
    """
    pid = recorded(data)
    if pid is None:
        return False
    command = command_of(pid)
    backend = command.startswith("postgres: ")
    elsewhere = " -D " in command and data not in command
    if "postgres" in command and not backend and not elsewhere:
        return False
    Path(data, "postmaster.pid").unlink()
    return True


def end_postmaster(data: str) -> bool:
    """Tell the Postgres that serves this directory to quit at once; False when it has gone already."""
    pid = recorded(data)
    if pid is None or f" -D {data} " not in f"{command_of(pid)} ":
        return False
    os.kill(pid, signal.SIGQUIT)
    return True
