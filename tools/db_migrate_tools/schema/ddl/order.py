"""Steps in dependency order: what must come first does, and otherwise the order that a person expects."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from db_migrate_tools.schema.model import Ref

Key = tuple[str, Ref]


@dataclass(slots=True)
class Step:
    """Statements that belong together. `needs` are the steps that come first, `rank` breaks ties;
    `stub` is a statement that ends a circle: with it, others need not wait for this step.
    """

    key: Key
    statements: list[str]
    rank: tuple[int, int, str]
    needs: set[Key] = field(default_factory=set[Key])
    stub: str | None = None


def ordered(steps: Mapping[Key, Step]) -> list[str]:
    """The statements of all steps. A circle is broken by a stub where one of its steps has one,
    else at the step of the lowest rank, and then Postgres says what is wrong.
    """
    waiting = {key: {need for need in step.needs if need in steps and need != key} for key, step in steps.items()}
    followers: dict[Key, list[Key]] = defaultdict(list)
    for key, needs in waiting.items():
        for need in needs:
            followers[need].append(key)
    ready = [(steps[key].rank, key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    done: set[Key] = set()
    stubbed: set[Key] = set()
    found: list[str] = []

    def release(key: Key) -> None:
        for follower in followers[key]:
            waiting[follower].discard(key)
            if not waiting[follower] and follower not in done:
                heapq.heappush(ready, (steps[follower].rank, follower))

    while len(done) < len(steps):
        while ready:
            _, key = heapq.heappop(ready)
            if key in done:
                continue
            done.add(key)
            found += steps[key].statements
            if key not in stubbed:
                release(key)
        waits = [(step.rank, key) for key, step in steps.items() if key not in done]
        if not waits:
            break
        left = _circle(min(waits)[1], steps, waiting)
        _, key = next(((rank, key) for rank, key in left if steps[key].stub and key not in stubbed), left[0])
        stub = steps[key].stub
        if stub is not None and key not in stubbed:
            stubbed.add(key)
            found.append(stub)
            release(key)
        else:
            waiting[key].clear()
            heapq.heappush(ready, (steps[key].rank, key))
    return found


def _circle(
    start: Key, steps: Mapping[Key, Step], waiting: Mapping[Key, set[Key]]
) -> list[tuple[tuple[int, int, str], Key]]:
    """Steps that wait for each other, by rank, of those that `start` waits for; what only waits for them is spared."""
    place: dict[Key, int] = {}
    path: list[Key] = []
    key = start
    while key not in place:
        place[key] = len(path)
        path.append(key)
        key = min(waiting[key], key=lambda need: (steps[need].rank, need))
    return sorted((steps[one].rank, one) for one in path[place[key] :])
