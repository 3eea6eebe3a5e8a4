"""Renames between two catalogs of one database, and a catalog as it would read had they already happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from db_migrate_tools.schema.model import Catalog, Index, Kind, Object, Ref

ASIDE = "__gone"
_IDENTIFIER = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')
_BODY = "\nAS $"
_NAMED: tuple[Kind, ...] = ("index", "constraint")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


@dataclass(frozen=True, slots=True, order=True)
class Rename:
    """The same object under another name, in another schema, or both. Parts of a renamed relation are not listed."""

    before: Ref
    after: Ref


def find_renames(before: Mapping[Ref, Object], after: Mapping[Ref, Object]) -> dict[Ref, Ref]:
    """Every reference that changed though the object is the same, parts of renamed relations included.

    An object that goes while another takes its name is first put aside under a name of its own.
    """
    keys = {item.key: ref for ref, item in after.items() if item.key}
    found: dict[Ref, Ref] = {}
    for ref, item in before.items():
        other = keys.get(item.key) if item.key else None
        if other is not None and other != ref and other.kind == ref.kind:
            found[ref] = other
    taken = set(found.values())
    asides = {ref: aside(ref) for ref in before if ref in taken and ref not in found}
    holders = {
        (ref.schema, ref.name): other.name for ref, other in asides.items() if ref.kind in ("table", "view", "type")
    }
    for ref in before:
        if ref in found:
            continue
        parent = holders.get((ref.schema, ref.parent), ref.parent)
        if parent != ref.parent:
            found[ref] = replace(ref, parent=parent)
        elif ref.parent and (moved := _holder(ref, found)) is not None:
            found[ref] = replace(asides.get(ref, ref), schema=moved.schema, parent=moved.name)
        elif ref in asides:
            found[ref] = asides[ref]
    return found


def aside(ref: Ref) -> Ref:
    if ref.kind == "routine":
        at = ref.name.index("(", 1)
        return replace(ref, name=ref.name[:at][: 63 - len(ASIDE)] + ASIDE + ref.name[at:])
    return replace(ref, name=ref.name[: 63 - len(ASIDE)] + ASIDE)


def _holder(ref: Ref, found: Mapping[Ref, Ref]) -> Ref | None:
    """Where the relation that `ref` is part of has moved, if it has."""
    for kind in ("table", "view", "type"):
        moved = found.get(Ref(kind, ref.schema, ref.parent))
        if moved is not None:
            return moved
    return None


def own_renames(mapping: Mapping[Ref, Ref]) -> tuple[Rename, ...]:
    """The renames that somebody made, without those that follow from a relation's or a schema's."""
    schemas = {one.name: other.name for one, other in mapping.items() if one.kind == "schema"}
    found: list[Rename] = []
    for one, other in mapping.items():
        if one.parent or one.kind == "index":
            own = one.name != other.name
        elif one.kind == "routine":
            own = base_name(one) != base_name(other) or schemas.get(one.schema, one.schema) != other.schema
        elif one.kind == "default-acl":
            own = False
        else:
            own = one.name != other.name or schemas.get(one.schema, one.schema) != other.schema
        if own:
            found.append(Rename(one, other))
    return tuple(sorted(found))


def base_name(ref: Ref) -> str:
    """A routine's name without its arguments."""
    return ref.name[: ref.name.index("(", 1)]


def apply_renames(before: Catalog, after: Catalog, mapping: Mapping[Ref, Ref]) -> Catalog:
    """`before` as it reads once the renames are made: references, names in lists, and texts that follow them."""
    if not mapping:
        return before
    objects: dict[Ref, Object] = {}
    for item in before:
        ref = mapping.get(item.ref, item.ref)
        objects[ref] = _renamed(item, ref, after.get(ref), mapping, _words_of(item, mapping))
    return replace(before, objects=objects)


def _words_of(item: Object, mapping: Mapping[Ref, Ref]) -> dict[str, str]:
    """The words that renames change in an object's texts: only those of what it is, has or depends on."""
    ref = item.ref
    near = {ref, *item.depends}
    near |= {Ref("column", ref.schema, name, ref.name) for name in getattr(item, "columns", ())}
    for kind in _NAMED:
        other: str | None = getattr(item, kind, None)
        if other is not None:
            parent = item.table.name if isinstance(item, Index) else ""
            near.add(Ref(kind, ref.schema, other, parent))
    for one in tuple(near):
        if one.parent:
            near |= {Ref(kind, one.schema, one.parent) for kind in ("table", "view", "type")}
    return {
        quoted(old): quoted(new)
        for one in near
        if (other_ref := mapping.get(one)) is not None
        for old, new in _words(one, other_ref)
        if old != new
    }


def _words(one: Ref, other: Ref) -> list[tuple[str, str]]:
    if one.kind == "routine":
        return [(base_name(one), base_name(other)), (one.schema, other.schema)]
    return [(one.name, other.name), (one.schema, other.schema)]


def _renamed(
    item: Object, ref: Ref, target: Object | None, mapping: Mapping[Ref, Ref], words: Mapping[str, str]
) -> Object:
    changes: dict[str, object] = {"ref": ref}
    for entry in fields(item):
        value: object = getattr(item, entry.name)
        wanted: object = getattr(target, entry.name, None)
        if entry.name == "depends":
            changes["depends"] = frozenset(mapping.get(dep, dep) for dep in item.depends)
        elif entry.name == "columns":
            changes["columns"] = _columns(item, mapping)
        elif isinstance(value, Ref) and entry.name != "ref":
            changes[entry.name] = mapping.get(value, value)
        elif value != wanted and wanted is not None and _follows(entry.name, value, wanted, words):
            changes[entry.name] = wanted
    return replace(item, **changes)  # type: ignore[arg-type]


def _columns(item: Object, mapping: Mapping[Ref, Ref]) -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(item, "columns", ())
    holder = item.table.name if isinstance(item, Index) else item.ref.parent or item.ref.name
    refs = (Ref("column", item.ref.schema, name, holder) for name in names)
    return tuple(mapping.get(ref, ref).name for ref in refs)


def _follows(name: str, value: object, wanted: object, words: Mapping[str, str]) -> bool:
    """Whether `value` becomes `wanted` by putting the new names for the old ones; quoted bodies follow nothing."""
    if name == "comment":
        return False
    if name == "definition" and isinstance(value, str) and isinstance(wanted, str) and _BODY in value:
        head, _, body = value.partition(_BODY)
        wanted, _, wanted_body = wanted.partition(_BODY)
        return body == wanted_body and _follows("head", head, wanted, words)
    one, other = (value, wanted) if isinstance(value, str) else (repr(value), repr(wanted))
    return type(value) is type(wanted) and _IDENTIFIER.sub(lambda m: words.get(m[0], m[0]), one) == other


def quoted(name: str) -> str:
    """A name as Postgres prints it in definitions, keywords aside."""
    return name if _PLAIN.match(name) else '"' + name.replace('"', '""') + '"'
