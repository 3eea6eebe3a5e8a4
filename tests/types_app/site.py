"""What the tests of this folder share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from db_migrate.project.types import ProjectTypes
from db_migrate.settings import TypeSettings
from db_migrate_tools.schema.model import Catalog

CatalogAfter = Callable[..., Catalog]


class Said:
    """Collects progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, message: str) -> None:
        self.lines.append(message)


def types_of(root: Path, *, seconds: float = 60.0, path: str | None = None, **settings: str) -> ProjectTypes:
    """ProjectTypes with a PATH and home of the test's choosing."""
    environ = {"PATH": os.environ["PATH"] if path is None else path, "HOME": str(root.parent)}
    return ProjectTypes(root, TypeSettings.model_validate(settings), seconds=seconds, environ=environ, home=root.parent)
