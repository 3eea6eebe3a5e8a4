"""Rows that would let a statement do something: its conditions and joins, turned into what several rows must share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from db_migrate_tools.rows.conditions import (
    Alternative,
    Atom,
    Named,
    atoms_of,
    bare,
    column_of,
    constant,
    path_in,
    read,
)
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node

MOST = 24
"""Stories of one statement beyond this are cut."""
MOST_COPIES = 20
"""Equal rows that a HAVING count(*) may ask for."""

Columns = Callable[[str, str], tuple[Ref, frozenset[str], frozenset[str]] | None]
"""The table that a name means, by schema ("" for none) and name, with its columns and those that are keys by
themselves; None for what is no table."""


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a story. Columns of all its rows that bear the same mark hold the same value; `orders` compare a
    column with what bears a mark.
    """

    table: Ref
    atoms: Alternative = ()
    marks: tuple[tuple[str, str], ...] = ()
    orders: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Never:
    """No row of `table` holds in `column` the value that bears the mark, nor one of `values`."""

    table: Ref
    column: str
    mark: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """Rows that make one statement (`number`) change something."""

    parts: tuple[Part, ...]
    nevers: tuple[Never, ...] = ()
    number: int = 0


@dataclass(slots=True)
class _Source:
    """A table in FROM. `inner` maps the columns of a subquery to columns of the sources within it; `optional` stands
    on the side of an outer join that may be missing.
    """

    name: str
    table: Ref | None
    columns: frozenset[str]
    keys: frozenset[str] = frozenset()
    inner: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    optional: bool = False
    copies: int = 1


@dataclass(frozen=True, slots=True)
class _Sub:
    """A subquery in a condition; `column` is compared with what it selects."""

    query: Node
    holds: bool
    column: Named | None = None


_Term = Atom | _Sub


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
    reader = _Reader(columns)
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
        yield reader.story(alternative, number)
    if target is None:
        return
    values = [t.node("val") for t in node.nodes("target_list")]
    for assigned, value in zip(node.nodes("target_list"), values, strict=True):
        for part in value.walk() if value is not None else ():
            if part.kind in {"A_Expr", "NullTest"}:
                for alternative in read(part, atoms_of):
                    yield reader.story(alternative, number)
        path = path_in(value) if value is not None else None
        if path is not None:
            # What is taken out of a document must fit the column that it goes to.
            atom = Atom(path[0].name, "path", path[1], other=assigned.text("name"), of=path[0].of)
            yield from (reader.story((*alternative, atom), number) for alternative in condition)


def _ctes(node: Node | None) -> list[Node]:
    return node.nodes("ctes") if node is not None else []


