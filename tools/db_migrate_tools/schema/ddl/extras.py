"""The registry of the rarer kinds: who writes their CREATE, DROP and ALTER."""

from __future__ import annotations

from db_migrate_tools.schema.ddl import foreign, operators, replication, searching, settings
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident, literal, target
from db_migrate_tools.schema.kinds import (
    Definition,
    Enabled,
    EventTrigger,
    ForeignDataWrapper,
    ForeignServer,
    Operator,
    OperatorFamily,
    Publication,
    PublicationSchema,
    PublicationTable,
    Rule,
    SearchConfiguration,
    SearchDictionary,
    Setting,
    Statistics,
    Subscription,
    UserMapping,
)
from db_migrate_tools.schema.model import Object

_ENABLE = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def create(item: Object, context: Context) -> list[str]:
    match item:
        case Rule():
            return [item.definition, *_enabled(item, "origin"), *after_create(item, context)]
        case EventTrigger():
            return [_event_trigger(item), *_enabled(item, "origin"), *after_create(item, context)]
        case Publication():
            return replication.create(item, context)
        case PublicationTable():
            return replication.add_table(item)
        case PublicationSchema():
            return replication.add_schema(item)
        case Subscription():
            return replication.subscribe(item, context)
        case Statistics():
            return [item.definition, *_target(item, None), *after_create(item, context)]
        case Operator():
            return operators.create(item, context)
        case OperatorFamily():
            return operators.create_family(item, context)
        case SearchConfiguration():
            return searching.create(item, context)
        case SearchDictionary():
            return searching.create_dictionary(item, context)
        case ForeignDataWrapper():
            return foreign.create_wrapper(item, context)
        case ForeignServer():
            return foreign.create_server(item, context)
        case UserMapping():
            return foreign.create_mapping(item)
        case Setting():
            return settings.put(item)
        case Definition():
            return [item.definition, *after_create(item, context)]
        case _:
            raise TypeError(f"nothing writes DDL for {item.ref}")


def drop(item: Object) -> list[str]:
    match item:
        case Rule():
            return [f"DROP RULE {ident(item.ref.name)} ON {holder(item.ref)}"]
        case PublicationTable():
            return replication.drop_table(item)
        case PublicationSchema():
            return replication.drop_schema(item)
        case Subscription():
            return replication.unsubscribe(item)
        case UserMapping():
            return foreign.drop_mapping(item)
        case Setting():
            return settings.drop(item)
        case _:
            return [f"DROP {target(item)}"]


def alter(before: Object, after: Object, fields: tuple[str, ...], context: Context) -> list[str]:
    match before, after:
        case (Rule(), Rule()):
            text = after.definition.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1)
            found = [text] if "definition" in fields else []
            return [*found, *_enabled(after, before.enabled), *after_alter(before, after, fields, context)]
        case (EventTrigger(), EventTrigger()):
            return [*_enabled(after, before.enabled), *after_alter(before, after, fields, context)]
        case (Publication(), Publication()):
            return replication.alter(before, after, fields, context)
        case (Subscription(), Subscription()):
            return replication.alter_subscription(before, after, fields, context)
        case (Statistics(), Statistics()):
            return [*_target(after, before.target), *after_alter(before, after, fields, context)]
        case (Operator(), Operator()):
            return operators.alter(before, after, fields, context)
        case (OperatorFamily(), OperatorFamily()):
            return operators.alter_family(before, after, fields, context)
        case (SearchConfiguration(), SearchConfiguration()):
            return searching.alter(before, after, fields, context)
        case (SearchDictionary(), SearchDictionary()):
            return searching.alter_dictionary(before, after, fields, context)
        case (ForeignDataWrapper(), ForeignDataWrapper()):
            return foreign.alter_wrapper(before, after, fields, context)
        case (ForeignServer(), ForeignServer()):
            return foreign.alter_server(before, after, fields, context)
        case (UserMapping(), UserMapping()):
            return foreign.alter_mapping(before, after)
        case (Setting(), Setting()):
            return settings.put(after)
        case _:
            return after_alter(before, after, fields, context)


def _event_trigger(item: EventTrigger) -> str:
    tags = ", ".join(literal(tag).strip() for tag in item.tags)
    when = f" WHEN TAG IN ({tags})" if tags else ""
    return f"CREATE EVENT TRIGGER {ident(item.ref.name)} ON {item.event}{when} EXECUTE FUNCTION {item.function}()"


def _enabled(item: Rule | EventTrigger, was: Enabled) -> list[str]:
    if item.enabled == was:
        return []
    if isinstance(item, EventTrigger):
        return [f"ALTER EVENT TRIGGER {ident(item.ref.name)} {_ENABLE[item.enabled]}"]
    return [f"ALTER TABLE {holder(item.ref)} {_ENABLE[item.enabled]} RULE {ident(item.ref.name)}"]


def _target(item: Statistics, was: int | None) -> list[str]:
    if item.target == was:
        return []
    return [f"ALTER {target(item)} SET STATISTICS {-1 if item.target is None else item.target}"]
