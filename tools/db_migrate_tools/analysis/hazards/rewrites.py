"""Tables that are written anew while nothing may touch them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from db_migrate_tools.analysis.hazards.base import Finding, Rule, stall, waiting
from db_migrate_tools.analysis.names import qualified, quote, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Column, Ref, Table, Type


@dataclass(frozen=True, slots=True)
class _Cause:
    code: str
    why: str
    remedy: str


def _new_column(table: str, column: Column, s: Situation) -> _Cause | None:
    name = quote(column.ref.name)
    plain = f"ALTER TABLE {table} ADD COLUMN {name} {column.type};"
    batches = f"-- then in batches, outside this migration: UPDATE {table} SET {name} = … WHERE {name} IS NULL"
    if column.generated == "stored":
        virtual = "Make it VIRTUAL (Postgres 18), or add" if s.target.identity.major >= 18 else "Add"
        return _Cause(
            "rewrite-serial-generated",
            f"the stored generated column {name} is computed for every row",
            f"{virtual} a plain column, keep it up to date with a trigger and fill it in batches:\n{plain}\n{batches}",
        )
    if column.identity or (column.default or "").startswith("nextval("):
        return _Cause(
            "rewrite-serial-generated",
            f"{name} numbers every row from a sequence",
            f"Add a plain column, number the rows in batches, then attach the sequence:\n{plain}\n"
            f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval('…');\n{batches}",
        )
    if column.default is not None:
        return _Cause(
            "rewrite-volatile-default",
            f"the default of {name}, {column.default}, is computed for every row",
            "Add the column without the default, set the default for new rows, fill the old ones in batches:\n"
            f"{plain}\nALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {column.default};\n{batches}",
        )
    if column.type_ref and isinstance(domain := s.becomes(column.type_ref), Type) and domain.type == "domain":
        base = domain.base_type or "the base type"
        return _Cause(
            "add-domain-column-rewrite",
            f"{name} has the domain {show(domain.ref)}, whose rules are checked for every row",
            f"Use the base type and add the rule afterwards:\nALTER TABLE {table} ADD COLUMN {name} {base};\n"
            f"ALTER TABLE {table} ADD CONSTRAINT {quote(column.ref.name + '_check')} CHECK (…) NOT VALID;",
        )
    return None


def _changed_column(table: str, old: Column, new: Column) -> _Cause | None:
    name = quote(new.ref.name)
    if old.type != new.type:
        fresh = quote(new.ref.name + "_new")
        return _Cause(
            "rewrite-type-change",
            f"every {name} changes from {old.type} to {new.type}",
            "Grow a new column beside it and change over:\n"
            f"ALTER TABLE {table} ADD COLUMN {fresh} {new.type};\n"
            f"-- a trigger copies new writes; old rows in batches: UPDATE {table} SET {fresh} = {name} …\n"
            f"-- then, in a later migration, rename {fresh} to {name} and drop the old column",
        )
    if new.generated and old.default != new.default:
        return _Cause(
            "set-expression-rewrite",
            f"{name} is computed anew for every row",
            "Add a second column with the new expression, fill it in batches, then change over.",
        )
    return None


def _changed_table(table: str, old: Table, new: Table) -> _Cause | None:
    if old.persistence != new.persistence:
        return _Cause(
            "rewrite-set-logged",
            f"the table becomes {'logged' if new.persistence == 'permanent' else 'unlogged'}",
            "Make a new table of that kind, copy in batches, rename at the end.",
        )
    if old.access_method != new.access_method:
        return _Cause(
            "rewrite-access-method",
            f"its storage changes from {old.access_method} to {new.access_method}",
            f"Make a new table, copy in batches, swap the names:\n"
            f"CREATE TABLE {table}_new (LIKE {table} INCLUDING ALL) USING {quote(new.access_method)};",
        )
    return None


def _causes(s: Situation, ref: Ref) -> Iterator[_Cause | None]:
    table = qualified(ref)
    if s.statement.kind in ("VacuumStmt", "ClusterStmt"):
        yield _Cause(
            "rewrite-vacuum-full-cluster",
            "VACUUM FULL and CLUSTER copy the whole table",
            f"Use the pg_repack extension, or a plain vacuum:\nVACUUM {table};",
        )
    for column in s.created("column"):
        if s.part_of(column, ref) and isinstance(new := s.becomes(column), Column):
            yield _new_column(table, new, s)
    for column in s.altered("column"):
        old, new = s.was(column), s.becomes(column)
        if s.part_of(column, ref) and isinstance(old, Column):
            yield _changed_column(table, old, new) if isinstance(new, Column) else None
    old, new = s.was(ref), s.becomes(s.now(ref))
    if isinstance(old, Table) and isinstance(new, Table):
        yield _changed_table(table, old, new)


def _cause(s: Situation, ref: Ref) -> _Cause:
    found = next((cause for cause in _causes(s, ref) if cause), None)
    return found or _Cause(
        "rewrite-under-lock",
        "Postgres writes the whole table anew",
        "Split the change so that old rows are filled in batches, or run it when nobody uses the table.",
    )


def _rewritten(code: str) -> Callable[[Situation], Iterable[Finding]]:
    def find(s: Situation) -> Iterator[Finding]:
        for ref in s.rewrites:
            cause = _cause(s, ref)
            if cause.code == code and s.stopped():
                time, severity = stall(s)
                yield Finding(
                    f"{waiting(s, ref)} stop {time} while Postgres rewrites {show(ref)} ({s.ground.extent(ref)}): "
                    f"{cause.why}.",
                    cause.remedy,
                    severity,
                )

    return find


def _rule(code: str, title: str) -> Rule:
    return Rule(code, "HIGH", title, _rewritten(code))


RULES: tuple[Rule, ...] = (
    _rule("rewrite-volatile-default", "a default computed for every row rewrites a table"),
    _rule("rewrite-serial-generated", "a numbered or generated column rewrites a table"),
    _rule("add-domain-column-rewrite", "a domain column rewrites a table"),
    _rule("rewrite-type-change", "a type change rewrites a table"),
    _rule("set-expression-rewrite", "a new expression rewrites a table"),
    _rule("rewrite-set-logged", "logging of a table changes, which rewrites it"),
    _rule("rewrite-access-method", "a new storage method rewrites a table"),
    _rule("rewrite-vacuum-full-cluster", "VACUUM FULL or CLUSTER rewrites a table"),
    _rule("rewrite-under-lock", "a table is rewritten while it is locked"),
)
