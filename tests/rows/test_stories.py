"""What a statement looks for, read from its text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.bodies import texts
from db_migrate_tools.rows.conditions import statement
from db_migrate_tools.rows.stories import stories
from db_migrate_tools.rows.story import Never, Part, Story
from db_migrate_tools.schema.model import Ref

TABLES = {
    "users": ({"id", "email", "status", "x", "seen"}, {"id"}),
    "orders": ({"id", "user_id", "total"}, {"id"}),
    "banned": ({"user_id"}, {"user_id"}),
}
USERS, ORDERS, BANNED = (Ref("table", "public", name) for name in TABLES)


def known(schema: str, name: str) -> tuple[Ref, frozenset[str], frozenset[str]] | None:
    if schema not in {"", "public"} or name not in TABLES:
        return None
    columns, keys = TABLES[name]
    return Ref("table", "public", name), frozenset(columns), frozenset(keys)


def read(sql: str) -> list[Story]:
    node = statement(sql)
    assert node is not None
    return stories(node, known)


def test_conditions_belong_to_the_table_that_they_name() -> None:
    assert read("UPDATE users u SET x = 1 WHERE u.status IN ('p', 'q') AND x IS NULL") == [
        Story((Part(USERS, (Atom("status", "in", ("p", "q")), Atom("x", "null"))),))
    ]


def test_each_side_of_an_or_is_a_story() -> None:
    found = read("DELETE FROM users WHERE status = 'gone' OR (x = 1 AND email LIKE 'a%')")
    assert [len(story.parts[0].atoms) for story in found] == [1, 2]


def test_joined_rows_share_a_mark() -> None:
    (story,) = read("DELETE FROM orders o USING users u WHERE u.id = o.user_id AND u.status = 'gone'")
    orders, users = sorted(story.parts, key=lambda part: part.table)
    assert orders.marks == (("user_id", users.marks[0][1]),)
    assert users == Part(USERS, (Atom("status", "in", ("gone",)),), (("id", orders.marks[0][1]),))


def test_what_must_not_be_there_is_barred() -> None:
    (story,) = read("DELETE FROM users WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.user_id = users.id)")
    assert story.nevers == (Never(ORDERS, "user_id", story.parts[0].marks[0][1]),)
    (story,) = read("DELETE FROM users LEFT_ USING banned WHERE LEFT_.id NOT IN (SELECT user_id FROM orders)")
    assert Never(ORDERS, "user_id", "0") in story.nevers


def test_the_same_key_of_one_table_is_one_row() -> None:
    (story,) = read("UPDATE users SET x = 1 WHERE id IN (SELECT id FROM users WHERE status = 'new' LIMIT 5)")
    assert story == Story((Part(USERS, (Atom("status", "in", ("new",)),)),))


def test_groups_of_some_size_are_as_many_rows() -> None:
    (story,) = read(
        "UPDATE users SET x = 1 WHERE id IN (SELECT user_id FROM orders GROUP BY user_id HAVING count(*) > 2)"
    )
    assert [part.table for part in story.parts] == [USERS, ORDERS, ORDERS, ORDERS]


def test_a_comparison_between_rows_is_an_order() -> None:
    (story,) = read("DELETE FROM users a USING users b WHERE a.email = b.email AND a.seen < b.seen")
    assert [[op for _, op, _ in part.orders] for part in story.parts] == [["<"], [">"]]


def test_statements_are_found_inside_of_code() -> None:
    body = """
    DECLARE n int; r record;
    BEGIN
        UPDATE users SET x = 1 WHERE status = 'a' RETURNING id INTO n;
        FOR r IN SELECT id FROM users WHERE x IS NULL FOR UPDATE LOOP
            PERFORM work(r.id);
        END LOOP;
        IF EXISTS (SELECT 1 FROM orders) THEN DELETE FROM orders; END IF;
        EXECUTE 'DELETE FROM users WHERE status = ''b''';
    END
    """
    assert list(texts(body)) == [
        "UPDATE users SET x = 1 WHERE status = 'a' ",
        "SELECT id FROM users WHERE x IS NULL FOR UPDATE",
        "SELECT work(r.id)",
        "SELECT 1 FROM orders",
        "DELETE FROM orders",
        "DELETE FROM users WHERE status = 'b'",
    ]


MAKE = """
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.asked import Ask
from db_migrate_tools.rows.making import Maker
from db_migrate_tools.rows.conditions import statement
from db_migrate_tools.rows.stories import stories
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Ref, Table
t = Ref("table", "public", "t")
items = [Table(ref=t)]
columns = [("id", "integer"), ("at", "timestamp with time zone"), ("s", "text"), ("j", "jsonb")]
for n, (name, kind) in enumerate(columns):
    items.append(Column(ref=Ref("column", "public", name, "t"), position=n, type=kind))
items.append(Constraint(ref=Ref("constraint", "public", "t_pkey", "t"), type="primary key", columns=("id",),
                        definition="PRIMARY KEY (id)"))
items.append(Constraint(ref=Ref("constraint", "public", "c", "t"), type="check", columns=("s",),
                        definition="CHECK (num_nonnulls(s, j, at) >= 1)"))
book = Book(Catalog({item.ref: item for item in items}))
sql = "DELETE FROM t WHERE at < now() - interval '1 year' AND s IN ('a', 'b') AND j ? 'k'"
told = tuple(stories(statement(sql), book.table_named))
print(Maker(book, t, "seed", Ask(told), {}).candidates(60))
"""


def test_rows_do_not_depend_on_the_order_of_sets() -> None:
    tools = Path(__file__).resolve().parents[2] / "tools"
    made = {
        subprocess.run(
            [sys.executable, "-c", MAKE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(tools)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(made) == 1
