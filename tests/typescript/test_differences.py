"""What changed between two types files, told to people."""

from __future__ import annotations

import pytest

from db_migrate_tools.typescript import differences
from db_migrate_tools.typescript.reading import Leaf, read_database

OURS = """\
export type Json = string

export type Database = {
  public: {
    Tables: {
      User: {
        Row: {
          id: number
          name: string | null
        }
        Insert: {
          id?: never
          name?: string | null
        }
        Update: {
          id?: never
          name?: string | null
        }
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      add: { Args: { a: number; b?: number }; Returns: number }
    }
    Enums: {
      mood: "sad" | "ok"
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}
"""

FORMATTED = """\
export interface Database {
  "public": {
    Tables: { User: { // people
      Row: { id: number, name: string | null },
      Insert: { id?: never, 'name'?: string | null };
      Update: { id?: never; name?:
        | string
        | null; };
      Relationships: [
      ]; /* none */
    } };
    Views: {};
    Functions: {
      add: {
        Args: {
          a: number
          b?: number
        }
        Returns: number
      }
    };
    Enums: { mood: 'sad' | 'ok' };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
}
"""


def changed(*pairs: tuple[str, str]) -> tuple[str, ...]:
    text = OURS
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return differences(OURS, text)


def test_the_same_types_in_another_layout_do_not_differ() -> None:
    assert differences(FORMATTED, OURS) == ()


def test_a_new_column_is_told_once_with_its_type() -> None:
    added = changed(
        ("          name: string | null\n", "          lastActiveAt: string | null\n          name: string | null\n")
    )
    assert added == ("Tables.User.Row: added lastActiveAt: string | null",)


def test_a_column_that_changes_everywhere_is_told_once() -> None:
    assert changed(("string | null", "string")) == ("Tables.User.Row: name: string | null is now name: string",)


def test_a_new_default_shows_in_what_an_insert_takes() -> None:
    assert changed(("        Insert: {\n          id?: never", "        Insert: {\n          id: number")) == (
        "Tables.User.Insert: id?: never is now id: number",
    )


def test_tables_enums_and_functions_come_and_go() -> None:
    assert changed(
        ("      User: {", "      Person: {"),
        ('mood: "sad" | "ok"', 'mood: "sad" | "ok" | "glad"'),
        ("Returns: number }", "Returns: string }"),
    ) == (
        'Enums.mood: "sad" | "ok" is now "sad" | "ok" | "glad"',
        "Functions.add: Returns: number is now Returns: string",
        "Tables.Person: added (2 columns)",
        "Tables.User: removed",
    )


def test_a_new_argument_is_told() -> None:
    assert changed(("b?: number }", "b?: number; c: string }")) == ("Functions.add.Args: added c: string",)


def test_relationships_are_told_by_the_foreign_keys_name() -> None:
    key = '{ foreignKeyName: "fk_%s"; columns: ["%s"]; referencedRelation: "T"; referencedColumns: ["id"] }'
    one = OURS.replace("Relationships: []", f"Relationships: [{key % ('a', 'x')}, {key % ('b', 'x')}]")
    two = OURS.replace("Relationships: []", f"Relationships: [{key % ('a', 'y')}, {key % ('c', 'x')}]")
    assert differences(one, two) == ("Tables.User.Relationships: added fk_c; changed fk_a; removed fk_b",)


def test_a_view_that_can_be_written_now_says_so() -> None:
    view = (
        "Views: {\n      v: {\n        Row: {\n          a: number\n        }\n%s        Relationships: []\n      }\n"
    )
    one = OURS.replace("Views: {\n      [_ in never]: never\n", view % "")
    two = OURS.replace(
        "Views: {\n      [_ in never]: never\n", view % "        Insert: {\n          a?: number\n        }\n"
    )
    assert differences(one, two) == ("Views.v.Insert: added",)
    assert differences(two, one) == ("Views.v.Insert: removed",)


def test_another_schema_is_named() -> None:
    two = OURS.replace("export type Database = {\n", "export type Database = {\n  api: {\n    Tables: {}\n  }\n")
    assert differences(OURS, two) == ("schema api: added",)
    three = two.replace("    Tables: {}\n", "    Tables: {}\n    Enums: {\n      x: 1\n    }\n")
    assert differences(two, three) == ("api.Enums.x: added = 1",)


def test_a_first_file_is_new() -> None:
    assert differences(None, OURS) == ("a new file",)


@pytest.mark.parametrize(
    "old",
    ["", "hello", "export type Database = {", "export type Database = { a b }", "export type Database = { ! : 1 }"],
)
def test_a_file_that_is_no_types_file_is_compared_by_lines(old: str) -> None:
    (line,) = differences(old, OURS)
    assert line.endswith("lines removed")


def test_string_types_keep_their_escapes() -> None:
    tree = read_database('export type Database = { a: { b: \'it\\\'s\' | "\\"", "q\\"": 1 } }')
    assert tree is not None
    inner = tree["a"]
    assert not isinstance(inner, Leaf)
    assert inner == {"b": Leaf('"it\'s" | "\\""'), 'q"': Leaf("1")}
