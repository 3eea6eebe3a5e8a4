"""The Project port over a directory: features, sources, and what is written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from db_migrate.project.project import FileProject, slug
from db_migrate_tools.ports import Project, Refused
from db_migrate_tools.sql.script import build
from db_migrate_tools.wire import EnvironmentSource, FeatureSource, FileSource, RollbackSource, SourceInput, SqlSource

SQL = "# Schema\n\n```sql\nCREATE TABLE a (id int);\n```\n"
OLD = ".agaile-os/features"
NEW = ".agent-os/specs"


def feature(named: str | None = None) -> SourceInput:
    return FeatureSource.model_validate({"feature": named})


def file(path: str) -> SourceInput:
    return FileSource.model_validate({"from": "file", "path": path})


def sql(text: str, name: str = "x") -> SourceInput:
    return SqlSource.model_validate({"from": "sql", "sql": text, "name": name})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


def put(root: Path, path: str, text: str = SQL) -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def test_the_directory_is_a_project_in_the_sense_of_the_port(root: Path) -> None:
    project: Project = FileProject(root)
    assert project.features() == ()


def test_every_layout_is_found_newest_first(root: Path) -> None:
    put(root, f"{OLD}/2026-01-02-old/sub-specs/database-schema.md")
    put(root, f"{OLD}/2026-03-01-newer/database-schema.md")
    put(root, f"{NEW}/2026-02-01-specs/sub-specs/database-schema.md")
    put(root, f"{OLD}/active/2026-04-01-now/database-schema.md")
    put(root, f"{OLD}/active/billing/sub-specs/database-schema.md")
    put(root, f"{OLD}/completed/2025-01-01-gone/database-schema.md")
    put(root, f"{OLD}/2026-05-05-no-schema/spec.md")
    found = FileProject(root).features()
    assert [(f.name, f.active, f.done) for f in found] == [
        ("2026-04-01-now", True, False),
        ("2026-03-01-newer", True, False),
        ("2026-02-01-specs", True, False),
        ("2026-01-02-old", True, False),
        ("2025-01-01-gone", False, True),
        ("billing", True, False),
    ]
    assert found[0].path == f"{OLD}/active/2026-04-01-now/database-schema.md"


@pytest.mark.parametrize(
    ("name", "text", "done"),
    [
        ("tasks.md", "- [x] one\n- [X] two\n", True),
        ("tasks.md", "- [x] one\n- [ ] two\n", False),
        ("tasks.md", "nothing to tick\n", False),
        ("spec.md", "# S\n\n> Status: Completed\n", True),
        ("spec.md", "# S\n\n**Status:** ✅ Done\n", True),
        ("spec.md", "# S\n\n> Status: Planning\n", False),
        ("sub-specs/database-schema.md", f"# S\n\n> Status: Implemented\n\n{SQL}", True),
    ],
)
def test_a_feature_is_done_when_its_tasks_are_ticked_or_its_status_says_so(
    root: Path, name: str, text: str, done: bool
) -> None:
    put(root, f"{OLD}/2026-01-01-a/sub-specs/database-schema.md")
    put(root, f"{OLD}/2026-01-01-a/{name}", text)
    (found,) = FileProject(root).features()
    assert (found.done, found.active) == (done, not done)


def test_the_newest_active_feature_is_read(root: Path) -> None:
    put(root, f"{OLD}/2026-01-01-first/sub-specs/database-schema.md")
    put(root, f"{OLD}/2026-02-01-Second-Thing/sub-specs/database-schema.md")
    put(root, f"{OLD}/2026-03-01-done/sub-specs/database-schema.md")
    put(root, f"{OLD}/2026-03-01-done/tasks.md", "- [x] all\n")
    source = FileProject(root).read(feature())
    assert (source.origin, source.name, source.feature) == ("feature", "second_thing", "2026-02-01-Second-Thing")
    assert source.path == f"{OLD}/2026-02-01-Second-Thing/sub-specs/database-schema.md"
    assert source.choices[0].what == "The feature 2026-02-01-Second-Thing is the newest of 2 active ones."
    assert [s.line for s in build(source.up).statements] == [4]


def test_undated_features_are_ordered_by_their_spec(root: Path) -> None:
    for name, time in (("alpha", 2_000), ("beta", 1_000)):
        os.utime(put(root, f"{OLD}/{name}/database-schema.md"), (time, time))
    assert FileProject(root).read(feature()).feature == "alpha"


@pytest.mark.parametrize(
    "paths",
    [
        (f"{OLD}/2026-01-01-a/database-schema.md", f"{OLD}/2026-01-01-b/database-schema.md"),
        (f"{OLD}/active/a/database-schema.md", f"{OLD}/active/b/sub-specs/database-schema.md"),
        (f"{OLD}/active/2026-01-01-a/database-schema.md", f"{OLD}/active/2026-02-01-b/database-schema.md"),
    ],
)
def test_two_active_features_are_refused_by_name(root: Path, paths: tuple[str, str]) -> None:
    for path in paths:
        put(root, path)
    with pytest.raises(Refused, match=r"Several features are active: .*a, .*b\.") as caught:
        FileProject(root).read(feature())
    assert "feature: …" in caught.value.remedy


def test_the_active_folder_wins_over_dated_folders(root: Path) -> None:
    put(root, f"{OLD}/2026-09-01-later/database-schema.md")
    put(root, f"{OLD}/active/billing/database-schema.md")
    assert FileProject(root).read(feature()).feature == "billing"


def test_no_feature_is_refused_with_where_it_was_looked_for(root: Path) -> None:
    with pytest.raises(Refused, match=r"\.agaile-os/features and \.agent-os/specs"):
        FileProject(root).read(feature())


@pytest.mark.parametrize(
    "named", ["2026-01-01-a", "a", f"{OLD}/2026-01-01-a", f"{OLD}/2026-01-01-a/database-schema.md"]
)
def test_a_feature_is_named_by_folder_name_or_path_even_when_done(root: Path, named: str) -> None:
    put(root, f"{OLD}/2026-01-01-a/database-schema.md")
    put(root, f"{OLD}/2026-01-01-a/tasks.md", "- [x] all\n")
    put(root, f"{OLD}/2026-01-01-b/database-schema.md")
    assert FileProject(root).read(feature(named)).feature == "2026-01-01-a"


def test_an_unknown_feature_is_refused_with_the_known_ones(root: Path) -> None:
    put(root, f"{OLD}/2026-01-01-a/database-schema.md")
    with pytest.raises(Refused) as caught:
        FileProject(root).read(feature("z"))
    assert caught.value.remedy == "Known features: 2026-01-01-a."


def test_a_name_that_fits_two_features_is_refused(root: Path) -> None:
    put(root, f"{OLD}/2026-01-01-a/database-schema.md")
    put(root, f"{NEW}/2026-02-01-a/database-schema.md")
    with pytest.raises(Refused, match="Several features are called a"):
        FileProject(root).read(feature("a"))


def test_an_unreadable_note_says_nothing_about_its_feature(root: Path) -> None:
    put(root, f"{OLD}/a/database-schema.md")
    (root / OLD / "a" / "tasks.md").write_bytes(b"- [x] \xff\n")
    assert [f.done for f in FileProject(root).features()] == [False]


def test_feature_paths_outside_the_root_are_not_searched(root: Path) -> None:
    outside = root.parent / "elsewhere"
    put(outside, "2026-01-01-a/database-schema.md")
    assert FileProject(root, ["../elsewhere"]).features() == ()


def test_a_file_of_the_migrations_folder_keeps_its_version_and_name(root: Path) -> None:
    put(root, "supabase/migrations/20260101120000_Add-users.sql", "CREATE TABLE a (id int);\n")
    source = FileProject(root).read(file("supabase/migrations/20260101120000_Add-users.sql"))
    assert (source.origin, source.version, source.name) == ("file", "20260101120000", "add_users")
    assert [p.text for p in source.up] == ["CREATE TABLE a (id int);\n"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("db/addThing.sql", "add_thing"),
        ("db/20260101_thing.sql", "thing"),
        ("prisma/migrations/20260101120000_init/migration.sql", "init"),
        ("docs/2026-01-01-bells/sub-specs/database-schema.md", "bells"),
    ],
)
def test_a_file_gives_its_migration_a_name_and_no_version(root: Path, path: str, name: str) -> None:
    put(root, path, SQL if path.endswith(".md") else "CREATE TABLE a (id int);")
    source = FileProject(root).read(file(path))
    assert (source.name, source.version, source.path) == (name, None, path)


def test_a_file_that_is_neither_sql_nor_markdown_is_refused(root: Path) -> None:
    with pytest.raises(Refused, match=r"neither \.sql nor \.md"):
        FileProject(root).read(file("package.json"))


def test_sql_below_a_down_marker_is_a_rollback_and_never_a_change(root: Path) -> None:
    source = FileProject(root).read(sql("-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n"))
    assert [s.text for s in build(source.up).statements] == ["CREATE TABLE a (id int)"]
    assert [(p.line, "DROP TABLE a;" in p.text) for p in source.down] == [(3, True)]
    assert [c.line for c in source.choices] == [3]


def test_inline_sql_is_read_with_the_digest_of_its_bytes(root: Path) -> None:
    source = FileProject(root).read(sql("SELECT 'é'", "Add é Thing!"))
    assert (source.origin, source.name, source.path) == ("sql", "add_thing", None)
    assert source.sha256 == hashlib.sha256("SELECT 'é'".encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "\n", "-- nothing\n", ";;"])
def test_sql_without_a_statement_is_blocked(root: Path, text: str) -> None:
    source = FileProject(root).read(sql(text))
    assert [b.what for b in source.blockers] == ["There is no SQL statement to run here."]


def test_sql_with_a_nul_byte_reaches_the_script_and_is_blocked_there(root: Path) -> None:
    source = FileProject(root).read(sql("CREATE TABLE a (id int);\0DROP TABLE b;"))
    assert "NUL" in build(source.up).blockers[0].what


@pytest.mark.parametrize("name", ["", "!!!", "漢字"])
def test_a_name_without_letters_is_refused(root: Path, name: str) -> None:
    with pytest.raises(Refused, match="no letter or digit"):
        FileProject(root).read(sql("SELECT 1", name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("addLastActive", "add_last_active"), ("../../etc/passwd", "etc_passwd"), ("A" * 100, "a" * 60), ("x__y", "x_y")],
)
def test_names_become_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(
    "source",
    [
        RollbackSource.model_validate({"from": "rollback", "migration": "1"}),
        EnvironmentSource.model_validate({"from": "environment", "env": "dev"}),
    ],
)
def test_sources_that_are_no_files_are_refused(root: Path, source: SourceInput) -> None:
    with pytest.raises(Refused, match="not a file of the project"):
        FileProject(root).read(source)


def test_unapplied_files_are_those_whose_version_is_unknown(root: Path) -> None:
    for name in ("20260102_b.sql", "20260101_a.sql", "20260103_c.sql", "notes.sql", "20260104_d.txt"):
        put(root, f"supabase/migrations/{name}", "SELECT 1;")
    assert FileProject(root).unapplied_files(["20260101"]) == (
        "supabase/migrations/20260102_b.sql",
        "supabase/migrations/20260103_c.sql",
    )


def test_a_project_without_migrations_has_no_unapplied_files(root: Path) -> None:
    assert FileProject(root).unapplied_files([]) == ()


def test_a_plan_is_written_into_the_private_state(root: Path) -> None:
    project = FileProject(root)
    path = project.write_plan("abc-123", "# Plan é\n", "SELECT 'é';\n")
    assert path == ".db-migrate/plans/abc-123.md"
    assert (root / path).read_text(encoding="utf-8") == project.read_plan("abc-123", "md") == "# Plan é\n"
    assert project.read_plan("abc-123", "sql") == "SELECT 'é';\n"
    assert (root / ".db-migrate" / ".gitignore").exists()


def test_a_plan_id_that_is_a_path_is_refused(root: Path) -> None:
    with pytest.raises(Refused, match="no plan’s id"):
        FileProject(root).write_plan("../../x", "", "")


def test_an_unknown_plan_is_refused(root: Path) -> None:
    with pytest.raises(Refused, match="There is no plan abc"):
        FileProject(root).read_plan("abc", "sql")


def test_a_migration_never_replaces_a_different_file(root: Path) -> None:
    project = FileProject(root)
    first = project.write_migration("20260101", "add users", "SELECT 1;\n")
    assert first == "supabase/migrations/20260101_add_users.sql"
    assert project.write_migration("20260101", "add users", "SELECT 1;\n") == first
    assert project.write_migration("20260101", "add users", "SELECT 2;\n").endswith("20260101_add_users_2.sql")
    assert (root / first).read_text() == "SELECT 1;\n"


def test_a_migration_version_that_is_no_number_is_refused(root: Path) -> None:
    with pytest.raises(Refused, match="no migration version"):
        FileProject(root).write_migration("../1", "a", "SELECT 1;")


def test_a_migrations_folder_that_leads_out_is_refused(root: Path) -> None:
    (root / "supabase").mkdir()
    (root / "supabase" / "migrations").symlink_to(root.parent)
    with pytest.raises(Refused, match="outside the project"):
        FileProject(root).write_migration("1", "a", "SELECT 1;")


def test_a_report_lies_beside_the_spec_and_replaces_only_our_own(root: Path) -> None:
    project = FileProject(root)
    spec = f"{OLD}/2026-01-01-a/sub-specs/database-schema.md"
    put(root, spec)
    first = project.write_report(spec, "20260101", "# Done\n")
    assert first == f"{OLD}/2026-01-01-a/sub-specs/database-migration-report.md"
    assert project.write_report(spec, "20260102", "# Again\n") == first
    assert (root / first).read_text().endswith("# Again\n")
    (root / first).write_text("my own notes")
    second = project.write_report(spec, "20260103", "# Third\n")
    assert second.endswith("database-migration-report-20260103.md")
    assert (root / first).read_text() == "my own notes"
    (root / second).write_text("mine too")
    assert project.write_report(spec, "20260103", "# Fourth\n") == ".db-migrate/reports/20260103.md"


@pytest.mark.parametrize("source", [None, "supabase/migrations/1_a.sql", "docs/a.md", f"{OLD}/../../x.md"])
def test_without_a_feature_the_report_lies_in_the_state_and_nothing_is_marked(root: Path, source: str | None) -> None:
    project = FileProject(root)
    assert project.write_report(source, "20260101", "# Done\n") == ".db-migrate/reports/20260101.md"
    if source is not None:
        assert project.mark_applied(source, "20260101", "dev") is None


def test_an_applied_feature_is_marked_beside_its_spec_which_stays_as_it_was(root: Path) -> None:
    project = FileProject(root)
    spec = put(root, f"{OLD}/a/database-schema.md")
    path = f"{OLD}/a/database-schema.md"
    marked = project.mark_applied(path, "20260101", "dev")
    assert marked == f"{OLD}/a/migration-status.json"
    assert marked is not None
    assert project.mark_applied(path, "20260102", "staging") == marked
    assert json.loads((root / marked).read_text()) == {"applied": {"dev": "20260101", "staging": "20260102"}}
    assert spec.read_text() == SQL


@pytest.mark.parametrize("held", ["no json", "[]", '{"applied": 3}', '{"applied": {"dev": 3}}'])
def test_a_damaged_mark_is_written_anew(root: Path, held: str) -> None:
    put(root, f"{OLD}/a/migration-status.json", held)
    marked = FileProject(root).mark_applied(f"{OLD}/a/database-schema.md", "1", "dev")
    assert marked is not None
    assert json.loads((root / marked).read_text()) == {"applied": {"dev": "1"}}


def test_whole_words_are_found_in_application_files(root: Path) -> None:
    put(root, "src/a.ts", "const a = db.lastActiveAt;\n// users\nconst superusers = 1;\n")
    put(root, "src/b.vue", "users users\n\nlastActiveAt2\n")
    put(root, "src/types.ts", "users\n")
    put(root, "node_modules/x/a.ts", "users\n")
    put(root, "dist/a.js", "users\n")
    put(root, "schema.sql", "users\n")
    (root / "src" / "link.ts").symlink_to(root / "src" / "a.ts")
    project = FileProject(root, generated=["src/types.ts"])
    assert project.mentions(["users", "lastActiveAt"]) == ("src/a.ts:1", "src/a.ts:2", "src/b.vue:1")
    assert project.mentions(["", " "]) == ()


def test_mentions_are_limited(root: Path) -> None:
    put(root, "a.py", "users\n" * 1000)
    assert len(FileProject(root).mentions(["users"])) == 200


def test_a_folder_that_cannot_be_read_or_is_gone_is_skipped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, f"{OLD}/2026-01-02-good/database-schema.md")
    put(root, f"{OLD}/2026-01-03-barred/database-schema.md")
    put(root, f"{NEW}/2026-01-04-whole-path-barred/database-schema.md")
    (root / f"{OLD}/2026-01-05-circle").symlink_to("2026-01-05-circle")
    real_stat, real_iterdir = Path.stat, Path.iterdir

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if "barred" in str(path) and path.name == "database-schema.md":
            raise PermissionError(13, "Permission denied", str(path))  # root, as tests may run, may read everything
        return real_stat(path, follow_symlinks=follow_symlinks)

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "specs":
            raise FileNotFoundError(2, "gone", str(path))
        return real_iterdir(path)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert [f.name for f in FileProject(root).features()] == ["2026-01-02-good"]
