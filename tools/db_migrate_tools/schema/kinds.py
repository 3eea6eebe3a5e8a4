"""The rarer kinds of the catalog: rules, event triggers, publications, operators, text search, foreign data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from db_migrate_tools.schema.model import Object, Ref

_COLUMN = re.compile(r'[a-z_]\w*|"(?:[^"]|"")+"')
_STATISTICS_COLUMNS = re.compile(rf" ON ((?:{_COLUMN.pattern})(?:, (?:{_COLUMN.pattern}))*)(?=, \(| FROM )")
Enabled = Literal["origin", "disabled", "replica", "always"]
Options = tuple[tuple[str, str], ...]
"""Names and values, sorted; a secret's value is its marker (see `secrets`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Object):
    """A rewrite rule that somebody made; a view's own is its definition. `definition` is pg_get_ruledef."""

    definition: str
    enabled: Enabled = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(Object):
    """`function` is its qualified name."""

    event: str
    function: str
    tags: tuple[str, ...] = ()
    enabled: Enabled = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Object):
    """What it publishes are objects of their own: `publication-table` and `publication-schema`."""

    all_tables: bool = False
    publish: tuple[str, ...] = ("insert", "update", "delete", "truncate")
    via_root: bool = False
    generated_columns: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationTable(Object):
    """One table of a publication; `ref.name` is the publication's name, `ref.parent` the table's, `publisher` the
    publication's owner.
    """

    publisher: str = ""
    columns: tuple[str, ...] = ()
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSchema(Object):
    """All tables of a schema in a publication; `ref.name` is the publication's name."""

    publisher: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Object):
    """Without its connection string, which is never read: it may hold a password."""

    publications: tuple[str, ...]
    slot: str | None = None
    enabled: bool = True
    options: Options = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics(Object):
    """`definition` is pg_get_statisticsobjdef; `target` None is the table's own."""

    table: Ref
    definition: str
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(Object):
    """A cast, operator class, access method, conversion, collation, language, transform, text search parser or
    template: all it says is in the statement that makes it.
    """

    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(Object):
    """`ref.name` carries the operands: `===(integer, integer)`, `!!(NONE, integer)`. The others are names as SQL."""

    function: str
    commutator: str | None = None
    negator: str | None = None
    restrict: str | None = None
    join: str | None = None
    hashes: bool = False
    merges: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFamily(Object):
    """`members` are those that no operator class holds: (`OPERATOR 1 (integer, bigint)`, the text that adds it)."""

    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfiguration(Object):
    """A text search configuration; `mappings` are token type and dictionaries in their order."""

    parser: str
    mappings: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDictionary(Object):
    """A text search dictionary; `options` are names and SQL literals, sorted."""

    template: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDataWrapper(Object):
    handler: str | None = None
    validator: str | None = None
    options: Options = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer(Object):
    wrapper: str
    type: str | None = None
    version: str | None = None
    options: Options = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMapping(Object):
    """`options` None means that the role that reads may not see them; they are no part of a fingerprint."""

    role: str
    server: str
    options: Options | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Object):
    """What ALTER DATABASE, ALTER ROLE or ALTER ROLE … IN DATABASE sets; `role` "" is every role."""

    parameter: str
    value: str
    role: str = ""
    in_database: bool = False


SCHEMALESS = frozenset(
    {
        "event-trigger",
        "publication",
        "subscription",
        "access-method",
        "language",
        "foreign-data-wrapper",
        "foreign-server",
    }
)
"""Kinds with an owner and without a schema: the platform's where a role of the platform owns them."""

FOLLOWING = frozenset({"publication-table", "publication-schema", "cast", "transform", "user-mapping", "setting"})
"""Kinds whose name is made of other objects' names, so that it changes with theirs and never by itself."""

KINDS = frozenset(
    {
        "rule",
        "publication-table",
        "publication-schema",
        "statistics",
        "cast",
        "operator",
        "operator-class",
        "operator-family",
        "conversion",
        "collation",
        "transform",
        "text-search-configuration",
        "text-search-dictionary",
        "text-search-parser",
        "text-search-template",
        "user-mapping",
        "setting",
    }
) | (SCHEMALESS)
"""The kinds of this module."""

CLASSES = (
    Rule,
    EventTrigger,
    Publication,
    PublicationTable,
    PublicationSchema,
    Subscription,
    Statistics,
    Definition,
    Operator,
    OperatorFamily,
    SearchConfiguration,
    SearchDictionary,
    ForeignDataWrapper,
    ForeignServer,
    UserMapping,
    Setting,
)


def goes_with(item: Object) -> tuple[Ref, ...]:
    """The objects whose DROP takes this one along without being told."""
    match item:
        case PublicationTable():
            return (Ref("publication", "", item.ref.name),)
        case PublicationSchema():
            return (Ref("publication", "", item.ref.name), Ref("schema", "", item.ref.schema))
        case Statistics():
            return (item.table, *sorted(ref for ref in item.depends if ref.kind == "column"))
        case _:
            return ()


def plain_statistics(item: Statistics) -> str:
    """The definition with its columns sorted: Postgres prints them in the table's order, and it means nothing."""
    found = _STATISTICS_COLUMNS.search(item.definition)
    if found is None:
        return item.definition
    names = ", ".join(sorted(_COLUMN.findall(found[1])))
    return item.definition[: found.start(1)] + names + item.definition[found.end(1) :]


def must_replace_kind(before: Object, after: Object) -> bool:
    """Whether Postgres has no ALTER that leads from one to the other; both are of one class."""
    match before, after:
        case (EventTrigger(), EventTrigger()):
            return (before.event, before.function, before.tags) != (after.event, after.function, after.tags)
        case (Publication(), Publication()):
            return before.all_tables != after.all_tables
        case (PublicationTable(), PublicationTable()):
            return (before.columns, before.where) != (after.columns, after.where)
        case (Statistics(), Statistics()):
            return plain_statistics(before) != plain_statistics(after)
        case (Definition(), Definition()):
            return before.definition != after.definition
        case (Operator(), Operator()):
            links = [(before.commutator, after.commutator), (before.negator, after.negator)]
            changed = any(None not in link and link[0] != link[1] for link in links)
            same = (before.function, before.hashes, before.merges) == (after.function, after.hashes, after.merges)
            return changed or not same
        case (SearchConfiguration(), SearchConfiguration()):
            return before.parser != after.parser
        case (SearchDictionary(), SearchDictionary()):
            return before.template != after.template
        case (ForeignServer(), ForeignServer()):
            return (before.wrapper, before.type) != (after.wrapper, after.type)
        case _:
            return False
