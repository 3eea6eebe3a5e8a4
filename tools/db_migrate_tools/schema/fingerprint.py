"""A catalog's fingerprint: equal for equal schemas, whatever the oids, the order of creation or of reading."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from hashlib import sha256

from db_migrate_tools.schema.model import Catalog, Object, Ref
from db_migrate_tools.schema.semantics import semantic, visible


class Digests:
    """Digests of objects that were seen, for catalogs that share most of their objects."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Object, int, str]] = {}

    def line(self, item: Object, server_version: int) -> str:
        """The object's line in a fingerprint."""
        # The object is kept with its line, so that its id cannot become another's.
        known = self._known.get(id(item))
        if known is None or known[1] != server_version:
            known = self._known[id(item)] = (item, server_version, _line(item, server_version))
        return known[2]

    def keep(self, objects: int) -> None:
        """Forget everything once there is far more than so many objects need."""
        if len(self._known) > 2 * objects + 1000:
            self._known.clear()


def fingerprint(catalog: Catalog, *, platform: bool = False, digests: Digests | None = None) -> str:
    """sha256 in hex over the digests of all objects that count, sorted by reference.

    Without `platform` the schemas that a hosting platform owns are left out. `digests` are asked first and added to.
    """
    line = _line if digests is None else digests.line
    lines = sorted(line(item, catalog.server_version) for item in visible(catalog, platform=platform).values())
    if digests is not None:
        digests.keep(len(lines))
    return sha256("".join(lines).encode()).hexdigest()


def _line(item: Object, server_version: int) -> str:
    return f"{_name(item.ref)} {object_digest(item, server_version)}\n"


def object_digest(item: Object, server_version: int = 0) -> str:
    """sha256 in hex over the canonical JSON of an object's reference and of every field that carries meaning."""
    text = _ENCODER.encode([_name(item.ref), semantic(item, server_version)])
    return sha256(text.encode()).hexdigest()


def _name(ref: Ref) -> str:
    return _NAMES.encode([ref.kind, ref.schema, ref.parent, ref.name])


def _plain(value: object) -> object:
    """A nested dataclass as JSON; anything else in the model is JSON already."""
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, f.name) for f in fields(value)]
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = json.JSONEncoder(default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_NAMES = json.JSONEncoder(ensure_ascii=False)
