"""Text search configurations and dictionaries."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import qualified, target
from db_migrate_tools.schema.kinds import SearchConfiguration, SearchDictionary


def create(item: SearchConfiguration, context: Context) -> list[str]:
    found = [f"CREATE TEXT SEARCH CONFIGURATION {qualified(item.ref)} (PARSER = {item.parser})"]
    found += [_mapping(item, "ADD", token, dictionaries) for token, dictionaries in item.mappings]
    return found + after_create(item, context)


def alter(
    before: SearchConfiguration, after: SearchConfiguration, fields: tuple[str, ...], context: Context
) -> list[str]:
    old, new = dict(before.mappings), dict(after.mappings)
    found = [f"ALTER {target(after)} DROP MAPPING FOR {token}" for token in old if token not in new]
    for token, dictionaries in after.mappings:
        if old.get(token) != dictionaries:
            found.append(_mapping(after, "ALTER" if token in old else "ADD", token, dictionaries))
    return found + after_alter(before, after, fields, context)


def _mapping(item: SearchConfiguration, word: str, token: str, dictionaries: tuple[str, ...]) -> str:
    return f"ALTER {target(item)} {word} MAPPING FOR {token} WITH {', '.join(dictionaries)}"


def create_dictionary(item: SearchDictionary, context: Context) -> list[str]:
    words = [f"TEMPLATE = {item.template}", *(f"{name} = {value}" for name, value in item.options)]
    return [f"CREATE TEXT SEARCH DICTIONARY {qualified(item.ref)} ({', '.join(words)})", *after_create(item, context)]


def alter_dictionary(
    before: SearchDictionary, after: SearchDictionary, fields: tuple[str, ...], context: Context
) -> list[str]:
    old, new = dict(before.options), dict(after.options)
    words = [name for name in old if name not in new]
    words += [f"{name} = {value}" for name, value in after.options if old.get(name) != value]
    found = [f"ALTER {target(after)} ({', '.join(words)})"] if words else []
    return found + after_alter(before, after, fields, context)
