"""One object of a rarer kind from what its row says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from db_migrate.postgres.catalog_acl import grants
from db_migrate_tools.schema import kinds
from db_migrate_tools.schema.model import Object, Ref
from db_migrate_tools.schema.secrets import masked

ENABLED: Mapping[str, kinds.Enabled] = {"O": "origin", "D": "disabled", "R": "replica", "A": "always"}
_STREAMING = {"f": "off", "false": "off", "t": "on", "true": "on", "p": "parallel"}
_DICTIONARY_OPTION = re.compile(r"""("(?:[^"]|"")+"|\w+)\s*=\s*(E?'(?:[^']|'')*'|[^,]+)""")


def built(
    ref: Ref, kind: str, data: Mapping[str, Any], owner: str, acl: list[str] | None, relation: Ref | None
) -> Object | None:
    """Without comment, dependencies and key. None for a kind that is no object."""
    match kind:
        case "rule":
            definition = str(data["definition"]).rstrip().removesuffix(";")
            return kinds.Rule(ref=ref, definition=definition, enabled=ENABLED[data["enabled"]])
        case "event-trigger":
            return kinds.EventTrigger(
                ref=ref,
                owner=owner,
                event=data["event"],
                function=data["function"],
                tags=tuple(sorted(data["tags"])),
                enabled=ENABLED[data["enabled"]],
            )
        case "publication":
            return kinds.Publication(
                ref=ref,
                owner=owner,
                all_tables=data["all_tables"],
                publish=tuple(data["publish"]),
                via_root=data["via_root"],
                generated_columns="stored" if data["generated"] == "s" else "none",
            )
        case "publication-table":
            return kinds.PublicationTable(
                ref=ref, publisher=owner, columns=tuple(data.get("columns") or ()), where=data.get("where")
            )
        case "publication-schema":
            return kinds.PublicationSchema(ref=ref, publisher=owner)
        case "subscription":
            return kinds.Subscription(
                ref=ref,
                owner=owner,
                publications=tuple(sorted(data["publications"])),
                slot=data["slot"],
                enabled=data["enabled"],
                options=tuple(sorted((name, _word(name, value)) for name, value in data["options"])),
            )
        case "statistics" if relation is not None:
            return kinds.Statistics(
                ref=ref, owner=owner, table=relation, definition=_statistics(data), target=data["target"]
            )
        case "operator":
            return kinds.Operator(ref=ref, owner=owner, **data)
        case "operator-family":
            members = tuple((what, text) for what, text in data["members"])
            return kinds.OperatorFamily(ref=ref, owner=owner, members=members)
        case "text-search-configuration":
            mappings = tuple((token, tuple(dictionaries)) for token, dictionaries in data["mappings"])
            return kinds.SearchConfiguration(ref=ref, owner=owner, parser=data["parser"], mappings=mappings)
        case "text-search-dictionary":
            found = tuple(sorted((m[1], m[2].strip()) for m in _DICTIONARY_OPTION.finditer(data["options"])))
            return kinds.SearchDictionary(ref=ref, owner=owner, template=data["template"], options=found)
        case "setting":
            name = ref.name.rpartition("/")[2]
            value = masked(name, data["value"])
            return kinds.Setting(ref=ref, parameter=name, value=value, role=owner, in_database=data["here"])
        case "foreign-data-wrapper" | "foreign-server" | "user-mapping":
            return _foreign(ref, kind, data, owner, acl)
        case _ if "definition" in data:
            return kinds.Definition(ref=ref, owner=owner, acl=grants(acl), definition=data["definition"])
        case _:
            return None


def _statistics(data: Mapping[str, Any]) -> str:
    """The definition with the columns by name: Postgres tells them in the table's order, whatever was said."""
    head = f"CREATE STATISTICS {data['name']}"
    which = str(data["definition"]).removeprefix(head).partition(" ON ")[0]
    parts = [*(data["columns"] or ()), *(f"({text})" for text in data["expressions"] or ())]
    return f"{head}{which} ON {', '.join(parts)} FROM {data['table']}"


def _foreign(ref: Ref, kind: str, data: Mapping[str, Any], owner: str, acl: list[str] | None) -> Object:
    options = _options(data["options"], always=kind == "user-mapping")
    if kind == "foreign-data-wrapper":
        return kinds.ForeignDataWrapper(
            ref=ref,
            owner=owner,
            acl=grants(acl),
            handler=data["handler"],
            validator=data["validator"],
            options=options or (),
        )
    if kind == "foreign-server":
        return kinds.ForeignServer(
            ref=ref,
            owner=owner,
            acl=grants(acl),
            wrapper=data["wrapper"],
            type=data["type"],
            version=data["version"],
            options=options or (),
        )
    role = "" if data["public"] else data["role"]
    return kinds.UserMapping(ref=ref, role=role, server=data["server"], options=options)


def _options(found: list[list[str]] | None, *, always: bool) -> kinds.Options | None:
    if found is None:
        return None
    return tuple(sorted((name, masked(name, value, always=always)) for name, value in found))


def _word(name: str, value: str) -> str:
    return _STREAMING.get(value, value) if name == "streaming" else value
