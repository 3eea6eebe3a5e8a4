"""init: db-migrate.toml and the .mcp.json entry, without touching what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from db_migrate.settings import CONFIG_NAME
from db_migrate_tools.ports import Refused

CONFIG: Final = """\
# Every key is optional. DB_MIGRATE_* environment variables override, e.g. DB_MIGRATE_ENVIRONMENTS__DEV__URL.

# Without a url, dev is an embedded Postgres under .db-migrate/.
# [environments.dev]
# url = "env:DATABASE_URL"

# [environments.staging]
# url = "env:STAGING_DATABASE_URL"

# [environments.prod]
# read_url = "env:PROD_READ_URL"      # a read-only role, for planning

# [features]
# paths = [".agaile-os/features", ".agent-os/specs"]

# [types]
# output = "src/types/database.types.ts"
# pull = "pnpm db:pull"               # found in package.json by itself; "" turns one off
# generate = "pnpm db:generate"
# check = "pnpm typecheck"
"""
ENTRY: Final = {"command": "uvx", "args": ["db-migrate-mcp"]}


def init(root: Path) -> str:
    """Write what is missing under `root`; returns what was done, a line a file.

    Raises:
        Refused: `root` is no directory or cannot be written, or .mcp.json cannot be read as an object.
    """
    if not root.is_dir():
        raise Refused(f"{root} is not a directory.", "Name the project's directory with --project.")
    try:
        return "\n".join([_config(root), _entry(root)])
    except OSError as error:
        raise Refused(
            f"{error.filename or root} cannot be used: {error.strerror or type(error).__name__}.",
            "Correct that and run init again: what is there already stays as it is.",
        ) from None


def _config(root: Path) -> str:
    path = root / CONFIG_NAME
    if path.exists():
        return f"{CONFIG_NAME}: was there, left as it is."
    path.write_text(CONFIG, "utf-8")
    return f"{CONFIG_NAME}: written, with every key commented out."


def _entry(root: Path) -> str:
    path = root / ".mcp.json"
    whole = _read(path)
    servers = whole.setdefault("mcpServers", {})
    if not isinstance(servers, dict):
        raise Refused(".mcp.json has `mcpServers`, but it is not an object.", "Correct it and run init again.")
    if "db-migrate" in servers:
        return ".mcp.json: has a db-migrate server already, left as it is."
    servers["db-migrate"] = ENTRY
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return ".mcp.json: the server db-migrate added (uvx db-migrate-mcp). Restart your assistant to load it."


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        whole = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise Refused(f".mcp.json is not valid JSON: {error}.", "Correct it and run init again.") from None
    if not isinstance(whole, dict):
        raise Refused(".mcp.json does not hold an object.", "Correct it and run init again.")
    return cast("dict[str, Any]", whole)
