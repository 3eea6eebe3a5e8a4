"""Spec files: which SQL counts, which way it goes, what is asked, what blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from db_migrate_tools.specs import Spec, read_spec, split_marked
from db_migrate_tools.specs.markdown import read_document
from db_migrate_tools.specs.merge import merge
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build, read

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"


def spec(name: str) -> Spec:
    return read_spec((SPECS / f"{name}.md").read_text(encoding="utf-8"))


def up(found: Spec) -> list[tuple[int, str]]:
    """Line and description of every statement that would run."""
    script = build(found.up)
    return [(s.line, s.description) for s in script.statements]


def told(found: Spec) -> list[tuple[int, str]]:
    return [(c.line, c.what) for c in found.choices]


def asked(found: Spec) -> list[tuple[int | None, str]]:
    return [(b.line, b.what) for b in found.blockers]


def test_sql_blocks_run_in_their_order_and_everything_else_is_told() -> None:
    found = spec("notifications")
    assert up(found) == [
        (14, 'Create table "Notification" with 4 columns'),
        (27, 'Create index idx_notification_unread on "Notification" (user_id) for some rows, without blocking writes'),
        (34, 'Enable row level security on "Notification"'),
        (35, 'Create policy own on "Notification" for select'),
    ]
    assert [(p.line, p.text) for p in found.down] == [(51, 'DROP TABLE "Notification";\n')]
    assert told(found) == [
        (41, "Left out: queries only, which change nothing."),
        (45, "Left out: a block in typescript, not SQL."),
        (51, "Taken as rollback, because of the heading or line above it; it does not run as a change."),
    ]
    assert found.blockers == ()


def test_an_indented_block_is_read_with_its_own_lines() -> None:
    (piece,) = [p for p in spec("notifications").up if "INDEX" in p.text]
    assert piece.text.startswith("CREATE INDEX CONCURRENTLY")
    assert piece.heading == ("Schema Changes", "Index")


def test_rollbacks_are_known_by_heading_prose_first_comment_and_marker() -> None:
    found = spec("down-inside")
    assert up(found) == [
        (8, "Add column nickname (text) to users"),
        (29, "Create table badge with 1 column"),
        (37, "Create table kept with 1 column"),
    ]
    assert [(p.line, p.text.splitlines()[-1]) for p in found.down] == [
        (11, "ALTER TABLE users DROP COLUMN nickname;"),
        (18, "DROP TABLE extra;"),
        (24, "DROP TABLE badge;"),
        (30, "DROP TABLE badge"),
    ]
    assert [line for line, what in told(found) if "rollback" in what] == [11, 18, 24, 30]
    assert (7, "BEGIN (line 7) and COMMIT (line 9) of this block are taken off.") in told(found)


def test_equal_repeats_run_once() -> None:
    found = spec("repeats")
    assert found.blockers == ()
    assert up(found) == [
        (6, "Create table public.teams with 2 columns unless it exists"),
        (10, "Create index teams_name on teams (name)"),
        (20, "Drop policy p from teams if it exists"),
        (21, "Create policy p on teams for all"),
        (23, "Add column size (integer) to teams"),
    ]
    assert [(line, what) for line, what in told(found) if "taken once" in what] == [
        (18, "The table teams is defined at line 6 already; taken once."),
        (19, "The index teams_name is defined at line 10 already; taken once."),
        (31, "The policy p on teams is defined at line 21 already; taken once."),
    ]
    assert build(found.up).statements[-1].comment == "-- afterwards"


def test_conflicting_definitions_are_asked_about_with_both_lines() -> None:
    found = spec("conflict")
    assert asked(found) == [(10, "The table teams is defined twice, differently: at line 4 and here.")]


def test_one_unreadable_block_blocks_and_the_others_are_still_listed() -> None:
    found = spec("broken")
    assert [line for line, _ in asked(found)] == [14]
    assert "an index cannot be declared inside CREATE TABLE" in found.blockers[0].what
    script = build(found.up)
    assert [(s.line, s.target) for s in script.statements] == [(6, "good"), (29, "also")]
    assert [(b.line, b.what) for b in script.blockers] == [
        (21, "CREATE TABLE short has no columns; it looks like an abbreviation.")
    ]


def test_data_under_test_headings_is_asked_about_and_under_migration_headings_counts() -> None:
    found = spec("questions")
    assert up(found) == [
        (6, "Create table imported with 1 column"),
        (7, "Insert 1 row into imported"),
        (13, "Insert 1 row into imported"),
    ]
    assert asked(found) == [
        (21, "Does this belong to the migration? It changes data, under “Sample rows”."),
        (31, "Does this belong to the migration? It changes data, under “Example queries”."),
    ]
    assert (27, "Left out: a query under “Example queries”.") in told(found)


def test_tables_under_current_schema_describe_and_do_not_run() -> None:
    found = spec("current")
    assert [line for line, _ in up(found)] == [13, 14]
    assert told(found) == [(6, "Left out: it describes what is there, under “Current schema”.")]


def test_a_change_under_current_schema_is_asked_about() -> None:
    found = read_spec("## Current schema\n```sql\nCREATE TABLE a (id int);\nALTER TABLE a ADD b int;\n```\n")
    assert [line for line, _ in asked(found)] == [4]


def test_tables_that_the_target_has_are_left_out_where_the_text_says_that_they_exist() -> None:
    text = (SPECS / "current.md").read_text()
    assert [line for line, _ in up(read_spec(text, existing=frozenset({"public.orders"})))] == [14]
    unsaid = text.replace("Existing tables, extended", "Orders")
    assert [line for line, _ in up(read_spec(unsaid, existing=frozenset({"public.orders"})))] == [13, 14]


def test_no_schema_changes_makes_an_empty_plan() -> None:
    found = spec("no-changes")
    assert (found.up, found.blockers) == ((), ())
    assert told(found) == [(3, "The spec says that there are no schema changes: the plan is empty.")]


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("No database changes are required.", True),
        ("This feature does not require any schema changes.", True),
        ("There are no changes to the database schema.", True),
        ("No migration needed.", True),
        ("There are no breaking changes to the UI.", False),
        ("No changes to the buttons.", False),
    ],
)
def test_only_words_about_the_database_make_an_empty_plan(text: str, nothing: bool) -> None:
    found = read_spec(f"# Schema\n\n{text}\n\n```python\nclass A: ...\n```\n")
    assert (found.blockers == ()) is nothing


def test_queries_beside_no_schema_changes_make_an_empty_plan() -> None:
    found = read_spec("# Schema\n\nNo schema changes.\n\n```sql\nSELECT 1;\n```\n\n```sql\n-- nothing\n```\n")
    assert (found.up, found.blockers) == ((), ())
    assert [line for line, _ in told(found)] == [3, 6, 10]


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("django", 4, "There is no SQL here; its blocks are python, prisma."),
        ("prisma-as-sql", 4, "This is a Prisma schema, not SQL."),
        ("unmarked", 4, "There is no SQL here: the block that looks like it has no language."),
        ("mysql", 5, "This is MySQL, not Postgres: UNSIGNED."),
        ("queries-only", None, "No SQL of this spec is a change: see what was left out, and why."),
    ],
)
def test_a_spec_without_sql_for_postgres_is_refused(name: str, line: int | None, words: str) -> None:
    found = spec(name)
    assert asked(found) == [(line, words)]
    assert found.blockers[0].remedy
    assert found.up == ()


def test_an_empty_spec_is_refused() -> None:
    assert asked(read_spec("")) == [(None, "There is no SQL here.")]


def test_the_title_of_a_document_says_nothing_about_its_sql() -> None:
    found = read_spec("# Rollback and undo tests\n\n```sql\nINSERT INTO a VALUES (1);\n```\n")
    assert len(found.up) == 1
    assert found.blockers == ()


@pytest.mark.parametrize(
    ("heading", "down"),
    [
        ("Rollback", True),
        ("Down migration", True),
        ("How to revert", True),
        ("Undo", True),
        ("Rolling back", True),
        ("Migration and rollback (up and down)", False),
        ("No rollback needed", False),
        ("Drill-down tables", False),
        ("Breakdown", False),
        ("Up", False),
    ],
)
def test_headings_tell_the_way(heading: str, down: bool) -> None:
    found = read_spec(f"# T\n\n## {heading}\n\n```sql\nCREATE TABLE a (id int);\n```\n")
    assert (len(found.up), len(found.down)) == ((0, 1) if down else (1, 0))


def test_the_nearest_heading_tells_the_way() -> None:
    text = "# T\n## Rollback strategy\n### Forward migration\n```sql\nCREATE TABLE a (id int);\n```\n"
    assert len(read_spec(text).up) == 1
    text = "# T\n## Migration\n### Rollback\n#### Step one\n```sql\nDROP TABLE a;\n```\n"
    assert len(read_spec(text).down) == 1


def test_a_broken_rollback_is_told_and_does_not_block() -> None:
    found = read_spec("```sql\nCREATE TABLE a (id int);\n```\n\n## Rollback\n\n```sql\nDROP TABEL a;\n```\n")
    assert (len(found.up), found.down, found.blockers) == (1, (), ())
    assert any("This rollback is not used" in what for _, what in told(found))


def test_a_dropped_and_remade_object_is_no_repeat() -> None:
    text = "```sql\nCREATE TABLE a (id int);\nDROP TABLE a;\nCREATE TABLE a (id int);\n```\n"
    assert len(build(read_spec(text).up).statements) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW public.v AS SELECT 1"),
        ("CREATE TYPE e AS ENUM ('a')", "CREATE TYPE public.e AS ENUM ('a')"),
        ("CREATE TYPE c AS (a int)", "CREATE TYPE c AS (a int)"),
        ("CREATE DOMAIN d AS int", "CREATE DOMAIN d AS int"),
        ("CREATE SEQUENCE s", "CREATE SEQUENCE IF NOT EXISTS s"),
        ("CREATE EXTENSION citext", "CREATE EXTENSION IF NOT EXISTS citext"),
        ("CREATE SCHEMA x", "CREATE SCHEMA IF NOT EXISTS x"),
        ("ALTER TABLE t ADD COLUMN a int", "ALTER TABLE public.t ADD COLUMN IF NOT EXISTS a int"),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
        ("CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",) * 2,
        ("CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()",) * 2,
    ],
)
def test_every_kind_of_object_is_taken_once(first: str, second: str) -> None:
    found = read_spec(f"```sql\n{first};\n```\n\n```sql\n{second};\n```\n")
    assert found.blockers == ()
    assert [s.text for s in build(found.up).statements] == [first]


def test_statements_that_make_nothing_may_repeat() -> None:
    found = read_spec("```sql\nUPDATE a SET b = b + 1;\nUPDATE a SET b = b + 1;\n```\n")
    assert len(build(found.up).statements) == 2


@pytest.mark.parametrize(
    "marker",
    [
        "-- Down",
        "-- DOWN:",
        "-- migrate:down",
        "-- +goose Down",
        "-- ===== ROLLBACK =====",
        "/* Undo script */",
        "-- Down Migration",
    ],
)
def test_a_text_is_cut_at_a_marker(marker: str) -> None:
    parts = split_marked(Piece(f"CREATE TABLE a (id int);\n\n{marker}\nDROP TABLE a;\n", 10))
    assert [(p.way, p.piece.line) for p in parts] == [("up", 10), ("down", 12)]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (\n-- Down\nid int);",
        "SELECT '\n-- Down\n';",
        "DO $$\n-- Down\nBEGIN NULL; END $$;",
        "-- Down payments are kept here\nCREATE TABLE a (id int);",
        "CREATE TABLE a (id int);\n-- undo the default of b\nALTER TABLE b ALTER c DROP DEFAULT;",
    ],
)
def test_comments_that_only_look_like_markers_do_not_cut(text: str) -> None:
    assert [p.way for p in split_marked(Piece(text))] == ["up"]


def test_windows_line_endings_and_tildes_keep_lines_right() -> None:
    document = read_document("# T\r\n\r\n~~~ SQL title=x\r\nSELECT 1;\r\n~~~\r\n")
    assert [(b.language, b.line, b.text.strip()) for b in document.blocks] == [("sql", 4, "SELECT 1;")]


def test_an_indented_code_block_is_told_not_run() -> None:
    found = read_spec("Text:\n\n    CREATE TABLE a (id int);\n")
    assert (found.up, asked(found)[0][0]) == ((), 3)


def test_a_function_is_the_same_by_what_it_takes() -> None:
    def merged(first: str, second: str) -> tuple[int, int]:
        found = merge(list(read(Piece(f"{first};\n{second};")).statements))
        return len(found.dropped), len(found.blockers)

    one = "CREATE FUNCTION f(a int, OUT b int) LANGUAGE sql AS 'SELECT 1'"
    assert merged(one, one) == (1, 0)
    assert merged(one, "CREATE FUNCTION f(a int, OUT c int) LANGUAGE sql AS 'SELECT 1'") == (0, 1)
    assert merged(one, "CREATE FUNCTION f(a text, OUT b int) LANGUAGE sql AS 'SELECT 1'") == (0, 0)
    extension = 'CREATE EXTENSION "uuid-ossp"'
    assert merged(extension, extension) == (1, 0)
