"""A catalog's fingerprint: equal for equal schemas, whatever the oids, the order of creation or of reading."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from hashlib import sha256

from db_migrate_tools.schema.model import Catalog, Object, Ref
from db_migrate_tools.schema.semantics import semantic, visible


def fingerprint(catalog: Catalog, *, platform: bool = False) -> str:
    """sha256 in hex over the digests of all objects that count, sorted by reference.

    Without `platform` the schemas that a hosting platform owns are left out.
    """
    lines = sorted(
        f"{_name(ref)} {object_digest(item, catalog.server_version)}\n"
        for ref, item in visible(catalog, platform=platform).items()
    )
    return sha256("".join(lines).encode()).hexdigest()


def object_digest(item: Object, server_version: int = 0) -> str:
    """sha256 in hex over the canonical JSON of an object's reference and of every field that carries meaning."""
    text = json.dumps(
        [_name(item.ref), semantic(item, server_version)],
        default=_plain,
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return sha256(text.encode()).hexdigest()


def _name(ref: Ref) -> str:
    return json.dumps([ref.kind, ref.schema, ref.parent, ref.name], ensure_ascii=False)


def _plain(value: object) -> object:
    """A nested dataclass as JSON; anything else in the model is JSON already."""
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, f.name) for f in fields(value)]
    raise TypeError(f"{type(value).__name__} has no canonical form")
