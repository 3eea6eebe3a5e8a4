"""One value of a type, as the text that Postgres reads it from."""

from __future__ import annotations

import json
from typing import cast

from db_migrate_tools.rows import numbers
from db_migrate_tools.rows.demands import FREE, Demand, demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.special import MAKERS, WORDS
from db_migrate_tools.rows.texts import TEXTS, text


def value(shape: Shape, asked: Demand, index: int, dice: Dice, *, distinct: bool = False, plain: bool = False) -> str:
    """A value that meets the demand as far as it is understood. `distinct` makes it follow from `index`, `plain`
    leaves out what conversions stumble over.
    """
    if shape.checks:
        atoms = [atom for check in shape.checks for atom in check[index % len(check)] if atom.column == "value"]
        asked = merged(asked, demand(atoms))
    if asked.inside is not None:
        allowed = [text for text in asked.inside if text not in asked.outside and _fits(shape, text)]
        if allowed:
            return allowed[index % len(allowed)]
    found = _made(shape, asked, index, dice, distinct=distinct, plain=plain)
    for _ in range(4):
        if found not in asked.outside:
            break
        index += 1
        found = _made(shape, asked, index, dice, distinct=distinct, plain=True)
    return found


def merged(one: Demand, other: Demand) -> Demand:
    """Both demands; where they cannot both hold, the second's."""
    if one.free:
        return other
    if other.free:
        return one
    inside = other.inside
    if one.inside is not None:
        inside = one.inside if inside is None else tuple(v for v in inside if v in one.inside) or inside
    longest = min((m for m in (one.longest, other.longest) if m is not None), default=None)
    return Demand(
        inside,
        one.outside | other.outside,
        one.bounds + other.bounds,
        max(one.shortest, other.shortest),
        longest,
        tuple(dict.fromkeys(one.patterns + other.patterns)),
        tuple(dict.fromkeys(one.likes + other.likes)),
        other.json or one.json,
        other.case or one.case,
        one.paths + other.paths,
        one.holds + other.holds,
    )


def _fits(shape: Shape, text: str) -> bool:
    """Whether a constant from SQL can be a value of the shape."""
    if shape.base == "enum":
        return text in shape.labels
    if shape.base in numbers.WHOLE:
        return numbers.units(text, 0, upwards=False) is not None
    if shape.base in numbers.FRACTIONAL:
        return numbers.units(text, 40, upwards=False) is not None
    if shape.base in numbers.TIMES:
        return numbers.parsed(text) is not None
    if shape.base == "boolean":
        return text.lower() in {"true", "false", "t", "f", "0", "1", "yes", "no", "on", "off"}
    if shape.base == "uuid":
        return len(text.replace("-", "")) == 32
    if shape.size is not None and shape.base in TEXTS:
        return len(text) <= shape.size
    return shape.base in TEXTS or shape.base in {"inet", "cidr", "bit", "bit varying", "bytea", "ltree"}


