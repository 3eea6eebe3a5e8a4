"""The catalog: a frozen model of a Postgres schema, one object per fact, free of oids and of the server's order.

Relations, types and routines are here; `kinds` has everything else. Outside the model stay what is not of one
database's schema: large objects, tablespaces (only their names count), roles themselves, replication slots, and the
comment and privileges of the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "schema",
    "extension",
    "type",
    "table",
    "column",
    "constraint",
    "index",
    "sequence",
    "view",
    "routine",
    "trigger",
    "policy",
    "default-acl",
    "rule",
    "event-trigger",
    "publication",
    "publication-table",
    "publication-schema",
    "subscription",
    "statistics",
    "cast",
    "operator",
    "operator-class",
    "operator-family",
    "access-method",
    "conversion",
    "collation",
    "language",
    "transform",
    "text-search-configuration",
    "text-search-dictionary",
    "text-search-parser",
    "text-search-template",
    "foreign-data-wrapper",
    "foreign-server",
    "user-mapping",
    "setting",
]


class _Hashed:
    """Holds a hash that is taken once: references are looked up far more often than made."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True, order=True)
class Ref(_Hashed):
    """Names one object. `parent` is the relation that a column, constraint, trigger or policy belongs to;
    a routine's `name` carries its identity arguments: `add(integer, integer)`.
    """

    kind: Kind
    schema: str
    name: str
    parent: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.kind, self.schema, self.name, self.parent)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return ".".join(part for part in (self.schema, self.parent, self.name) if part)

    @property
    def relation(self) -> Ref | None:
        """The table or view that this object is part of, as a table reference."""
        return Ref("table", self.schema, self.parent) if self.parent else None


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege. `grantee` is a role's name, or "" for PUBLIC."""

    grantee: str
    privilege: str
    grantor: str
    grantable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """What every object has. `acl` None means that nothing was ever granted or revoked (Postgres's default);
    `security_labels` are (provider, label); `depends` are the objects in the same catalog that this one needs, from
    pg_depend. `key` stays the same while an object is renamed inside one database; it is never compared nor hashed.
    """

    ref: Ref
    owner: str = ""
    acl: tuple[Grant, ...] | None = None
    comment: str | None = None
    security_labels: tuple[tuple[str, str], ...] = ()
    depends: frozenset[Ref] = frozenset()
    key: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Object):
    """`extension` names the extension that made this schema and will drop it, if any."""

    extension: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Object):
    version: str
    installed_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOptions:
    data_type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Object):
    """`columns` is their order. `partition_by` is pg_get_partkeydef, `partition_bound` the FOR VALUES clause,
    `of_type` the composite type of a typed table. Option values that are secrets are hidden (see `secrets`).
    """

    columns: tuple[str, ...] = ()
    persistence: Literal["permanent", "unlogged"] = "permanent"
    partition_by: str | None = None
    partition_of: Ref | None = None
    partition_bound: str | None = None
    inherits: tuple[Ref, ...] = ()
    row_security: bool = False
    force_row_security: bool = False
    options: tuple[str, ...] = ()
    replica_identity: str = "default"
    access_method: str = "heap"
    tablespace: str | None = None
    foreign_server: str | None = None
    foreign_options: tuple[str, ...] = ()
    of_type: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Object):
    """A column of a table, view, materialized view or composite type (`ref.parent`).

    `type` is format_type's spelling with the schema where it is not in pg_catalog; `type_ref` names the
    user-defined type behind it (an array's element type), if any. `default` is pg_get_expr's text; for a
    generated column it is the generation expression. `identity_sequence` and `not_null_name` are names that Postgres
    chose by itself as a rule: they are restored, not compared. `identity_acl` and `identity_comment` are those of the
    sequence behind an identity.
    """

    position: int
    type: str
    type_ref: Ref | None = None
    is_array: bool = False
    nullable: bool = True
    default: str | None = None
    generated: Literal["", "stored", "virtual"] = ""
    identity: Literal["", "always", "by default"] = ""
    identity_options: SequenceOptions | None = None
    collation: str | None = None
    storage: str | None = None
    compression: str | None = None
    statistics: int | None = None
    local: bool = True
    options: tuple[str, ...] = ()
    identity_sequence: str | None = None
    identity_acl: tuple[Grant, ...] | None = None
    identity_comment: str | None = None
    foreign_options: tuple[str, ...] = ()
    not_null_name: str | None = None


