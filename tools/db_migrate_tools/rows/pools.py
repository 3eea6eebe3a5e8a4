"""Values made once and drawn many times: columns of one type share a pool, and each draws in an order of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from db_migrate_tools.rows.demands import Demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.values import value

SIZES = (61, 127, 251, 509)
"""How many values a pool has. Primes: every stride through one passes all of its values."""
ORDERS = 20
NULLS = 8
"""One in so many is NULL in a column that may be."""
FEW = 16
"""For fewer rows than this a pool of its own is not worth its making."""
_NOISE = 4096
_STEP = 11

_T = TypeVar("_T")


@lru_cache(512)
def pool(shape: Shape, asked: Demand, *, plain: bool, nulls: bool) -> tuple[str | None, ...]:
    """Values of the shape that meet the demand, in ORDERS orders one after the other; with `nulls` some are NULL."""
    dice = Dice(f"pool of {shape.base}")
    wanted = max(len(asked.inside or ()), len(shape.labels), *(len(part.labels) for part in shape.parts), 0)
    size = next((size for size in SIZES if size > wanted + size // NULLS), SIZES[-1])
    empty = size // NULLS if nulls else 0
    made = [value(shape, asked, index, dice, plain=plain) for index in range(size - empty)]
    return _ordered([*made, *(None,) * empty])


@lru_cache(256)
def different(shape: Shape, asked: Demand, count: int) -> tuple[str, ...]:
    """Values that follow from their number, so that they differ as far as the demand lets them."""
    dice = Dice(f"different {shape.base}")
    return tuple(value(shape, asked, index, dice, distinct=True, plain=True) for index in range(count))


@lru_cache(1)
def gaps() -> tuple[bool, ...]:
    """Where NULLs stand, in ORDERS orders."""
    return _ordered([number < SIZES[0] // NULLS for number in range(SIZES[0])])


@lru_cache(1)
def noise() -> tuple[int, ...]:
    """Numbers of any size, for choices among what differs in number."""
    dice = Dice("noise")
    return tuple(dice.bits() >> 16 for _ in range(_NOISE))


def drawn(values: tuple[_T, ...], order: int, start: int, count: int) -> tuple[_T, ...]:
    """So many of the values from row `start` on, in one of the orders."""
    at = (order * (len(values) // ORDERS) + order // ORDERS + start) % len(values)
    found = values[at : at + count]
    while len(found) < count:
        found += values[: count - len(found)]
    return found


def _ordered(values: list[_T]) -> tuple[_T, ...]:
    """Shuffled, and gone through with one stride after the other; their number is a prime."""
    dice, size = Dice("order"), len(values)
    mixed = list(values)
    for last in range(size - 1, 0, -1):
        other = dice.below(last + 1)
        mixed[last], mixed[other] = mixed[other], mixed[last]
    strides = [1 + (number * _STEP) % (size - 1) for number in range(ORDERS)]
    return tuple(mixed[(number + at * stride) % size] for number, stride in enumerate(strides) for at in range(size))
