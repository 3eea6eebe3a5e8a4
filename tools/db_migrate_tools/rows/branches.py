"""What code would write to if all of it ran: the tables that its bodies name, whichever branch they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from db_migrate_tools.rows.code import Code
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import scan
from db_migrate_tools.sql.text import SqlError, Text, Token

DEEPEST = 4
"""Functions that call functions are followed so far."""
LONGEST = 50_000
"""Characters of a body that is read."""

_LARGE = re.compile(
    r"\b(?:lo_(?:unlink|put|creat|create|import|truncate|truncate64|from_bytea|open)|lowrite|pg_largeobject\w*)\b",
    re.IGNORECASE,
)
_NOT_WRITING = frozenset({"for", "on", "do", "no", "of", "or", "grant", "revoke", ","})
_ROWS = frozenset({"insert", "update", "delete", "merge", "truncate", "with", "select", "call", "copy"})


@dataclass(frozen=True, slots=True)
class Target:
    """A table that code names as one to write to, as (schema or "", name); None for SQL that it puts together."""

    table: tuple[str, str] | None


def targets(node: Node, code: Code) -> Iterator[Target]:
    """What the code that a statement is or calls would write to."""
    for body in bodies(node, code):
        yield from _of_body(body)


def targets_of(function: str, code: Code) -> Iterator[Target]:
    """What a function of this name, without its schema, would write to."""
    seen: set[str] = set()
    for body in _followed([(body, 1) for body in _named({function}, seen, code)], seen, code):
        yield from _of_body(body)


def large_objects(text: str, node: Node | None, code: Code) -> bool:
    """Whether a statement, or code that it calls, speaks of large objects."""
    return bool(_LARGE.search(text)) or (node is not None and any(_LARGE.search(body) for body in bodies(node, code)))


def bodies(node: Node, code: Code) -> Iterator[str]:
    """The bodies of a DO block and of the functions that are called, each once."""
    seen: set[str] = set()
    waiting: list[tuple[str, int]] = []
    if node.kind == "DoStmt":
        waiting += [(part.text("sval"), 0) for part in node.walk() if part.kind == "String"]
    elif node.kind not in {"CreateFunctionStmt", "CreateTrigStmt"}:
        names = {
            part.names("funcname")[-1] for part in node.walk() if part.kind == "FuncCall" and part.names("funcname")
        }
        waiting += [(body, 1) for body in _named(names, seen, code)]
    yield from _followed(waiting, seen, code)


def _followed(waiting: list[tuple[str, int]], seen: set[str], code: Code) -> Iterator[str]:
    """Bodies with how deep each is, and those of the functions that they call."""
    while waiting:
        body, depth = waiting.pop()
        yield body
        if depth < DEEPEST and len(body) <= LONGEST:
            tokens = _tokens(body)
            called = {token.word for token, after in pairwise(tokens) if after.text == "("}
            waiting += [(text, depth + 1) for text in _named(called, seen, code)]


def _named(names: set[str], seen: set[str], code: Code) -> list[str]:
    known = sorted(name for name in names - seen if code.known(name))
    seen.update(known)
    found = [routine.definition for name in known for routine in code.every(name)]
    texts: list[str] = []
    for definition in found:
        # The whole definition: of a body in quotes the quoted text, else what stands after BEGIN ATOMIC or RETURN.
        quoted = [token.text for token in _tokens(definition) if token.name == "SCONST"]
        texts += [_plain(text) for text in quoted] or [definition]
    return list(dict.fromkeys(texts))


def _plain(text: str) -> str:
    if text.startswith("$"):
        mark = text[: text.index("$", 1) + 1]
        return text[len(mark) : -len(mark)]
    return text[text.index("'") + 1 : -1].replace("''", "'")


def _tokens(text: str) -> list[Token]:
    try:
        return [token for token in scan(Text(text)) if not token.comment]
    except SqlError:
        return []


def _of_body(body: str) -> Iterator[Target]:
    tokens = _tokens(body) if len(body) <= LONGEST else []
    if body.strip() and not tokens:
        yield Target(None)
    for at, token in enumerate(tokens):
        before = tokens[at - 1].word if at else ";"
        if token.name == "IDENT" and token.text.startswith('"'):
            continue
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        if token.word == "execute" and before not in _NOT_WRITING and after not in {"function", "procedure"}:
            yield from _executed(tokens, at + 1)
        elif token.word in {"insert", "update", "delete", "merge", "truncate"} and before not in _NOT_WRITING:
            yield from _written(tokens, at)


def _executed(tokens: list[Token], at: int) -> Iterator[Target]:
    """Of SQL that is put together, the string that it begins with says whether it is about rows."""
    end = next((n for n in range(at, len(tokens)) if tokens[n].text == ";"), len(tokens))
    first = next((token for token in tokens[at:end] if token.name == "SCONST"), None)
    words = _tokens(_plain(first.text)) if first is not None else []
    if not words:
        yield Target(None)
    elif words[0].word in _ROWS:
        found = list(_written(words, 0))
        yield from found or ([Target(None)] if words[0].word != "select" else [])


def _written(tokens: list[Token], at: int) -> Iterator[Target]:
    verb, at = tokens[at].word, at + 1
    words = [token.word for token in tokens[at : at + 12]]
    if verb in {"insert", "merge"}:
        if words[:1] != ["into"]:
            return
    elif verb == "delete":
        if words[:1] != ["from"]:
            return
    elif verb == "update" and "set" not in words:
        return
    skipped = 0
    while skipped < len(words) and words[skipped] in {"into", "from", "table", "only"}:
        skipped += 1
    names = words[skipped:]
    if not names or not re.match(r"\w", names[0]):
        yield Target(None)
    elif names[1:2] == ["."] and len(names) > 2:
        yield Target((names[0], names[2]))
    elif "%" in names[:3]:
        yield Target(None)
    else:
        yield Target(("", names[0]))
