"""A delta in words, one line per difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from db_migrate_tools.schema.kinds import goes_with
from db_migrate_tools.schema.model import Column, DefaultAcl, DomainCheck, Grant, Object, Ref, View
from db_migrate_tools.schema.semantics import grants_of, semantic

if TYPE_CHECKING:
    from db_migrate_tools.schema.diff import Change, Delta

_LONG = 80
_MANY = 20
_MOST = 400


def lines(delta: Delta) -> tuple[str, ...]:
    """Every difference of `after` from `before`; parts of a created or dropped relation go without saying."""
    return tuple(_lines(delta))


def _lines(delta: Delta) -> Iterator[str]:
    for rename in delta.renamed:
        yield f"{named(rename.before)} is now called {rename.after}"
    created = {item.ref for item in delta.created}
    dropped = {item.ref for item in delta.dropped}
    for item in delta.dropped:
        if not _part_of(item, dropped, delta):
            yield f"{named(item.ref, item)} is gone"
    for item in delta.created:
        if not _part_of(item, created, delta):
            yield f"{named(item.ref, item)} is new"
    for change in delta.altered:
        yield from _change(change, (delta.before.server_version, delta.after.server_version))
    for ref in delta.reordered:
        yield f"{named(ref)}: {_order(delta, ref)}"


def named(ref: Ref, item: Object | None = None) -> str:
    """`table public.users`, `column public.users.email`."""
    if isinstance(item, View) and item.materialized:
        return f"materialized view {ref}"
    if isinstance(item, DefaultAcl) or ref.kind == "default-acl":
        role, _, objects = ref.name.rpartition("/")
        return f"default privileges of {role} for {objects}" + (f" in schema {ref.schema}" if ref.schema else "")
    match ref.kind:
        case "publication-table":
            return f"table {ref.schema}.{ref.parent} in publication {ref.name}"
        case "publication-schema":
            return f"schema {ref.schema} in publication {ref.name}"
        case "setting":
            where, _, parameter = ref.name.rpartition("/")
            return f"setting {parameter} of {'this database' if where == 'database' else where}"
        case _:
            return f"{ref.kind.replace('-', ' ')} {ref}"


def _part_of(item: Object, others: set[Ref], delta: Delta) -> bool:
    """Whether an object comes or goes with the relation that it is part of; views' columns always do. What joins a
    publication is told, for its rows are sent elsewhere from then on.
    """
    ref = item.ref
    if ref.kind in ("publication-table", "publication-schema") and ref in delta.after:
        return False
    if any(other in others for other in goes_with(item)):
        return True
    if not ref.parent:
        table: Ref | None = getattr(item, "table", None)
        return ref.kind == "index" and (table in others or getattr(item, "constraint", None) is not None)
    holders = [Ref(kind, ref.schema, ref.parent) for kind in ("table", "view", "type")]
    if ref.kind == "column" and any(isinstance(c.get(holders[1]), View) for c in (delta.base, delta.after)):
        return True
    return any(holder in others for holder in holders)


def _change(change: Change, versions: tuple[int, int]) -> Iterator[str]:
    before, after = change.before, change.after
    if isinstance(after, Column):
        subject, prefix = f"table {after.ref.schema}.{after.ref.parent}", f"column {after.ref.name} "
    else:
        subject, prefix = named(after.ref, after), ""
    old, new = semantic(before), semantic(after)
    for name in change.fields:
        if name == "acl":
            yield f"{subject}: {prefix}privileges: {_some(list(_grants(before, after, versions)), '; ')}"
        else:
            yield f"{subject}: {prefix}{_field(name, before, after, old.get(name), new.get(name))}"


def _field(name: str, before: Object, after: Object, old: object, new: object) -> str:
    match name:
        case "nullable":
            return "is now nullable" if getattr(after, "nullable", True) else "is now NOT NULL"
        case "type" if isinstance(after, Column):
            return f"is now {new}, was {old}"
        case "local":
            own = "is its table's own now" if new is None else "comes from its parent table only"
            return f"{own}, so dropping the parent's {'leaves it' if new is None else 'takes it along'}"
        case "comment":
            return f"comment is now {_value(new)}, was {_value(old)}"
        case _:
            one, other = getattr(before, name, None), getattr(after, name, None)
            return f"{name.replace('_', ' ')} is now {_value(other)}, was {_value(one)}"


def _grants(before: Object, after: Object, versions: tuple[int, int]) -> Iterator[str]:
    old, new = set(grants_of(before, versions[0])), set(grants_of(after, versions[1]))
    for grant in sorted(new - old):
        yield f"{_role(grant)} gained {grant.privilege}{' with grant option' if grant.grantable else ''}"
    for grant in sorted(old - new):
        yield f"{_role(grant)} lost {grant.privilege}{' with grant option' if grant.grantable else ''}"


def _role(grant: Grant) -> str:
    return grant.grantee or "PUBLIC"


def _value(value: object) -> str:
    if value is None or value in ((), ""):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, DomainCheck):
        said = f" ({_value(value.comment)})" if value.comment is not None else ""
        return f"{value.name} {brief(value.definition)}{said}"
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], tuple):
            return f"{parts[0]} by {_value(cast('object', parts[1]))}"
        return _some([_part(part) for part in parts[: _MANY + 1]], ", ", len(parts))
    return brief(str(value))


def brief(value: str) -> str:
    """A text on one line; of one that may be megabytes only the beginning is looked at."""
    text = " ".join(value[:_MOST].split())
    return text if len(text) <= _LONG and len(value) <= _MOST else text[: _LONG - 1] + "…"


def _some(values: Sequence[str], between: str, count: int | None = None) -> str:
    """The first of them, and how many more there are of `count`."""
    more = (len(values) if count is None else count) - _MANY
    return between.join([*values[:_MANY], *([f"and {more} more"] if more > 0 else [])])


def _part(value: object) -> str:
    """One of several: an option and its value are a pair."""
    if isinstance(value, tuple):
        pair = cast("tuple[object, ...]", value)
        if len(pair) == 2 and all(isinstance(word, str) for word in pair):
            return f"{pair[0]} {pair[1]}"
        return _value(pair)
    return _value(value)


def _order(delta: Delta, ref: Ref) -> str:
    one: list[str] = list(getattr(delta.base.objects[ref], "columns", ()))
    other: list[str] = list(getattr(delta.after.objects[ref], "columns", ()))
    for name in one if sorted(one) == sorted(other) else ():
        at = other.index(name)
        if [column for column in one if column != name] == [column for column in other if column != name]:
            where = "last" if at == len(other) - 1 else f"after {other[at - 1]}" if at else "first"
            return f"column {name} is now {where}"
    return f"its columns now stand as {_some(other, ', ')}"
