"""A database-schema.md, read: which SQL counts, which way it goes, and why the rest does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from db_migrate_tools.specs.markdown import Block, Document, read_document
from db_migrate_tools.specs.merge import merge
from db_migrate_tools.specs.sections import Part, first_comment_is_down, split_marked, way_by_words
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.model import Blocker, Choice, Piece
from db_migrate_tools.sql.script import Read, Reading, read
from db_migrate_tools.sql.session import wrapping_pair
from db_migrate_tools.sql.survey import is_opaque, is_query, survey
from db_migrate_tools.sql.text import Text

_MIGRATES: Final = re.compile(
    r"\b(?:migrations?|initial|seed(?:s|ing)?|backfill(?:s|ing)?|default data|bootstrap)\b", re.I
)
_ASIDE: Final = re.compile(
    r"\b(?:tests?|testing|verif\w+|validat\w+|samples?|quer(?:y|ies)|examples?|usage|maintenance|imports?|monitoring)\b",
    re.I,
)
_CURRENT: Final = re.compile(r"^(?:[\d.)\s]*)(?:the\s+)?current\s+(?:\w+\s+){0,2}schema\b", re.I)
_NOW: Final = re.compile(r"\b(?:existing|current)\b", re.I)
_NOTHING: Final = re.compile(
    r"\b(?:no|without(?: any)?|(?:does|do|did) not (?:need|require|include|contain|make|introduce)(?: any)?)\s+"
    r"(?:new\s+)?"
    r"(?:(?:database|db|schema|sql|data model|database schema)\s+(?:changes?|modifications?|migrations?)"
    r"|(?:changes?|modifications?)\s+to\s+the\s+(?:database|schema|database schema|data model)|migrations?\b)",
    re.I,
)
_SQL_WORDS: Final = re.compile(
    r"\b(?:create\s+(?:table|index|policy|function|type)|alter\s+table|insert\s+into)\b", re.I
)
_LOOKS_QUERY: Final = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:select|explain)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Spec:
    """What a spec says. `up` runs; `down` is a human's candidate rollback; the rest is told."""

    up: tuple[Piece, ...]
    down: tuple[Piece, ...]
    choices: tuple[Choice, ...]
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """SQL that runs. `whole` says that nothing of the piece was left out."""

    piece: Piece
    statements: tuple[Read, ...]
    whole: bool = True


@dataclass(slots=True)
class _Found:
    up: list[_Kept] = field(default_factory=list[_Kept])
    down: list[Piece] = field(default_factory=list[Piece])
    choices: list[Choice] = field(default_factory=list[Choice])
    blockers: list[Blocker] = field(default_factory=list[Blocker])


def read_spec(text: str, *, existing: frozenset[str] = frozenset()) -> Spec:
    """Read a Markdown spec. `existing` are tables (`public.users`) that the target has already: a definition of
    one under a heading with “existing” or “current” is description, not change.
    """
    document = read_document(text)
    found = _Found()
    for block in document.blocks:
        if block.is_sql:
            _take(block, found, existing)
        else:
            found.choices.append(Choice(block.line, _not_sql(block)))
    if not any(block.is_sql for block in document.blocks):
        _no_sql(document, found)
    up = _merged(found)
    if not up and not found.blockers and any(block.is_sql for block in document.blocks):
        if (said := _says_nothing(document)) is not None:
            found.choices.append(said)
        else:
            found.blockers.append(_NO_UP)
    return Spec(up, tuple(found.down), _in_order(found.choices), _in_order(found.blockers))


_NO_UP: Final = Blocker(
    None,
    "No SQL of this spec is a change: see what was left out, and why.",
    "Put the migration’s SQL into ```sql blocks under a heading such as “Migration”.",
)


def _take(block: Block, found: _Found, existing: frozenset[str]) -> None:
    """One SQL block: cut at markers, then each part judged by itself."""
    way = way_by_words(block.heading, block.prose)
    why = "the heading or line above it"
    if way is None and first_comment_is_down(block.text):
        way, why = "down", "its first comment"
    parts = split_marked(Piece(block.text, block.line, block.heading), way or "up")
    if not parts:
        found.choices.append(Choice(block.line, "Left out: nothing but comments."))
    for part in parts:
        reading = read(part.piece)
        if part.way == "down":
            said = f"its comment “{escape_hidden(part.marker)}”" if part.marker else why
            line = part.piece.line
            found.choices.append(Choice(line, f"Taken as rollback, because of {said}; it does not run as a change."))
            if reading.blockers:
                first = reading.blockers[0]
                found.choices.append(Choice(first.line or line, f"This rollback is not used: {first.what}"))
            else:
                found.down.append(part.piece)
            continue
        kept = _judge(block, part, reading, found, existing)
        if kept is not None:
            found.up.append(kept)


def _judge(block: Block, part: Part, reading: Reading, found: _Found, existing: frozenset[str]) -> _Kept | None:
    """A part that would run: left out, asked about, blocked, or kept."""
    line = part.piece.line
    aside = _aside(block)
    if reading.blockers:
        if aside and _LOOKS_QUERY.match(part.piece.text) and not _SQL_WORDS.search(part.piece.text):
            found.choices.append(Choice(line, f"Left out: a query under “{escape_hidden(aside)}”."))
        else:
            found.blockers += reading.blockers
            found.choices += reading.choices
        return None
    facts = [(statement, survey(statement.node)) for statement in reading.statements]
    if all(is_query(statement.node, seen) for statement, seen in facts):
        found.choices.append(Choice(line, "Left out: queries only, which change nothing."))
        return None
    if aside:
        for statement, seen in facts:
            if seen.changes_rows or is_opaque(statement.node, seen):
                found.blockers.append(
                    Blocker(
                        statement.line,
                        f"Does this belong to the migration? It changes data, under “{escape_hidden(aside)}”.",
                        "If it does, move it under a heading such as “Migration”; if not, delete it.",
                    )
                )
                return None
    current = next((words for words in (*reversed(block.heading), block.prose) if _CURRENT.search(words)), None)
    if current is not None and any(statement.node.kind == "CreateStmt" for statement, _ in facts):
        _described(part, reading, found, escape_hidden(current))
        return None
    return _without_existing(block, part, reading, found, existing)


