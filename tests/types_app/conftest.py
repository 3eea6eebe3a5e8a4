"""The example application, its catalogs before and after a change, and the programs of a Node project."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from db_migrate.postgres.catalog import read_catalog
from db_migrate_tools.schema.model import Catalog
from node_cache import installed
from types_app.site import CatalogAfter, Said

APP = Path(__file__).parents[2] / "fixtures" / "app"
TOOLS = ("typescript@7.0.2", "pnpm@12.21.0")
ROLES = ("anon", "authenticated", "service_role")


@pytest.fixture(scope="session")
def catalog_after(cluster: str) -> CatalogAfter:
    """The application's catalog after the given statements, read from a real database of its own."""
    known: dict[tuple[str, ...], Catalog] = {}

    async def read(statements: tuple[str, ...]) -> Catalog:
        name = f"t_{secrets.token_hex(6)}"
        admin = await asyncpg.connect(cluster)
        for role in ROLES:
            await admin.execute(f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        await admin.execute(f"CREATE DATABASE {name}")
        connection = await asyncpg.connect(cluster.replace("/postgres?", f"/{name}?"))
        await connection.execute((APP / "database.sql").read_text("utf-8"))
        for statement in statements:
            await connection.execute(statement)
        catalog = await read_catalog(connection)
        await connection.close()
        await admin.execute(f"DROP DATABASE {name}")
        await admin.close()
        return catalog

    def after(*statements: str) -> Catalog:
        if statements not in known:
            # A thread of its own: the test's event loop is running.
            with ThreadPoolExecutor(1) as thread:
                known[statements] = thread.submit(asyncio.run, read(statements)).result()
        return known[statements]

    return after


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the example application, without its dependencies."""
    root = tmp_path / "app"
    shutil.copytree(APP, root)
    return root


@pytest.fixture
def tools() -> Path:
    """A node_modules with tsc and pnpm."""
    return installed(*TOOLS) / "node_modules"


@pytest.fixture
def installed_app(app: Path, tools: Path) -> Path:
    """A copy of the example application with its dependencies."""
    (app / "node_modules").symlink_to(tools)
    return app


@pytest.fixture
def said() -> Said:
    return Said()
