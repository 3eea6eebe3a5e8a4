"""What a failed generator's output means, and what to do about it."""

from __future__ import annotations

import re


def _means(pattern: str, meaning: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE), meaning


_PATTERNS = (
    _means(
        r"binaries\.prisma\.sh|(?:download|fetch).*(?:schema|query)[- ]engine",
        "Prisma could not download its schema engine from binaries.prisma.sh. Allow that host through the "
        "proxy or firewall, or set PRISMA_SCHEMA_ENGINE_BINARY to an engine that is on this machine.",
    ),
    _means(
        r"\bP1001\b|ECONNREFUSED|Can't reach database server",
        "The command could not reach its database. Check DATABASE_URL in .env, that the database runs, and the VPN.",
    ),
    _means(
        r"\bP1000\b|password authentication failed|Authentication failed against",
        "The database refused the command's user or password. Check DATABASE_URL in .env.",
    ),
    _means(
        r"\bP4002\b|cross.schema references",
        'A table refers to another schema, such as auth.users. Add "auth" to `schemas` in the Prisma datasource.',
    ),
    _means(
        r"Environment variable not found|P1012\b.*DATABASE_URL|DATABASE_URL\b.*(?:not set|undefined|required|missing)",
        "The command needs DATABASE_URL. Set it in .env, or in the `env` of the server's entry in .mcp.json.",
    ),
    _means(
        r"ERR_PNPM_IGNORED_BUILDS|Ignored build scripts",
        "pnpm did not run the build scripts of a dependency. Name it under `allowBuilds` in pnpm-workspace.yaml.",
    ),
    _means(
        r"""ERR_PNPM_NO_SCRIPT|Missing script|Couldn't find a script|Script not found|Command \"[^\"]+\" not found\b""",
        "package.json has no such script. Add it, or name another command under [types] in db-migrate.toml.",
    ),
    _means(
        r"""(?:env|sh|bash)?:? ?[\"'‘]?node[\"'’]?: (?:No such file|command not found|not found)""",
        "Node.js was not found. Install it, or put it on the PATH in the `env` of the server's entry in .mcp.json.",
    ),
    _means(
        r"[\w.-]+: (?:command )?not found|spawn [\w.-]+ ENOENT|Cannot find module '",
        "The script uses a program or package that is not installed. Install the project's dependencies first.",
    ),
    _means(
        r"\bENOTFOUND\b|EAI_AGAIN|getaddrinfo",
        "A host name could not be resolved. Check the network, the VPN and the URL.",
    ),
)


def explain(output: str, status: int) -> str:
    """One or two sentences for a person; the output stands beside it."""
    for pattern, meaning in _PATTERNS:
        if pattern.search(output):
            return meaning
    return f"It ended with status {status}. Its last lines say why."


def timed_out(seconds: float) -> str:
    """The sentence for a command that did not come to its end."""
    return f"It ran longer than {seconds:g} seconds and was ended. Run it by hand to see what it waits for."


def not_found(program: str, name: str) -> str:
    """The sentence for a program that is not on this machine."""
    install = {
        "pnpm": "Install it with `corepack enable pnpm` or `npm install -g pnpm`",
        "yarn": "Install it with `corepack enable yarn`",
        "npm": "Install Node.js",
        "bun": "Install it from bun.sh",
    }.get(program, "Install it")
    return f'{program} was not found. {install}, or turn the command off: types.{name} = "" in db-migrate.toml.'
