"""Renames between two catalogs of one database, and a catalog as it would read had they already happened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, fields, replace

from db_migrate_tools.schema.kinds import FOLLOWING
from db_migrate_tools.schema.model import Catalog, Index, Kind, Object, Ref

ASIDE = "__gone"
_IDENTIFIER = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')
_BODY = "\nAS $"
_NAMED: tuple[Kind, ...] = ("index", "constraint")
_REFERRING = {
    cls: tuple(f.name for f in fields(cls) if f.name in _NAMED or (f.name != "ref" and f.type in ("Ref", "Ref | None")))
    for cls in Object.__subclasses__()
}
"""The fields of each class that name one other object."""
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
    asides = {ref: aside(ref) for ref in before if ref in taken and ref not in found and ref.kind not in FOLLOWING}
    holders = {
        (ref.schema, ref.name): other.name for ref, other in asides.items() if ref.kind in ("table", "view", "type")
    }
    movers = {(ref.schema, ref.name): other for ref, other in found.items() if ref.kind in ("table", "view", "type")}
    for ref in before if movers or asides else ():
        if ref in found:
            continue
        place = (ref.schema, ref.parent)
        if place in holders:
            found[ref] = replace(ref, parent=holders[place])
        elif (moved := movers.get(place)) is not None:
            found[ref] = replace(asides.get(ref, ref), schema=moved.schema, parent=moved.name)
        elif ref in asides:
            found[ref] = asides[ref]
    return found


def aside(ref: Ref) -> Ref:
    if ref.kind in ("routine", "operator"):
        at = ref.name.index("(", 1)
        return replace(ref, name=ref.name[:at][: 63 - len(ASIDE)] + ASIDE + ref.name[at:])
    return replace(ref, name=ref.name[: 63 - len(ASIDE)] + ASIDE)


def own_renames(mapping: Mapping[Ref, Ref]) -> tuple[Rename, ...]:
    """The renames that somebody made, without those that follow from a relation's or a schema's."""
    schemas = {one.name: other.name for one, other in mapping.items() if one.kind == "schema"}
    found: list[Rename] = []
    for one, other in mapping.items():
        if one.kind in FOLLOWING or one.kind == "default-acl":
            own = False
        elif one.parent or one.kind == "index":
            own = one.name != other.name
        elif one.kind in ("routine", "operator"):
            own = base_name(one) != base_name(other) or schemas.get(one.schema, one.schema) != other.schema
        else:
            own = one.name != other.name or schemas.get(one.schema, one.schema) != other.schema
        if own:
            found.append(Rename(one, other))
    return tuple(sorted(found))


def base_name(ref: Ref) -> str:
    """A routine's name without its arguments."""
    return ref.name[: ref.name.index("(", 1)]


def apply_renames(
    before: Catalog, after: Catalog, mapping: Mapping[Ref, Ref], only: frozenset[Ref] | None = None
) -> Catalog:
    """`before` as it reads once the renames are made: references, names in lists, and texts that follow them.
    `only` are the references that can differ at all.
    """
    if not mapping:
        return before
    objects = dict(before.objects)
    found = before.objects.values() if only is None else (before.get(ref) for ref in only)
    places = {_place(ref) for ref in mapping}
    changing = [item for item in found if item is not None and _is_touched(item, places)]
    for item in changing:
        del objects[item.ref]
    for item in changing:
        ref = mapping.get(item.ref, item.ref)
        objects[ref] = _renamed(item, ref, after.get(ref), mapping, _words_of(item, mapping))
    return replace(before, objects=objects)


def _place(ref: Ref) -> tuple[str, str]:
    """The relation, or whatever else, that a reference leads to."""
    return ref.schema, ref.parent or ref.name


def _is_touched(item: Object, places: Set[tuple[str, str]]) -> bool:
    """Whether a rename can have to do with an object; most objects are taken over as they are."""
    ref = item.ref
    if (ref.schema, ref.parent or ref.name) in places:
        return True
    for dep in item.depends:
        if (dep.schema, dep.parent or dep.name) in places:
            return True
    for name in _REFERRING[type(item)]:
        other: Ref | str | None = getattr(item, name)
        if other is not None and ((ref.schema, other) if isinstance(other, str) else _place(other)) in places:
            return True
    return False


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
    if one.kind in ("routine", "operator"):
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
