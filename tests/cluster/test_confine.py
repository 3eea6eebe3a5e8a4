"""What Postgres is denied before it starts; tried on a process of our own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from db_migrate.cluster import confine

PRELUDE = """
import json, os, resource, socket, sys
from db_migrate.cluster import confine
place, mine = sys.argv[1], [sys.prefix, sys.base_prefix, *sys.path]
def outcome(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="a feature of Linux")


def inside(code: str, place: Path) -> Any:
    """What a process prints as JSON after running `code`."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, place], check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    return json.loads(done.stdout)


def test_limits_are_set_for_good_and_never_raised(place: Path) -> None:
    found = inside(
        """
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
confine.limit({"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 5000})
print(json.dumps([resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)]))
""",
        place,
    )
    assert found == [[0, 0], [200, 200]]


@pytest.mark.skipif(confine.landlock_version() == 0, reason="this kernel has no Landlock")
def test_a_confined_process_reaches_its_own_files_and_no_others(place: Path) -> None:
    (place / "own").mkdir()
    (place / "secret").write_text("secret")
    found = inside(
        """
# The working directory too: there goes what measures these tests.
confined = confine.restrict_files(
    readable=mine, executable=[], writable=[place + "/own", os.getcwd(), "/no/such/place"]
)
tcp = socket.socket()
print(json.dumps({
    "confined": confined,
    "own": outcome(lambda: open(place + "/own/file", "w").close()),
    "read": outcome(lambda: open(place + "/secret").close()),
    "write": outcome(lambda: open(place + "/new", "w").close()),
    "list": outcome(lambda: os.listdir(place)),
    "run": outcome(lambda: os.posix_spawn("/usr/bin/env", ["env"], {})),
    "null": outcome(lambda: open("/dev/null", "w").close()),
    "tcp": outcome(lambda: tcp.bind(("127.0.0.1", 0))),
}))
tcp.close()
""",
        place,
    )
    tcp = "PermissionError" if confine.landlock_version() >= 4 else "done"
    assert found == {
        "confined": True,
        "own": "done",
        "read": "PermissionError",
        "write": "PermissionError",
        "list": "PermissionError",
        "run": "PermissionError",
        "null": "done",
        "tcp": tcp,
    }


@linux_only
def test_a_process_dies_with_its_parent(place: Path) -> None:
    code = """
if (child := os.fork()) == 0:
    confine.die_with_parent(os.getppid())
    os.write(1, b"set")
    while True:
        os.read(0, 1)
os.waitpid(child, 0)
"""
    with subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.read(3) == b"set"
        parent.kill()
        # The child holds the other end too: this returns when both are gone.
        assert parent.stdout.read() == b""


@linux_only
def test_a_process_whose_parent_is_gone_already_ends_itself(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PRELUDE + "confine.die_with_parent(1 << 21)", place], check=False)
    assert done.returncode == -signal.SIGKILL


@linux_only
def test_orphans_become_children(place: Path) -> None:
    found = inside(
        """
confine.adopt_orphans()
confine.become(None)
reading, writing = os.pipe()
if (child := os.fork()) == 0:
    if (grandchild := os.fork()) == 0:
        os.read(reading, 1)
        os._exit(7)
    os._exit(0)
os.waitpid(child, 0)
os.write(writing, b"x")
print(json.dumps({"status": os.waitstatus_to_exitcode(os.wait()[1])}))
""",
        place,
    )
    assert found == {"status": 7}


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux may")
def test_root_gives_up_its_rights_and_its_network(place: Path) -> None:
    found = inside(
        """
left = confine.leave_network()
interfaces = [name for _, name in socket.if_nameindex()]
if (child := os.fork()) == 0:
    confine.become(65534)
    os._exit(0 if (os.getuid(), os.getgid(), os.getgroups()) == (65534, 65534, []) else 1)
print(json.dumps({"left": left, "interfaces": interfaces, "status": os.waitpid(child, 0)[1]}))
""",
        place,
    )
    assert found["status"] == 0
    if found["left"]:
        assert found["interfaces"] == ["lo"]
