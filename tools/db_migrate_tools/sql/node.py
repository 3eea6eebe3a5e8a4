"""Nodes of a parse tree: libpg_query's messages behind a small typed face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_MESSAGE: Final = FieldDescriptor.TYPE_MESSAGE
_STRING: Final = FieldDescriptor.TYPE_STRING


def unwrap(message: Message) -> Message | None:
    """The node inside libpg_query's `Node` wrapper; None for an empty one."""
    if message.DESCRIPTOR.name != "Node":
        return message
    which = message.WhichOneof("node")
    return None if which is None else cast("Message", getattr(message, which))


class Node:
    """A node of the parse tree. Field names are libpg_query's in snake case; absent fields are empty."""

    __slots__ = ("_message", "kind")

    def __init__(self, message: Message) -> None:
        self._message = message
        self.kind: str = message.DESCRIPTOR.name

    def __contains__(self, field: str) -> bool:
        descriptor = self._message.DESCRIPTOR.fields_by_name.get(field)
        if descriptor is None:
            return False
        return any(present.name == field for present, _ in self._message.ListFields())

    def _get(self, field: str) -> object:
        return getattr(self._message, field) if field in self._message.DESCRIPTOR.fields_by_name else None

    def text(self, field: str) -> str:
        """A string field, or "" where there is none."""
        value = self._get(field)
        return value if isinstance(value, str) else ""

    def flag(self, field: str) -> bool:
        return self._get(field) is True

    def number(self, field: str) -> int:
        value = self._get(field)
        return value if isinstance(value, int) else 0

    def choice(self, field: str) -> str:
        """The name of an enum field's value: `OBJECT_TABLE`."""
        descriptor = self._message.DESCRIPTOR.fields_by_name.get(field)
        if descriptor is None or descriptor.enum_type is None:
            return ""
        return descriptor.enum_type.values_by_number[self.number(field)].name

    def node(self, field: str) -> Node | None:
        """A child, without its wrapper; None where it is absent."""
        value = self._get(field)
        if not isinstance(value, Message) or not self._message.HasField(field):
            return None
        inner = unwrap(value)
        return None if inner is None else Node(inner)

    def nodes(self, field: str) -> list[Node]:
        """The children of a repeated field, without their wrappers."""
        value = self._get(field)
        if value is None or isinstance(value, (str, int, float, Message)):
            return []
        inner = [unwrap(item) for item in cast("list[Message]", value)]
        return [Node(message) for message in inner if message is not None]

    def names(self, field: str) -> tuple[str, ...]:
        """A repeated field of strings: a qualified name in its parts."""
        return tuple(node.text("sval") for node in self.nodes(field) if node.kind == "String")

    def children(self) -> list[Node]:
        found: list[Node] = []
        for descriptor, value in self._message.ListFields():
            if descriptor.type != _MESSAGE:
                continue
            items = [value] if isinstance(value, Message) else cast("list[Message]", value)
            for item in items:
                inner = unwrap(item)
                if inner is not None:
                    found.append(Node(inner))
        return found

    def walk(self) -> Iterator[Node]:
        """This node and everything beneath it, in the order of the text, parents first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children()))

    def walk_noting(self, literals: list[str], words: set[str]) -> Iterator[Node]:
        """Like `walk`, but constants are not visited: the rows of an INSERT are mostly that, by the hundred thousand.

        String constants are added to `literals`, every other string to `words`.
        """
        stack = [self._message]
        while stack:
            message = stack.pop()
            yield Node(message)
            found: list[Message] = []
            for descriptor, value in message.ListFields():
                kind = descriptor.type
                if kind == _STRING and isinstance(value, str):
                    words.add(value)
                if kind != _MESSAGE:
                    continue
                for item in (value,) if isinstance(value, Message) else cast("list[Message]", value):
                    which = item.WhichOneof("node") if item.DESCRIPTOR.name == "Node" else ""
                    if which == "a_const":
                        constant = Node(cast("Message", getattr(item, which))).node("sval")
                        if constant is not None:
                            literals.append(constant.text("sval"))
                    elif which is not None:
                        found.append(cast("Message", getattr(item, which)) if which else item)
            found.reverse()
            stack += found

    def same_as(self, other: Node, *, but: frozenset[str] = frozenset()) -> bool:
        """Whether two trees say the same. Positions, the schema `public` and the fields in `but` do not count."""
        pairs = [(self._message, other._message)]
        while pairs:
            left, right = pairs.pop()
            mine, theirs = _facts(left, but), _facts(right, but)
            if left.DESCRIPTOR.name != right.DESCRIPTOR.name or mine.keys() != theirs.keys():
                return False
            for field, value in mine.items():
                if isinstance(value, list) and isinstance(theirs[field], list):
                    others = cast("list[Message]", theirs[field])
                    if len(value) != len(others):
                        return False
                    pairs.extend(zip(value, others, strict=True))
                elif value != theirs[field]:
                    return False
        return True


def _facts(message: Message, but: frozenset[str]) -> dict[str, list[Message] | str]:
    """The fields that are set: child messages as lists, everything else as its text."""
    found: dict[str, list[Message] | str] = {}
    for descriptor, value in message.ListFields():
        name = descriptor.name
        if name in but or name.endswith("location") or (name == "schemaname" and value == "public"):
            continue
        if descriptor.type != _MESSAGE:
            found[name] = str(value)
            continue
        items = [value] if isinstance(value, Message) else list(cast("list[Message]", value))
        inner = [node for item in items if (node := unwrap(item)) is not None]
        if len(inner) > 1 and inner[0].DESCRIPTOR.name == "String" and Node(inner[0]).text("sval") == "public":
            inner = inner[1:]
        found[name] = inner
    return found
