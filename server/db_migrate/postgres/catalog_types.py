"""Rows of schemas, extensions, types, routines and default privileges, as objects of the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import asyncpg

from db_migrate.postgres.catalog_acl import grants
from db_migrate.postgres.catalog_names import (
    PG_CLASS,
    PG_CONSTRAINT,
    PG_DEFAULT_ACL,
    PG_EXTENSION,
    PG_NAMESPACE,
    PG_PROC,
    PG_TYPE,
    Names,
)
from db_migrate_tools.schema.model import (
    Argument,
    DefaultAcl,
    DomainCheck,
    Extension,
    Ref,
    Routine,
    Schema,
    Type,
)

Rows = list[asyncpg.Record]

MODES: Mapping[str, Literal["in", "out", "inout", "variadic", "table"]] = {
    "i": "in",
    "o": "out",
    "b": "inout",
    "v": "variadic",
    "t": "table",
}
ROUTINE_TYPES: Mapping[str, Literal["function", "procedure", "aggregate", "window"]] = {
    "f": "function",
    "p": "procedure",
    "a": "aggregate",
    "w": "window",
}
VOLATILITY: Mapping[str, Literal["immutable", "stable", "volatile"]] = {
    "i": "immutable",
    "s": "stable",
    "v": "volatile",
}
DEFAULT_ACL_OBJECTS: Mapping[str, Literal["tables", "sequences", "functions", "types", "schemas"]] = {
    "r": "tables",
    "S": "sequences",
    "f": "functions",
    "T": "types",
    "n": "schemas",
}


def schemas(rows: Rows, extensions: Mapping[int, str], names: Names) -> Iterator[Schema]:
    """`extensions` names the extension that a schema is a member of, by the schema's oid."""
    for oid, name, owner, acl in rows:
        extension = extensions.get(oid)
        yield Schema(
            ref=Ref("schema", "", name),
            depends=frozenset((Ref("extension", "", extension),)) if extension else frozenset(),
            owner=names.role(owner),
            acl=grants(acl),
            comment=names.comment(PG_NAMESPACE, oid),
            key=(PG_NAMESPACE, oid),
            extension=extension,
        )


def extensions(rows: Rows, names: Names) -> Iterator[Extension]:
    for oid, name, owner, version, schema in rows:
        ref = Ref("extension", "", name)
        yield Extension(
            ref=ref,
            owner=names.role(owner),
            comment=names.comment(PG_EXTENSION, oid),
            depends=names.of(ref),
            key=(PG_EXTENSION, oid),
            version=version,
            installed_in=schema,
        )


def routines(rows: Rows, aggregates: Mapping[int, str], names: Names) -> Iterator[Routine]:
    """`aggregates` are the definitions that Postgres has no function for, by oid."""
    for row in rows:
        (oid, _, name, owner, acl, kind, _, definition, result, type_oids, types, modes) = row[:12]
        (argument_names, defaults, returns, returns_set, language, volatility, definer) = row[12:]
        ref = names.objects[PG_PROC, oid]
        yield Routine(
            ref=ref,
            owner=names.role(owner),
            acl=grants(acl),
            comment=names.comment(PG_PROC, oid),
            depends=names.of(ref),
            key=(PG_PROC, oid),
            type=ROUTINE_TYPES[kind],
            definition=aggregates[oid] if kind == "a" else definition.rstrip(),
            base_name=name,
            arguments=_arguments(type_oids, types or [], modes, argument_names or [], defaults, names),
            returns=None if kind == "a" else result,
            returns_ref=names.type(returns),
            returns_set=returns_set,
            returns_array=returns in names.arrays or (result or "").endswith("[]"),
            language=language,
            volatility=VOLATILITY[volatility],
            security_definer=definer,
        )


def _arguments(
    oids: list[int], types: list[str], modes: list[str] | None, named: list[str], defaults: int, names: Names
) -> tuple[Argument, ...]:
    mode_of = [MODES[mode] for mode in modes] if modes else ["in"] * len(types)
    inputs = [at for at, mode in enumerate(mode_of) if mode in ("in", "inout", "variadic")]
    with_default = set(inputs[len(inputs) - defaults :]) if defaults else set[int]()
    return tuple(
        Argument(
            name=named[at] if at < len(named) else "",
            type=text,
            type_ref=names.type(oids[at]),
            is_array=oids[at] in names.arrays or text.endswith("[]"),
            mode=mode_of[at],  # type: ignore[arg-type]
            has_default=at in with_default,
        )
        for at, text in enumerate(types)
    )


def types(
    rows: Rows, checks: Mapping[int, tuple[DomainCheck, ...]], columns: Mapping[int, tuple[str, ...]], names: Names
) -> Iterator[Type]:
    """Enums, domains, ranges, and the composite types that are not a relation's row."""
    for row in rows:
        (oid, _, _, kind, owner, acl, relation, _, _, labels, base, base_oid, not_null, default) = row[:14]
        (collation, range_options, _) = row[14:]
        ref = names.objects.get((PG_TYPE, oid))
        if ref is None or ref.kind != "type" or kind not in "edcr":
            continue
        common: dict[str, Any] = {
            "ref": ref,
            "owner": names.role(owner),
            "acl": grants(acl),
            "comment": names.comment(PG_TYPE, oid) or (names.comment(PG_CLASS, relation) if relation else None),
            "depends": names.of(ref),
            "key": (PG_TYPE, oid),
        }
        if kind == "e":
            yield Type(**common, type="enum", labels=tuple(labels or ()))
        elif kind == "d":
            yield Type(
                **common,
                type="domain",
                base_type=base,
                base_type_ref=names.type(base_oid),
                nullable=not not_null,
                default=default,
                collation=collation,
                checks=checks.get(oid, ()),
            )
        elif kind == "r":
            yield Type(**common, type="range", range_options=tuple(range_options))
        else:
            yield Type(**common, type="composite", columns=columns.get(relation, ()))


def domain_checks(rows: Rows, names: Names) -> dict[int, tuple[DomainCheck, ...]]:
    """Constraints of domains, by the domain's oid; their NOT NULL is the domain's."""
    found: dict[int, list[DomainCheck]] = {}
    for row in rows:
        oid, name, kind, relation, domain = row[:5]
        if not relation and kind == "c":
            comment = names.comment(PG_CONSTRAINT, oid)
            check = DomainCheck(name=name, definition=row[14], validated=row[9], comment=comment)
            found.setdefault(domain, []).append(check)
    return {domain: tuple(sorted(checks, key=lambda c: c.name)) for domain, checks in found.items()}


def default_acls(rows: Rows, names: Names) -> Iterator[DefaultAcl]:
    for oid, role, namespace, objects, acl in rows:
        if objects not in DEFAULT_ACL_OBJECTS:
            continue
        owner = names.role(role)
        schema = names.schemas.get(namespace, "")
        yield DefaultAcl(
            ref=Ref("default-acl", schema, f"{owner}/{DEFAULT_ACL_OBJECTS[objects]}"),
            owner=owner,
            acl=grants(acl),
            depends=frozenset((Ref("schema", "", schema),)) if schema else frozenset(),
            key=(PG_DEFAULT_ACL, oid),
            objects=DEFAULT_ACL_OBJECTS[objects],
        )
