"""Which commands a project has, and how they are started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from db_migrate.project.scripts import Absent, Command, command, manager


def package(root: Path, **content: object) -> None:
    (root / "package.json").write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize(
    ("lockfile", "program"),
    [("pnpm-lock.yaml", "pnpm"), ("package-lock.json", "npm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun")],
)
def test_the_package_manager_is_the_lockfiles(tmp_path: Path, lockfile: str, program: str) -> None:
    (tmp_path / lockfile).touch()
    assert manager(tmp_path) == program


def test_package_json_may_name_the_manager(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").touch()
    package(tmp_path, packageManager="yarn@4.9.1+sha512.abc")
    assert manager(tmp_path) == "yarn"


def test_a_workspaces_lockfile_lies_above_and_the_repository_is_the_border(tmp_path: Path) -> None:
    (tmp_path / "yarn.lock").touch()
    inner = tmp_path / "repository" / "packages" / "app"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / "package-lock.json").touch()
    (tmp_path / "repository" / ".git").mkdir()
    assert manager(inner) == "npm"
    (tmp_path / "repository" / "package-lock.json").unlink()
    assert manager(inner) == "pnpm"


def test_scripts_are_found_by_themselves(tmp_path: Path) -> None:
    package(tmp_path, scripts={"db:pull": "x", "type-check": "tsc", "tsc": "tsc"})
    pull, check = command(tmp_path, "pull", None), command(tmp_path, "check", None)
    assert isinstance(pull, Command)
    assert (pull.shown, pull.configured) == ("pnpm db:pull", False)
    assert (pull.argv[0], *pull.argv[-2:]) == ("pnpm", "run", "db:pull")
    # pnpm must install nothing behind the project's back
    assert "--config.verify-deps-before-run=false" in pull.argv
    assert "--config.pm-on-fail=ignore" in pull.argv
    assert isinstance(check, Command)
    assert check.argv[-1] == "type-check"
    generate = command(tmp_path, "generate", None)
    assert isinstance(generate, Absent)
    assert not generate.wrong
    assert generate.why == "not configured: package.json has no script db:generate"


def test_npm_is_told_to_run(tmp_path: Path) -> None:
    package(tmp_path, scripts={"db:pull": "x"}, packageManager="npm@11")
    found = command(tmp_path, "pull", None)
    assert isinstance(found, Command)
    assert found.shown == "npm run db:pull"
    assert found.argv == ("npm", "run", "db:pull")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"scripts": []}', '{"scripts": {"db:pull": 1}}'])
def test_a_package_json_that_says_nothing_has_no_commands(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.json").write_text(text)
    assert isinstance(command(tmp_path, "pull", None), Absent)


def test_an_empty_setting_turns_a_command_off(tmp_path: Path) -> None:
    package(tmp_path, scripts={"db:pull": "x"})
    assert command(tmp_path, "pull", "") is None
    assert command(tmp_path, "pull", " ") is None


def test_a_setting_is_words_and_variables_without_a_shell(tmp_path: Path) -> None:
    found = command(tmp_path, "pull", "A=1 B='x y' pnpm exec prisma db pull --schema 'my schema.prisma'")
    assert isinstance(found, Command)
    assert found.env == {"A": "1", "B": "x y"}
    assert found.argv[0] == "pnpm"
    assert found.argv[-1] == "my schema.prisma"
    assert found.configured


@pytest.mark.parametrize("text", ["a && b", "a | b", "a > b", "A=1", "echo 'x"])
def test_a_setting_that_needs_a_shell_is_refused(tmp_path: Path, text: str) -> None:
    found = command(tmp_path, "pull", text)
    assert isinstance(found, Absent)
    assert found.wrong
    assert "types.pull" in found.why


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DATABASE_URL=postgres://u:PW@h/x pnpm db:pull", "DATABASE_URL=••• pnpm db:pull"),
        ("A=1 KEY='PW PW' prisma db pull --schema 'my schema'", "A=••• KEY=••• prisma db pull --schema 'my schema'"),
        ("env DATABASE_URL=PW prisma db pull", "env DATABASE_URL=••• prisma db pull"),
        ("prisma db pull --url postgres://u:PW@h/x", "prisma db pull --url postgres://u:•••@h/x"),
        ("cd app && DATABASE_URL=PW prisma db pull", "cd app && DATABASE_URL=••• prisma db pull"),
        ("KEY='PW prisma db pull", ""),
    ],
)
def test_what_is_shown_of_a_setting_has_no_variables_value(tmp_path: Path, text: str, shown: str) -> None:
    found = command(tmp_path, "pull", text)
    assert found is not None
    assert found.shown == shown
