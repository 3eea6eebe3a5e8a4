"""Words in the application's own source files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_KINDS: Final = frozenset({".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".py"})
_SKIPPED: Final = frozenset(
    {"node_modules", ".git", "dist", "build", "out", ".next", ".nuxt", ".turbo", ".venv", "venv", "vendor", "coverage"}
    | {".db-migrate", "__pycache__", ".svelte-kit", ".output", "generated"}
)
_MOST_FILES: Final = 20_000
_MOST_BYTES: Final = 1024 * 1024
MOST_MENTIONS: Final = 200


def find_mentions(root: Path, words: Sequence[str], skip: Sequence[str] = ()) -> tuple[str, ...]:
    """Places as `path:line` where a whole word stands, at most 200, in the order of the paths.
    `skip` are files relative to the root, such as the generated types.
    """
    wanted = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    if not wanted:
        return ()
    pattern = re.compile(rb"(?<![\w$])(?:" + b"|".join(re.escape(word.encode()) for word in wanted) + rb")(?![\w$])")
    found: list[str] = []
    for path in _files(root, frozenset(skip)):
        try:
            data = path.read_bytes()
        except OSError:
            continue  # gone or locked since it was listed: mentions are hints, not proof
        lines = sorted({data.count(b"\n", 0, hit.start()) + 1 for hit in pattern.finditer(data)})
        found += [f"{path.relative_to(root).as_posix()}:{line}" for line in lines]
        if len(found) >= MOST_MENTIONS:
            return tuple(found[:MOST_MENTIONS])
    return tuple(found)


def _files(root: Path, skip: frozenset[str]) -> Iterator[Path]:
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix not in _KINDS or path.relative_to(root).as_posix() in skip:
                continue
            seen += 1
            if seen > _MOST_FILES:
                return
            if not path.is_symlink() and path.stat().st_size <= _MOST_BYTES:
                yield path
