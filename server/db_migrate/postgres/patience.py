"""How long execution waits for what, in one place."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of every wait, in seconds unless the name says milliseconds.

    `lock_wait` bounds one transaction's waiting for locks, over all attempts; `watch` how long one attempt looks for
    a clear moment before it knocks all the same; `knock_ms` the first and the longest lock_timeout of an attempt.
    `old_ms` is the age from which a transaction is worth waiting for. `concurrent_wait` bounds what a CONCURRENTLY
    statement waits for old transactions. `statement_timeout_ms` 0 sets none.
    """

    connect: float = 10.0
    runner_lock: float = 30.0
    lock_wait: float = 60.0
    watch: float = 10.0
    old_ms: int = 100
    knock_ms: tuple[int, int] = (100, 1000)
    backoff: tuple[float, float] = (0.05, 2.0)
    poll: float = 0.05
    observe: float = 0.25
    concurrent_wait: float = 600.0
    cleanup_wait: float = 2.0
    statement_timeout_ms: int = 0
    reconnect: float = 30.0
    total: float = 6 * 3600.0

    def knock(self, attempt: int) -> int:
        """The lock_timeout of an attempt, in milliseconds: longer each time, so that busy tables are reached."""
        first, longest = self.knock_ms
        return int(min(longest, first * 1.6 ** (attempt - 1)))

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt: exponential with jitter, so that two runners do not march in step."""
        first, longest = self.backoff
        return min(longest, first * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
