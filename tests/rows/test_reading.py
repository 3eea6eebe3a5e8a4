"""What is read of conditions, patterns and bounds, and how rows are compared."""

from __future__ import annotations

import re

import pytest

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.compare import Contents, State, compare
from db_migrate_tools.rows.conditions import of_check
from db_migrate_tools.rows.copytext import decoded, encoded
from db_migrate_tools.rows.demands import FREE, Demand, demand
from db_migrate_tools.rows.dice import Dice
from db_migrate_tools.rows.numbers import moment, number, units, written
from db_migrate_tools.rows.patterns import like, matching
from db_migrate_tools.rows.shapes import Shape
from db_migrate_tools.rows.values import value
from db_migrate_tools.schema.model import Ref

T = Ref("table", "public", "t")


def atom(column: str, asks: str, *values: str, op: str = "", other: str = "") -> Atom:
    return Atom(column, asks, values, op, other)  # type: ignore[arg-type]


CHECKS: list[tuple[str, list[list[Atom]]]] = [
    (
        "CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
        [[atom("status", "in", "a", "b")]],
    ),
    ("CHECK ((s = 'x'::text) OR (s = 'y'::text))", [[atom("s", "in", "x", "y")]]),
    ("CHECK ((s <> ALL (ARRAY['x'::text])))", [[atom("s", "not in", "x")]]),
    (
        "CHECK (((x > '-1'::integer) AND (x < 10))) NOT VALID",
        [[atom("x", "compare", "-1", op=">"), atom("x", "compare", "10", op="<")]],
    ),
    ("CHECK ((0 < x)) NO INHERIT", [[atom("x", "compare", "0", op=">")]]),
    ("CHECK ((price >= (0)::numeric))", [[atom("price", "compare", "0", op=">=")]]),
    ("CHECK ((NOT (x >= 3)))", [[atom("x", "compare", "3", op="<")]]),
    ("CHECK ((d < CURRENT_DATE))", [[atom("d", "compare", "2001-01-01", op="<")]]),
    ("CHECK ((d >= (now() - '1 year'::interval)))", [[atom("d", "compare", "2190-01-01", op=">=")]]),
    ("CHECK ((length(TRIM(BOTH FROM name)) > 0))", [[atom("name", "length", "0", op=">")]]),
    ("CHECK ((char_length((name)::text) <= 80))", [[atom("name", "length", "80", op="<=")]]),
    ("CHECK ((VALUE ~ '^[A-Z]+$'::text))", [[atom("value", "match", "^[A-Z]+$")]]),
    ("CHECK ((url ~~ 'https://%'::text))", [[atom("url", "like", "https://%")]]),
    ("CHECK ((email = lower(email)))", [[atom("email", "case", "lower")]]),
    ("CHECK ((jsonb_typeof(x) = 'object'::text))", [[atom("x", "json", "object")]]),
    ("CHECK ((num_nonnulls(a, b) = 1))", [[atom("a", "count", "1", "a", "b", op="=")]]),
    ("CHECK (((a IS NULL) OR (a > b)))", [[atom("a", "null")], [atom("a", "pair", op=">", other="b")]]),
    ("CHECK (((a IS NULL) = (b IS NULL)))", [[]]),
    ("CHECK (odd(a))", [[]]),
    ("CHECK (flag)", [[atom("flag", "in", "true")]]),
    ("CHECK ((flag IS NOT TRUE))", [[]]),
    ("CHECK ((k IS DISTINCT FROM 'x'::text))", [[atom("k", "not in", "x")]]),
]


@pytest.mark.parametrize(("definition", "alternatives"), CHECKS)
def test_checks_are_read_as_far_as_they_can_be(definition: str, alternatives: list[list[Atom]]) -> None:
    assert [list(found) for found in of_check(definition)] == alternatives


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2,3}-\d+$",
        r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        r"^#[0-9a-fA-F]{6}$",
        r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
        r"^(foo|bar)?x*$",
        r"^\+?[1-9]\d{1,14}$",
        r"a.c\.[]x-]",
        r"^\w+\s\w+?$",
    ],
)
def test_texts_match_the_patterns_they_are_made_for(pattern: str) -> None:
    dice = Dice(pattern)
    for _ in range(30):
        made = matching(pattern, dice)
        assert made is not None
        assert re.search(pattern, made), made


