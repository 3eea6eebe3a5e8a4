"""The kinds of objects: their word for a person, and their category."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.sql.model import Category

# An object's word for a person, and its category.
_OBJECTS: Final[dict[str, tuple[str, Category]]] = {
    "OBJECT_TABLE": ("table", "table"),
    "OBJECT_FOREIGN_TABLE": ("foreign table", "table"),
    "OBJECT_COLUMN": ("column", "column"),
    "OBJECT_ATTRIBUTE": ("attribute", "type"),
    "OBJECT_INDEX": ("index", "index"),
    "OBJECT_TABCONSTRAINT": ("constraint", "constraint"),
    "OBJECT_DOMCONSTRAINT": ("domain constraint", "constraint"),
    "OBJECT_POLICY": ("policy", "policy"),
    "OBJECT_FUNCTION": ("function", "routine"),
    "OBJECT_PROCEDURE": ("procedure", "routine"),
    "OBJECT_ROUTINE": ("routine", "routine"),
    "OBJECT_AGGREGATE": ("aggregate", "routine"),
    "OBJECT_TRIGGER": ("trigger", "trigger"),
    "OBJECT_EVENT_TRIGGER": ("event trigger", "trigger"),
    "OBJECT_TYPE": ("type", "type"),
    "OBJECT_DOMAIN": ("domain", "type"),
    "OBJECT_VIEW": ("view", "view"),
    "OBJECT_MATVIEW": ("materialized view", "view"),
    "OBJECT_ROLE": ("role", "grant"),
    "OBJECT_STATISTIC_EXT": ("statistics", "other"),
    "OBJECT_FDW": ("foreign data wrapper", "other"),
    "OBJECT_FOREIGN_SERVER": ("foreign server", "other"),
    "OBJECT_TSCONFIGURATION": ("text search configuration", "other"),
    "OBJECT_TSDICTIONARY": ("text search dictionary", "other"),
    "OBJECT_TSPARSER": ("text search parser", "other"),
    "OBJECT_TSTEMPLATE": ("text search template", "other"),
    "OBJECT_OPCLASS": ("operator class", "other"),
    "OBJECT_OPFAMILY": ("operator family", "other"),
    "OBJECT_LARGEOBJECT": ("large object", "other"),
}


def object_kind(kind: str) -> tuple[str, Category]:
    """The word and the category of an ObjectType: `OBJECT_MATVIEW` → (`materialized view`, `view`)."""
    return _OBJECTS.get(kind, (kind.removeprefix("OBJECT_").replace("_", " ").lower(), "other"))
