"""DROP TABLE and DROP SCHEMA: tables move to the private schema where that is the same, else their rows are copied."""

from __future__ import annotations

from db_migrate_tools.kept import copies, whole
from db_migrate_tools.kept.model import Kept, NotKept, Step
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.place import Place
from db_migrate_tools.schema.ddl.quote import holder, ident, qualified, role
from db_migrate_tools.schema.model import Constraint, Ref, Table
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.names import object_name
from db_migrate_tools.sql.node import Node


def drop(node: Node, place: Place) -> Kept | NotKept | None:
    """DROP TABLE or DROP SCHEMA; None for other kinds and where no table of the target goes."""
    if node.choice("remove_type") == "OBJECT_SCHEMA":
        return _drop_schema(node, place)
    if node.choice("remove_type") != "OBJECT_TABLE":
        return None
    names = [object_name(item) for item in node.nodes("objects")]
    found = [place.ground.find("" if len(n) == 1 else n[-2], n[-1]) for n in names]
    tables = [ref for ref in found if ref is not None and place.holds_rows(ref)]
    if not tables:
        return None
    moved = place.moved_away(tables)
    if moved is not None:
        return moved
    cascade = node.choice("behavior") == "DROP_CASCADE"
    if len(tables) == len(names) and all(_may_move(table, tables, place, cascade=cascade) for table in tables):
        return _tombstones(tables, place)
    return whole.copied(tables, place)


def _drop_schema(node: Node, place: Place) -> Kept | NotKept | None:
    schemas = {object_name(item)[-1] for item in node.nodes("objects")}
    tables = sorted(t.ref for t in place.ground.catalog.tables() if t.ref.schema in schemas and place.holds_rows(t.ref))
    tables = [t for t in tables if not _is_partition(t, place)]
    if not tables or node.choice("behavior") != "DROP_CASCADE":
        return None
    return place.moved_away(tables) or whole.copied(tables, place)


def _is_partition(ref: Ref, place: Place) -> bool:
    item = place.ground.catalog.get(ref)
    return isinstance(item, Table) and item.partition_of is not None


def _may_move(table: Ref, together: list[Ref], place: Place, *, cascade: bool) -> bool:
    """Whether moving the table away leaves exactly what dropping it would leave.

    Postgres refuses to drop a table that something else needs, or takes that along with CASCADE; it moves one
    without a word. So only what nothing else needs is moved, and nothing that happened earlier in the migration may
    have changed that.
    """
    item = place.ground.catalog.get(table)
    if not isinstance(item, Table) or place.unsure or place.names_in_script(table):
        return False
    if item.partition_by or item.partition_of or item.inherits or place.ground.heirs(table):
        return False
    if place.later_drops:
        return False
    return all(
        isinstance(other, Constraint) and other.type == "foreign key" and (cascade or other.ref.relation in together)
        for other in place.ground.leaning(table)
        if other.ref.relation not in place.dropped and other.ref not in place.dropped
    )


def _tombstones(tables: list[Ref], place: Place) -> Kept:
    steps: list[Step] = []
    first: list[str] = []
    where: list[str] = []
    for constraint in _foreign_keys(tables, place):
        steps.append(_without(f"ALTER TABLE {holder(constraint.ref)} DROP CONSTRAINT {ident(constraint.ref.name)}"))
    for table in tables:
        name, own, back = _tombstone(table, place)
        steps += own
        first += back
        where.append(kept(name))
    listed = ", ".join(map(qualified, tables))
    return Kept(
        steps=tuple(steps),
        choice=f"{listed} {'is' if len(tables) == 1 else 'are'} not dropped but moved to {', '.join(where)}, out of "
        "everybody's reach: no row is copied.",
        where=tuple(where),
        first=tuple(first),
        keeps=frozenset(tables),
    )


def _foreign_keys(tables: list[Ref], place: Place) -> list[Constraint]:
    """Those of and to the tables: a table that is kept must not stop anybody from deleting rows."""
    found = {key.ref: key for table in tables for key in (*place.ground.keys(table), *place.ground.pointing_at(table))}
    return [found[ref] for ref in sorted(found) if ref.relation not in place.dropped]


def _without(sql: str) -> Step:
    return Step(sql, f"{sql.replace('ALTER TABLE ', 'Take away from ', 1).replace(' DROP ', ' the ', 1)}")


def _tombstone(table: Ref, place: Place) -> tuple[str, list[Step], list[str]]:
    """The name that the table gets, what moves it there, and what brings it back."""
    ground, names = place.ground, place.names
    name = names.table(table.schema, table.name)
    at = qualified(table)
    steps = [
        Step(f"DROP TRIGGER {ident(t.ref.name)} ON {at}", _going("trigger", t.ref.name, at))
        for t in ground.triggers(table)
        if t.local
    ]
    steps += [
        Step(f"DROP POLICY {ident(p.ref.name)} ON {at}", _going("policy", p.ref.name, at))
        for p in ground.policies(table)
    ]
    granted = _grantees(table, place)
    if granted:
        whom = ", ".join(role(who) for who in granted)
        steps.append(Step(f"REVOKE ALL ON TABLE {at} FROM {whom}", f"Take every right on {at} from {whom}"))
    renamed = [("INDEX", i.ref, names.part(i.ref.name)) for i in ground.indexes(table)]
    renamed += [("SEQUENCE", ref, names.part(ref.name)) for ref in _sequences(table, place)]
    steps += [
        Step(f"ALTER {kind} {qualified(ref)} RENAME TO {ident(new)}", f"Give {kind.lower()} {ref.name} another name")
        for kind, ref, new in renamed
    ]
    parked = Ref("table", table.schema, name)
    steps.append(Step(f"ALTER TABLE {at} RENAME TO {ident(name)}", f"Rename {at} to {name}"))
    steps.append(Step(f"ALTER TABLE {qualified(parked)} SET SCHEMA {KEPT_SCHEMA}", f"Move {name} out of reach"))
    steps.append(copies.comment(name, f"the table {at}"))
    back = [
        f"ALTER TABLE {kept(name)} SET SCHEMA {ident(table.schema)}",
        f"ALTER TABLE {qualified(parked)} RENAME TO {ident(table.name)}",
        *(f"ALTER {kind} {ident(table.schema)}.{ident(new)} RENAME TO {ident(ref.name)}" for kind, ref, new in renamed),
    ]
    return name, steps, back


def _going(kind: str, name: str, table: str) -> str:
    return f"Take the {kind} {ident(name)} off {table}; the rollback makes it again"


def _sequences(table: Ref, place: Place) -> list[Ref]:
    """They move with their table as long as they stand in its schema."""
    found = [
        Ref("sequence", table.schema, c.identity_sequence) for c in place.ground.columns(table) if c.identity_sequence
    ]
    return found + [s.ref for s in place.ground.owned(table) if s.ref.schema == table.schema]


def _grantees(table: Ref, place: Place) -> list[str]:
    item = place.ground.catalog.get(table)
    owner = item.owner if item is not None else ""
    grants = [g for o in (item, *place.ground.columns(table)) if o is not None for g in o.acl or ()]
    return sorted({g.grantee for g in grants} - {owner})