def _aside(block: Block) -> str | None:
    """The nearest heading that speaks of tests, samples or queries, unless a nearer one speaks of migrating."""
    for words in (block.prose, *reversed(block.heading)):
        if _ASIDE.search(words):
            return words
        if _MIGRATES.search(words):
            return None
    return None


def _described(part: Part, reading: Reading, found: _Found, heading: str) -> None:
    """SQL under “Current schema” describes what is there, as long as it only creates."""
    other = next((s for s in reading.statements if not s.node.kind.startswith(("Create", "Index", "Comment"))), None)
    if other is None:
        found.choices.append(Choice(part.piece.line, f"Left out: it describes what is there, under “{heading}”."))
        return
    found.blockers.append(
        Blocker(
            other.line,
            f"Under “{heading}” stands a change beside descriptions.",
            "Move the change under a heading such as “Migration”.",
        )
    )


def _without_existing(block: Block, part: Part, reading: Reading, found: _Found, existing: frozenset[str]) -> _Kept:
    about_now = any(_NOW.search(words) for words in (*block.heading, block.prose))
    kept: list[Read] = []
    for statement in reading.statements:
        table = statement.node.node("relation") if statement.node.kind == "CreateStmt" else None
        name = f"{table.text('schemaname') or 'public'}.{table.text('relname')}" if table is not None else ""
        if about_now and name in existing:
            found.choices.append(Choice(statement.line, f"Left out: the database has the table {name} already."))
        else:
            kept.append(statement)
    return _Kept(part.piece, tuple(kept), whole=len(kept) == len(reading.statements))


def _merged(found: _Found) -> tuple[Piece, ...]:
    """The pieces that run, without repeats and without each block's own BEGIN … COMMIT pair."""
    unwrapped = [_unwrapped(kept, found) if len(found.up) > 1 else kept for kept in found.up]
    merged = merge([statement for kept in unwrapped for statement in kept.statements])
    found.choices += merged.choices
    found.blockers += merged.blockers
    pieces: list[Piece] = []
    first = 0
    for kept in unwrapped:
        numbered = enumerate(kept.statements, start=first)
        left = [statement for number, statement in numbered if number not in merged.dropped]
        first += len(kept.statements)
        if kept.whole and len(left) == len(kept.statements):
            pieces.append(kept.piece)
        else:
            pieces += _cut(kept.piece, left)
    return tuple(pieces)


def _unwrapped(kept: _Kept, found: _Found) -> _Kept:
    pair = wrapping_pair([statement.node for statement in kept.statements])
    if pair is None:
        return kept
    first, last = (kept.statements[index].line for index in pair)
    found.choices.append(Choice(first, f"BEGIN (line {first}) and COMMIT (line {last}) of this block are taken off."))
    inside = tuple(statement for index, statement in enumerate(kept.statements) if index not in pair)
    return _Kept(kept.piece, inside, whole=False)


def _cut(piece: Piece, kept: Sequence[Read]) -> list[Piece]:
    """The piece reduced to these statements, each with the comment above it."""
    source = Text(piece.text)
    pieces: list[Piece] = []
    for statement in kept:
        start = statement.start
        if statement.comment:
            start = source.data.rfind(statement.comment.splitlines()[0].encode(), 0, statement.start)
        line = piece.line + source.line(start) - 1
        pieces.append(Piece(source.slice(start, statement.end), line, piece.heading))
    return pieces


def _not_sql(block: Block) -> str:
    if block.language:
        return f"Left out: a block in {escape_hidden(block.language)}, not SQL."
    if _SQL_WORDS.search(block.text):
        return "Left out: it looks like SQL, but the block has no language. Write ```sql above it if it is meant."
    return "Left out: a block without a language."


def _no_sql(document: Document, found: _Found) -> None:
    said = _says_nothing(document)
    if said is not None:
        found.choices.append(said)
        return
    unmarked = next((b for b in document.blocks if not b.language and _SQL_WORDS.search(b.text)), None)
    if unmarked is not None:
        what = "There is no SQL here: the block that looks like it has no language."
        found.blockers.append(Blocker(unmarked.line, what, "Write ```sql above it, if it is meant."))
        return
    written = list(dict.fromkeys(b.language for b in document.blocks if b.language))
    line = document.blocks[0].line if document.blocks else None
    what = "There is no SQL here" + (f"; its blocks are {', '.join(map(escape_hidden, written))}." if written else ".")
    remedy = "Write the changes as SQL in ```sql blocks; “No schema changes” makes an empty plan."
    found.blockers.append(Blocker(line, what, remedy))


def _says_nothing(document: Document) -> Choice | None:
    for line, text in document.paragraphs:
        if _NOTHING.search(text):
            return Choice(line, "The spec says that there are no schema changes: the plan is empty.")
    return None


_Item = TypeVar("_Item", Choice, Blocker)


def _in_order(items: list[_Item]) -> tuple[_Item, ...]:
    return tuple(sorted(items, key=lambda item: item.line or 0))
