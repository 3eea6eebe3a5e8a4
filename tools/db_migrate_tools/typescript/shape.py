"""The few shapes that the generated file is made of, and how each is laid out on lines of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db_migrate_tools.typescript.names import key

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: Shape
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Object:
    """`{ … }`. Not `open`, it stays on one line where it fits; `trailer` follows the brace: `[]`."""

    properties: tuple[Property, ...]
    open: bool = True
    trailer: str = ""


@dataclass(frozen=True, slots=True)
class Union:
    """`A | B`, one member a line when it does not fit."""

    members: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """`[A, B]`: a tuple type, or an array in the Constants."""

    members: tuple[Shape, ...]


Shape = str | Object | Union | Items

NOTHING = Object((Property("[_ in never]", "never"),))
"""How the types say that a schema has none of something."""


def either(members: Sequence[Shape]) -> Shape:
    """The union of the members; the member itself when there is only one."""
    return members[0] if len(members) == 1 else Union(tuple(members))


def line(shape: Shape) -> str:
    """The shape on one line."""
    match shape:
        case str():
            return shape
        case Union(members):
            return " | ".join(line(m) for m in members)
        case Items(members):
            return f"[{', '.join(line(m) for m in members)}]"
        case Object(properties, _, trailer):
            inside = "; ".join(_head(p) + line(p.type) for p in properties)
            return f"{{ {inside} }}{trailer}" if inside else f"{{}}{trailer}"


def layout(shape: Shape, indent: int, before: int, comma: str = "") -> str:
    """The shape as text that begins after `before` columns on a line indented by `indent`.

    `comma` ends each property: empty in types, "," in values.
    """
    if isinstance(shape, str):
        return shape
    if not _is_open(shape) and before + len(line(shape)) + len(comma) <= WIDTH:
        return line(shape)
    inner = " " * (indent + 2)
    match shape:
        case Union((Object() as row, "null")):
            return f"{layout(row, indent, before)} | null"
        case Union(members):
            return "".join(f"\n{inner}| {layout(m, indent + 4, indent + 4)}" for m in members)
        case Items(members):
            rows = "".join(f"{inner}{layout(m, indent + 2, indent + 2)},\n" for m in members)
            return f"[\n{rows}{' ' * indent}]"
        case Object(properties, _, trailer):
            rows = "".join(f"{inner}{_property(p, indent + 2, comma)}{comma}\n" for p in properties)
            return f"{{\n{rows}{' ' * indent}}}{trailer}"


def _property(item: Property, indent: int, comma: str) -> str:
    head = _head(item)
    text = layout(item.type, indent, indent + len(head), comma)
    return head.rstrip() + text if text.startswith("\n") else head + text


def _head(item: Property) -> str:
    name = item.name if item is NOTHING.properties[0] else key(item.name)
    return f"{name}{'?' if item.optional else ''}: "


def _is_open(shape: Shape) -> bool:
    match shape:
        case str():
            return False
        case Object(properties, is_open, _):
            return bool(properties) and (is_open or any(_is_open(p.type) for p in properties))
        case Union(members) | Items(members):
            return any(_is_open(m) for m in members)
