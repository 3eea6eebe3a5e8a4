"""Options whose values may be secrets: the statements say what they cannot restore instead of a value."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.quote import ident, literal
from db_migrate_tools.schema.kinds import Options
from db_migrate_tools.schema.secrets import is_hidden


def warning(what: str) -> str:
    """A statement that tells whoever runs it what they have to set themselves."""
    text = f"db-migrate keeps no secrets: {what} must be set again by hand"
    return f"DO $told$ BEGIN RAISE WARNING '%', {literal(text).strip()}; END $told$"


def clause(options: Options) -> str:
    """` OPTIONS (a 'b')` of those that can be told; "" for none."""
    words = [f"{ident(name)} {literal(value).strip()}" for name, value in options if not is_hidden(value)]
    return f" OPTIONS ({', '.join(words)})" if words else ""


def changes(before: Options, after: Options) -> str:
    """` OPTIONS (ADD …, SET …, DROP …)` from one to the other; "" for nothing."""
    old, new = dict(before), dict(after)
    words = [f"DROP {ident(name)}" for name in old if name not in new]
    for name, value in after:
        if old.get(name) != value and not is_hidden(value):
            words.append(f"{'SET' if name in old else 'ADD'} {ident(name)} {literal(value).strip()}")
    return f" OPTIONS ({', '.join(words)})" if words else ""


def untold(before: Options, after: Options, of: str) -> list[str]:
    """The warning for hidden values that are new or differ."""
    old = dict(before)
    names = [name for name, value in after if is_hidden(value) and old.get(name) != value]
    return [warning(f"option {', '.join(names)} of {of}")] if names else []
