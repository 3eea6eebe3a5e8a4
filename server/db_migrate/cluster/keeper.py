"""A process that owns one Postgres and stops it when its last user is gone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from db_migrate.cluster import confine, locks, pidfile

# Standard library only: this process is started with every cluster.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Orders(TypedDict):
        """What a keeper is told, as JSON on its standard input.

        `home` holds the lock files, `data` the data directory, `run` the socket. `uid` is who Postgres runs as, or
        None for the keeper's own. `inherited` are descriptors of locks: the first is let go when Postgres is ready.
        `fresh` clusters are removed with their home at the end; others are shut down with a checkpoint.
        """

        postgres: str
        home: str
        data: str
        run: str
        uid: int | None
        arguments: list[str]
        inherited: list[int]
        fresh: bool
        patience: float
        limits: dict[str, int]
        software: list[str]
        confined: bool


READY_EVERY = 0.003
STOP_PATIENCE = 20.0


class Keeper:
    """Starts Postgres, watches it and its users, stops it."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.home = orders["home"]
        self.postgres = 0
        self.status: int | None = None
        self.alarm, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        self.wakeup = wakeup

    def start(self) -> str | None:
        """Start Postgres and wait until it accepts connections; what went wrong, or None."""
        signal.set_wakeup_fd(self.wakeup, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, noticed)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Every Postgres process inherits this lock: while it is held, some of them still live.
        try:
            alive = locks.own_within(f"{self.home}/postgres.lock", self.orders["patience"])
        except TimeoutError:
            return "Processes of the Postgres before it would not end."
        pidfile.forget_stale(self.orders["data"])
        self.postgres = self.spawn(alive)
        os.close(alive)
        deadline = time.monotonic() + self.orders["patience"]
        while not pidfile.is_ready(self.orders["data"], self.postgres):
            if self.has_ended():
                return "Postgres ended while it started."
            if time.monotonic() > deadline:
                self.stop()
                return f"Postgres was not ready after {self.orders['patience']:.0f} s."
            time.sleep(READY_EVERY)
        return None

    def spawn(self, alive: int) -> int:
        """Fork and become Postgres, as the right user, within limits. From the main thread only: the parent-death
        signal is tied to the thread that forks.
        """
        orders = self.orders
        parent = os.getpid()
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(f"{self.home}/postgres.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        pid = os.fork()
        if pid:
            os.close(null)
            os.close(log)
            return pid
        try:
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.set_inheritable(alive, True)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            confine.become(orders["uid"])
            confine.limit(orders["limits"])
            if orders["confined"]:
                confine.restrict_files(
                    readable=orders["software"],
                    executable=[str(Path(orders["postgres"]).parent)],
                    writable=[orders["data"], orders["run"]],
                )
            confine.die_with_parent(parent)
            command = [orders["postgres"], "-D", orders["data"], "-k", orders["run"], *orders["arguments"]]
            environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
            os.execve(command[0], command, environment)  # noqa: S606 - a program by its path, no shell
        except OSError as error:
            os.write(2, f"cannot run {orders['postgres']}: {error.strerror}\n".encode())
        finally:
            os._exit(127)

    def watch(self) -> None:
        """Return when Postgres has ended: stopped because nobody uses it, or by itself."""
        threading.Thread(target=self.await_last_user, daemon=True).start()
        while not self.has_ended():
            if any(byte not in {signal.SIGCHLD} for byte in os.read(self.alarm, 64)):
                self.stop()

    def await_last_user(self) -> None:
        """Block until no process holds the users' lock, then ring. Held to the end: newcomers wait for it."""
        locks.own(f"{self.home}/users.lock")
        os.write(self.wakeup, b"\0")

    def stop(self) -> None:
        """Stop Postgres: a clean shutdown for what is kept, a quick one for what is thrown away."""
        ways = [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]
        for way in ways[1:] if self.orders["fresh"] else ways:
            if self.has_ended():
                return
            os.kill(self.postgres, way)
            deadline = time.monotonic() + STOP_PATIENCE
            while not self.has_ended() and (left := deadline - time.monotonic()) > 0:
                if select.select([self.alarm], [], [], left)[0]:
                    os.read(self.alarm, 64)

    def has_ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.postgres, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def tidy(self) -> None:
        """Wait for the last Postgres process, then remove what is not kept."""
        for pid in adopted():
            os.kill(pid, signal.SIGKILL)
        os.close(locks.own(f"{self.home}/postgres.lock"))
        if self.orders["fresh"]:
            shutil.rmtree(self.home, ignore_errors=True)


def noticed(number: int, frame: FrameType | None) -> None:
    """Nothing: the number is written to the wake-up pipe, where `watch` reads it."""


def adopted() -> list[int]:
    """Backends that lost their postmaster and became our children; one in a loop would not notice by itself."""
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(pid) for pid in listed.split()]


def last_words(home: str) -> str:
    """The end of what Postgres wrote when it would not start."""
    try:
        written = Path(home, "postgres.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(written.splitlines()[-12:])


def main() -> None:
    """Read the orders, detach, keep one Postgres until its users are gone."""
    orders: Orders = json.load(sys.stdin)
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    for descriptor in orders["inherited"]:
        os.set_inheritable(descriptor, False)
    confine.adopt_orphans()
    offline = orders["confined"] and confine.leave_network()
    keeper = Keeper(orders)
    problem = keeper.start()
    log = last_words(keeper.home) if problem else ""
    if problem and keeper.postgres:
        keeper.tidy()
    os.write(1, json.dumps({"problem": problem, "log": log, "offline": offline}).encode())
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    if problem:
        return
    # Newcomers waited for the outcome of this start; the other inherited lock says that a keeper lives.
    os.close(orders["inherited"][0])
    keeper.watch()
    if not orders["fresh"]:
        # After a crash the next keeper may begin; it waits for the last process of this Postgres.
        os.close(orders["inherited"][1])
    keeper.tidy()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
