"""The tables that a query reads, and what its joins and conditions ask of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from db_migrate_tools.rows.atoms import Atom
from db_migrate_tools.rows.conditions import atoms_of, read
from db_migrate_tools.rows.expressions import Named, bare, column_of, constant
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.node import Node

MOST = 24
"""Stories of one statement beyond this are cut."""
MOST_COPIES = 20
"""Equal rows that a HAVING count(*) may ask for."""

Columns = Callable[[str, str], tuple[Ref, frozenset[str], frozenset[str]] | None]
"""The table that a name means, by schema ("" for none) and name, with its columns and those that are keys by
themselves; None for what is no table."""


@dataclass(slots=True)
class Source:
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
class Sub:
    """A subquery in a condition; `column` is compared with what it selects."""

    query: Node
    holds: bool
    column: Named | None = None


Term = Atom | Sub


class Reader:
    """The sources of one query, those around it included."""

    def __init__(self, columns: Columns, outer: Reader | None = None) -> None:
        self.columns = columns
        self.outer = outer
        self.ctes: dict[str, Node] = dict(outer.ctes) if outer is not None else {}
        self.sources: dict[str, Source] = {}
        self.depth: int = outer.depth + 1 if outer is not None else 0

    def table(self, relation: Node | None) -> Ref | None:
        found = self.columns(relation.text("schemaname"), relation.text("relname")) if relation is not None else None
        return found[0] if found is not None else None

    def add(self, relation: Node | None) -> Source | None:
        found = self.columns(relation.text("schemaname"), relation.text("relname")) if relation is not None else None
        if relation is None or found is None:
            return None
        alias = relation.node("alias")
        name = alias.text("aliasname") if alias is not None else relation.text("relname")
        self.sources[name] = Source(name, *found)
        return self.sources[name]

    def query(self, node: Node) -> list[tuple[Term, ...]]:
        """The alternatives of everything that a query's rows must meet."""
        sides = [node] if not node.node("larg") else [s for s in (node.node("larg"), node.node("rarg")) if s]
        if len(sides) > 1:
            return self.query(sides[0])
        found: list[tuple[Term, ...]] = [()]
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

    def source(self, item: Node) -> list[tuple[Term, ...]]:
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

    def join(self, item: Node) -> list[tuple[Term, ...]]:
        found: list[tuple[Term, ...]] = [()]
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
        using: list[Term] = [
            Atom(column, "pair", (), "=", column, one, other)
            for column in item.names("using_clause")
            for one in sorted(left)[:1]
            for other in sorted(right)[:1]
        ]
        return [(*one, *using, *other) for one in found for other in self.terms(item.node("quals"))][:MOST]

    def within(self, name: str, query: Node) -> list[tuple[Term, ...]]:
        """A subquery in FROM: its sources become ours, and its columns names for theirs."""
        inner = Reader(self.columns, self)
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
        self.sources[name] = Source(name, None, frozenset(inside), inner=inside)
        return resolved

    def resolved(self, term: Term, renamed: dict[str, str]) -> Term:
        if isinstance(term, Sub):
            return term
        of = self.where(Named(term.column, term.of)) or term.of
        other = (self.where(Named(term.other, term.other_of)) or term.other_of) if term.asks == "pair" else ""
        return replace(term, of=renamed.get(of, of), other_of=renamed.get(other, other))

    def terms(self, node: Node | None) -> list[tuple[Term, ...]]:
        return list(read(node, self._leaf))

    def _leaf(self, node: Node, holds: bool) -> Iterable[Term]:
        if node.kind == "SubLink":
            query = node.node("subselect")
            if query is not None and node.choice("sub_link_type") in {"EXISTS_SUBLINK", "ANY_SUBLINK"}:
                yield Sub(query, holds, column_of(node.node("testexpr")))
            return
        if node.kind == "A_Expr" and node.names("name") == ("=",):
            for one, other in (("lexpr", "rexpr"), ("rexpr", "lexpr")):
                query, column = bare(node.node(one)), column_of(node.node(other))
                inner = query.node("subselect") if query is not None and query.kind == "SubLink" else None
                if inner is not None and column is not None:
                    yield Sub(inner, holds, column)
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

    def place(self, name: str, of: str) -> tuple[Source, str] | None:
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

    def _source(self, name: str) -> Source | None:
        return self.sources.get(name) or (self.outer._source(name) if self.outer else None)


def _copies(having: Node | None) -> int:
    """How many rows of a group a HAVING count(*) asks for."""
    for part in having.walk() if having is not None else ():
        if part.kind == "A_Expr" and part.node("lexpr") is not None:
            left, value, op = part.node("lexpr"), constant(part.node("rexpr")), "".join(part.names("name"))
            counts = left is not None and left.kind == "FuncCall" and left.names("funcname")[-1:] == ("count",)
            if counts and value is not None and value.isdigit() and op in {">", ">=", "="}:
                return min(MOST_COPIES, int(value) + (op == ">"))
    return 1
