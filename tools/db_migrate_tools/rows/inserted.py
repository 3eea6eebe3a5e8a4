"""Rows that a migration inserts with their keys written out: the statements that take exactly those rows away again.

An INSERT without ON CONFLICT that went through put in rows that were not there, for a key admits them once. So a DELETE
by that key takes nothing else, as long as the migration does not move the key on to another row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

from db_migrate_tools.rows.asked import Taken
from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.conditions import statement
from db_migrate_tools.rows.expressions import bare, constant
from db_migrate_tools.rows.story import Story
from db_migrate_tools.schema.ddl.quote import ident, idents, literal, qualified
from db_migrate_tools.schema.model import Column, Ref
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.sql.node import Node

MOST_ROWS = 500
"""Of one statement: more than these are not listed by their keys."""
LONGEST = 200_000
"""Characters of a statement that is read for keys."""

_WHOLE = frozenset({"smallint", "integer", "bigint"})
_TEXTS = ("text", "character varying", "citext", "uuid")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def removal(
    statements: Sequence[tuple[Statement, frozenset[Ref] | None]], before: Book, after: Book
) -> tuple[tuple[Ref, str], ...]:
    """DELETEs by key for the rows inserted into tables that were there before, the last ones first, with their tables.
    Each statement comes with the tables that it was seen to write to, None where that was not seen.
    """
    found: list[tuple[Ref, str]] = []
    for at, (inserting, _) in enumerate(statements):
        if inserting.kind != "InsertStmt" or len(inserting.text) > LONGEST:
            continue
        made = _of(inserting.text, before, after)
        if made is not None and not any(_moves(later, made[0], made[1], before) for later in statements[at + 1 :]):
            found.append((made[0], made[2]))
    return tuple(reversed(found))


def taken(statements: Sequence[Statement], stories: Iterable[Story], before: Book, after: Book) -> tuple[Taken, ...]:
    """The keys of rows that plain INSERTs put in: where such a statement goes through, no row had them. One that an
    earlier statement looks for, to delete it first for example, is not among them.
    """
    sought: dict[int, set[tuple[Ref, str, str]]] = defaultdict(set)
    for story in stories:
        asked = ((part.table, atom) for part in story.parts for atom in part.atoms if atom.asks == "in")
        sought[story.number] |= {(table, atom.column, value) for table, atom in asked for value in atom.values}
    found: list[Taken] = []
    earlier: set[tuple[Ref, str, str]] = set()
    for one in statements:
        read = _read(one.text, before, after) if one.kind == "InsertStmt" and len(one.text) <= LONGEST else None
        if read is not None:
            found += _taken(*read, earlier, before, after)
        earlier |= sought[one.number]
    return tuple(found)


def _taken(
    table: Ref, columns: list[str], rows: list[Node], earlier: Set[tuple[Ref, str, str]], before: Book, after: Book
) -> Iterator[Taken]:
    for key in before.keys(table):
        values = _values(table, key.columns, columns, rows, before, after)
        for row in values or ():
            if not any((table, *held) in earlier for held in zip(key.columns, row, strict=True)):
                yield Taken(table, key.columns, row)


def _of(text: str, before: Book, after: Book) -> tuple[Ref, tuple[str, ...], str] | None:
    found = _read(text, before, after)
    if found is None:
        return None
    table, columns, rows = found
    for key in after.keys(table):
        values = _values(table, key.columns, columns, rows, before, after)
        if key.when == ((),) and values is not None:
            return table, key.columns, _delete(table, key.columns, values, after)
    return None


def _read(text: str, before: Book, after: Book) -> tuple[Ref, list[str], list[Node]] | None:
    """The table, the columns and the rows of an INSERT that puts them in as they are written."""
    node = statement(text)
    relation = node.node("relation") if node is not None else None
    source = node.node("select_stmt") if node is not None else None
    if node is None or relation is None or source is None:
        return None
    named = before.table_named(relation.text("schemaname"), relation.text("relname"))
    rows = source.nodes("values_lists")
    plain = node.node("on_conflict_clause") is None and node.node("with_clause") is None
    if named is None or not rows or len(rows) > MOST_ROWS or not plain or named[0] not in after.tables:
        return None
    table = named[0]
    if _rewritten(table, before) or _rewritten(table, after):
        return None
    columns = [column.text("name") for column in node.nodes("cols")]
    if not columns:
        columns = [column.ref.name for column in before.columns_of(table)]
        if columns != [column.ref.name for column in after.columns_of(table)]:
            return None
    return table, columns, rows


def _rewritten(table: Ref, book: Book) -> bool:
    """Whether a trigger or a rule may put in another key than the one that is written."""
    return not book.rewritten.isdisjoint({table, *book.leaves(table)})


def _values(
    table: Ref, key: Sequence[str], columns: Sequence[str], rows: Sequence[Node], before: Book, after: Book
) -> list[tuple[str, ...]] | None:
    """The key of each row, where it is written out."""
    if not set(key) <= set(columns):
        return None
    types: list[str] = []
    for name in key:
        one, other = (book.catalog.get(Ref("column", table.schema, name, table.name)) for book in (before, after))
        if not isinstance(one, Column) or not isinstance(other, Column) or one.type != other.type:
            return None
        types.append(one.type)
    found: list[tuple[str, ...]] = []
    for row in rows:
        items = row.nodes("items")
        if len(items) < len(columns):
            return None
        cells = [_cell(items[columns.index(name)], type_) for name, type_ in zip(key, types, strict=True)]
        if None in cells:
            return None
        found.append(tuple(cell for cell in cells if cell is not None))
    return found


def _cell(node: Node, type_: str) -> str | None:
    """A constant that the column holds as it is written; None where the column might hold another."""
    inner = bare(node)
    if inner is None or inner.kind != "A_Const":
        return None
    text, whole = constant(inner), inner.node("ival") is not None
    if text is None or (node.kind == "TypeCast" and (whole or not _same(node, type_))):
        return None
    if whole:
        return text if type_ in _WHOLE or type_.startswith(("text", "character varying")) else None
    if inner.node("sval") is None:
        return None
    if type_.startswith(_TEXTS) or type_.rpartition(".")[2] == "citext":
        return text
    if type_ in _WHOLE:
        return text if text.isdigit() else None
    if type_ == "date" or type_.startswith("timestamp"):
        return text if _DAY.fullmatch(text) else None
    # Enums and domains: a label is what it is.
    return text if "." in type_ else None


def _same(cast: Node, type_: str) -> bool:
    named = cast.node("type_name")
    names = named.names("names") if named is not None else ()
    last = {"varchar": "character varying"}.get(names[-1], names[-1]) if names else ""
    return last == type_.rpartition(".")[2].strip('"')


def _delete(table: Ref, key: Sequence[str], values: Iterable[tuple[str, ...]], after: Book) -> str:
    alone = " ONLY" if after.children.get(table) and after.tables[table].partition_by is None else ""
    rows = [", ".join(literal(cell).strip() for cell in row) for row in values]
    if len(key) > 1:
        listed = ", ".join(f"({row})" for row in rows)
        return f"DELETE FROM{alone} {qualified(table)} WHERE ({idents(list(key))}) IN ({listed})"
    condition = f"= {rows[0]}" if len(rows) == 1 else f"IN ({', '.join(rows)})"
    return f"DELETE FROM{alone} {qualified(table)} WHERE {ident(key[0])} {condition}"


def _moves(later: tuple[Statement, frozenset[Ref] | None], table: Ref, key: Sequence[str], before: Book) -> bool:
    """Whether a later statement may give one of the keys to another row."""
    found, writes = later
    if found.opaque or found.kind in {"SelectStmt", "CallStmt", "DoStmt"}:
        return writes is None or table in writes
    if found.kind not in {"InsertStmt", "UpdateStmt", "MergeStmt"}:
        return False
    node = statement(found.text) if len(found.text) <= LONGEST else None
    relation = node.node("relation") if node is not None else None
    if node is None or relation is None or node.node("with_clause") is not None:
        return writes is None or table in writes
    named = before.table_named(relation.text("schemaname"), relation.text("relname"))
    if named is None or named[0] != table:
        return False
    if found.kind == "UpdateStmt":
        return any(target.text("name") in key for target in node.nodes("target_list"))
    return found.kind == "MergeStmt" or node.node("on_conflict_clause") is not None
