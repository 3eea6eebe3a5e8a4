"""What Postgres is denied before it starts: root, core files, huge files, other files, the network."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNET = 0x40000000
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_RULE_PATH_BENEATH = 1

# Bits of linux/landlock.h, and the first ABI version that knows them.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
NEWER_RIGHTS = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
OLDEST_RIGHTS = (1 << 13) - 1
BIND_AND_CONNECT_TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

LINUXBREW = "/home/linuxbrew/.linuxbrew"
SOFTWARE = ("/usr", "/lib", "/lib64", "/opt", "/nix/store", LINUXBREW)
SINGLE_FILES = ("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/dev/urandom", "/dev/random")
LOADERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/nix/store", LINUXBREW)
DEVICES = ("/dev/null", "/dev/zero")


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("directory", ctypes.c_int32)]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def become(uid: int | None) -> None:
    """Give up root for good; None when there is nothing to give up."""
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def limit(limits: dict[str, int]) -> None:
    """Set resource limits by name (`RLIMIT_CORE`), soft and hard, never above the present hard limit."""
    for name, most in limits.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)  # noqa: PLW2901
        resource.setrlimit(number, (most, most))


def die_with_parent(parent: int) -> None:
    """Have the kernel ask this process to quit when its parent is gone. Linux; elsewhere nothing."""
    if sys.platform != "linux":
        return
    _libc().prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent dies, so that they can be ended. Linux; elsewhere nothing."""
    if sys.platform == "linux":
        _libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_network() -> bool:
    """Move this process to an empty network; possible for root only. Unix sockets with a path still work."""
    return sys.platform == "linux" and os.geteuid() == 0 and _libc().unshare(CLONE_NEWNET) == 0


def landlock_version() -> int:
    """The kernel's Landlock ABI, 0 when there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)))


def restrict_files(*, readable: list[str], executable: list[str], writable: list[str]) -> bool:
    """Confine this process and its children to system software and the given directories, by Landlock: no other
    file, no TCP, no signal to processes outside. False where the kernel has no Landlock.
    """
    version = landlock_version()
    if version == 0:
        return False
    libc = _libc()
    every = OLDEST_RIGHTS | sum(bit for first, bit in NEWER_RIGHTS if version >= first)
    network = BIND_AND_CONNECT_TCP if version >= 4 else 0
    scoped = ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    attributes = _Ruleset(every, network, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _checked(libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), size, 0))
    read = READ_FILE | READ_DIR
    for paths, rights in (
        ([*SOFTWARE, *SINGLE_FILES, *readable], read),
        ([*LOADERS, *executable], read | EXECUTE),
        (DEVICES, READ_FILE | WRITE_FILE),
        (writable, every & ~EXECUTE),
    ):
        for path in paths:
            _allow(libc, rules, path, rights & every)
    _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0))
    os.close(rules)
    return True


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What is not there, or may not be reached, needs no permission.
        return
    try:
        if not Path(path).is_dir():
            rights &= FILE_RIGHTS
        rule = _PathRule(rights, descriptor)
        _checked(libc.syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
