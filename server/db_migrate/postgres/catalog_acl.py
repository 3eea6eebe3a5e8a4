"""Postgres's text of access privileges (aclitem) as grants."""

from __future__ import annotations

from functools import lru_cache

from db_migrate_tools.schema.model import Grant

PRIVILEGES = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",
    "A": "ALTER SYSTEM",
}


def grants(items: list[str] | None) -> tuple[Grant, ...] | None:
    """An ACL column read as text[]: sorted grants, None where the column is NULL."""
    return None if items is None else tuple(sorted(grant for item in items for grant in _item(item)))


@lru_cache(maxsize=4096)
def _item(text: str) -> tuple[Grant, ...]:
    grantee, rest = _role(text)
    letters, _, grantor_text = rest.removeprefix("=").partition("/")
    grantor, _ = _role(grantor_text)
    return tuple(
        Grant(grantee, PRIVILEGES.get(letter, letter), grantor, letters[at + 1 : at + 2] == "*")
        for at, letter in enumerate(letters)
        if letter != "*"
    )


def _role(text: str) -> tuple[str, str]:
    """The role that `text` begins with, unquoted, and what follows it."""
    if not text.startswith('"'):
        name, equals, rest = text.partition("=")
        return name, equals + rest
    at = 1
    name = ""
    while at < len(text):
        if text[at] == '"':
            if text[at + 1 : at + 2] != '"':
                break
            at += 1
        name += text[at]
        at += 1
    return name, text[at + 1 :]
