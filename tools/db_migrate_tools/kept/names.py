"""Names of what is kept, and where they are mentioned."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from db_migrate_tools.schema.ddl.quote import ident
from db_migrate_tools.schema.model import Catalog, Table
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

_LONGEST: Final = 63
_MENTION: Final = re.compile(rf'(?<![\w$"]){KEPT_SCHEMA}\.("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)')


def stem(source_sha256: str, fingerprint: str, there: Iterable[str]) -> str:
    """Six hex digits that tell this migration's names from all others: the same source on the same schema, with the
    same tables kept already, gives the same.
    """
    text = "\n".join((source_sha256, fingerprint, *sorted(there)))
    return sha256(text.encode()).hexdigest()[:6]


def shortened(name: str, suffix: str) -> str:
    """`name` and `suffix` as one identifier that Postgres does not cut."""
    room = _LONGEST - len(suffix.encode())
    return name.encode()[:room].decode("utf-8", "ignore") + suffix


class Namer:
    """Hands out the names of one migration, each once."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._count = 0

    def table(self, schema: str, name: str) -> str:
        """A name in the private schema that says what it holds: `public_users_3f9a2c_1`."""
        self._count += 1
        return shortened(f"{schema}_{name}", f"_{self._stem}_{self._count}")

    def part(self, name: str) -> str:
        """A name for an index or a sequence that moves along."""
        self._count += 1
        return shortened(name, f"_{self._stem}_{self._count}")


def kept(name: str) -> str:
    """A kept table as SQL."""
    return f"{KEPT_SCHEMA}.{ident(name)}"


def mentioned(texts: Iterable[str]) -> tuple[str, ...]:
    """Names of kept tables that SQL mentions, in their order, each once."""
    found = (name for text in texts for name in _MENTION.findall(text))
    return tuple(dict.fromkeys(name[1:-1].replace('""', '"') if name.startswith('"') else name for name in found))


def is_mentioned(text: str) -> bool:
    return KEPT_SCHEMA in text


def tables(catalog: Catalog) -> dict[str, Table]:
    """What is kept in a database, by name."""
    return {o.ref.name: o for o in catalog if isinstance(o, Table) and o.ref.schema == KEPT_SCHEMA}
