"""Statements: their original text, places, effects; categories; and what only Python can write down as a case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db_migrate_tools.sql.chunks import chunks
from db_migrate_tools.sql.model import Blocker, Category, Piece, Script, Statement
from db_migrate_tools.sql.parser import scan, split
from db_migrate_tools.sql.script import MOST_BYTES, build, read, select
from db_migrate_tools.sql.text import SqlError, Text


def of(sql: str, line: int = 1) -> Script:
    return build([Piece(sql, line)])


def one(sql: str) -> Statement:
    script = of(sql)
    assert script.blockers == ()
    (statement,) = script.statements
    return statement


FUNCTION = """CREATE FUNCTION "f é"() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
  -- a comment; with a semicolon
  RETURN 'ä;\r\n\t' || $q$ $$ ; $q$;
END
$body$"""


def test_a_statement_is_its_original_bytes_from_the_first_token_to_the_last() -> None:
    script = of(f"-- é first\n  {FUNCTION} -- behind\n ;\n\nSELECT  'ö' -- end")
    assert [s.text for s in script.statements] == [FUNCTION, "SELECT  'ö'"]
    assert script.sql == f"{FUNCTION};\nSELECT  'ö';\n"


def test_lines_count_from_the_place_of_the_piece_and_numbers_run_through_all_pieces() -> None:
    script = build([Piece("CREATE TABLE a (id int);\n\nDROP TABLE b;", 10), Piece("\nDROP TABLE c", 40)])
    assert [(s.number, s.line) for s in script.statements] == [(1, 10), (2, 12), (3, 41)]


def test_comments_directly_above_are_kept_for_display() -> None:
    script = of(
        "-- file header\n\n-- Users\n-- and more\nCREATE TABLE a (id int); -- trailing\n/* block */\nDROP TABLE b;\n"
        "DROP TABLE c; -- behind c\nDROP TABLE d;"
    )
    assert [s.comment for s in script.statements] == ["-- Users\n-- and more", "/* block */", "", ""]


def test_a_pair_around_all_pieces_is_taken_off() -> None:
    script = build([Piece("BEGIN;\nCREATE TABLE a (id int);", 5), Piece("DROP TABLE b;\nCOMMIT;", 20)])
    assert [s.number for s in script.statements] == [1, 2]
    assert script.choices[0].what.startswith("BEGIN (line 5) and COMMIT (line 21)")


def test_a_nul_byte_is_refused_with_its_line_and_nothing_is_read() -> None:
    script = of("CREATE TABLE a (id int);\nSELECT 1;\0DROP TABLE a;", 3)
    assert script.statements == ()
    assert script.blockers == (Blocker(4, "The text holds a NUL byte.", "Remove it: nothing behind it would be read."),)


@pytest.mark.parametrize("end", ["\r", "\rDROP TABLE users;\n"])
def test_a_bare_carriage_return_in_a_comment_is_refused(end: str) -> None:
    script = of(f"CREATE TABLE a (id int);\n-- harmless {end}")
    assert [(b.line, "bare carriage return" in b.what) for b in script.blockers] == [(2, True)]


def test_windows_line_endings_are_no_trouble() -> None:
    script = of("-- a comment\r\nCREATE TABLE a (\r\n  id int\r\n);\r\nDROP TABLE b;\r\n")
    assert (script.blockers, script.choices) == ((), ())
    assert [(s.line, s.text) for s in script.statements] == [
        (2, "CREATE TABLE a (\r\n  id int\r\n)"),
        (5, "DROP TABLE b"),
    ]
    assert script.statements[0].comment == "-- a comment"


def test_hidden_characters_are_told_by_line_and_escaped_in_what_is_shown() -> None:
    script = of('CREATE TABLE "us\u202eers" (id int);\n-- nothing\u200b here\nDROP TABLE a;')
    assert [(c.line, c.what) for c in script.choices] == [
        (1, "Hidden character: U+202E (right-to-left override)."),
        (2, "Hidden character: U+200B (zero width space)."),
    ]
    assert script.statements[0].target == '"us[U+202E]ers"'
    assert script.statements[0].description == 'Create table "us[U+202E]ers" with 1 column'
    assert "\u202e" in script.statements[0].text


def test_names_in_lookalike_letters_are_told() -> None:
    script = of("DROP TABLE p\u0430yments;\nDROP TABLE größe;")
    assert [c.line for c in script.choices] == [1]
    assert "another alphabet" in script.choices[0].what


def test_long_blank_stretches_are_told() -> None:
    script = of("DROP TABLE a;\n" + "\n" * 5000 + "DROP TABLE b;")
    assert [(c.line, c.what) for c in script.choices] == [(2, "5000 blank lines.")]


def test_many_mistakes_are_counted_not_listed_without_end() -> None:
    script = of("nonsense here;\n" * 100 + "DROP TABLE a;")
    assert len(script.blockers) == 21
    assert script.blockers[-1].what == "80 more lines cannot be read."
    assert [s.text for s in script.statements] == ["DROP TABLE a"]


def test_a_refused_statement_is_not_listed_so_that_its_secret_is_not_either() -> None:
    script = of("CREATE ROLE a PASSWORD 'canary';\nDROP TABLE b;")
    assert [s.text for s in script.statements] == ["DROP TABLE b"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX INDEX CONCURRENTLY i",
        "REINDEX SCHEMA public",
        "VACUUM t",
        "CLUSTER",
        "ALTER TABLE p DETACH PARTITION q CONCURRENTLY",
        "DROP SUBSCRIPTION s",
    ],
)
def test_what_postgres_refuses_inside_a_transaction_is_marked(sql: str) -> None:
    assert not one(sql).transactional


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX i ON t (a)",
        "REINDEX TABLE t",
        "ANALYZE t",
        "CLUSTER t USING i",
        "ALTER TYPE e ADD VALUE 'x'",
        "ALTER TABLE p DETACH PARTITION q",
        "ALTER TABLE p DETACH PARTITION q FINALIZE",
    ],
)
def test_everything_else_runs_inside_a_transaction(sql: str) -> None:
    assert one(sql).transactional


@pytest.mark.parametrize(
    ("sql", "opaque", "writes"),
    [
        ("DO $$ BEGIN NULL; END $$", True, True),
        ("CALL p()", True, True),
        ("SELECT cron.schedule('a', 'b', 'c')", True, True),
        ("SELECT setval('s', 1)", True, True),
        ("SELECT count(*), pg_catalog.lower(a) FROM t", False, False),
        ("SELECT my_schema.lower(a) FROM t", True, True),
        ("INSERT INTO t VALUES (gen_random_uuid(), now())", False, True),
        ("INSERT INTO t SELECT mine()", True, True),
        ("UPDATE t SET a = 1", False, True),
        ("DELETE FROM t", False, True),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", False, True),
        ("TRUNCATE t", False, True),
        ("WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", False, True),
        ("EXPLAIN ANALYZE DELETE FROM t", False, True),
        ("CREATE TABLE a AS SELECT mine()", True, True),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM t; END", False, False),
        ("CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u", False, False),
        ("CREATE TABLE a (id uuid DEFAULT mine())", False, False),
        ("DROP TABLE t", False, False),
    ],
)
def test_opaque_and_writing_statements_are_marked(sql: str, opaque: bool, writes: bool) -> None:
    statement = one(sql)
    assert (statement.opaque, statement.writes_rows) == (opaque, writes)


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ('ALTER TABLE "User" ADD FOREIGN KEY (a) REFERENCES auth.users', ('"User"', "auth.users")),
        ("WITH x AS (SELECT * FROM t) INSERT INTO u SELECT * FROM x", ("t", "u")),
        ("DROP POLICY p ON a.t", ("a.t",)),
        ("DROP TRIGGER g ON t", ("t",)),
        ("DROP TABLE a, b.c", ("a", "b.c")),
        ("DROP FUNCTION f(int)", ()),
        ("COMMENT ON COLUMN a.t.c IS 'x'", ("a.t",)),
        ("GRANT SELECT ON t TO anon", ("t",)),
        ("CREATE TYPE c AS (a int)", ()),
        ("CREATE VIEW v AS SELECT * FROM t JOIN u USING (id)", ("v", "t", "u")),
    ],
)
def test_relations_are_named_as_written(sql: str, relations: tuple[str, ...]) -> None:
    assert set(one(sql).relations) == set(relations)


MIXED = "CREATE TABLE a (id int);\nALTER TABLE b ADD COLUMN c int;\nCREATE INDEX i ON b (c);\nINSERT INTO a VALUES (1);"


@pytest.mark.parametrize(
    ("categories", "kept"),
    [(["table", "index"], [1, 3]), (["data"], [4]), (["table", "column", "index", "data"], [1, 2, 3, 4])],
)
def test_only_the_chosen_categories_are_kept_and_the_rest_is_told(categories: list[Category], kept: list[int]) -> None:
    whole = of(MIXED)
    script = select(whole, categories)
    assert [s.text for s in script.statements] == [whole.statements[i - 1].text for i in kept]
    assert [s.number for s in script.statements] == list(range(1, len(kept) + 1))
    assert [c.line for c in script.choices] == [i for i in (1, 2, 3, 4) if i not in kept]
    assert script.blockers == ()


def test_no_categories_keep_everything() -> None:
    assert select(of(MIXED), None) == of(MIXED)


def test_a_choice_of_categories_that_leaves_nothing_is_refused() -> None:
    script = select(of(MIXED), ["policy"])
    assert script.statements == ()
    assert [b.remedy for b in script.blockers] == ["The source has: column, data, index, table. Choose among them."]


def test_a_file_of_five_thousand_statements_keeps_every_statement() -> None:
    script = of("\n".join(f"CREATE TABLE t{i} (id int PRIMARY KEY, a text NOT NULL);" for i in range(5000)))
    assert (len(script.statements), script.statements[-1].line) == (5000, 5000)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("varchar(20)[]", "character varying(20)[]"),
        ("char", "character"),
        ("char(3)", "character(3)"),
        ("numeric(10,2)", "numeric(10,2)"),
        ("float8", "double precision"),
        ("interval day", "interval"),
        ("extensions.citext", "extensions.citext"),
        ('"Status"', '"Status"'),
        ("int[][]", "integer[][]"),
    ],
)
def test_types_are_shown_in_the_long_spelling(written: str, shown: str) -> None:
    assert one(f"ALTER TABLE t ADD a {written}").description == f"Add column a ({shown}) to t"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("ALTER TABLE t ALTER a TYPE bigint", "Change the type of column a of t to bigint"),
        ("ALTER TABLE t INHERIT p", "Make t inherit from p"),
        ("ALTER TABLE t NO INHERIT p", "Stop t inheriting from p"),
        ("ALTER TABLE t OF c", "Alter t"),
        ("ALTER TABLE t OWNER TO CURRENT_USER", "Change the owner of t to the current user"),
        ("ALTER TABLE t ADD UNIQUE (a)", "Add unique constraint to t"),
        ("ALTER TABLE t ADD a serial PRIMARY KEY", "Add column a (serial, primary key) to t"),
        ("GRANT a, b TO c", "Grant role a, b to c"),
        ("GRANT EXECUTE ON FUNCTION f(int) TO anon", "Grant EXECUTE on function f(integer) to anon"),
        ("GRANT SELECT ON a, b, c, d, e TO anon", "Grant SELECT on table a, b, c and 2 more to anon"),
        ("ALTER TYPE e ADD VALUE 'it''s'", "Add value 'it''s' to enum e"),
        ("ALTER POLICY p ON t USING (true)", "Alter policy p on t"),
        ("CREATE POLICY p ON t AS RESTRICTIVE USING (true)", "Create policy p on t for all, restrictive"),
        ("ALTER FUNCTION f(int) RENAME TO g", "Rename function f(integer) to g"),
        ("DROP AGGREGATE a(*)", "Drop aggregate a()"),
        ("DROP CAST (int AS text)", "Drop cast (integer as text)"),
        ("COMMENT ON TABLE t IS NULL", "Remove the comment on table t"),
        ('DROP TABLE "Order", "order"', 'Drop tables "Order", "order"'),
    ],
)
def test_sentences_name_what_matters(sql: str, shown: str) -> None:
    assert one(sql).description == shown


def test_dumps_are_split_without_being_read() -> None:
    assert split("CREATE TABLE a (x int); SELECT 'ö;' WITH nonsense") == [
        "CREATE TABLE a (x int)",
        "SELECT 'ö;' WITH nonsense",
    ]
    with pytest.raises(SqlError, match="unterminated"):
        split("SELECT 'é', 'x")


def test_an_error_has_line_and_column_in_characters() -> None:
    text = Text("SELECT 1;\nSELECT 'äöü', 'x")
    with pytest.raises(SqlError) as caught:
        scan(text)
    assert (caught.value.line, caught.value.column, caught.value.near) == (2, 15, "'x")


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_never_crashes(text: str) -> None:
    script = of(text)
    for statement in script.statements:
        assert statement.text in text


@given(st.lists(st.sampled_from(["DROP TABLE a", "SELECT 'é;'", "-- ;\n", "/* ; */", ";", "\n", "$$;$$", '"', "'"])))
def test_what_runs_is_always_a_slice_of_the_source(parts: list[str]) -> None:
    text = "".join(parts)
    script = of(text)
    at = 0
    for statement in script.statements:
        at = text.index(statement.text, at) + len(statement.text)


@pytest.mark.parametrize("levels", [50, 200, 350])
@pytest.mark.parametrize("shape", ["concatenation", "calls", "unions", "parentheses"])
def test_deep_expressions_are_read(shape: str, levels: int) -> None:
    sql = {
        "concatenation": "UPDATE t SET a = " + " || ".join(["'a'"] * levels),
        "calls": "UPDATE t SET a = " + "lower(" * levels + "b" + ")" * levels,
        "unions": "CREATE VIEW v AS " + " UNION ALL ".join(["SELECT 1, 2"] * levels),
        "parentheses": "UPDATE t SET a = " + "(" * levels + "1" + ")" * levels,
    }[shape]
    assert one(sql).text == sql


@pytest.mark.parametrize("levels", [500, 20_000])
@pytest.mark.parametrize("shape", ["concatenation", "calls", "unions", "casts", "cases", "code"])
def test_what_would_overflow_the_stack_is_refused_before_it_is_parsed(shape: str, levels: int) -> None:
    sql = {
        "concatenation": "UPDATE t SET a = " + " || ".join(["'a'"] * levels),
        "calls": "UPDATE t SET a = " + "lower(" * levels + "b" + ")" * levels,
        "unions": "CREATE VIEW v AS " + " UNION ALL ".join(["SELECT 1, 2"] * levels),
        "casts": "UPDATE t SET a = 1" + "::int" * levels,
        "cases": "UPDATE t SET a = " + "CASE WHEN b THEN 1 ELSE " * levels + "2" + " END" * levels,
        "code": "DO $$ BEGIN a := " + "f(" * levels + "1" + ")" * levels + "; END $$",
    }[shape]
    script = of(f"DROP TABLE x;\n{sql};\nDROP TABLE y;")
    assert [(b.line, "nested too deeply" in b.what) for b in script.blockers] == [(2, True)]
    assert [s.text for s in script.statements] == ["DROP TABLE x", "DROP TABLE y"]


def test_many_rows_are_not_deep() -> None:
    assert one("INSERT INTO t VALUES " + ", ".join(["(-1, (2 + 3) * 4, 'a' || 'b')"] * 5000)).writes_rows


def test_long_conditions_are_not_deep() -> None:
    assert one("DELETE FROM t WHERE " + " OR ".join(["a = 1 AND b = 'x'"] * 500)).kind == "DeleteStmt"


def test_more_sql_than_anybody_can_review_is_refused_before_it_is_parsed() -> None:
    half = MOST_BYTES // 2
    script = build((Piece("-" * half), Piece("é" * (half // 2 + 1))))
    assert script.statements == ()
    [blocker] = script.blockers
    assert "more than 32 MB are not read" in blocker.what
    assert "split it" in blocker.remedy


def test_a_long_text_is_read_in_parts_and_says_the_same_as_in_one() -> None:
    row = "INSERT INTO people (id, name) VALUES ({0}, 'é; {0}'); -- about {0}\n"
    odd = "-- why\nCREATE RULE r AS ON INSERT TO people DO ALSO (\n  SELECT 1;\n  SELECT 2);\n"
    text = "".join(odd if n % 997 == 0 else row.format(n) for n in range(20_000))
    parts = chunks(text)
    assert len(parts) > 1
    assert "".join(parts) == text
    script = of(text, line=7)
    assert script.blockers == ()
    assert len(script.statements) == 20_000
    lines = text.split("\n")
    for statement in script.statements[::500]:
        assert statement.text.split("\n")[0] in lines[statement.line - 7]
    rule = next(s for s in script.statements if s.number > 10_000 and s.kind == "RuleStmt")
    assert rule.comment == "-- why"
    beginning = of("\n".join(lines[:1000]), line=7).statements
    assert len(beginning) > 900
    assert beginning == script.statements[: len(beginning)]
    offsets = read(Piece(text)).statements
    assert all(text.encode()[r.start : r.end].decode() == r.text for r in offsets[::777])


@pytest.mark.parametrize(
    "end",
    [
        "COPY people FROM stdin;\n1\tone;\n\\.\n",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\nSELECT 1;\nSELECT 2;\nEND;\n",
        "SELECT 'never closed;\n",
    ],
)
def test_a_long_text_that_its_tokens_cannot_cut_stays_whole(end: str) -> None:
    text = "INSERT INTO people (id) VALUES (1);\n" * 20_000 + end
    assert chunks(text) == [text]


def test_mistakes_in_several_parts_of_a_long_text_are_counted_together() -> None:
    text = ("INSERT INTO people (id) VALUES (1);\n" * 8_000 + "INSERT INTO people VALUE (2);\n" * 15) * 3
    assert len(chunks(text)) > 1
    blockers = of(text).blockers
    assert len(blockers) == 21
    assert blockers[0].line == 8_001
    assert blockers[-1].what == "25 more lines cannot be read."


def test_a_word_among_the_rows_is_no_name() -> None:
    assert of("INSERT INTO tools (name) VALUES ('db_migrate')").blockers == ()
