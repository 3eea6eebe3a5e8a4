"""Settings: what cannot be read is named, and no value of it is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from db_migrate.settings import CONFIG_NAME, load, resolve_url
from db_migrate_tools.ports import Refused


def refusal(root: Path) -> str:
    with pytest.raises(Refused) as caught:
        load(root)
    # Neither here nor in a traceback that somebody prints.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value)


def test_a_project_needs_no_configuration(tmp_path: Path) -> None:
    assert load(tmp_path).environments.dev.url is None


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / CONFIG_NAME).write_text("[approval]\nminutes = 5\n[environments.dev]\nurl = 'a'\napprovals = 2\n")
    monkeypatch.setenv("DB_MIGRATE_ENVIRONMENTS__DEV__URL", "postgres://u:pw@h/d")
    settings = load(tmp_path)
    assert settings.approval.minutes == 5
    dev = settings.environment("dev")
    assert dev.url is not None
    assert dev.url.get_secret_value() == "postgres://u:pw@h/d"
    assert dev.approvals == 2
    assert "pw" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_MIGRATE_ENVIRONMENTS", "{canary"),
        ("DB_MIGRATE_ENVIRONMENTS__DEV", "postgres://u:canary@h/d"),
        ("db_migrate_environments__staging", "canary"),
        ("DB_MIGRATE_FEATURES__PATHS", "canary,b"),
        ("DB_MIGRATE_TYPES", "canary"),
    ],
)
def test_a_section_that_is_no_json_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("DB_MIGRATE_APPROVAL", '{"minutes": 5}')
    monkeypatch.setenv("DB_MIGRATE_ENVIRONMENTS__PROD__READ_URL", "postgres://u@h/d")
    monkeypatch.setenv(name, value)
    said = refusal(tmp_path)
    assert f"The configuration is not understood: {name} must hold JSON." in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("DB_MIGRATE_ENVIRONMENTS__DEV", '"postgres://u:canary@h/d"', "environments.dev"),
        ("DB_MIGRATE_ENVIRONMENTS__DEV__APPROVALS", "canary", "environments.dev.approvals"),
        ("DB_MIGRATE_ENVIRONMENTS__DEV__URI", "canary", "environments.dev.uri: there is no such key"),
    ],
)
def test_a_value_of_another_kind_is_named_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, where: str
) -> None:
    monkeypatch.setenv(name, value)
    said = refusal(tmp_path)
    assert where in said
    assert "canary" not in said


@pytest.mark.parametrize("content", [b"a = ", b"a = '\xff'"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CONFIG_NAME).write_bytes(content)
    assert "db-migrate.toml is not valid TOML" in refusal(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / CONFIG_NAME).mkdir()
    assert f"{tmp_path / CONFIG_NAME} cannot be read: Is a directory." in refusal(tmp_path)


def test_a_url_is_itself_or_a_variables(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=from-env\nB=from-env\n")
    (tmp_path / ".env.local").write_text("B=from-local\n")
    assert resolve_url(None, tmp_path) is None
    assert resolve_url(SecretStr(""), tmp_path) is None
    assert resolve_url(SecretStr("postgres://h"), tmp_path) == "postgres://h"
    assert resolve_url(SecretStr("env:A"), tmp_path, {"A": "from-process"}) == "from-process"
    assert resolve_url(SecretStr("env: A"), tmp_path, {}) == "from-env"
    assert resolve_url(SecretStr("env:B"), tmp_path, {}) == "from-local"
    with pytest.raises(Refused, match="variable C, and it is not set"):
        resolve_url(SecretStr("env:C"), tmp_path, {})


def test_an_env_file_that_is_no_text_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=canary\xff\n")
    with pytest.raises(Refused, match="it is not UTF-8") as caught:
        resolve_url(SecretStr("env:A"), tmp_path, {})
    assert caught.value.__suppress_context__
    assert "canary" not in str(caught.value)
