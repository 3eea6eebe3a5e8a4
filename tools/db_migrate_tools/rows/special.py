"""Values of types that have neither an order worth keeping nor checks worth reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.shapes import Shape

WORDS: Final = tuple(
    """amber birch cedar delta ember fjord grove heron iris juniper kelp lotus maple north ochre pearl quartz river sage
    topaz umber violet willow yarrow zephyr""".split()  # noqa: SIM905
)


def _hex(dice: Dice, digits: int) -> str:
    return f"{(dice.bits() << 64) | dice.bits():032x}"[-digits:]


def _uuid(_: Shape, __: int, dice: Dice) -> str:
    text = _hex(dice, 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _bits(shape: Shape, index: int, dice: Dice) -> str:
    size = shape.size or (0 if shape.base == "bit" else 8)
    length = size if shape.base == "bit" else min(size, 1 + index % 16)
    return "".join("01"[dice.below(2)] for _ in range(length))


def _interval(_: Shape, index: int, dice: Dice) -> str:
    edges = ("0", "1 mon -3 days +04:05:06.789", "-178000000 years", "1 microsecond")
    if index % 12 == 5:
        return edges[(index // 12) % len(edges)]
    return f"{dice.below(24)} mons {dice.below(40)} days {dice.below(99)}:{dice.below(60):02d}:{dice.below(60):02d}.25"


def _vector(shape: Shape, _: int, dice: Dice) -> str:
    size = shape.size or 3
    if shape.base == "sparsevec":
        return f"{{1:{1 + dice.below(9)}.5}}/{size}"
    return "[" + ",".join(f"{dice.below(2000) - 1000}e-3" for _ in range(size)) + "]"


def _bytes(_: Shape, index: int, dice: Dice) -> str:
    return "\\x" if index % 12 == 5 else "\\x00ff" + _hex(dice, 2 * (1 + index % 8))


def _clock(shape: Shape, index: int, dice: Dice) -> str:
    edges = ("00:00:00", "24:00:00", "23:59:59.999999")
    text = f"{dice.below(24):02d}:{dice.below(60):02d}:{dice.below(60):02d}.{dice.below(10**6):06d}"
    text = edges[(index // 6) % 3] if index % 6 == 5 else text
    return text if shape.base.startswith("time without") else text + ("+02", "-05:30", "+00")[index % 3]


def _xml(_: Shape, index: int, dice: Dice) -> str:
    return f"<a n='{index}'>{dice.pick(WORDS)}</a>"


def _net(shape: Shape, index: int, dice: Dice) -> str:
    if shape.base == "cidr":
        return f"10.{dice.below(256)}.{index % 256}.0/24" if index % 4 else f"2001:db8:{index:x}::/48"
    if index % 4 == 0:
        return f"2001:db8::{index:x}/64"
    return f"10.{dice.below(256)}.{dice.below(256)}.{index % 256}" + ("/24" if index % 3 == 0 else "")


def _mac(shape: Shape, _: int, dice: Dice) -> str:
    text = _hex(dice, 16 if shape.base == "macaddr8" else 12)
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2))


def _point(dice: Dice) -> str:
    return f"({dice.below(1000)}.5,{dice.below(1000) - 500})"


def _geometric(shape: Shape, _: int, dice: Dice) -> str:
    one, two, three = _point(dice), _point(dice), _point(dice)
    return {
        "point": one,
        "line": f"{{{1 + dice.below(9)},{dice.below(9)},{dice.below(9)}}}",
        "lseg": f"[{one},{two}]",
        "box": f"({one},{two})",
        "path": f"[{one},{two},{three}]",
        "polygon": f"({one},{two},{three})",
        "circle": f"<{one},{1 + dice.below(50)}>",
    }[shape.base]


Maker = Callable[[Shape, int, Dice], str]


def _always(text: str) -> Maker:
    return lambda _, __, ___: text


MAKERS: dict[str, Maker] = {
    "boolean": lambda _, index, dice: "true" if index == 0 or (index > 1 and dice.below(2)) else "false",
    "uuid": _uuid,
    "bit": _bits,
    "bit varying": _bits,
    "interval": _interval,
    "bytea": _bytes,
    "time without time zone": _clock,
    "time with time zone": _clock,
    "xml": _xml,
    "inet": _net,
    "cidr": _net,
    "macaddr": _mac,
    "macaddr8": _mac,
    **dict.fromkeys(("point", "line", "lseg", "box", "path", "polygon", "circle"), _geometric),
    **dict.fromkeys(("vector", "halfvec", "sparsevec"), _vector),
    "tsvector": lambda _, index, dice: f"'{dice.pick(WORDS)}':{1 + index % 50}A 'common':2",
    "tsquery": lambda _, index, dice: f"'{dice.pick(WORDS)}' & !'w{index}'",
    "pg_lsn": lambda _, index, __: f"16/{index + 0xB374D848:X}",
    "hstore": lambda _, index, dice: f'"k{index}"=>"{dice.pick(WORDS)}", "none"=>NULL',
    "ltree": lambda _, index, dice: f"top.{dice.pick(WORDS)}.n{index}",
    "lquery": lambda _, index, dice: f"*.{dice.pick(WORDS)}.n{index}",
    "ltxtquery": lambda _, __, dice: dice.pick(WORDS),
    "cube": lambda _, index, dice: f"({index},{dice.below(9)})",
    "seg": lambda _, index, __: f"{index} .. {index + 1}",
    "isbn": _always("978-0-393-04002-9"),
    "jsonpath": lambda _, index, __: f"$.a[{index}]",
    "geometry": lambda _, index, dice: f"SRID=4326;POINT({dice.below(180)} {index % 90})",
    "geography": lambda _, index, dice: f"SRID=4326;POINT({dice.below(180)} {index % 90})",
    "int2vector": lambda _, index, __: f"1 {index % 99}",
    "oidvector": lambda _, index, __: f"1 {index}",
    "cid": lambda _, index, __: str(index),
    "tid": lambda _, index, __: f"(0,{index % 1000 + 1})",
    "txid_snapshot": lambda _, index, __: f"10:{20 + index}:",
    "pg_snapshot": lambda _, index, __: f"10:{20 + index}:",
    "regclass": _always("pg_catalog.pg_class"),
    "regtype": _always("integer"),
    "regproc": _always("pg_catalog.now"),
    "regprocedure": _always("pg_catalog.now()"),
    "regoper": _always("pg_catalog.||/"),
    "regoperator": _always("+(integer,integer)"),
    "regnamespace": _always("pg_catalog"),
    "regrole": _always("pg_monitor"),
    "regcollation": _always('"C"'),
    "regconfig": _always("simple"),
    "regdictionary": _always("simple"),
    "aclitem": _always("=r/pg_monitor"),
}
