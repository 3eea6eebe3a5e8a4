"""Texts: of the length, the case and the patterns that are asked for, several at once where there are several."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from db_migrate_tools.rows.demands import Demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.patterns import like, matching, open_ends
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.special import WORDS

TEXTS = frozenset({"text", "character varying", "character", "citext", "name", '"char"', "char"})

_LONGEST = {"name": 63, '"char"': 1, "char": 1}
_EDGES = ("", " ", "Ünïcödé ✓ 漢字 🙂", 'it\'s "quoted" \\ back', "line\nbreak\ttab", "  padded  ", "NULL", "0", "%_")
_TRIES = 8
"""How often a text is made that must match several patterns at once."""

_CLASSES = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:space:]": r"\s",
    "[:xdigit:]": "0-9a-fA-F",
}


def text(shape: Shape, asked: Demand, index: int, dice: Dice, *, distinct: bool, edges: bool) -> str:
    """A text that meets the demand as far as it is understood; `index` decides a distinct one."""
    longest = min((n for n in (asked.longest, shape.size, _LONGEST.get(shape.base)) if n is not None), default=None)
    if asked.patterns or asked.likes:
        made = _matching(asked, longest, index, dice, distinct=distinct)
        if made is not None:
            return made
    if edges and asked.free:
        edge = _EDGES[(index // 6) % len(_EDGES)]
        return edge if longest is None else edge[:longest]
    if distinct:
        word = WORDS[index % len(WORDS)]
        number = f"{index:x}"
        plain = f"{word}-{number}" if longest is None or longest >= 12 else number[-longest:]
    elif index % 3:
        plain = WORDS[dice.below(12)]
    else:
        # Most first letters occur, for those that look at them.
        first = WORDS[index // 3 * 5 % len(WORDS)].capitalize()
        plain = f"{first} {dice.pick(WORDS)} {dice.below(1000)}.{dice.below(100)}"
    if len(plain) < asked.shortest:
        plain = (plain or "x") + "x" * (asked.shortest - len(plain or "x"))
    return _cased(plain if longest is None else plain[:longest], asked.case)


def _cased(made: str, case: str | None) -> str:
    if case == "lower":
        return made.lower()
    if case == "upper":
        return made.upper()
    if case == "not lower":
        return made[:1].upper() + made[1:] if made[:1].upper() != made[:1] else made.upper()
    if case == "not upper":
        return made.lower()
    if case is not None and case.startswith("not "):
        return f" {made} "
    return made.strip() if case in {"btrim", "trim", "ltrim", "rtrim"} else made


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a pattern asks for; other text may stand `before` or `after` it."""

    make: Callable[[Dice], str | None]
    before: bool
    after: bool


@lru_cache(512)
def _pieces(patterns: tuple[str, ...], likes: tuple[str, ...]) -> tuple[_Piece, ...]:
    found = [_Piece(partial(matching, pattern), *open_ends(pattern)) for pattern in patterns]
    for pattern in likes:
        inner = re.sub(r"^%+|(?<!\\)%+$", "", pattern)
        after = pattern.endswith("%") and not inner.endswith("%")
        found.append(_Piece(partial(like, inner), pattern.startswith("%"), after))
    return tuple(found)


def _matching(asked: Demand, longest: int | None, index: int, dice: Dice, *, distinct: bool) -> str | None:
    """A text that matches all patterns, or at least one of them; None where none of them is understood."""
    pieces = _pieces(asked.patterns, asked.likes)
    closed = [piece for piece in pieces if not piece.before and not piece.after]
    opened = [piece for piece in pieces if piece.before or piece.after]
    last = None
    for attempt in range(_TRIES):
        for chosen in (opened, *([piece] for piece in closed)):
            made = _joined(chosen, asked, longest, index, dice, bare=not distinct and not (index + attempt) % 4)
            if made is None:
                continue
            last = _cased(made, asked.case)
            if len(pieces) == 1 or _meets(last, asked):
                return last
    return last


def _joined(
    pieces: Sequence[_Piece], asked: Demand, longest: int | None, index: int, dice: Dice, *, bare: bool
) -> str | None:
    """The pieces one after the other, with words where there is room for some; `bare` without."""
    made = [(piece, text) for piece in pieces if (text := piece.make(dice)) is not None]
    if not made:
        return None
    first = [text for piece, text in made if not piece.before]
    last = [text for piece, text in made if not piece.after and piece.before]
    within = [text for piece, text in made if piece.before and piece.after]
    core = "".join([*first, *within, *last])
    limit = len(core) + 64 if longest is None else longest
    before, after = not first, not last and all(piece.after for piece, _ in made)
    if not before and not after and not (first and last):
        return core[:limit]
    token = f"{dice.pick(WORDS)}{index:x}"
    token = token if len(core) + len(token) <= limit else f"{index:x}"
    if bare and len(core) >= asked.shortest:
        token = ""
    token = token if len(core) + len(token) <= limit else ""
    token += "x" * min(limit - len(core) - len(token), asked.shortest - len(core) - len(token))
    tail = dice.pick(WORDS) if token and before and after else ""
    tail = tail if len(core) + len(token) + len(tail) <= limit else ""
    head = "".join(first)
    return f"{token}{core}{tail}" if before else f"{head}{token}{core[len(head) :]}"


def _meets(made: str, asked: Demand) -> bool:
    """Whether a text matches all patterns that can be tried here."""
    return all(_found(pattern, made) for pattern in asked.patterns) and all(
        re.fullmatch(_of_like(pattern), made, re.DOTALL) for pattern in asked.likes
    )


def _found(pattern: str, made: str) -> bool:
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    if any(mark in pattern for mark in ("[[", "[:", "--", "&&", "~~", "||")):
        # Python means something else by these.
        return True
    try:
        return re.search(pattern, made) is not None
    except re.error:
        return True


def _of_like(pattern: str) -> str:
    parts: list[str] = re.findall(r"\\.|.", pattern, re.DOTALL)
    every = {"%": ".*", "_": "."}
    return "".join(every[part] if part in every else re.escape(part[-1]) for part in parts)
