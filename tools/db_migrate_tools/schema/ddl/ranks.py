"""The order that a person expects, where dependencies leave a choice: drops first, then what others build on."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.order import Key
from db_migrate_tools.schema.kinds import KINDS
from db_migrate_tools.schema.model import Column, Constraint, Object

_DROP_RANK = dict.fromkeys(KINDS, 5) | {
    "event-trigger": -1,
    "publication-table": 0,
    "publication-schema": 0,
    "rule": 0,
    "user-mapping": 9,
    "foreign-server": 9,
    "foreign-data-wrapper": 9,
    "collation": 10,
    "language": 10,
    "access-method": 10,
    "policy": 0,
    "trigger": 1,
    "constraint": 3,
    "view": 4,
    "index": 5,
    "routine": 6,
    "column": 7,
    "table": 8,
    "sequence": 9,
    "type": 10,
    "extension": 11,
    "schema": 12,
    "default-acl": 50,
}
_MAKE_RANK = dict.fromkeys(KINDS, 29) | {
    "language": 21,
    "access-method": 21,
    "collation": 21,
    "foreign-data-wrapper": 21,
    "foreign-server": 22,
    "user-mapping": 22,
    "statistics": 34,
    "rule": 38,
    "publication": 40,
    "publication-schema": 41,
    "publication-table": 41,
    "subscription": 42,
    "setting": 51,
    "event-trigger": 52,
    "schema": 20,
    "extension": 21,
    "type": 22,
    "sequence": 23,
    "table": 24,
    "column": 25,
    "routine": 28,
    "view": 29,
    "constraint": 31,
    "index": 33,
    "trigger": 38,
    "policy": 39,
    "default-acl": 50,
}
_SPECIAL_RANK = {
    "detach": 2,
    "drop-identity": 2,
    "park": 12,
    "aside": 13,
    "move": 26,
    "drop-aside": 27,
    "drop-default": 2,
    "own": 26,
    "set-default": 27,
    "attach": 34,
    "attach-index": 35,
    "replica": 36,
}
_CONSTRAINT_RANK = {"not null": 30, "primary key": 31, "unique": 31, "check": 32, "exclude": 32, "foreign key": 37}


def rank(key: Key, item: Object) -> tuple[int, int, str]:
    """Where a step stands among those that may come next."""
    word, ref = key
    place = _SPECIAL_RANK.get(word, _DROP_RANK[ref.kind] if word == "drop" else _MAKE_RANK[ref.kind])
    if isinstance(item, Constraint) and item.ref == ref:
        if word != "drop":
            place = _CONSTRAINT_RANK[item.type]
        elif item.type == "foreign key":
            place = 2
    return place, item.position if isinstance(item, Column) else 0, f"{ref}"
