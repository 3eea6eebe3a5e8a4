"""The types file on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from db_migrate.project.types_file import TypesFile

TEXT = "export type Json = string\n"


def test_it_is_written_with_its_folders_and_left_alone_when_it_is_the_same(tmp_path: Path) -> None:
    file = TypesFile(tmp_path, "src/types/db.ts")
    assert file.read() is None
    assert file.write(TEXT, None) is None
    path = tmp_path / "src/types/db.ts"
    assert path.read_text() == TEXT
    before = path.stat().st_ino
    assert file.write(TEXT, file.read()) is None
    assert path.stat().st_ino == before
    assert [p.name for p in path.parent.iterdir()] == ["db.ts"]


def test_its_mode_stays_and_windows_line_ends_are_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "db.ts"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    path.chmod(0o600)
    file = TypesFile(tmp_path, "db.ts")
    assert file.read() == TEXT
    assert file.write(TEXT, file.read()) is None
    assert b"\r\n" in path.read_bytes()
    assert file.write(TEXT + "//", file.read()) is None
    assert path.read_text() == TEXT + "//"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"export const mine = 1\n", b"\xff\xfe\x00"])
def test_a_file_that_was_written_by_hand_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "db.ts").write_bytes(content)
    file = TypesFile(tmp_path, "db.ts")
    problem = file.write(TEXT, file.read())
    assert problem is not None
    assert "types.output" in problem
    assert (tmp_path / "db.ts").read_bytes() == content


def test_an_empty_file_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "db.ts").touch()
    assert TypesFile(tmp_path, "db.ts").write(TEXT, "") is None


def test_it_never_leads_out_of_the_project(tmp_path: Path) -> None:
    root = tmp_path / "app"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    for output in ("../db.ts", "link/db.ts", str(tmp_path / "db.ts")):
        problem = TypesFile(root, output).write(TEXT, None)
        assert problem is not None
        assert "out of the project" in problem
    assert not (tmp_path / "db.ts").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "src").write_text("a file")
    problem = TypesFile(tmp_path, "src/db.ts").write(TEXT, None)
    assert problem is not None
    assert "could not be written" in problem


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    problem = TypesFile(tmp_path, "db.ts").write(TEXT, None)
    assert problem is not None
    assert os.strerror(28) in problem
    assert list(tmp_path.iterdir()) == []


def test_a_project_that_is_no_typescript_gets_no_file_unless_it_asks(tmp_path: Path) -> None:
    assert "no TypeScript project" in str(TypesFile(tmp_path, "db.ts").why_not())
    assert TypesFile(tmp_path, "db.ts", asked_for=True).why_not() is None
    assert 'types.output is ""' in str(TypesFile(tmp_path, "", asked_for=True).why_not())
    assert TypesFile(tmp_path, "").read() is None
    (tmp_path / "tsconfig.json").touch()
    assert TypesFile(tmp_path, "db.ts").why_not() is None
