"""The flags of the /db-migrate command, turned into the one tool call that they mean."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any, Final, get_args

from db_migrate_tools.sql.model import Category

ENVIRONMENTS: Final = {
    "dev": "dev",
    "development": "dev",
    "staging": "staging",
    "stage": "staging",
    "prod": "prod",
    "production": "prod",
}
CATEGORIES: Final = frozenset(get_args(Category))
ALIASES: Final = {"--from-spec": "--from-feature", "--rollback": "--rollback-plan", "--production": "--env=prod"}
SWITCHES: Final = frozenset(
    {
        "--preview",
        "--approve-migration",
        "--plan-only",
        "--confirm",
        "--from-feature",
        "--validate",
        "--sync",
        "--generate-only",
        "--status",
        "--rollback-plan",
        "--rollback-history",
    }
)
VALUES: Final = frozenset({"--env", "--operations", "--from-feature", "--rollback-plan", "--token", "--file"})
"""Flags that take a value. Those that are switches too take one only when no flag follows."""
COMMAND: Final = ("/db-migrate", "db-migrate")
LEVELS: Final = ("--preview", "--validate", "--plan-only")
MODES: Final = ("--status", "--generate-only", "--rollback-plan", "--rollback-history", "--approve-migration")
SOURCES: Final = ("--from-feature", "--file")


@dataclass(frozen=True, slots=True)
class Call:
    """The tool to call. `problems` are flags that were not understood; then nothing should be called."""

    tool: str
    arguments: dict[str, Any]
    problems: tuple[str, ...] = ()
    then: str | None = None


def interpret(options: str) -> Call:
    """What the flags ask for. Never raises: what is not understood is named in `problems`."""
    try:
        words = shlex.split(options)
    except ValueError as error:
        return Call("plan", {}, (f"The options do not read as words: {error}.",))
    flags, problems = _flags(words[1:] if words and words[0] in COMMAND else words)
    env = ENVIRONMENTS.get((flags.get("--env") or "dev").lower())
    if env is None:
        problems.append(f"--env {flags['--env']}: say dev, staging or prod.")
        env = "dev"
    operations = [part.strip() for part in (flags.get("--operations") or "").split(",") if part.strip()]
    problems += [
        f"--operations {name}: not one of {', '.join(sorted(CATEGORIES))}."
        for name in operations
        if name not in CATEGORIES
    ]
    problems += _contradictions(flags)
    return _call(flags, env, operations, tuple(problems))


def _flags(words: list[str]) -> tuple[dict[str, str | None], list[str]]:
    flags: dict[str, str | None] = {}
    problems: list[str] = []
    rest = [part for word in words for part in _parts(word)]
    while rest:
        name = rest.pop(0)
        value = None
        if name in VALUES and rest and not rest[0].startswith("--"):
            value = rest.pop(0)
        elif name not in SWITCHES:
            problems.append(_not_understood(name))
            continue
        if value == "":
            problems.append(f"{name} needs a value.")
        if name in flags and not _same(name, flags[name], value):
            problems.append(f"{name} is given twice and differently: {flags[name] or 'none'} and {value or 'none'}.")
        flags[name] = value
    return flags, problems


def _parts(word: str) -> list[str]:
    """A flag under its own name, and the value written to it with `=`."""
    if not word.startswith("--"):
        return [word]
    name, equals, value = word.partition("=")
    known = ALIASES.get(name, name)
    return [*known.split("=", 1), *([value] if equals else [])]


def _same(name: str, before: str | None, now: str | None) -> bool:
    if name == "--env" and before and now:
        return ENVIRONMENTS.get(before.lower(), before) == ENVIRONMENTS.get(now.lower(), now)
    return before == now


def _not_understood(word: str) -> str:
    if word in VALUES:
        return f"{word} needs a value."
    if word.startswith("--"):
        return f"{word}: there is no such option."
    return f"{word}: not understood; options begin with --."


def _contradictions(flags: dict[str, str | None]) -> list[str]:
    """Flags that cannot be meant together. `--sync` and `--status` go with each other and with `--validate`."""
    modes = [name for name in MODES if name in flags]
    levels = [name for name in LEVELS if name in flags]
    if {"--sync", "--validate"} <= flags.keys():
        levels.remove("--validate")
    looks = [name for name in modes if name not in ("--status", "--approve-migration")]
    found: list[str] = []
    if len(modes) > 1 and set(modes) != {"--rollback-plan", "--rollback-history"}:
        found.append(f"{' and '.join(modes)} contradict each other: say one.")
    if len(levels) > 1:
        found.append(f"{' and '.join(levels)} contradict each other: say one.")
    approving = next((name for name in ("--approve-migration", "--token") if name in flags), None)
    if approving and levels:
        found.append(f"{approving} and {levels[0]} contradict each other: {levels[0]} changes no database.")
    if "--sync" in flags and (looks or "--approve-migration" in flags):
        found.append(f"--sync compares environments and does not go with {modes[0]}.")
    if all(name in flags for name in SOURCES):
        found.append("--from-feature and --file contradict each other: say one source.")
    return found


def _call(flags: dict[str, str | None], env: str, operations: list[str], problems: tuple[str, ...]) -> Call:
    if "--rollback-history" in flags:
        return Call("rollback-plan", {"env": env, "history": True}, problems)
    if "--rollback-plan" in flags:
        migration = flags["--rollback-plan"]
        return Call("rollback-plan", {"env": env, **({"migration": migration} if migration else {})}, problems)
    if "--generate-only" in flags:
        return Call("generate-only", {"env": env}, problems)
    if "--status" in flags or "--sync" in flags:
        arguments: dict[str, Any] = {"sync": True} if "--sync" in flags else {}
        arguments |= {"env": env} if flags.get("--env") else {}
        return Call("status", arguments | ({"token": flags["--token"]} if flags.get("--token") else {}), problems)
    if flags.get("--token"):
        return Call("approve", _approval(flags, env), problems)
    level = "validate" if "--validate" in flags else "plan-only" if "--plan-only" in flags else "preview"
    source: dict[str, Any] = {"from": "feature"}
    if flags.get("--from-feature"):
        source["feature"] = flags["--from-feature"]
    if flags.get("--file"):
        source = {"from": "file", "path": flags["--file"]}
    plan: dict[str, Any] = {"env": env, "level": level, "source": source}
    if operations:
        plan["operations"] = operations
    approve = None
    if "--approve-migration" in flags and level == "preview":
        approve = json.dumps(_approval(flags, env), ensure_ascii=False)
    return Call("plan", plan, problems, approve)


def _approval(flags: dict[str, str | None], env: str) -> dict[str, Any]:
    token = flags.get("--token") or "<the token that plan returned>"
    return {"token": token, "env": env} | ({"confirm": True} if "--confirm" in flags else {})


def message(options: str) -> str:
    """The prompt's message to the model."""
    call = interpret(options)
    if call.problems:
        return "\n".join(
            ["These options of /db-migrate were not understood. Tell the person and call nothing:"]
            + [f"- {problem}" for problem in call.problems]
        )
    if call.then:
        return "\n".join(
            [
                "The person wants to approve a migration. If `plan` already gave you a token for it in this",
                "conversation, call `approve` of the MCP server `db-migrate` with that token:",
                *_fenced(call.then),
                "Otherwise first call `plan`, show its page, and use the token that it returns:",
                *_fenced(json.dumps(call.arguments, ensure_ascii=False)),
                "The server then asks the person, not you. Their decision is final: do not retry, do not rephrase.",
            ]
        )
    return "\n".join(
        [
            f"Call the tool `{call.tool}` of the MCP server `db-migrate` with exactly these arguments:",
            *_fenced(json.dumps(call.arguments, ensure_ascii=False)),
            "Show its page to the person as it stands, and stop there.",
        ]
    )


def _fenced(text: str) -> list[str]:
    return ["```json", text, "```"]
