"""SQL inside code: the statements on rows in DO blocks, in functions that a migration calls, in strings it executes."""

from __future__ import annotations

from collections.abc import Iterator

from db_migrate_tools.rows.code import Code
from db_migrate_tools.rows.conditions import statement
from db_migrate_tools.rows.expressions import constant
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import scan
from db_migrate_tools.sql.text import SqlError, Text, Token

DEEPEST = 3
"""Functions that call functions are followed so far."""
LONGEST = 50_000
"""Characters of a body that is read."""

_STARTS = frozenset({"insert", "update", "delete", "merge", "select", "perform", "with"})
_BEFORE = frozenset({";", "begin", "then", "else", "loop", "in", "as", "query", "execute", "atomic", "return", "("})
_ENDS = frozenset({";", "loop", "then"})
_CODE = frozenset({"DoStmt", "CallStmt", "SelectStmt"})


def inside(node: Node, code: Code) -> Iterator[Node]:
    """The statements on rows in the code that a statement is or calls."""
    if node.kind not in _CODE:
        return
    seen: set[str] = set()
    if node.kind == "DoStmt":
        for part in node.walk():
            if part.kind == "String":
                yield from _of_body(part.text("sval"), code, seen, 0)
    else:
        yield from _called(node, code, seen, 0)


def _of_body(body: str, code: Code, seen: set[str], depth: int) -> Iterator[Node]:
    for text in texts(body):
        found = statement(text)
        if found is None:
            continue
        yield found
        yield from _called(found, code, seen, depth)


def _called(node: Node, code: Code, seen: set[str], depth: int) -> Iterator[Node]:
    if depth >= DEEPEST:
        return
    for part in node.walk():
        name = part.names("funcname")[-1:] if part.kind == "FuncCall" else ()
        if not name or name[0] in seen:
            continue
        seen.add(name[0])
        for routine in code.first(name[0]):
            yield from _of_routine(routine.definition, code, seen, depth + 1)


def _of_routine(definition: str, code: Code, seen: set[str], depth: int) -> Iterator[Node]:
    node = statement(definition)
    for part in node.walk() if node is not None else ():
        if part.kind == "DefElem" and part.text("defname") == "as":
            for text in part.walk():
                if text.kind == "String":
                    yield from _of_body(text.text("sval"), code, seen, depth)


def texts(body: str) -> Iterator[str]:
    """The statements on rows that stand in a body, and those in its strings, as far as they are complete."""
    if len(body) > LONGEST:
        return
    source = Text(body)
    try:
        tokens = [token for token in scan(source) if not token.comment]
    except SqlError:
        return
    for at, token in enumerate(tokens):
        if token.word in _STARTS and (at == 0 or tokens[at - 1].word in _BEFORE):
            yield _cut(source, tokens, at)
        elif token.name == "SCONST":
            literal = statement(f"SELECT {token.text}")
            text = constant(literal.nodes("target_list")[0].node("val")) if literal is not None else None
            if text is not None and text.split(None, 1)[:1] and text.split(None, 1)[0].lower() in _STARTS:
                yield text


def _cut(source: Text, tokens: list[Token], at: int) -> str:
    """From a token to the end of its statement, without what puts the result into variables."""
    depth = 0
    end = tokens[at].end
    returning = None
    for token in tokens[at:]:
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0 or (depth == 0 and token.word in _ENDS):
            break
        if depth == 0 and token.word == "returning":
            returning = token.start
        end = token.end
    text = source.slice(tokens[at].start, returning if returning is not None else end)
    return f"SELECT{text[7:]}" if tokens[at].word == "perform" else text
