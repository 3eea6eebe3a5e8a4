"""Renames as statements."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.schema.ddl.quote import holder, ident, keyword, qualified
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.kinds import KINDS
from db_migrate_tools.schema.model import Index, Object, Ref
from db_migrate_tools.schema.renames import Rename, base_name, own_renames

_ORDER = (
    "schema",
    "extension",
    "type",
    "sequence",
    "table",
    "view",
    "index",
    "routine",
    "column",
    "constraint",
    "trigger",
    "policy",
    *sorted(KINDS),
)


def statements(delta: Delta) -> list[str]:
    """Every rename, in an order in which no two objects have one name; a swap goes by way of a third name."""
    pending = sorted(own_renames(delta.mapping), key=lambda r: (_ORDER.index(r.before.kind), r.before))
    taken = {_place(ref) for ref in delta.before.objects}
    found: list[str] = []
    while pending:
        free = next((r for r in pending if _place(r.after) not in taken or _place(r.after) == _place(r.before)), None)
        if free is None:
            first = pending.pop(0)
            between = replace(first.before, name=_between(first.before))
            found += _statements(first, between, delta)
            taken.discard(_place(first.before))
            pending.insert(0, Rename(between, first.after))
            continue
        pending.remove(free)
        found += _statements(free, free.after, delta)
        taken.discard(_place(free.before))
        taken.add(_place(free.after))
    return found


def _place(ref: Ref) -> tuple[str, str, str, str]:
    """Tables, views, indexes, sequences and composite types share one set of names."""
    kind = "relation" if ref.kind in ("table", "view", "index", "sequence", "type") else ref.kind
    return kind, ref.schema, ref.parent, ref.name


def _between(ref: Ref) -> str:
    if ref.kind == "routine":
        return base_name(ref) + "__moving" + ref.name[len(base_name(ref)) :]
    if ref.kind in ("operator-class", "operator-family"):
        name, _, method = ref.name.rpartition(" USING ")
        return f"{name}__moving USING {method}"
    return ref.name[:55] + "__moving"


def _statements(rename: Rename, to: Ref, delta: Delta) -> list[str]:
    one = rename.before
    item = delta.base.get(rename.after)
    if item is None or (isinstance(item, Index) and item.constraint is not None):
        return []
    if one.parent:
        return _part(item, replace(to, name=one.name), to)
    found: list[str] = []
    word = keyword(item)
    if one.kind == "schema":
        return [f"ALTER SCHEMA {ident(one.name)} RENAME TO {ident(to.name)}"]
    schemas = {r.before.name: r.after.name for r in own_renames(delta.mapping) if r.before.kind == "schema"}
    one = replace(one, schema=schemas.get(one.schema, one.schema))
    if one.schema != to.schema and one.kind != "index" and not _moves_with_its_table(item):
        found.append(f"ALTER {word} {qualified(one)} SET SCHEMA {ident(to.schema)}")
    here = replace(one, schema=to.schema)
    named = ("routine", "operator")
    old = base_name(here) if here.kind in named else here.name
    new = base_name(to) if to.kind in named else to.name
    if here.kind in ("operator-class", "operator-family"):
        old, new = old.rpartition(" USING ")[0], new.rpartition(" USING ")[0]
        return [*found, f"ALTER {word} {qualified(here)} RENAME TO {new}"] if old != new else found
    if old != new:
        found.append(f"ALTER {word} {qualified(here)} RENAME TO {ident(new)}")
    return found


def _moves_with_its_table(item: Object) -> bool:
    return getattr(item, "owned_by", None) is not None


def _part(item: Object, one: Ref, to: Ref) -> list[str]:
    old, new = ident(one.name), ident(to.name)
    match item.ref.kind:
        case "column":
            return [f"ALTER TABLE {holder(to)} RENAME COLUMN {old} TO {new}"]
        case "constraint":
            return [f"ALTER TABLE {holder(to)} RENAME CONSTRAINT {old} TO {new}"]
        case _:
            return [f"ALTER {item.ref.kind.upper()} {old} ON {holder(to)} RENAME TO {new}"]
