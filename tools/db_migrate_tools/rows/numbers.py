"""Numbers, dates and times as text, within bounds; exact, for numbers are counted in units of their last digit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from db_migrate_tools.rows.demands import Demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.shapes import Shape

WHOLE = {
    "smallint": (-(1 << 15), (1 << 15) - 1),
    "integer": (-(1 << 31), (1 << 31) - 1),
    "bigint": (-(1 << 63), (1 << 63) - 1),
    "oid": (0, (1 << 32) - 1),
    "xid": (0, (1 << 32) - 1),
    "xid8": (0, (1 << 63) - 1),
}
FRACTIONAL = frozenset({"numeric", "real", "double precision", "money"})
TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})

_NUMBER = re.compile(r"^\$?([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$")
# Long past, and for some rows far off: a migration's look at the clock must find the same on every day.
_EPOCH = datetime(1996, 1, 1)  # noqa: DTZ001
_FUTURE = datetime(2190, 1, 1)  # noqa: DTZ001
_MINUTES = 60 * 24 * 365 * 6
_AFTER = timedelta(days=300)
_WIDE = 1_000_000


def limits(shape: Shape) -> tuple[int, int, int]:
    """The scale of a numeric shape, and its least and greatest value in units of the last digit."""
    if shape.base in WHOLE:
        return 0, *WHOLE[shape.base]
    if shape.base == "numeric" and shape.size is not None:
        most = 10**shape.size - 1
        return shape.scale or 0, -most, most
    scale = {"real": 2, "double precision": 5, "money": 2}.get(shape.base, 4)
    wide = 10 ** (6 if shape.base == "real" else 12)
    return scale, -wide, wide


def units(text: str, scale: int, *, upwards: bool) -> int | None:
    """A number's text in units of 10^-scale, rounded towards the given side."""
    found = _NUMBER.match(text.strip())
    if not found or not (found[2] or found[3]):
        return None
    digits, fraction, exponent = found[2] or "0", found[3] or "", int(found[4] or 0)
    if abs(exponent) > 400:
        return None
    value = int(digits + fraction) * (-1 if found[1] == "-" else 1)
    shift = scale + exponent - len(fraction)
    if shift >= 0:
        return value * int(10**shift)
    unit = int(10**-shift)
    below = value // unit
    return below + 1 if upwards and below * unit != value else below


def written(value: int, scale: int) -> str:
    """Units as a decimal number."""
    if scale <= 0:
        return str(value * 10**-scale)
    whole, rest = divmod(abs(value), 10**scale)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{scale}d}"


def number(shape: Shape, demand: Demand, index: int, dice: Dice, *, distinct: bool, plain: bool) -> str:
    """A number of the shape: ones at the bounds and ones in between; `index` decides a distinct one."""
    scale, low, high, bounded = _between(shape, demand.bounds, distinct, plain)
    if distinct:
        return written(low + index % (high - low + 1) if high > low else low, scale)
    if bounded and index % 7 in {2, 3}:
        return written(low if index % 7 == 2 else high, scale)
    # A few values often, so that there are equal ones.
    if index % 5 == 4:
        return written(min(high, max(low, low + dice.below(8) * 10**scale)), scale)
    return written(dice.between(low, high), scale)


@lru_cache(512)
def _between(
    shape: Shape, bounds: tuple[tuple[str, str], ...], distinct: bool, plain: bool
) -> tuple[int, int, int, bool]:
    """Scale, least and greatest units that the bounds leave, and whether there were any."""
    scale, least, most = limits(shape)
    step = 1 if shape.base in WHOLE or shape.size is not None else 10 ** max(0, scale - 2)
    low, high = None, None
    for op, text in bounds:
        bound = units(text, scale, upwards=op.startswith(">"))
        if bound is None:
            continue
        exact = units(text, scale, upwards=not op.startswith(">")) == bound
        if op.startswith(">"):
            bound += step if op == ">" and exact else 0
            low = bound if low is None else max(low, bound)
        else:
            bound -= step if op == "<" and exact else 0
            high = bound if high is None else min(high, bound)
    bounded = low is not None or high is not None
    if low is None:
        low = max(least, high - _WIDE) if high is not None else max(least, 1 if plain or distinct else -_WIDE)
    if high is None:
        high = min(most, low + (_WIDE if not plain or scale else 1000) * 10 ** min(scale, 2))
    return scale, max(low, least), min(high, most), bounded


def extremes(shape: Shape) -> tuple[str, ...]:
    """The numbers of the shape that conversions stumble over."""
    scale, least, most = limits(shape)
    if shape.base in WHOLE:
        return (str(most), str(least), "0")
    if shape.base == "money":
        return ("0", "-92233720368547758.08", "92233720368547758.07")
    if shape.base == "real":
        return ("0", "-0", "NaN", "Infinity", "-Infinity", "3.4028235e+38", "1.1754944e-38", "0.1")
    if shape.base == "double precision":
        return ("0", "-0", "NaN", "Infinity", "-Infinity", "1.7976931348623157e+308", "2.2250738585072014e-308", "0.1")
    if shape.size is not None:
        return ("0", "NaN", written(most, scale), written(least, scale), written(1, scale))
    return (
        "0",
        "NaN",
        "123456789012345678901234567890.123456789012345678901234567890",
        "-0.000000000000000000001",
        "1.50",
    )


def moment(shape: Shape, demand: Demand, index: int, dice: Dice, *, distinct: bool) -> str:
    """A date or timestamp, within the demand's bounds where it has some."""
    low, high = None, None
    for op, text in demand.bounds:
        at = parsed(text)
        if at is not None and op.startswith(">"):
            at += timedelta(days=1) if op == ">" else timedelta()
            low = at if low is None else max(low, at)
        elif at is not None:
            at -= timedelta(days=1) if op == "<" else timedelta()
            high = at if high is None else min(high, at)
    if low is not None and high is not None and high < low:
        # A day that stands for the present lies before a day that is written out.
        high = low + _AFTER
    if low is None and high is None:
        low = _FUTURE if index % 8 == 6 else _EPOCH
    elif low is None:
        low = _EPOCH if high is None or high > _EPOCH else high - timedelta(days=2000)
    minutes = _MINUTES if high is None else max(0, int((high - low).total_seconds() // 60))
    if shape.base == "date":
        days = minutes // 1440
        at = low + timedelta(days=index % (days + 1) if distinct else dice.between(0, days))
        return at.isoformat()[:10]
    spread = (index * 61) % (minutes + 1) if distinct else dice.between(0, minutes)
    at = low + timedelta(minutes=spread)
    if spread < minutes:
        at += timedelta(microseconds=dice.below(60_000_000))
    zone = "+00" if shape.base.endswith("with time zone") else ""
    return at.isoformat(" ", "microseconds") + zone


def parsed(text: str) -> datetime | None:
    """The day that a date's or timestamp's text names."""
    try:
        return datetime.strptime(text.strip()[:10], "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        return None


def comparable(shape: Shape, values: Iterable[str]) -> list[tuple[int, str]] | None:
    """Keys by which values of a shape compare as Postgres does; None where that is not known."""
    values = list(values)
    if shape.base in WHOLE or shape.base in FRACTIONAL:
        found = [units(value, 40, upwards=False) for value in values]
        return None if any(u is None for u in found) else [(u or 0, "") for u in found]
    if shape.base in TIMES:
        return None if any(parsed(value) is None for value in values) else [(0, value) for value in values]
    return None
