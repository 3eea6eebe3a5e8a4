"""The project's root, and reading and writing its files."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

import pytest

from db_migrate.project import files
from db_migrate.project.files import decode, directory_for, read_file, replace_file, write_new
from db_migrate.project.root import find_root, state_directory
from db_migrate_tools.ports import Refused


@pytest.mark.parametrize("mark", ["db-migrate.toml", "package.json", "supabase/", ".git/", ".git"])
def test_the_root_is_the_nearest_directory_upwards_with_a_mark(tmp_path: Path, mark: str) -> None:
    inner = tmp_path / "app" / "src" / "deep"
    inner.mkdir(parents=True)
    if mark.endswith("/"):
        (tmp_path / "app" / mark).mkdir()
    else:
        (tmp_path / "app" / mark).touch()
    assert find_root(inner) == tmp_path / "app"


def test_a_configuration_further_up_wins_over_other_marks(tmp_path: Path) -> None:
    inner = tmp_path / "packages" / "web"
    inner.mkdir(parents=True)
    (inner / "package.json").touch()
    (tmp_path / "db-migrate.toml").touch()
    assert find_root(inner) == tmp_path


def test_a_start_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not a directory"):
        find_root(tmp_path / "nowhere")


def test_the_state_directory_is_private_and_ignored(tmp_path: Path) -> None:
    (tmp_path / ".db-migrate").mkdir(mode=0o755)
    directory = state_directory(tmp_path)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / ".gitignore").read_text() == "*\n"
    assert state_directory(tmp_path) == directory


def test_a_state_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".db-migrate").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        state_directory(tmp_path)


def test_a_file_is_read_with_its_digest_and_relative_path(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "a.sql").write_bytes(b"\xef\xbb\xbfSELECT '\xc3\xa9';\r\n")
    file = read_file(tmp_path, "db/../db/a.sql")
    assert (file.path, file.text) == ("db/a.sql", "SELECT 'é';\r\n")
    assert file.sha256 == hashlib.sha256((tmp_path / "db" / "a.sql").read_bytes()).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_usual_encodings_are_read(encoding: str) -> None:
    assert decode("CREATE TABLE größe (id int);\n".encode(encoding), "a.sql") == "CREATE TABLE größe (id int);\n"


def test_big_endian_utf_16_is_read() -> None:
    assert decode(b"\xfe\xff" + "é".encode("utf-16-be"), "a.sql") == "é"


@pytest.mark.parametrize("data", [b"a\nb \xff c", "é".encode("latin-1"), "a".encode("utf-32"), b"\xff\xfea"])
def test_other_encodings_are_refused_with_the_remedy(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(data, "a.sql")
    assert caught.value.remedy == "Save the file as UTF-8."


@pytest.mark.parametrize("name", ["../secret.sql", "/etc/passwd", "inner/../../secret.sql", "out.sql", "outdir/x.sql"])
def test_a_path_outside_the_root_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (tmp_path / "secret.sql").write_text("SELECT 1;")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.sql").write_text("SELECT 1;")
    (root / "out.sql").symlink_to(tmp_path / "secret.sql")
    (root / "outdir").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="outside the project"):
        read_file(root, name)


def test_a_link_inside_the_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")
    (tmp_path / "b.sql").symlink_to("a.sql")
    assert read_file(tmp_path, "b.sql").path == "a.sql"


def test_a_link_swapped_while_opening_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")
    (tmp_path / "b.sql").write_text("SELECT 2;")
    opens = os.open

    def swapped(path: Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name == "a.sql":
            Path(path).unlink()
            Path(path).symlink_to(tmp_path / "b.sql")
            return opens(tmp_path / "b.sql", flags, mode)
        return opens(path, flags, mode)

    (tmp_path / "kept").hardlink_to(tmp_path / "a.sql")
    monkeypatch.setattr(files.os, "open", swapped)
    found = read_file(tmp_path, "a.sql")
    assert found.text == "SELECT 2;"  # inside the root, and the file that was opened is the file that is named

    def elsewhere(_path: Path, flags: int) -> int:
        return opens(tmp_path / "kept", flags)

    monkeypatch.setattr(files.os, "open", elsewhere)
    with pytest.raises(Refused, match="changed while it was being opened"):
        read_file(tmp_path, "b.sql")


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sql")
    (tmp_path / "folder.sql").mkdir()
    for name in ("pipe.sql", "folder.sql", "."):
        with pytest.raises(Refused, match="not an ordinary file"):
            read_file(tmp_path, name)


def test_devices_and_proc_are_refused_even_under_the_root_directory() -> None:
    for name in ("dev/zero", "proc/self/environ"):
        with pytest.raises(Refused, match="outside the project"):
            read_file(Path("/"), name)


@pytest.mark.parametrize("name", ["", "  ", "a\0b.sql"])
def test_an_empty_or_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="empty or holds a NUL"):
        read_file(tmp_path, name)


def test_a_missing_file_and_a_loop_of_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.sql").symlink_to("loop.sql")
    with pytest.raises(Refused, match=r"There is no file nothing\.sql"):
        read_file(tmp_path, "nothing.sql")
    with pytest.raises(Refused):
        read_file(tmp_path, "loop.sql")


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")

    def denied(_path: Path, _flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", denied)
    with pytest.raises(Refused, match="cannot be read: Permission denied"):
        read_file(tmp_path, "a.sql")


def test_a_hundred_megabytes_are_refused_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "big.sql").open("wb") as big:
        big.truncate(100 * 1024 * 1024)

    def decoded(_data: bytes, _shown: str) -> str:
        raise AssertionError("it was read")

    monkeypatch.setattr(files, "decode", decoded)
    with pytest.raises(Refused, match=r"105 MB; a migration may have 32 MB"):
        read_file(tmp_path, "big.sql")


def test_a_new_file_is_written_once_and_a_different_one_stays(tmp_path: Path) -> None:
    first = write_new(tmp_path, "a.sql", "one")
    assert first is not None
    assert first == tmp_path / "a.sql"
    assert write_new(tmp_path, "a.sql", "one") == first
    assert write_new(tmp_path, "a.sql", "two") is None
    assert [p.name for p in tmp_path.iterdir()] == ["a.sql"]
    assert first.read_text() == "one"


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("one")
    (tmp_path / "a.sql").symlink_to("victim")
    assert write_new(tmp_path, "a.sql", "one") is None
    replace_file(tmp_path, "a.sql", "two")
    assert (tmp_path / "victim").read_text() == "one"


def test_a_directory_outside_or_in_the_way_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "file").touch()
    with pytest.raises(Refused, match="outside the project"):
        directory_for(root, "out/x")
    with pytest.raises(Refused, match="cannot be written"):
        directory_for(root, "file/x")


def test_a_write_that_fails_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        write_new(tmp_path / "missing", "a.sql", "x")
    (tmp_path / "a.sql").mkdir()
    with pytest.raises(Refused, match="cannot be written"):
        replace_file(tmp_path, "a.sql", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.sql"]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="a directory of Linux")
def test_a_project_may_itself_lie_among_the_system_s_files() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        (Path(place) / "a.sql").write_text("SELECT 1;")
        assert read_file(Path(place), "a.sql").text == "SELECT 1;"
    with pytest.raises(Refused, match="outside the project"):
        read_file(Path("/"), "proc/version")