def _made(shape: Shape, asked: Demand, index: int, dice: Dice, *, distinct: bool, plain: bool) -> str:
    base = shape.base
    edges = not plain and not distinct and index % 6 == 5
    if base in TEXTS:
        return text(shape, asked, index, dice, distinct=distinct, edges=edges)
    if base in numbers.WHOLE or base in numbers.FRACTIONAL:
        if edges and not asked.bounds:
            extremes = numbers.extremes(shape)
            return extremes[(index // 6) % len(extremes)]
        return numbers.number(shape, asked, index, dice, distinct=distinct, plain=plain)
    if base in numbers.TIMES:
        if edges and not asked.bounds:
            far = _FAR_DAYS if base == "date" else _FAR_MOMENTS
            return far[(index // 6) % len(far)]
        return numbers.moment(shape, asked, index, dice, distinct=distinct)
    if base == "enum":
        return shape.labels[index % len(shape.labels)] if shape.labels else ""
    if base == "array":
        return _array(shape.parts[0], asked, index, dice, plain=plain)
    if base == "composite":
        fields = [value(part, FREE, index, dice, plain=plain) for part in shape.parts]
        return f"({','.join(_quoted(field) for field in fields)})"
    if base in {"range", "multirange"}:
        return _range(shape, asked, index, dice, distinct=distinct)
    if base in {"json", "jsonb"}:
        return json_of(base, asked, index, dice)
    if base == "hstore" and asked.paths:
        return ", ".join(f'"{keys[0]}"=>"{text or dice.pick(WORDS)}"' for keys, text in asked.paths)
    maker = MAKERS.get(base)
    return maker(shape, index, dice) if maker else f"{dice.pick(WORDS)} {index}"


_FAR_DAYS = ("0001-01-01", "9999-12-31", "infinity", "-infinity", "1900-02-28", "4713-01-01 BC")
_FAR_MOMENTS = (
    "0001-01-01 00:00:00",
    "9999-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
    "1969-12-31 23:59:59.000001",
    "4713-01-01 00:00:00 BC",
)


def _quoted(field: str) -> str:
    return '"' + field.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _array(element: Shape, asked: Demand, index: int, dice: Dice, *, plain: bool) -> str:
    least = max(asked.shortest, 1 if plain else 0)
    most = 3 if asked.longest is None else asked.longest
    items = [
        _quoted(value(element, FREE, index + n, dice, plain=plain))
        for n in range(dice.between(least, max(least, most)))
    ]
    items += [_quoted(text) for text in asked.holds]
    if not plain and index % 9 == 4 and items and element.nullable:
        items[-1] = "NULL"
    return "{" + ",".join(items) + "}"


def _range(shape: Shape, asked: Demand, index: int, dice: Dice, *, distinct: bool) -> str:
    if shape.base == "multirange":
        return "{" + _range(shape.parts[0], asked, index, dice, distinct=distinct) + "}"
    part = shape.parts[0]
    if part.base in numbers.TIMES:
        # Ranges that follow one another, for exclusion constraints.
        low = numbers.moment(Shape("date"), Demand(bounds=((">=", "2000-01-01"),)), index * 3, dice, distinct=True)
        at = numbers.parsed(low)
        return f"[{low},{at.strftime('%Y-%m')}-{min(28, at.day + 1):02d})" if at and at.day < 28 else f"[{low},{low}]"
    if part.base in numbers.WHOLE or part.base in numbers.FRACTIONAL:
        # A distinct one begins after the one before has ended.
        return f"[{index * 10},{index * 10 + 1 + dice.below(9)})"
    ends = sorted(value(part, FREE, index + n, dice, plain=True) for n in range(2))
    return f"[{_quoted(ends[0])},{_quoted(ends[1])}]"


def json_of(base: str, asked: Demand, index: int, dice: Dice) -> str:
    """A JSON text of the kind, with the keys or the elements asked for."""
    word = dice.pick(WORDS)
    if asked.holds:
        return json.dumps([*asked.holds, word])
    if asked.paths:
        document: dict[str, object] = {"name": word}
        for keys, text in asked.paths:
            within = document
            for key in keys[:-1]:
                inner = within.setdefault(key, {})
                if not isinstance(inner, dict):
                    break
                within = cast("dict[str, object]", inner)
            within[keys[-1]] = text or within.get(keys[-1]) or word
        return json.dumps(document)
    made = {
        "object": f'{{"name": "{word}", "n": {dice.below(1000)}.50, "tags": ["a", {{"deep": [true, null]}}]}}',
        "array": f'["{word}", {index}, null]',
        "string": f'"{word} {index}"',
        "number": f"{index}.5",
        "boolean": "true" if index % 2 else "false",
        "null": "null",
    }
    if asked.json in made:
        return made[asked.json]
    if asked.shortest:
        return "[" + ",".join(f'"{word}{n}"' for n in range(asked.shortest)) + "]"
    if base == "json" and index % 6 == 5:
        return f'{{ "b" : 1,  "a":"{word}", "b":2 }}'
    return made["array"] if index % 6 == 1 else "{}" if index % 6 == 3 else made["object"]
