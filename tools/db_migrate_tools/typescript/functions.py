"""Routines as PostgREST offers them: `Functions` with Args and Returns, and the fields computed from a row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from db_migrate_tools.schema.model import Argument, Column, Ref, Routine
from db_migrate_tools.typescript.names import SortKey, order, quoted
from db_migrate_tools.typescript.relations import Name, Relations
from db_migrate_tools.typescript.scalars import array, plain, scalar
from db_migrate_tools.typescript.shape import NOTHING, Object, Property, Shape, Union, either

RowOf = Callable[[Sequence[Column]], tuple[Property, ...]]

_UNNAMED = {"json", "jsonb", "text"}
_ROWS = re.compile(r"^ [A-Z][^\n]*\bROWS (\S+)$|^ ROWS (\S+)$", re.MULTILINE)
_USUAL_ROWS = 1000.0


def offered(relations: Relations, schema: str) -> list[Routine]:
    """The functions that can be called over the API: no triggers, and unnamed arguments only where it takes them."""
    return [
        r for r in relations.routines if r.ref.schema == schema and r.type == "function" and _callable(relations, r)
    ]


def functions(relations: Relations, routines: Sequence[Routine], row_of: RowOf) -> Shape:
    """The schema's `Functions`; overloads are a union."""
    overloads: dict[str, list[Routine]] = defaultdict(list)
    for routine in routines:
        overloads[routine.base_name].append(routine)
    if not overloads:
        return NOTHING
    members: list[Property] = []
    for name in sorted(overloads, key=order):
        same_name = sorted(overloads[name], key=lambda r: order(", ".join(f"{a.name} {a.type}" for a in r.arguments)))
        members.append(Property(name, either([_signature(relations, r, same_name, row_of) for r in same_name])))
    return Object(tuple(members))


def computed_fields(
    relations: Relations, routines: Sequence[Routine], row_of: RowOf
) -> Mapping[Name, Sequence[Property]]:
    """Functions of one row of a relation, by the relation: PostgREST selects them as if they were columns."""
    found: dict[Name, list[Property]] = defaultdict(list)
    for routine in routines:
        row = _sole_row(relations, routine)
        if row is not None:
            field = Property(routine.base_name, _or_null(returns(relations, routine, row_of)))
            found[row.schema, row.name].append(field)
    return found


def returns(relations: Relations, routine: Routine, row_of: RowOf) -> Shape:
    """What one call gives back, before SETOF makes it many."""
    table = [a for a in routine.arguments if a.mode == "table"]
    if table:
        return Object(tuple(Property(a.name, _argument(relations, a)) for a in sorted(table, key=_by_name)))
    row = _returned_row(relations, routine)
    if row is not None and row.schema == routine.ref.schema and (row.schema, row.name) in relations.relations:
        return Object(row_of(relations.columns(row)))
    return scalar(
        relations,
        routine.returns or "",
        routine.returns_ref,
        is_array=routine.returns_array,
        through_domain=False,
    )


def _signature(relations: Relations, routine: Routine, overloads: Sequence[Routine], row_of: RowOf) -> Shape:
    taken = _taken(routine)
    shown = {a.name: a for a in sorted(taken, key=_by_name)}
    args: Shape = (
        Object(
            tuple(Property(a.name, _argument(relations, a), a.has_default) for a in shown.values()),
            open=False,
        )
        if taken
        else "Record<PropertyKey, never>"
    )
    row = _returned_row(relations, routine)
    refused = _conflict(routine, overloads)
    if refused is None and row is None and _takes_unnamed_row(relations, routine):
        refused = (
            f"{routine.ref.schema}.{routine.base_name} takes a row without a name, so it can be selected as a "
            "field of that row but not be called"
        )
    result = returns(relations, routine, row_of) if refused is None else f"{{ error: true }} & {quoted(refused)}"
    # Only a function whose row count is declared as one, of a known relation, is read as a single row.
    single = row is not None and not _many(routine)
    properties = [
        Property("Args", args),
        Property("Returns", array(result) if routine.returns_set and not single else result),
    ]
    if row is not None:
        properties.append(Property("SetofOptions", _setof(relations, routine, row)))
    return Object(tuple(properties), open=False)


def _setof(relations: Relations, routine: Routine, row: Ref) -> Shape:
    # supabase-js compares `from` and `to` with relations' names: bare, never quoted or with their schema.
    source = _sole_row(relations, routine) if len(routine.arguments) == 1 else None
    return Object(
        (
            Property("from", quoted("*" if source is None else source.name)),
            Property("to", quoted(row.name)),
            Property("isOneToOne", "false" if _many(routine) else "true"),
            Property("isSetofReturn", "true" if routine.returns_set else "false"),
        )
    )


def _callable(relations: Relations, routine: Routine) -> bool:
    if routine.returns in ("trigger", "event_trigger"):
        return False
    taken = _taken(routine)
    unnamed = [a for a in taken if not a.name]
    if not unnamed or all(a.has_default and _plain(a) in _UNNAMED for a in unnamed):
        return True
    return len(taken) == 1 and (_plain(taken[0]) in _UNNAMED or _sole_row(relations, routine) is not None)


def _taken(routine: Routine) -> list[Argument]:
    return [a for a in routine.arguments if a.mode in ("in", "inout", "variadic")]


def _plain(argument: Argument) -> str:
    return "" if argument.is_array or argument.type_ref is not None else plain(argument.type)


def _argument(relations: Relations, argument: Argument) -> Shape:
    return scalar(relations, argument.type, argument.type_ref, is_array=argument.is_array, through_domain=False)


def _sole_row(relations: Relations, routine: Routine) -> Ref | None:
    taken = _taken(routine)
    return relations.row_type(taken[0].type_ref) if len(taken) == 1 and not taken[0].is_array else None


def _takes_unnamed_row(relations: Relations, routine: Routine) -> bool:
    return _sole_row(relations, routine) is not None and not _taken(routine)[0].name


def _returned_row(relations: Relations, routine: Routine) -> Ref | None:
    return None if routine.returns_array else relations.row_type(routine.returns_ref)


def _many(routine: Routine) -> bool:
    """Whether a call is expected to return more than one row: SETOF, unless it was declared with ROWS 1."""
    if not routine.returns_set:
        return False
    header = re.split(r"\n(?:AS |BEGIN ATOMIC|RETURN )", routine.definition, maxsplit=1)[0]
    found = _ROWS.search(header)
    return (float(found[1] or found[2]) if found else _USUAL_ROWS) > 1


def _conflict(routine: Routine, overloads: Sequence[Routine]) -> str | None:
    """Why PostgREST cannot tell this overload from another: the same argument names."""
    taken = _taken(routine)
    name = f"{routine.ref.schema}.{routine.base_name}"
    for other in overloads:
        theirs = _taken(other)
        if other is routine or len(theirs) != 1:
            continue
        if not taken and not theirs[0].name and theirs[0].has_default:
            return f"{name}() is also {name}({theirs[0].type}) with its default: rename one of them"
        if len(taken) == 1 and taken[0].name and taken[0].name == theirs[0].name and taken[0].type != theirs[0].type:
            types = " and ".join(sorted({taken[0].type, theirs[0].type}))
            return f"{name} has overloads that differ only in the type of {taken[0].name} ({types}): rename one of them"
    return None


def _or_null(shape: Shape) -> Shape:
    # A row's field is null when the row is not there, whatever the function promises.
    return shape if shape == "unknown" else Union((shape, "null"))


def _by_name(argument: Argument) -> SortKey:
    return order(argument.name)