def _insert(
    node: Node, source: Node, reader: _Reader, condition: Sequence[tuple[_Term, ...]], number: int
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
        nevers: list[Never] = []
        story = reader.story(alternative, number, also=(nevers, table, list(zip(names, taken, strict=False))))
        yield story
        if acts:
            yield replace(story, nevers=())


def _merge(node: Node, columns: Columns, number: int) -> Iterator[Story]:
    """Rows that match, for each condition, and a row of the source that nothing matches."""
    on = node.node("join_condition")
    for clause in node.nodes("merge_when_clauses"):
        reader = _Reader(columns)
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
                    yield reader.story((*one, *other, *more), number)


class _Reader:
    """The sources of one query, those around it included."""

    def __init__(self, columns: Columns, outer: _Reader | None = None) -> None:
        self.columns = columns
        self.outer = outer
        self.ctes: dict[str, Node] = dict(outer.ctes) if outer is not None else {}
        self.sources: dict[str, _Source] = {}
        self.depth: int = outer.depth + 1 if outer is not None else 0

    def table(self, relation: Node | None) -> Ref | None:
        found = self.columns(relation.text("schemaname"), relation.text("relname")) if relation is not None else None
        return found[0] if found is not None else None

    def add(self, relation: Node | None) -> _Source | None:
        found = self.columns(relation.text("schemaname"), relation.text("relname")) if relation is not None else None
        if relation is None or found is None:
            return None
        alias = relation.node("alias")
        name = alias.text("aliasname") if alias is not None else relation.text("relname")
        self.sources[name] = _Source(name, *found)
        return self.sources[name]

    def query(self, node: Node) -> list[tuple[_Term, ...]]:
        """The alternatives of everything that a query's rows must meet."""
        sides = [node] if not node.node("larg") else [s for s in (node.node("larg"), node.node("rarg")) if s]
        if len(sides) > 1:
            return self.query(sides[0])
        found: list[tuple[_Term, ...]] = [()]
        for item in (*node.nodes("from_clause"), *node.nodes("using_clause")):
            found = [(*one, *other) for one in found for other in self.source(item)][:MOST]
        found = [(*one, *other) for one in found for other in self.terms(node.node("where_clause"))][:MOST]
        copies = _copies(node.node("having_clause"))
        if copies > 1:
            grouped = [name for item in node.nodes("group_clause") if (name := column_of(item))]
            for source in self.sources.values():
                source.copies = copies
            found = [(*one, *(Atom(g.name, "pair", (), "=", g.name, g.of, g.of) for g in grouped)) for one in found]
        return found

    def source(self, item: Node) -> list[tuple[_Term, ...]]:
        """Take in one element of FROM; what its joins ask."""
        if item.kind == "RangeVar":
            query = self.ctes.get(item.text("relname")) if not item.text("schemaname") else None
            alias = item.node("alias")
            name = alias.text("aliasname") if alias is not None else item.text("relname")
            if query is not None and query.kind == "SelectStmt":
                return self.within(name, query)
            self.add(item)
        elif item.kind == "JoinExpr":
            return self.join(item)
        elif item.kind == "RangeSubselect":
            query, alias = item.node("subquery"), item.node("alias")
            if query is not None:
                return self.within(alias.text("aliasname") if alias is not None else "", query)
        return [()]

    def join(self, item: Node) -> list[tuple[_Term, ...]]:
        found: list[tuple[_Term, ...]] = [()]
        before, left = set(self.sources), set[str]()
        for side in ("larg", "rarg"):
            inner = item.node(side)
            parts = self.source(inner) if inner is not None else [()]
            found = [(*one, *other) for one in found for other in parts][:MOST]
            if side == "larg":
                left = set(self.sources) - before
        right = set(self.sources) - before - left
        kind = item.choice("jointype")
        for name in right if kind == "JOIN_LEFT" else left if kind == "JOIN_RIGHT" else ():
            self.sources[name].optional = True
        using: list[_Term] = [
            Atom(column, "pair", (), "=", column, one, other)
            for column in item.names("using_clause")
            for one in sorted(left)[:1]
            for other in sorted(right)[:1]
        ]
        return [(*one, *using, *other) for one in found for other in self.terms(item.node("quals"))][:MOST]

    def within(self, name: str, query: Node) -> list[tuple[_Term, ...]]:
        """A subquery in FROM: its sources become ours, and its columns names for theirs."""
        inner = _Reader(self.columns, self)
        inner.ctes = {key: value for key, value in self.ctes.items() if key != name}
        if self.depth > MOST_COPIES:
            return [()]
        alternatives = inner.query(query)
        named: dict[str, tuple[str, str]] = {}
        for target in query.nodes("target_list"):
            column = column_of(target.node("val"))
            where = inner.where(column) if column is not None else None
            if column is not None and where is not None:
                named[target.text("name") or column.name] = (where, column.name)
        renamed = {key: f"{name}.{key}" for key in inner.sources}
        resolved = [tuple(inner.resolved(term, renamed) for term in one) for one in alternatives]
        for key, source in inner.sources.items():
            self.sources[renamed[key]] = replace(source, name=renamed[key])
        inside = {column: (renamed.get(at, at), real) for column, (at, real) in named.items()}
        self.sources[name] = _Source(name, None, frozenset(inside), inner=inside)
        return resolved

    def resolved(self, term: _Term, renamed: dict[str, str]) -> _Term:
        if isinstance(term, _Sub):
            return term
        of = self.where(Named(term.column, term.of)) or term.of
        other = (self.where(Named(term.other, term.other_of)) or term.other_of) if term.asks == "pair" else ""
        return replace(term, of=renamed.get(of, of), other_of=renamed.get(other, other))

    def terms(self, node: Node | None) -> list[tuple[_Term, ...]]:
        return list(read(node, self._leaf))

    def _leaf(self, node: Node, holds: bool) -> Iterable[_Term]:
        if node.kind == "SubLink":
            query = node.node("subselect")
            if query is not None and node.choice("sub_link_type") in {"EXISTS_SUBLINK", "ANY_SUBLINK"}:
                yield _Sub(query, holds, column_of(node.node("testexpr")))
            return
        if node.kind == "A_Expr" and node.names("name") == ("=",):
            for one, other in (("lexpr", "rexpr"), ("rexpr", "lexpr")):
                query, column = bare(node.node(one)), column_of(node.node(other))
                inner = query.node("subselect") if query is not None and query.kind == "SubLink" else None
                if inner is not None and column is not None:
                    yield _Sub(inner, holds, column)
                    return
        yield from atoms_of(node, holds)

    def where(self, column: Named) -> str | None:
        """The name of the source that a column belongs to, here or around."""
        if column.of:
            return column.of if column.of in self.sources else self.outer.where(column) if self.outer else None
        for name, source in self.sources.items():
            if column.name in source.columns:
                return name
        return self.outer.where(column) if self.outer else None

    def place(self, name: str, of: str) -> tuple[_Source, str] | None:
        """The source and its own column behind a column's name."""
        at = self.where(Named(name, of))
        source = self._source(at) if at is not None else None
        for _ in range(MOST_COPIES):
            if source is None or source.table is not None:
                break
            inner = source.inner.get(name)
            if inner is None:
                return None
            source, name = self._source(inner[0]), inner[1]
        if source is None or name not in source.columns:
            return None
        return source, name

    def _source(self, name: str) -> _Source | None:
        return self.sources.get(name) or (self.outer._source(name) if self.outer else None)

    def story(
        self,
        terms: Sequence[_Term],
        number: int,
        also: tuple[list[Never], Ref, list[tuple[str, Node | None]]] | None = None,
    ) -> Story:
        """The rows behind one alternative."""
        told = _Telling()
        told.take(self, terms)
        nevers = list(told.nevers)
        for column, value in also[2] if also is not None else ():
            taken = column_of(value)
            at = self.place(taken.name, taken.of) if taken is not None and bare(value) is not None else None
            if also is not None and at is not None:
                nevers.append(Never(also[1], column, told.mark(at)))
                break
        for source in self.sources.values():
            told.note(source)
        return Story(told.parts(), tuple(dict.fromkeys(nevers)), number)


def _copies(having: Node | None) -> int:
    """How many rows of a group a HAVING count(*) asks for."""
    for part in having.walk() if having is not None else ():
        if part.kind == "A_Expr" and part.node("lexpr") is not None:
            left, value, op = part.node("lexpr"), constant(part.node("rexpr")), "".join(part.names("name"))
            counts = left is not None and left.kind == "FuncCall" and left.names("funcname")[-1:] == ("count",)
            if counts and value is not None and value.isdigit() and op in {">", ">=", "="}:
                return min(MOST_COPIES, int(value) + (op == ">"))
    return 1


class _Telling:
    """One story being put together."""

    def __init__(self) -> None:
        self.sources: dict[int, _Source] = {}
        self.atoms: dict[int, list[Atom]] = {}
        self.marks: dict[tuple[int, str], str] = {}
        self.orders: dict[int, list[tuple[str, str, str]]] = {}
        self.nevers: list[Never] = []
        self.missing: set[int] = set()
        self.same: dict[int, _Source] = {}

    def note(self, source: _Source) -> None:
        if source.table is not None and id(source) not in self.same:
            self.sources.setdefault(id(source), source)

    def place(self, reader: _Reader, name: str, of: str) -> tuple[_Source, str] | None:
        """Where a column stands, and for sources that are one row, in the first of them."""
        at = reader.place(name, of)
        return (self.same.get(id(at[0]), at[0]), at[1]) if at is not None else None

    def join(self, one: _Source, other: _Source) -> None:
        """Two sources that share a key are one row."""
        self.same = {key: one if source is other else source for key, source in self.same.items()}
        self.same[id(other)] = one
        self.sources.pop(id(other), None)
        self.sources.setdefault(id(one), one)
        self.atoms.setdefault(id(one), []).extend(self.atoms.pop(id(other), []))
        self.orders.setdefault(id(one), []).extend(self.orders.pop(id(other), []))
        self.marks = {(id(one) if at == id(other) else at, c): mark for (at, c), mark in self.marks.items()}

    def mark(self, at: tuple[_Source, str]) -> str:
        self.note(at[0])
        return self.marks.setdefault((id(at[0]), at[1]), f"{len(self.marks)}")

    def take(self, reader: _Reader, terms: Sequence[_Term]) -> None:
        for source in reader.sources.values():
            self.note(source)
        for term in terms:
            if isinstance(term, Atom) and term.asks == "null":
                at = self.place(reader, term.column, term.of)
                if at is not None and at[0].optional:
                    self.missing.add(id(at[0]))
        for term in terms:
            if isinstance(term, _Sub):
                self.sub(reader, term)
            elif term.asks == "pair":
                self.pair(reader, term)
            else:
                at = self.place(reader, term.column, term.of)
                if at is not None and id(at[0]) not in self.missing:
                    self.note(at[0])
                    self.atoms.setdefault(id(at[0]), []).append(replace(term, column=at[1], of=""))

    def pair(self, reader: _Reader, term: Atom) -> None:
        one, other = self.place(reader, term.column, term.of), self.place(reader, term.other, term.other_of)
        if one is not None and other is not None:
            self.tie(one, other, term.op)

    def tie(self, one: tuple[_Source, str], other: tuple[_Source, str], op: str) -> None:
        """Two columns compare so."""
        gone = [at for at in (one, other) if id(at[0]) in self.missing]
        if gone:
            kept = other if gone[0] is one else one
            if op == "=" and gone[0][0].table is not None:
                self.nevers.append(Never(gone[0][0].table, gone[0][1], self.mark(kept)))
        elif one[0] is other[0]:
            if one[1] != other[1]:
                self.atoms.setdefault(id(one[0]), []).append(Atom(one[1], "pair", (), op, other[1]))
            elif one[0].copies > 1:
                self.mark(one)
        elif op == "=" and one[0].table == other[0].table and one[1] == other[1] and one[1] in one[0].keys:
            self.join(one[0], other[0])
        elif op == "=":
            mark = self.mark(one)
            old = self.marks.get((id(other[0]), other[1]))
            self.note(other[0])
            self.marks = {key: mark if value == old else value for key, value in self.marks.items()}
            self.marks[id(other[0]), other[1]] = mark
        else:
            self.orders.setdefault(id(one[0]), []).append((one[1], op, self.mark(other)))
            turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            self.orders.setdefault(id(other[0]), []).append((other[1], turned, self.mark(one)))

    def sub(self, reader: _Reader, term: _Sub) -> None:
        inner = _Reader(reader.columns, reader)
        if inner.depth > MOST_COPIES:
            return
        alternatives = inner.query(term.query)
        terms: list[_Term] = list(alternatives[0]) if alternatives else []
        targets = term.query.nodes("target_list")
        selected = column_of(targets[0].node("val")) if targets else None
        within = around = None
        if term.column is not None:
            within = self.place(inner, selected.name, selected.of) if selected is not None else None
            around = self.place(reader, term.column.name, term.column.of)
            value = constant(targets[0].node("val")) if targets else None
            if value is not None and around is not None:
                asked = Atom(around[1], "in" if term.holds else "not in", (value,))
                self.atoms.setdefault(id(around[0]), []).append(asked)
        if term.holds:
            self.take(inner, terms)
            if within is not None and around is not None:
                self.tie(self._now(within), self._now(around), "=")
        elif within is not None and around is not None and within[0].table is not None:
            self.nevers.append(Never(within[0].table, within[1], self.mark(around)))
        else:
            self.absent(inner, terms)

    def _now(self, at: tuple[_Source, str]) -> tuple[_Source, str]:
        return self.same.get(id(at[0]), at[0]), at[1]

    def absent(self, inner: _Reader, terms: Sequence[_Term]) -> None:
        """Nothing may match: one equality with what is around, or with a constant, is kept from holding."""
        own = [source for source in inner.sources.values() if source.table is not None]
        for term in terms:
            if not isinstance(term, Atom) or term.asks != "pair" or term.op != "=":
                continue
            one, other = self.place(inner, term.column, term.of), self.place(inner, term.other, term.other_of)
            if one is None or other is None:
                continue
            if not any(one[0] is source for source in own):
                one, other = other, one
            if any(one[0] is s for s in own) and not any(other[0] is s for s in own) and one[0].table is not None:
                self.nevers.append(Never(one[0].table, one[1], self.mark(other)))
                return
        for term in terms:
            if isinstance(term, Atom) and term.asks == "in":
                at = self.place(inner, term.column, term.of)
                if at is not None and at[0].table is not None and any(at[0] is source for source in own):
                    self.nevers.append(Never(at[0].table, at[1], "", term.values))
                    return

    def parts(self) -> tuple[Part, ...]:
        found: list[Part] = []
        for key, source in self.sources.items():
            if key in self.missing or source.table is None:
                continue
            part = Part(
                source.table,
                tuple(dict.fromkeys(self.atoms.get(key, ()))),
                tuple((column, mark) for (at, column), mark in self.marks.items() if at == key),
                tuple(self.orders.get(key, ())),
            )
            found += [part] * source.copies
        if all(not part.atoms and not part.marks and not part.orders for part in found) and not self.nevers:
            return ()
        return tuple(found)