ConstraintType = Literal["primary key", "unique", "foreign key", "check", "exclude", "not null", "trigger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(Object):
    """`definition` is pg_get_constraintdef. For a foreign key, `references` and `referenced_columns` say where to."""

    type: ConstraintType
    definition: str
    columns: tuple[str, ...] = ()
    references: Ref | None = None
    referenced_columns: tuple[str, ...] = ()
    validated: bool = True
    deferrable: bool = False
    initially_deferred: bool = False
    index: str | None = None
    local: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Object):
    """`constraint` names the constraint that owns the index, and then the constraint's DDL makes it."""

    table: Ref
    definition: str
    columns: tuple[str, ...] = ()
    unique: bool = False
    valid: bool = True
    partial: bool = False
    constraint: str | None = None
    clustered: bool = False
    replica_identity: bool = False
    partition_of: Ref | None = None
    tablespace: str | None = None
    statistics: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Object):
    """A sequence of its own or a serial column's (`owned_by`); identity sequences live in their column."""

    options: SequenceOptions
    owned_by: Ref | None = None
    persistence: Literal["permanent", "unlogged"] = "permanent"


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Object):
    definition: str
    columns: tuple[str, ...] = ()
    materialized: bool = False
    populated: bool = True
    options: tuple[str, ...] = ()
    insertable: bool = False
    updatable: bool = False
    access_method: str | None = None
    tablespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    name: str
    type: str
    type_ref: Ref | None = None
    is_array: bool = False
    mode: Literal["in", "out", "inout", "variadic", "table"] = "in"
    has_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine(Object):
    """`definition` is pg_get_functiondef. `returns` is pg_get_function_result's text; for aggregates None."""

    type: Literal["function", "procedure", "aggregate", "window"]
    definition: str
    base_name: str
    arguments: tuple[Argument, ...] = ()
    returns: str | None = None
    returns_ref: Ref | None = None
    returns_set: bool = False
    returns_array: bool = False
    language: str = "sql"
    volatility: Literal["immutable", "stable", "volatile"] = "volatile"
    security_definer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Object):
    definition: str
    enabled: Literal["origin", "disabled", "replica", "always"] = "origin"
    function: Ref | None = None
    local: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Object):
    command: Literal["all", "select", "insert", "update", "delete"]
    permissive: bool
    roles: tuple[str, ...]
    using: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck:
    name: str
    definition: str
    validated: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Type(Object):
    """An enum (`labels`), a domain (`base_type` …), a composite (its attributes are columns) or a range."""

    type: Literal["enum", "domain", "composite", "range"]
    labels: tuple[str, ...] = ()
    base_type: str | None = None
    base_type_ref: Ref | None = None
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    checks: tuple[DomainCheck, ...] = ()
    columns: tuple[str, ...] = ()
    range_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultAcl(Object):
    """ALTER DEFAULT PRIVILEGES of `owner`; `ref.schema` is "" for every schema; `ref.name` is `role/object type`."""

    objects: Literal["tables", "sequences", "functions", "types", "schemas"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every object of a database that is not Postgres's own, an extension's or ours.

    `roles` are the roles that owners, grants and policies name, so that a copy can be built elsewhere.
    `origin` is equal for two catalogs of the same database: only then may their objects' keys be compared.
    """

    objects: Mapping[Ref, Object] = field(default_factory=dict[Ref, Object])
    server_version: int = 0
    roles: tuple[str, ...] = ()
    search_path: str = ""
    origin: str = ""

    def __iter__(self) -> Iterator[Object]:
        return iter(self.objects.values())

    def __contains__(self, ref: Ref) -> bool:
        return ref in self.objects

    def get(self, ref: Ref) -> Object | None:
        return self.objects.get(ref)

    def tables(self) -> list[Table]:
        return [o for o in self if isinstance(o, Table)]

    def views(self) -> list[View]:
        return [o for o in self if isinstance(o, View)]

    def columns_of(self, relation: Ref) -> list[Column]:
        """The relation's columns in their order."""
        found = [
            o
            for o in self
            if isinstance(o, Column) and (o.ref.schema, o.ref.parent) == (relation.schema, relation.name)
        ]
        return sorted(found, key=lambda c: c.position)

    def constraints_of(self, relation: Ref) -> list[Constraint]:
        return sorted(
            (
                o
                for o in self
                if isinstance(o, Constraint) and (o.ref.schema, o.ref.parent) == (relation.schema, relation.name)
            ),
            key=lambda c: c.ref,
        )
