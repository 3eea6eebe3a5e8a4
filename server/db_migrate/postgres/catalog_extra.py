"""The rarer kinds of a catalog: from rows to references, and from rows to objects.

They are few and are always read whole, by one query: `extra_query`, then `name_extra`, then (with pg_depend linked)
`extra_objects`. A live catalog calls `forget_extra` first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from db_migrate.postgres import catalog_extra_sql
from db_migrate.postgres.catalog_extra_build import built
from db_migrate.postgres.catalog_names import PG_CLASS, Names
from db_migrate_tools.schema.kinds import KINDS
from db_migrate_tools.schema.model import Object, Ref

Row = tuple[str, int, int, int, str, int, int, list[str] | None, str]
"""Kind, system catalog, oid, schema, name, relation, owner, privileges, the rest as JSON."""

SYSTEM_CATALOGS = tuple(catalog_extra_sql.CATALOGS)
"""What must be written before one of these kinds can differ; besides, as for every object, pg_description."""
_ON_RELATION = frozenset({"rule", "publication-table"})


@dataclass(frozen=True, slots=True)
class Extra:
    """One row, with what its JSON says."""

    kind: str
    catalog: int
    oid: int
    schema: int
    name: str
    relation: int
    owner: int
    acl: list[str] | None
    data: Mapping[str, Any]


def extra_query(version: int) -> str:
    """The query; its parameter are the oids of the schemas that are read."""
    return catalog_extra_sql.query(version)


def read_extra(rows: list[asyncpg.Record]) -> list[Extra]:
    return [Extra(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], json.loads(row[8])) for row in rows]


def forget_extra(names: Names) -> None:
    """Take all that these kinds have left in `names` out again."""
    gone = {key: ref for key, ref in names.objects.items() if ref.kind in KINDS}
    for key, ref in gone.items():
        del names.objects[key]
        names.depends.pop(ref, None)


def name_extra(rows: list[Extra], names: Names) -> None:
    """Give every row its reference; after the relations, routines and types have theirs."""
    for row in rows:
        ref = _ref(row, names)
        if ref is None:
            continue
        names.objects[row.catalog, row.oid] = ref
        for catalog, oid in row.data.get("parts", ()):
            names.objects[catalog, oid] = ref


def extra_objects(rows: list[Extra], names: Names, roles: frozenset[str] | set[str]) -> Iterator[Object]:
    """The objects; settings are those of the database, of every role, and of `roles` (those that the rest names)."""
    concerned = {*roles, *(row_role(row, names) for row in rows if row.kind != "setting")}
    for row in rows:
        ref = names.objects.get((row.catalog, row.oid)) if row.oid else _ref(row, names)
        if ref is None or ref.kind != row.kind:
            continue
        if row.kind == "setting" and row.owner and row_role(row, names) not in concerned:
            continue
        item = built(ref, row.kind, row.data, row_role(row, names), row.acl, names.relation(row.relation))
        if item is None:
            continue
        if not row.oid:
            yield item
            continue
        yield replace(
            item,
            comment=names.comment(row.catalog, row.oid),
            depends=names.of(ref) | (names.relation_set(row.relation) if row.relation else frozenset()),
            key=(row.catalog, row.oid),
        )


def with_labels(objects: dict[Ref, Object], rows: list[Extra], names: Names) -> None:
    """Put the security labels on the objects that bear them."""
    for row in rows:
        if row.kind != "security-label":
            continue
        sub = row.relation
        ref = names.columns.get((row.oid, sub)) if sub and row.catalog == PG_CLASS else None
        ref = ref or (None if sub else names.objects.get((row.catalog, row.oid)))
        if ref is not None and (item := objects.get(ref)) is not None:
            label = (row.name, str(row.data["label"]))
            objects[ref] = replace(item, security_labels=tuple(sorted({*item.security_labels, label})))


def row_role(row: Extra, names: Names) -> str:
    return names.role(row.owner)


def _ref(row: Extra, names: Names) -> Ref | None:
    if row.kind not in KINDS:
        return None
    if row.kind == "setting":
        where = f"role {row_role(row, names)}" if row.owner else "every role"
        where = ("database" if not row.owner else f"{where} in database") if row.data["here"] else where
        return Ref("setting", "", f"{where}/{row.name}")
    schema = names.schemas.get(row.schema, "") if row.schema else ""
    if row.schema and not schema:
        return None
    kind: Any = row.kind
    if row.kind in _ON_RELATION:
        holder = names.relation(row.relation)
        return None if holder is None else Ref(kind, holder.schema, row.name, holder.name)
    return Ref(kind, schema, row.name)
