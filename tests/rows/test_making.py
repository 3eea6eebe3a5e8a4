"""Rows of one table, made without a database: how many, how different, and what they must not hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest

from db_migrate_tools.rows.asked import Ask, Row, Taken
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.copytext import decoded, encoded
from db_migrate_tools.rows.making import Maker
from db_migrate_tools.rows.scope import EACH, REFERRED, scope_of
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Object, Ref, Table


def table(name: str, columns: dict[str, str], constraints: Sequence[tuple[str, tuple[str, ...], str]] = ()) -> Book:
    return Book(catalog(parts(name, columns, constraints)))


def catalog(*every: list[Object]) -> Catalog:
    return Catalog({item.ref: item for items in every for item in items})


def parts(
    name: str, columns: dict[str, str], constraints: Sequence[tuple[str, tuple[str, ...], str]] = (), to: str = ""
) -> list[Object]:
    found: list[Object] = [Table(ref=ref(name))]
    for number, (column, kind) in enumerate(columns.items(), 1):
        found.append(Column(ref=Ref("column", "public", column, name), position=number, type=kind))
    for number, (kind, names, definition) in enumerate(constraints):
        found.append(
            Constraint(
                ref=Ref("constraint", "public", f"{name}_{number}", name),
                type=kind,  # type: ignore[arg-type]
                columns=names,
                definition=definition,
                references=ref(to) if kind == "foreign key" else None,
                referenced_columns=("id",) if kind == "foreign key" else (),
            )
        )
    return found


def ref(name: str) -> Ref:
    return Ref("table", "public", name)


def rows_of(book: Book, count: int = 200, ask: Ask | None = None) -> list[Row]:
    return Maker(book, ref("t"), "seed", ask or Ask(), {}).candidates(count)


def test_columns_of_one_type_differ_from_row_to_row() -> None:
    kinds = ("text", "numeric(12,4)", "timestamp with time zone", "boolean", "jsonb")
    columns = {f"{kind[:4]}_{number}": kind for kind in kinds for number in range(5)}
    rows = rows_of(table("t", columns))
    assert len(rows) == 200
    for one, other in combinations(columns.items(), 2):
        if one[1] == other[1]:
            same = sum(row[one[0]] == row[other[0]] for row in rows)
            assert same < (150 if one[1] == "boolean" else 60), (one, other)
    for kind, least in (("text", 25), ("nume", 40), ("time", 50), ("bool", 2), ("json", 15)):
        assert all(len({row[f"{kind}_{number}"] for row in rows}) > least for number in range(5)), kind
        assert all(any(row[f"{kind}_{number}"] is None for row in rows) for number in range(5))
    assert {"", "NULL", "NaN", "infinity"} <= {row[column] for row in rows for column in columns}


def test_every_column_has_values_that_a_shorter_or_rounder_type_would_change() -> None:
    rows = rows_of(
        table("t", {"n": "numeric(12,4)", "s": "character varying(40)", "at": "timestamp without time zone"})
    )
    assert any((row["n"] or "")[-2:].strip("0") not in {"", "aN"} for row in rows)
    assert any(len(row["s"] or "") > 12 for row in rows)
    assert any((row["at"] or "").partition(".")[2].strip("0") for row in rows)


def test_two_tables_of_one_shape_do_not_hold_the_same() -> None:
    book = Book(catalog(parts("t", {"a": "text", "b": "integer"}), parts("u", {"a": "text", "b": "integer"})))
    one, other = (Maker(book, ref(name), "seed", Ask(), {}).candidates(50) for name in ("t", "u"))
    assert one != other


MATCHED = [
    "CHECK ((code ~ '@'::text))",
    "CHECK ((POSITION(('@'::text) IN (code)) > 1))",
    "CHECK ((code ~ '^https?://'::text))",
    "CHECK ((code ~~ 'SKU%'::text))",
    r"CHECK ((code ~ '\.(png|jpe?g)$'::text))",
    "CHECK ((strpos(code, '/'::text) = 1))",
    "CHECK (starts_with(code, 'x:'::text))",
    "CHECK (((code ~~ '%@%'::text) AND (code ~~ '%.%'::text) AND (length(code) > 12)))",
    r"CHECK (((code ~ '^\S+$'::text) AND (code ~ '@'::text)))",
    "CHECK (((code = lower(code)) AND (\"left\"(code, 3) = 'id_'::text)))",
    "CHECK ((code ~ similar_to_escape('AB[0-9]+'::text)))",
]


@pytest.mark.parametrize("check", MATCHED)
def test_a_unique_column_with_a_pattern_gets_all_its_rows(check: str) -> None:
    keys = [("primary key", ("id",), "PRIMARY KEY (id)"), ("unique", ("code",), "UNIQUE (code)")]
    book = table("t", {"id": "integer", "code": "text"}, [*keys, ("check", ("code",), check)])
    rows = rows_of(book)
    assert len(rows) == 200
    assert len({row["code"] for row in rows if row["code"] is not None}) > 150


def test_a_key_that_has_no_more_values_is_full() -> None:
    lettered = table(
        "t", {"c": "text"}, [("unique", ("c",), "UNIQUE (c)"), ("check", ("c",), "CHECK ((c ~ '^[a-d]$'))")]
    )
    chosen = table("t", {"c": "text"}, [("unique", ("c",), "UNIQUE (c)"), ("check", ("c",), "CHECK ((c = 'x'))")])
    for book, full in ((lettered, False), (chosen, True)):
        maker = Maker(book, ref("t"), "seed", Ask(), {})
        assert maker.full([row for row in maker.candidates(200) if row["c"] is not None]) is full


def test_keys_that_the_migration_gives_out_itself_are_left_to_it() -> None:
    keys = [("primary key", ("a", "b"), "PRIMARY KEY (a, b)"), ("unique", ("c",), "UNIQUE (c)")]
    book = table("t", {"a": "integer", "b": "integer", "c": "text"}, keys)
    held = rows_of(book, 20)
    taken = (Taken(ref("t"), ("a", "b"), (held[3]["a"] or "", held[3]["b"] or "")),)
    taken += tuple(Taken(ref("t"), ("c",), (row["c"],)) for row in held[5:9] if row["c"] is not None)
    others = rows_of(book, 20, Ask(taken=taken))
    assert len(others) == 20
    assert held[3] not in others
    assert not {one.values[0] for one in taken[1:]} & {row["c"] for row in others}


def test_a_table_that_is_only_referred_to_gets_fewer_rows_unless_each_is_named_but_once() -> None:
    key = [("primary key", ("id",), "PRIMARY KEY (id)")]
    many = ("foreign key", ("up",), "FOREIGN KEY (up) REFERENCES up(id)")
    for constraints, fewer in (
        ([*key, many], {ref("up")}),
        ([*key, many, ("unique", ("up",), "UNIQUE (up)")], set[Ref]()),
    ):
        both = catalog(
            parts("up", {"id": "integer"}, key), parts("t", {"id": "integer", "up": "integer"}, constraints, "up")
        )
        scope = scope_of(Book(both), ["public.t"], [], diff(both, both))
        assert scope.referred == fewer
        assert (scope.rows(ref("t")), scope.rows(ref("up"))) == (EACH, REFERRED if fewer else EACH)


def test_a_value_with_a_separator_of_ours_is_copied_all_the_same() -> None:
    rows: list[tuple[str | None, ...]] = [("a\x1fb", None), ("\x1e", "\\N\t")]
    assert [decoded(line) for line in encoded(rows).split(b"\n")[:-1]] == rows
