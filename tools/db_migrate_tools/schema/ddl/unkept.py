"""What statements cannot bring back, because its value was never kept: told when they run, instead of passed over."""

from __future__ import annotations

import re
from collections.abc import Iterable

from db_migrate_tools.schema.ddl.quote import literal
from db_migrate_tools.schema.secrets import is_hidden

_OPTION = re.compile(r'("(?:[^"]|"")+"|\S+) (.*)', re.DOTALL)


def _parts(option: str) -> tuple[str, str]:
    """Name and value of an option as SQL."""
    found = _OPTION.match(option)
    return (found[1], found[2]) if found else (option, "")


def is_kept(option: str) -> bool:
    """Whether an option as SQL (`name 'value'`) has its value; a secret has only a marker."""
    return not is_hidden(_parts(option)[1].strip("'"))


def names_of(options: Iterable[str]) -> list[str]:
    return [_parts(option)[0] for option in options]


def told(subject: str, names: Iterable[str]) -> list[str]:
    """A statement that warns which options somebody has to set again by hand; nothing when there are none."""
    missing = ", ".join(sorted(names))
    if not missing:
        return []
    text = literal(f"Secrets are not kept: set {missing} of {subject} again by hand.")
    return [f"DO $unkept$ BEGIN RAISE WARNING USING MESSAGE = {text.strip()}; END $unkept$"]


def changed(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, list[str]]:
    """What stands in OPTIONS (…) to lead from one to the other, and the names of secrets that it cannot bring."""
    old, new = set(names_of(before)), set(names_of(after))
    words = [f"DROP {name}" for name in sorted(old - new)]
    missing: list[str] = []
    for option in after:
        name, _ = _parts(option)
        if option in before:
            continue
        if is_kept(option):
            words.append(f"{'SET' if name in old else 'ADD'} {option}")
        else:
            missing.append(name)
    return ", ".join(words), missing
