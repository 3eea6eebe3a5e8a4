"""Rows that would let a statement do something: its conditions and joins, turned into what several rows must share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.conditions import atoms_of, read
from db_migrate_tools.rows.expressions import constant, path_in
from db_migrate_tools.rows.sources import MOST, Columns, Reader, Term
from db_migrate_tools.rows.story import Part, Story
from db_migrate_tools.rows.telling import told
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node


def stories(node: Node, columns: Columns, number: int = 0) -> list[Story]:
    """Stories of a statement on rows, and of each comparison elsewhere in it."""
    found: dict[Story, None] = {}
    for statement in _statements(node):
        for story in _of(statement, columns, number):
            if story.parts:
                found[story] = None
    return list(found)[:MOST]


def fitted(found: Sequence[Story]) -> tuple[Story, ...]:
    """The stories; a value in a document that one statement takes into a column fits that column in all of them."""
    goes: dict[tuple[Ref, str, tuple[str, ...]], str] = {}
    for part in (part for story in found for part in story.parts):
        for atom in part.atoms:
            if atom.asks == "path" and atom.other:
                goes.setdefault((part.table, atom.column, atom.values), atom.other)
    if not goes:
        return tuple(found)

    def fit(part: Part) -> Part:
        atoms = (
            replace(atom, other=goes.get((part.table, atom.column, atom.values), ""))
            if atom.asks == "path" and not atom.op
            else atom
            for atom in part.atoms
        )
        return replace(part, atoms=tuple(atoms))

    return tuple(replace(story, parts=tuple(map(fit, story.parts))) for story in found)


def _statements(node: Node) -> Iterator[Node]:
    kinds = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt"}
    if node.kind in kinds:
        yield node
    for part in node.walk():
        within = part.node("with_clause") if part.kind in kinds else None
        for cte in within.nodes("ctes") if within is not None else ():
            query = cte.node("ctequery")
            if query is not None and query.kind in kinds - {"SelectStmt"}:
                yield query


def _of(node: Node, columns: Columns, number: int) -> Iterator[Story]:
    if node.kind == "MergeStmt":
        yield from _merge(node, columns, number)
        return
    reader = Reader(columns)
    source = node.node("select_stmt") if node.kind == "InsertStmt" else node
    if source is None:
        return
    target = reader.add(node.node("relation")) if node.kind in {"UpdateStmt", "DeleteStmt"} else None
    with_clause = source.node("with_clause") or node.node("with_clause")
    reader.ctes = {cte.text("ctename"): query for cte in _ctes(with_clause) if (query := cte.node("ctequery"))}
    condition = reader.query(source)
    if node.kind == "InsertStmt":
        yield from _insert(node, source, reader, condition, number)
        return
    for alternative in condition:
        yield told(reader, alternative, number)
    if target is None:
        return
    values = [t.node("val") for t in node.nodes("target_list")]
    for assigned, value in zip(node.nodes("target_list"), values, strict=True):
        for part in value.walk() if value is not None else ():
            if part.kind in {"A_Expr", "NullTest"}:
                for alternative in read(part, atoms_of):
                    yield told(reader, alternative, number)
        path = path_in(value) if value is not None else None
        if path is not None:
            # What is taken out of a document must fit the column that it goes to.
            atom = Atom(path[0].name, "path", path[1], other=assigned.text("name"), of=path[0].of)
            yield from (told(reader, (*alternative, atom), number) for alternative in condition)


def _ctes(node: Node | None) -> list[Node]:
    return node.nodes("ctes") if node is not None else []


def _insert(
    node: Node, source: Node, reader: Reader, condition: Sequence[tuple[Term, ...]], number: int
) -> Iterator[Story]:
    """What is selected is not yet there, and once more with what makes ON CONFLICT act."""
    relation = node.node("relation")
    table = reader.table(relation)
    if table is None:
        return
    names = [column.text("name") for column in node.nodes("cols")]
    conflict = node.node("on_conflict_clause")
    acts = conflict is not None and conflict.choice("action") == "ONCONFLICT_UPDATE"
    rows = source.nodes("values_lists")
    if rows:
        by_column = dict(zip(names, rows[0].nodes("items"), strict=False))
        on = conflict.node("infer") if conflict is not None else None
        wanted = [element.text("name") for element in (on.nodes("index_elems") if on is not None else ())]
        atoms = [Atom(c, "in", (v,)) for c in wanted if (v := constant(by_column.get(c))) is not None]
        if acts and atoms and len(atoms) == len(wanted):
            yield Story((Part(table, tuple(atoms)),), (), number)
        return
    taken = [target.node("val") for target in source.nodes("target_list")]
    for alternative in condition:
        story = told(reader, alternative, number, also=(table, list(zip(names, taken, strict=False))))
        yield story
        if acts:
            yield replace(story, nevers=())


def _merge(node: Node, columns: Columns, number: int) -> Iterator[Story]:
    """Rows that match, for each condition, and a row of the source that nothing matches."""
    on = node.node("join_condition")
    for clause in node.nodes("merge_when_clauses"):
        reader = Reader(columns)
        target = reader.add(node.node("relation"))
        source = node.node("source_relation")
        reader.ctes = {c.text("ctename"): q for c in _ctes(node.node("with_clause")) if (q := c.node("ctequery"))}
        joined = reader.source(source) if source is not None else [()]
        matched = "NOT_MATCHED" not in clause.choice("match_kind")
        conditions = reader.terms(on)
        if not matched and target is not None:
            target.optional = True
            conditions = [(*part, Atom(next(iter(sorted(target.columns)), ""), "null", of=target.name))
                          for part in conditions]  # fmt: skip
        for one in joined:
            for other in conditions:
                for more in reader.terms(clause.node("condition")):
                    yield told(reader, (*one, *other, *more), number)
