"""What changed between two types files, in the words of somebody who uses them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from db_migrate_tools.typescript.reading import Leaf, Tree, read_database

_MAX_TEXT = 120
_WRITES = ("Insert", "Update")


def differences(old: str | None, new: str) -> tuple[str, ...]:
    """One line a difference: `Tables.User.Row: added lastActiveAt: string | null`. Empty when the types are the same.

    `old` None is a file that was not there. A file that cannot be read as types is compared line by line.
    """
    if old is None:
        return ("a new file",)
    if old == new:
        return ()
    before, after = read_database(old), read_database(new)
    if before is None or after is None:
        return _lines(old, new)
    found: list[str] = []
    for schema in _names(before, after):
        prefix = "" if schema == "public" else f"{schema}."
        was, now = before.get(schema), after.get(schema)
        if isinstance(was, Leaf) or isinstance(now, Leaf) or schema.startswith("__"):
            continue
        if was is None or now is None:
            found.append(f"schema {schema}: {'added' if was is None else 'removed'}")
            continue
        for section in _names(was, now):
            found += [f"{prefix}{section}.{line}" for line in _section(was.get(section), now.get(section))]
    return tuple(found)


def _section(before: Tree | Leaf | None, after: Tree | Leaf | None) -> Iterator[str]:
    was: Tree = {} if before is None or isinstance(before, Leaf) else before
    now: Tree = {} if after is None or isinstance(after, Leaf) else after
    for name in _names(was, now):
        if name.startswith("["):
            continue
        old, new = was.get(name), now.get(name)
        if new is None:
            yield f"{name}: removed"
        elif old is None:
            yield f"{name}: added{_size(new)}"
        elif isinstance(old, Leaf) or isinstance(new, Leaf):
            if _text(old) != _text(new):
                yield f"{name}: {_short(_text(old))} is now {_short(_text(new))}"
        else:
            yield from _inside(name, old, new)


def _inside(name: str, old: Tree, new: Tree) -> Iterator[str]:
    told: set[str] = set()
    # Row first: a column that is new there is new in Insert and Update too, and once is enough.
    for part in sorted(_names(old, new), key=lambda name: name != "Row"):
        was, now = old.get(part), new.get(part)
        if was is None or now is None:
            state = "added" if was is None else "removed"
            yield f"{name}.{part}: {state}" if isinstance(was or now, Leaf) is False else _member(name, part, was, now)
        elif isinstance(was, Leaf) or isinstance(now, Leaf):
            if _text(was) != _text(now):
                yield _member(name, part, was, now)
        else:
            changed = [c for c in _names(was, now) if _text(was.get(c)) != _text(now.get(c))]
            for column in changed:
                if not (part in _WRITES and column in told):
                    yield _member(f"{name}.{part}", column, was.get(column), now.get(column))
            if part == "Row":
                told.update(changed)


def _member(where: str, name: str, was: Tree | Leaf | None, now: Tree | Leaf | None) -> str:
    if name == "Relationships" and was is not None and now is not None:
        return f"{where}.Relationships: {_keys(_text(was), _text(now))}"
    if was is None:
        return f"{where}: added {_signature(name, now)}"
    if now is None:
        return f"{where}: removed {_signature(name, was)}"
    return f"{where}: {_signature(name, was)} is now {_signature(name, now)}"


def _signature(name: str, node: Tree | Leaf | None) -> str:
    mark = "?" if isinstance(node, Leaf) and node.optional else ""
    return f"{name}{mark}: {_short(_text(node).removeprefix('?'))}"


def _keys(was: str, now: str) -> str:
    old, new = ([part.rstrip("{}[], ") for part in text.split("foreignKeyName:")[1:]] for text in (was, now))
    gone = dict.fromkeys(_first_string(k) for k in old if k not in new)
    come = dict.fromkeys(_first_string(k) for k in new if k not in old)
    told = (
        ("added", [k for k in come if k not in gone]),
        ("changed", [k for k in come if k in gone]),
        ("removed", [k for k in gone if k not in come]),
    )
    return "; ".join(f"{what} {', '.join(keys)}" for what, keys in told if keys) or "in another order"


def _first_string(text: str) -> str:
    return text.partition('"')[2].partition('"')[0]


def _text(node: Tree | Leaf | None) -> str:
    if node is None:
        return ""
    if isinstance(node, Leaf):
        return ("?" if node.optional else "") + node.text
    return "{ " + "; ".join(f"{k}: {_text(v)}" for k, v in sorted(node.items())) + " }"


def _size(node: Tree | Leaf) -> str:
    if isinstance(node, Leaf):
        return f" = {_short(node.text)}"
    row = node.get("Row")
    if row is None or isinstance(row, Leaf):
        return ""
    return f" ({len(row)} column{'' if len(row) == 1 else 's'})"


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def _names(before: Tree, after: Tree) -> list[str]:
    return sorted(before.keys() | after.keys())


def _lines(old: str, new: str) -> tuple[str, ...]:
    changed = [line[:2] for line in difflib.ndiff(old.splitlines(), new.splitlines())]
    return (f"{changed.count('+ ')} lines added, {changed.count('- ')} lines removed",)
