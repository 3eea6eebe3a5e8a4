"""The command line: what is wrong is said in a sentence, on stderr, with the exit status of a refusal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from db_migrate.cli.init import init
from db_migrate.cli.main import main
from db_migrate_tools.ports import Refused


def status_of(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["db-migrate-mcp", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_init_in_a_directory_that_is_missing_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(monkeypatch, "init", "--project", str(tmp_path / "missing")) == 1
    said = capsys.readouterr()
    assert f"{tmp_path / 'missing'} is not a directory.\nName the project's directory" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "missing").exists()


def test_configuration_in_a_variable_that_is_no_json_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_MIGRATE_ENVIRONMENTS__DEV", "postgres://u:canary@h/d")
    assert status_of(monkeypatch, "doctor", "--project", str(tmp_path)) == 1
    said = capsys.readouterr()
    assert "DB_MIGRATE_ENVIRONMENTS__DEV must hold JSON" in said.err
    assert "canary" not in said.err + said.out


def test_init_writes_what_is_missing_and_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {"other": {"command": "x"}}, "more": 1}')
    assert "written" in init(tmp_path)
    whole = json.loads((tmp_path / ".mcp.json").read_text())
    assert whole["more"] == 1
    assert list(whole["mcpServers"]) == ["other", "db-migrate"]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert init(tmp_path).count("left as it is") == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("text", ["{", "[]", '{"mcpServers": []}'])
def test_init_does_not_touch_an_mcp_json_that_it_does_not_understand(tmp_path: Path, text: str) -> None:
    (tmp_path / ".mcp.json").write_text(text)
    with pytest.raises(Refused, match="run init again"):
        init(tmp_path)
    assert (tmp_path / ".mcp.json").read_text() == text


def test_init_names_the_file_that_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").mkdir()
    with pytest.raises(Refused, match=r"\.mcp\.json cannot be used: Is a directory"):
        init(tmp_path)