@pytest.mark.parametrize("pattern", [r"(?=x)y", r"(", r"[", r"x{", r"*", r"\1", "a)"])
def test_a_pattern_that_is_not_understood_is_left_to_postgres(pattern: str) -> None:
    assert matching(pattern, Dice("x")) is None


def test_like_patterns_are_filled_in() -> None:
    assert re.fullmatch(r"https://.*a_.", like(r"https://%a\__", Dice("x")))


def test_numbers_keep_to_their_bounds_and_digits() -> None:
    shape = Shape("numeric", 5, 2)
    dice = Dice("n")
    asked = demand([atom("x", "compare", "0", op=">"), atom("x", "compare", "1.5", op="<=")])
    made = [number(shape, asked, index, dice, distinct=False, plain=False) for index in range(60)]
    assert {"0.01", "1.50"} <= set(made)
    assert all(0 < float(text) <= 1.5 for text in made)
    distinct = [number(Shape("smallint"), FREE, index, dice, distinct=True, plain=True) for index in range(300)]
    assert len(set(distinct)) == 300
    assert (units("1.2e3", 0, upwards=False), units("-0.001", 2, upwards=False), units("x", 0, upwards=True)) == (
        1200,
        -1,
        None,
    )
    assert (written(-5, 2), written(3, -2)) == ("-0.05", "300")


def test_days_keep_to_their_bounds() -> None:
    dice = Dice("d")
    made = [
        moment(Shape("date"), Demand(bounds=((">=", "2024-01-01"), ("<", "2024-01-05"))), index, dice, distinct=False)
        for index in range(40)
    ]
    assert set(made) == {"2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"}


def test_every_label_of_an_enum_occurs() -> None:
    shape, dice = Shape("enum", labels=("a", "b", "c")), Dice("e")
    assert {value(shape, FREE, index, dice) for index in range(6)} == {"a", "b", "c"}


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, other, another = Dice("a"), Dice("a"), Dice("b")
    assert [one.bits() for _ in range(5)] == [other.bits() for _ in range(5)] != [another.bits() for _ in range(5)]


def test_copy_text_goes_there_and_back() -> None:
    rows: list[tuple[str | None, ...]] = [("a\tb\nc\\d\r", None, "", "\\N")]
    assert [decoded(line) for line in encoded(rows).split(b"\n")[:-1]] == rows


def contents(*rows: tuple[str | None, ...], key: tuple[str, ...] = ("id",)) -> State:
    lines = encoded(rows).split(b"\n")[:-1]
    return State({T: Contents(("id", "a", "b"), tuple(lines), key)})


def test_rows_are_compared_by_their_key() -> None:
    before = contents(("1", "x", None), ("2", "y", "z"), ("3", "q", "q"))
    assert compare(before, contents(("2", "y", "z"), ("3", "q", "q"), ("1", "x", None))) == ()
    (found,) = compare(before, contents(("1", "x", "new"), ("2", "y", None), ("4", "q", "q")))
    assert (found.rows, found.missing, found.extra, found.columns) == (3, 1, 1, (("b", 2),))
    assert found.loses
    assert found.example["b"] in {(None, "new"), ("z", None)}


def test_rows_without_a_key_are_compared_column_by_column() -> None:
    before = contents(("1", "x", "p"), ("2", "y", "q"), key=())
    (found,) = compare(before, contents(("1", "x", "p"), ("2", "y", "changed"), key=()))
    assert (found.missing, found.extra, found.columns) == (0, 0, (("b", 1),))
    (found,) = compare(before, contents(("1", "x", "q"), ("2", "y", "p"), key=()))
    assert (found.missing, found.extra) == (2, 2)
    (found,) = compare(before, State())
    assert found.missing == 2
