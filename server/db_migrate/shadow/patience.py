"""How long the SQL of a rehearsal may take: each statement so long, and all together by their number."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

A_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Patience:
    """`each` seconds for one statement; as many again for every hundred of them together, begun ones counted whole."""

    each: float
    statements: int

    @property
    def all(self) -> float:
        """Seconds for all statements together."""
        return self.each * max(1, -(-self.statements // A_HUNDRED))


class Clock:
    """Moves a scope's deadline on as statements come and go."""

    def __init__(self, scope: anyio.CancelScope, patience: Patience) -> None:
        self._scope = scope
        self._patience = patience
        self._end = anyio.current_time() + patience.all
        self.next()

    def next(self) -> None:
        """Another statement begins."""
        self._scope.deadline = min(anyio.current_time() + self._patience.each, self._end)

    def whole(self) -> None:
        """What follows has all the time that is left for it, counted anew."""
        self._scope.deadline = anyio.current_time() + self._patience.all

    @property
    def late(self) -> bool:
        """Whether it is the time for all that is over."""
        return anyio.current_time() >= self._end
