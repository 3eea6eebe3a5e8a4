"""The law of `tools/`: what decides does no I/O. A list of what may be imported has no holes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import db_migrate_tools

ROOT = Path(db_migrate_tools.__file__).parent
ALLOWED = frozenset(
    {
        "__future__",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "db_migrate_tools",
        "difflib",
        "functools",
        "google.protobuf",
        "hashlib",
        "heapq",
        "importlib.import_module",
        "itertools",
        "json",
        "markdown_it",
        "math",
        "operator.attrgetter",
        "postgast",
        "pydantic",
        "re",
        "shlex",
        "sqlglot",
        "typing",
        "typing_extensions",
        "unicodedata",
        "wcwidth",
    }
)
CLOCKLESS = frozenset({"UTC", "datetime", "timedelta", "timezone"})
CLOCKS = frozenset({"now", "utcnow", "today"})
CALLS = frozenset({"open", "__import__", "exec", "eval", "compile", "input", "print", "breakpoint", "__builtins__"})
DYNAMIC = "sql/parser.py"
DYNAMIC_NAMES = frozenset({"postgast", "google._upb._message"})


def violations(source: str, path: str) -> list[str]:
    """What in a module reaches outside, as `path:line what`."""
    return [f"{path}:{line} {what}" for line, what in sorted(_found(ast.parse(source), path))]


def _found(tree: ast.Module, path: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"import {n.name}") for n in node.names if not _allowed(n.name, path))
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{n.name}" for n in node.names]
            yield from ((node.lineno, f"import {n}") for n in names if node.level or not _allowed(n, path))
        elif isinstance(node, ast.Name) and node.id in CALLS and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and node.attr in CLOCKS and _is_datetime(node.value):
            yield node.lineno, f"datetime.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "import_module":
            asked = node.args[0] if node.args else None
            if not (isinstance(asked, ast.Constant) and asked.value in DYNAMIC_NAMES):
                yield node.lineno, "import_module of something else"


def _allowed(name: str, path: str) -> bool:
    if name.startswith("datetime."):
        return name.removeprefix("datetime.") in CLOCKLESS
    if name == "importlib.import_module":
        return path == DYNAMIC
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED)


def _is_datetime(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"datetime", "date"}


@pytest.mark.parametrize("path", sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py")))
def test_what_decides_imports_nothing_that_acts(path: str) -> None:
    assert violations((ROOT / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import os", "import os"),
        ("import os.path as p", "import os.path"),
        ("import json, sqlite3", "import sqlite3"),
        ("from time import monotonic", "import time.monotonic"),
        ("import threading", "import threading"),
        ("import datetime", "import datetime"),
        ("from datetime import datetime\ndatetime.now()", "datetime.now"),
        ("from importlib import import_module", "import importlib.import_module"),
        ("import importlib", "import importlib"),
        ("from mcp_types import Tool", "import mcp_types.Tool"),
        ("import httpx", "import httpx"),
        ("from pydantic_settings import BaseSettings", "import pydantic_settings.BaseSettings"),
        ("from google.cloud import storage", "import google.cloud.storage"),
        ("from db_migrate.world import open_world", "import db_migrate.world.open_world"),
        ("from . import ports", "import None.ports"),
        ("def f():\n    import socket", "import socket"),
        ("with open('x') as f: pass", "open"),
        ("read = open", "open"),
        ("__import__('os')", "__import__"),
        ("exec('import os')", "exec"),
        ("x = eval('1')", "eval"),
        ("__builtins__['open']", "__builtins__"),
    ],
)
def test_the_checker_sees_every_way_out(source: str, what: str) -> None:
    assert [each.split(" ", 1)[1] for each in violations(source, "some/module.py")] == [what]


def test_the_parser_may_import_its_library_by_name_and_nothing_else() -> None:
    begins = "from importlib import import_module\n"
    assert violations(f"{begins}import_module('postgast')", DYNAMIC) == []
    assert violations(f"{begins}import_module('os')", DYNAMIC) == [f"{DYNAMIC}:2 import_module of something else"]
    assert violations(f"{begins}import_module(name)", DYNAMIC) == [f"{DYNAMIC}:2 import_module of something else"]


def test_what_is_allowed_of_the_standard_library_reaches_nothing_outside() -> None:
    acts = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess", "sys", "time"}
    assert not ALLOWED & acts
    assert acts <= sys.stdlib_module_names
