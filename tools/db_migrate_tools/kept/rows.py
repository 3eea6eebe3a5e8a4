"""INSERT, UPDATE and DELETE: the rows and values that they touch go to a side table in the same statement."""

from __future__ import annotations

from db_migrate_tools.kept import copies
from db_migrate_tools.kept.cascades import Follower, followers
from db_migrate_tools.kept.cut import clauses, without_returning
from db_migrate_tools.kept.model import Kept, NotKept, Step
from db_migrate_tools.kept.names import kept
from db_migrate_tools.kept.place import Place
from db_migrate_tools.schema.ddl.quote import ident, idents, qualified
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node

_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_NO_KEY = "Give the table a primary key first."


def _table(node: Node, place: Place) -> Ref | NotKept | None:
    """The target's table, if its rows can be kept at all."""
    within = node.node("with_clause")
    if within is not None and any(part.kind in _WRITES for part in within.walk()):
        return NotKept("it writes rows inside WITH", "Write them as statements of their own.")
    where = node.node("where_clause")
    if where is not None and where.kind == "CurrentOfExpr":
        return NotKept("it works through a cursor")
    return place.table(node.node("relation"))


def _alias(node: Node) -> str:
    """What the statement calls its table."""
    relation = node.node("relation")
    if relation is None:
        return ""
    alias = relation.node("alias")
    return ident(alias.text("aliasname") if alias is not None else relation.text("relname"))


def delete(node: Node, place: Place) -> Kept | NotKept | None:
    table = _table(node, place)
    if not isinstance(table, Ref):
        return table
    hanging = followers(table, place.ground)
    refused = hanging if isinstance(hanging, NotKept) else place.cannot_copy([table, *(f.table for f in hanging)])
    if refused is not None or isinstance(hanging, NotKept):
        return refused
    name = place.names.table(table.schema, table.name)
    columns = place.stored(table)
    steps = [copies.lock([f.table for f in hanging], "SHARE ROW EXCLUSIVE")] if hanging else []
    steps += copies.empty(table, name, columns, "rows deleted")
    told = [f"deleted rows of {qualified(table)} go to {kept(name)}"]
    parts = [f"kept_rows AS (\n{without_returning(place.statement.text)}\nRETURNING {_alias(node)}.*\n)"]
    puts = [f"INSERT INTO {kept(name)} SELECT {idents(list(columns))} FROM kept_rows"]
    fill = [copies.insert(table, name, columns)]
    used = [name]
    for follower in hanging:
        side = place.names.table(follower.table.schema, follower.table.name)
        steps += copies.empty(follower.table, side, follower.columns, "rows that went or changed with others")
        parts.append(follower.sql())
        puts.append(f"INSERT INTO {kept(side)} SELECT * FROM {follower.name}")
        told.append(f"what goes with them in {qualified(follower.table)} to {kept(side)}")
        fill.append(_back(follower, side))
        used.append(side)
    parts += [f"kept_put_{number} AS ({put})" for number, put in enumerate(puts[:-1], start=1)]
    sql = f"WITH {', '.join(parts)}\n{puts[-1]}"
    steps.append(Step(sql, f"{place.statement.description}; {', '.join(told)}", own=True))
    text = ", ".join(told)
    return Kept(
        steps=tuple(steps),
        choice=f"{text[0].upper()}{text[1:]}, in the same statement.{_elsewhere(table, place)}",
        where=tuple(map(kept, used)),
        fill=tuple(fill),
        last=copies.used_up(used),
        keeps=frozenset({table, *(f.table for f in hanging)}),
        filled=(table, *(f.table for f in hanging)),
    )


def _back(follower: Follower, side: str) -> str:
    if follower.deleted:
        return copies.insert(follower.table, side, follower.columns)
    return copies.restore(follower.table, side, follower.key, [c for c in follower.columns if c not in follower.key])


