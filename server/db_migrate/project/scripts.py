"""Which commands a project has for pulling its schema, generating types and compiling, and how each is started."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from db_migrate.secrets import HIDDEN, redact

Name = Literal["pull", "generate", "check"]

SCRIPTS: Mapping[Name, tuple[str, ...]] = {
    "pull": ("db:pull",),
    "generate": ("db:generate",),
    "check": ("typecheck", "type-check", "check-types", "tsc"),
}
_LOCKFILES = {
    "pnpm-lock.yaml": "pnpm",
    "pnpm-workspace.yaml": "pnpm",
    "package-lock.json": "npm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
# Left to itself pnpm installs what it takes for stale, and itself in the version that package.json pins.
_PNPM_AS_IT_IS = (
    "--config.verify-deps-before-run=false",
    "--config.pm-on-fail=ignore",
    "--config.manage-package-manager-versions=false",
)
_SHELL = {"&&", "||", "|", ";", ">", ">>", "<", "2>&1", "&"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run. `shown` is how a person would type it, less the values of its variables, which may be
    passwords; `configured` says that the project asks for it by name, so that its absence is a failure.
    """

    name: Name
    shown: str
    argv: tuple[str, ...]
    configured: bool
    env: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Absent:
    """There is nothing to run. `wrong`: what is configured cannot be run."""

    name: Name
    why: str
    shown: str = ""
    wrong: bool = False


def command(root: Path, name: Name, configured: str | None) -> Command | Absent | None:
    """What to run for `name`; None when it was turned off with ""."""
    if configured is None:
        return _from_package(root, name)
    return _from_setting(name, configured) if configured.strip() else None


def manager(root: Path) -> str:
    """The project's package manager, by packageManager in package.json, else by lockfile, here or above; else pnpm."""
    for folder in (root, *root.parents):
        package = _package(folder)
        named = package.get("packageManager") if package else None
        if isinstance(named, str) and (known := named.partition("@")[0]) in _LOCKFILES.values():
            return known
        for lockfile, program in _LOCKFILES.items():
            if (folder / lockfile).is_file():
                return program
        if (folder / ".git").exists():
            break
    return "pnpm"


def _from_setting(name: Name, text: str) -> Command | Absent:
    try:
        words = shlex.split(text)
    except ValueError:
        return Absent(name, f"types.{name} in db-migrate.toml has a quote that is not closed.", wrong=True)
    shown = _shown(words)
    env: dict[str, str] = {}
    while words and _ASSIGNMENT.fullmatch(words[0]):
        key, _, value = words.pop(0).partition("=")
        env[key] = value
    if not words or _SHELL & set(words):
        why = f"types.{name} is run without a shell: put the line into a script of package.json and name that script."
        return Absent(name, why, shown, wrong=True)
    return Command(name, shown, _quiet(tuple(words)), configured=True, env=env)


def _shown(words: list[str]) -> str:
    """The line for people: anywhere in it a variable's value may be a secret, as in `env DATABASE_URL=… tool`."""
    shown = [
        f"{word.partition('=')[0]}={HIDDEN}"
        if _ASSIGNMENT.fullmatch(word)
        else word
        if word in _SHELL
        else shlex.quote(word)
        for word in words
    ]
    return redact(" ".join(shown))


def _from_package(root: Path, name: Name) -> Command | Absent:
    package = _package(root)
    if package is None:
        return Absent(name, "not configured: there is no package.json")
    scripts = package.get("scripts")
    known = cast("dict[str, object]", scripts) if isinstance(scripts, dict) else {}
    for script in SCRIPTS[name]:
        if isinstance(known.get(script), str):
            program = manager(root)
            argv = (program, "run", script)
            return Command(name, f"{program} {'run ' * (program == 'npm')}{script}", _quiet(argv), configured=False)
    return Absent(name, f"not configured: package.json has no script {SCRIPTS[name][0]}")


def _quiet(argv: tuple[str, ...]) -> tuple[str, ...]:
    return (argv[0], *_PNPM_AS_IT_IS, *argv[1:]) if argv[0] == "pnpm" else argv


def _package(folder: Path) -> dict[str, object] | None:
    try:
        found: object = json.loads((folder / "package.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return cast("dict[str, object]", found) if isinstance(found, dict) else None
