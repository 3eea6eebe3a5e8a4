"""Numbers that look random and are the same in every run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

_MASK = (1 << 64) - 1
_T = TypeVar("_T")


class Dice:
    """A sequence of numbers that only the seed decides (xorshift64*)."""

    __slots__ = ("_state",)

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest()) | 1

    def bits(self) -> int:
        """The next 64 bits."""
        state = self._state
        state ^= state >> 12
        state = (state ^ (state << 25)) & _MASK
        state ^= state >> 27
        self._state = state
        return (state * 0x2545F4914F6CDD1D) & _MASK

    def below(self, limit: int) -> int:
        """A number from 0 up to, not including, `limit`, which is at least 1."""
        if limit > 1 << 40:
            return ((self.bits() << 64) | self.bits()) % limit
        # `bits`, written out: this is asked for every value.
        state = self._state
        state ^= state >> 12
        state = (state ^ (state << 25)) & _MASK
        state ^= state >> 27
        self._state = state
        return (((state * 0x2545F4914F6CDD1D) & _MASK) >> 16) % limit

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.below(high - low + 1) if high > low else low

    def pick(self, items: Sequence[_T]) -> _T:
        return items[self.below(len(items))]

    def one_in(self, times: int) -> bool:
        return not self.below(times)
