"""Which column of which table a view's column simply shows: what makes it writable, and what keys reach through it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, TokenError
from sqlglot.optimizer.scope import Scope, build_scope

from db_migrate_tools.schema.model import View
from db_migrate_tools.typescript.relations import Name, Relations

Source = tuple[Name, str]
Direct = Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Origins:
    """For each view its columns with the relation and column that each names directly, and the same at the end of
    the chain when views stand on views. A column that is an expression is in neither. `showing` are the views in
    whose chains a relation stands.
    """

    direct: Mapping[Name, Direct]
    traced: Mapping[Name, Mapping[str, tuple[Source, ...]]]
    showing: Mapping[Name, tuple[Name, ...]]


def origins(relations: Relations) -> Origins:
    """Read every view's definition as Postgres prints it. One that cannot be read has no origins."""
    direct: dict[Name, Direct] = {}
    for name, relation in relations.relations.items():
        if isinstance(relation, View):
            columns = [c.ref.name for c in relations.columns(relation.ref)]
            shown = _shown(relation.definition, relations)
            direct[name] = {c: s for c, s in zip(columns, shown, strict=False) if s is not None}
    traced = {
        view: {column: tuple(_chain(direct, source)) for column, source in shown_by.items()}
        for view, shown_by in direct.items()
    }
    showing: dict[Name, dict[Name, None]] = defaultdict(dict)
    for view, named in traced.items():
        for chain in named.values():
            for name, _ in chain:
                showing[name][view] = None
    return Origins(direct, traced, {name: tuple(views) for name, views in showing.items()})


def _chain(direct: Mapping[Name, Direct], source: Source) -> list[Source]:
    chain = [source]
    while (deeper := direct.get(chain[-1][0], {}).get(chain[-1][1])) is not None and deeper not in chain:
        chain.append(deeper)
    return chain


def _shown(definition: str, relations: Relations) -> list[Source | None]:
    scope = _scope(definition)
    if scope is None or not isinstance(scope.expression, exp.Select):
        return []
    return [_source(item, scope, relations) for item in scope.expression.selects]


@lru_cache(2048)
def _scope(definition: str) -> Scope | None:
    """The definition, read; None where it cannot be. Reading is slow, and plan after plan has the same views."""
    try:
        query = parse_one(definition, dialect="postgres")
    except (ParseError, TokenError):
        return None
    return build_scope(query) if isinstance(query, exp.Select) else None


def _source(item: exp.Expr, scope: Scope, relations: Relations) -> Source | None:
    column = item.unalias()
    if not isinstance(column, exp.Column):
        return None
    if column.table:
        source = scope.sources.get(column.table)
    else:
        # Postgres leaves the qualifier out when there is one relation only.
        source = next(iter(scope.sources.values())) if len(scope.sources) == 1 else None
    if isinstance(source, exp.Table):
        name = (source.db or "public", source.name)
        return (name, column.name) if _has(relations, name, column.name) else None
    if isinstance(source, Scope) and isinstance(source.expression, exp.Lateral):
        source = source.subquery_scopes[0] if source.subquery_scopes else None
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Select):
        return None
    for inner in source.expression.selects:
        if inner.alias_or_name == column.name:
            return _source(inner, source, relations)
    return None


def _has(relations: Relations, name: Name, column: str) -> bool:
    relation = relations.relations.get(name)
    return relation is not None and column in relations.column_names(relation.ref)