def update(node: Node, place: Place) -> Kept | NotKept | None:
    table = _table(node, place)
    if not isinstance(table, Ref):
        return table
    written = [t.text("name") for t in node.nodes("target_list")]
    columns = [c.ref.name for c in place.columns(table, written)]
    if place.ground.rewritten_by_triggers(table):
        # They may set any column besides, such as the time of the last change.
        spared = set(place.key(table, columns) or ())
        every = [c.ref.name for c in place.ground.columns(table) if c.identity != "always"]
        columns = [c for c in place.stored(table) if c in columns or (c in every and c not in spared)]
    if not columns:
        return None
    refused = place.cannot_copy([table]) or _carried_on(table, columns, place)
    if refused is not None:
        return refused
    key = place.key(table, columns)
    if key is None:
        return NotKept(
            f"{qualified(table)} has no key, without {', '.join(columns)}, by which values find their rows again",
            _NO_KEY,
        )
    name = place.names.table(table.schema, table.name)
    every = [*key, *columns]
    cut = clauses(place.statement.text)
    olds = ", ".join(f"{ident(c)} AS kept_{n}" for n, c in enumerate(every, start=1))
    found = " AND ".join(f"{_alias(node)}.{ident(c)} = kept_old.kept_{n}" for n, c in enumerate(key, start=1))
    # A comment at its end would swallow what follows.
    end = "\n" if "--" in cut.condition else ""
    condition = f"({cut.condition}{end}) AND {found}" if cut.condition else found
    old = f"(SELECT {olds} FROM {qualified(table)}) AS kept_old"
    returned = ", ".join(f"kept_old.kept_{n}" for n in range(1, len(every) + 1))
    sql = (
        f"WITH kept_rows AS (\n{cut.head}\n{', ' if cut.has_from else 'FROM '}{old}\nWHERE {condition}\n"
        f"RETURNING {returned}\n)\nINSERT INTO {kept(name)} SELECT * FROM kept_rows"
    )
    told = f"the values that {', '.join(map(ident, columns))} of {qualified(table)} had go to {kept(name)}"
    return Kept(
        steps=(
            copies.lock([table], "SHARE ROW EXCLUSIVE"),
            *copies.empty(table, name, every, "values overwritten"),
            Step(sql, f"{place.statement.description}; {told}", own=True),
        ),
        choice=f"{told[0].upper()}{told[1:]} with the key ({', '.join(key)}), in the same statement; other writers of "
        f"the table wait until the migration is through.{_elsewhere(table, place)}",
        where=(kept(name),),
        fill=(copies.restore(table, name, key, columns),),
        last=copies.used_up([name]),
        keeps=frozenset(Ref("column", table.schema, c, table.name) for c in columns),
        filled=(table,),
    )


def _elsewhere(table: Ref, place: Place) -> str:
    """What is not covered: triggers may write anywhere."""
    acting = [ident(t.ref.name) for t in place.ground.triggers(table) if t.enabled in ("origin", "always")]
    if not acting:
        return ""
    return f" What its {'trigger' if len(acting) == 1 else 'triggers'} {', '.join(acting)} write elsewhere stays."


def _carried_on(table: Ref, columns: list[str], place: Place) -> NotKept | None:
    """Foreign keys that pass a changed value on to other tables."""
    for key in place.ground.pointing_at(table):
        if "ON UPDATE " in key.definition and set(key.referenced_columns) & set(columns):
            return NotKept(f"the foreign key {ident(key.ref.name)} passes the changed values on to {key.ref.relation}")
    return None


def insert(node: Node, place: Place) -> Kept | NotKept | None:
    """Only the keys are noted: the rollback deletes those rows."""
    table = _table(node, place)
    if not isinstance(table, Ref):
        return table
    conflict = node.node("on_conflict_clause")
    if conflict is not None and conflict.choice("action") == "ONCONFLICT_UPDATE":
        return NotKept(
            "ON CONFLICT DO UPDATE inserts some rows and changes others", "Write an UPDATE and an INSERT … DO NOTHING."
        )
    refused = place.cannot_copy([table])
    if refused is not None:
        return refused
    key = place.key(table)
    if key is None:
        return NotKept(f"{qualified(table)} has no key by which the new rows could be found again", _NO_KEY)
    shared = dict(place.inserts).get(table)
    name = shared or place.names.table(table.schema, table.name)
    sql = (
        f"WITH kept_rows AS (\n{without_returning(place.statement.text)}\nRETURNING {_listed(_alias(node), key)}\n)\n"
        f"INSERT INTO {kept(name)} SELECT * FROM kept_rows"
    )
    made = [] if shared else copies.empty(table, name, list(key), "keys of rows inserted")
    return Kept(
        steps=(*made, Step(sql, f"{place.statement.description}; their keys go to {kept(name)}", own=True)),
        choice=f"The keys of the rows that are inserted into {qualified(table)} go to {kept(name)}, in the same "
        f"statement.{_elsewhere(table, place)}",
        where=(kept(name),),
        fill=() if shared else (copies.remove(table, name, key),),
        last=() if shared else copies.used_up([name]),
        keeps=frozenset(),
        filled=(table,),
    )


def _listed(alias: str, key: tuple[str, ...]) -> str:
    return ", ".join(f"{alias}.{ident(c)}" for c in key)
