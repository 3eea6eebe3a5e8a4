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
    flags, problems = _flags(words)
    env = ENVIRONMENTS.get(flags.get("--env") or "dev")
    if env is None:
        problems.append(f"--env {flags['--env']}: say dev, staging or prod.")
        env = "dev"
    operations = [part.strip() for part in (flags.get("--operations") or "").split(",") if part.strip()]
    problems += [
        f"--operations {name}: not one of {', '.join(sorted(CATEGORIES))}."
        for name in operations
        if name not in CATEGORIES
    ]
    return _call(flags, env, operations, tuple(problems))


def _flags(words: list[str]) -> tuple[dict[str, str | None], list[str]]:
    flags: dict[str, str | None] = {}
    problems: list[str] = []
    rest = [part for word in words for part in ALIASES.get(word, word).split("=", 1)] if words else []
    while rest:
        word = rest.pop(0)
        name = ALIASES.get(word, word)
        if name in VALUES and rest and not rest[0].startswith("--"):
            flags[name] = rest.pop(0)
        elif name in SWITCHES:
            flags[name] = None
        elif name in VALUES:
            problems.append(f"{name} needs a value.")
        elif word.startswith("--"):
            problems.append(f"{word}: there is no such option.")
        else:
            problems.append(f"{word}: not understood; options begin with --.")
    return flags, problems


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
        return Call("status", arguments | ({"env": env} if flags.get("--env") else {}), problems)
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
