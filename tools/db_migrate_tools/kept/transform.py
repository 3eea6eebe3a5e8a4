"""A migration rewritten so that what it would lose is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.kept import columns, drops, rows, truncate
from db_migrate_tools.kept.ground import Ground
from db_migrate_tools.kept.model import Keeping, Kept, NotKept, WayBack
from db_migrate_tools.kept.names import Namer, is_mentioned, mentioned, stem, tables
from db_migrate_tools.kept.place import Place, after, drops_of
from db_migrate_tools.schema.ddl.quote import role
from db_migrate_tools.schema.model import DefaultAcl, Ref
from db_migrate_tools.schema.semantics import KEPT_SCHEMA
from db_migrate_tools.sql.model import Choice, Piece, Script, Statement
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.script import build, read

Rewrite = Callable[[Node, Place], Kept | NotKept | None]

_REWRITES: Final[dict[str, Rewrite]] = {
    "DropStmt": drops.drop,
    "AlterTableStmt": columns.alter,
    "DeleteStmt": rows.delete,
    "UpdateStmt": rows.update,
    "InsertStmt": rows.insert,
    "TruncateStmt": truncate.truncate,
}
_BEYOND: Final = {
    "MergeStmt": ("MERGE inserts, changes and deletes at once", "Write it as INSERT, UPDATE and DELETE."),
    "CopyStmt": ("COPY does not say which rows it brought", "Write the rows as INSERT."),
}
_LOSING: Final = _REWRITES.keys() - {"InsertStmt"}
_INSIDE: Final = (
    "what it changes is seen only when it runs",
    "Write its changes of rows as statements of their own.",
)


def keep(script: Script, facts: TargetFacts, source_sha256: str) -> Keeping:
    """The statements that run instead, with a choice for each that says what was written and what runs; and the data
    side of the rollback. Whatever cannot be kept stays as it is, and its choice says why.
    """
    made: list[tuple[Statement, Kept | None]] = []
    choices: list[Choice] = []
    not_kept: list[int] = []
    for statement, found in _rewrites(script, facts, source_sha256):
        choices += _told(statement, found)
        if isinstance(found, NotKept):
            not_kept.append(len(made))
        made.append((statement, found if isinstance(found, Kept) else None))
    every = [done for _, done in made if done is not None]
    if not every:
        return Keeping(replace(script, choices=_ordered(script, choices)))
    statements, numbers = _statements(made, facts)
    return Keeping(
        script=replace(script, statements=statements, choices=_ordered(script, choices)),
        way_back=WayBack(
            first=tuple(sql for done in reversed(every) for sql in done.first),
            fill=tuple(sql for done in reversed(every) for sql in done.fill),
            last=tuple(sql for done in reversed(every) for sql in done.last),
            keeps=frozenset(ref for done in every for ref in done.keeps),
            filled=tuple(dict.fromkeys(ref for done in every for ref in done.filled)),
            not_kept=tuple(numbers[index] for index in not_kept),
        ),
        tables=mentioned(statement.text for statement in statements),
    )


def would_keep(script: Script, facts: TargetFacts) -> bool:
    """Whether the migration loses data that a reversible form of it would keep."""
    statements = tuple(s for s in script.statements if s.kind != "InsertStmt")
    if not any(s.kind in _LOSING for s in statements):
        return False
    found = (what for _, what in _rewrites(replace(script, statements=statements), facts, ""))
    return any(isinstance(what, Kept) and what.keeps for what in found)


def _rewrites(
    script: Script, facts: TargetFacts, source_sha256: str
) -> Iterator[tuple[Statement, Kept | NotKept | None]]:
    """The statements in their order, each with what keeps its data."""
    if not script.statements:
        return
    drops = [(n, read(_piece(s)).statements[0].node) for n, s in enumerate(script.statements) if s.kind == "DropStmt"]
    later = [(n, dropped) for n, node in drops if (dropped := drops_of(script.statements[n], node)) is not None]
    passed = 0
    namer = Namer(stem(source_sha256, facts.fingerprint, tables(facts.catalog)))
    place = Place(Ground(facts), namer, script.statements[0])
    for number, statement in enumerate(script.statements):
        while passed < len(later) and later[passed][0] <= number:
            passed += 1
        node = read(_piece(statement)).statements[0].node
        place = replace(place, statement=statement, later=tuple(dropped for _, dropped in later[passed:]))
        found = _rewritten(node, place)
        yield statement, found
        if isinstance(found, Kept):
            place = replace(place, inserts=_inserts(place, node, found))
        place = after(place, statement, node)


def _piece(statement: Statement) -> Piece:
    return Piece(f"{statement.text};")


def _rewritten(node: Node, place: Place) -> Kept | NotKept | None:
    statement = place.statement
    if is_mentioned(statement.text):
        return None
    rewrite = _REWRITES.get(node.kind)
    if rewrite is not None:
        return rewrite(node, place) if statement.transactional else None
    if node.kind in _BEYOND:
        return NotKept(*_BEYOND[node.kind])
    return NotKept(*_INSIDE) if statement.writes_rows else None


def _told(statement: Statement, found: Kept | NotKept | None) -> list[Choice]:
    if isinstance(found, Kept):
        return [Choice(statement.line, f"{_written(statement)} is made reversible. {found.choice}")]
    if isinstance(found, NotKept):
        what = f"{_written(statement)} stays as it is, its data are NOT kept: {found.why}. {found.remedy}"
        return [Choice(statement.line, what.strip())]
    return []


def _written(statement: Statement) -> str:
    text = " ".join(statement.text.split())
    shown = f"{text[:77]}…" if len(text) > 78 else text
    return f"“{shown}”" if "`" in shown else f"`{shown}`"


def _ordered(script: Script, more: list[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted((*script.choices, *more), key=lambda choice: choice.line))


def _inserts(place: Place, node: Node, done: Kept) -> tuple[tuple[Ref, str], ...]:
    """INSERTs that follow each other note their keys in one table; the order of anything else matters."""
    if node.kind != "InsertStmt":
        return ()
    name = mentioned(done.where)[0]
    return tuple({**dict(place.inserts), done.filled[0]: name}.items())


def _statements(
    made: list[tuple[Statement, Kept | None]], facts: TargetFacts
) -> tuple[tuple[Statement, ...], dict[int, int]]:
    """The statements in their order, numbered anew; and the first number of each original one."""
    found: list[Statement] = []
    numbers: dict[int, int] = {}
    ready = Ref("schema", "", KEPT_SCHEMA) in facts.catalog
    for index, (statement, done) in enumerate(made):
        numbers[index] = len(found) + 1
        if done is None:
            found.append(statement)
            continue
        if not ready:
            found += [_ours(sql, told, statement, "") for sql, told in _private_schema(facts)]
            ready = True
        where = ", ".join(done.where)
        for step in done.steps:
            if step.own and step.sql == statement.text:
                found.append(replace(statement, kept=where))
            else:
                ours = _ours(step.sql, step.told, statement, where)
                found.append(_theirs(ours, statement) if step.own else ours)
    return tuple(replace(statement, number=n) for n, statement in enumerate(found, start=1)), numbers


def _ours(sql: str, told: str, instead_of: Statement, where: str) -> Statement:
    """A statement of ours, in the line and category of the one that it stands for."""
    (statement,) = build((Piece(f"{sql};", instead_of.line),)).statements
    return replace(
        statement,
        line=instead_of.line,
        category=instead_of.category,
        description=told,
        kept=where,
        ours=True,
    )


def _theirs(ours: Statement, inside: Statement) -> Statement:
    """A statement of ours that holds the user's own is about what that one is about."""
    return replace(ours, type=inside.type, target=inside.target, comment=inside.comment, ours=False)


def _private_schema(facts: TargetFacts) -> list[tuple[str, str]]:
    granted = {
        grant.grantee
        for item in facts.catalog
        if isinstance(item, DefaultAcl) and item.objects == "schemas"
        for grant in item.acl or ()
    } - {facts.identity.role}
    whom = ", ".join(role(name) for name in ("", *sorted(granted - {""})))
    return [
        (f"CREATE SCHEMA IF NOT EXISTS {KEPT_SCHEMA}", f"Make the private schema {KEPT_SCHEMA} for what is kept"),
        (f"REVOKE ALL ON SCHEMA {KEPT_SCHEMA} FROM {whom}", f"Close {KEPT_SCHEMA} to everybody else"),
    ]
