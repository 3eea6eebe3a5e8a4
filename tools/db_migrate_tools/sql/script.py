"""From pieces of SQL to a script: numbered statements, what was taken off, what must not run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from db_migrate_tools.sql import lexical, session, settings
from db_migrate_tools.sql.chunks import chunks
from db_migrate_tools.sql.dialects import foreign_sign
from db_migrate_tools.sql.explain import explain
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.mistakes import cause
from db_migrate_tools.sql.model import Blocker, Category, Choice, Piece, Script, Statement
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.parser import Parsed, parse
from db_migrate_tools.sql.refuse import elsewhere, refusals
from db_migrate_tools.sql.survey import is_opaque, is_transactional, survey
from db_migrate_tools.sql.text import SqlError, Text, Token

MOST_BYTES: Final = 32_000_000
_MOST_ERRORS: Final = 20


@dataclass(frozen=True, slots=True)
class Read:
    """A statement with where it stands: `text` is its original slice, `line` counts in the source."""

    node: Node
    text: str
    line: int
    last_line: int
    start: int
    end: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A piece, read: every statement that parses, and why the others do not."""

    statements: tuple[Read, ...] = ()
    choices: tuple[Choice, ...] = ()
    blockers: tuple[Blocker, ...] = ()


def read(piece: Piece) -> Reading:
    """Split and parse one piece. `start` and `end` of a statement are byte offsets into the piece's UTF-8."""
    parts = chunks(piece.text)
    if len(parts) == 1:
        found = _read(piece)
        return replace(found, blockers=_fewer(found.blockers))
    statements: list[Read] = []
    choices: list[Choice] = []
    blockers: list[Blocker] = []
    line, base = piece.line, 0
    for part in parts:
        found = _read(replace(piece, text=part, line=line))
        statements += (replace(r, start=r.start + base, end=r.end + base) for r in found.statements)
        choices += found.choices
        blockers += found.blockers
        line += part.count("\n")
        base += len(part.encode("utf-8", "surrogatepass"))
    return Reading(tuple(statements), tuple(choices), _fewer(blockers))


def _read(piece: Piece) -> Reading:
    source = Text(piece.text)
    tokens, unfinished = lexical.tokens_until_error(source)
    if unfinished is not None and unfinished.message == "NUL byte":
        what, remedy = cause(piece.text, tokens, unfinished)
        return Reading(blockers=(Blocker(piece.line + unfinished.line - 1, what, remedy),))
    choices = lexical.oddities(piece.text, tokens, source, piece.line)
    rows, source = lexical.copied_rows(source, piece.line)
    if rows:
        tokens, unfinished = lexical.tokens_until_error(source)
    blockers = list(rows)
    while len(blockers) <= _MOST_ERRORS:
        left_out, refused, blanked = lexical.meta_commands(source, tokens, piece.line)
        if not left_out and not refused:
            break
        # What stands behind such a command need not even be tokens of SQL, and hides what comes after it.
        choices += left_out
        blockers += refused
        source = blanked
        tokens, unfinished = lexical.tokens_until_error(source)
    blockers += lexical.hidden_line_ends(source, tokens, piece.line)
    blockers += lexical.template_names(source, tokens, piece.line)
    parsed: list[Parsed] = []
    if unfinished is None:
        try:
            parsed = parse(source, tokens)
        except SqlError:
            parsed, errors = _one_by_one(source, tokens, piece.line)
            blockers += errors
    else:
        parsed, errors = _one_by_one(source, tokens, piece.line, unfinished)
        blockers += errors
    comments = [token for token in tokens if token.comment]
    statements = _placed(source, parsed, comments, piece.line)
    return Reading(statements, tuple(choices), tuple(blockers))


def _one_by_one(
    source: Text, tokens: list[Token], first_line: int, unfinished: SqlError | None = None
) -> tuple[list[Parsed], list[Blocker]]:
    """Parse statement by statement, so that one mistake does not hide the others."""
    sign = foreign_sign(tokens)
    parsed: list[Parsed] = []
    errors: list[Blocker] = []
    runs = lexical.by_semicolon(tokens)
    if unfinished is not None and runs and tokens[-1].text != ";":
        runs.pop()  # the statement in which the quote or comment stays open
    for run in runs:
        base = run[0].start
        text = Text(source.slice(base, run[-1].end))
        shifted = [Token(t.name, t.text, t.start - base, t.end - base) for t in run]
        try:
            parsed += [Parsed(p.node, p.start + base, p.end + base) for p in parse(text, shifted)]
        except SqlError as error:
            errors.append(Blocker(first_line + source.line(base + error.offset) - 1, *cause(text.text, shifted, error)))
    if unfinished is not None:
        errors.append(Blocker(first_line + unfinished.line - 1, *cause(source.text, tokens, unfinished)))
    if sign is not None:
        line = first_line + source.line(sign.offset) - 1
        what = f"This is {sign.dialect}, not Postgres: {sign.word}."
        return parsed, [Blocker(line, what, f"Write it for Postgres; {sign.dialect} databases are not migrated here.")]
    return parsed, errors


def _fewer(errors: Sequence[Blocker]) -> tuple[Blocker, ...]:
    if len(errors) <= _MOST_ERRORS:
        return tuple(errors)
    rest = len(errors) - _MOST_ERRORS
    last = Blocker(errors[_MOST_ERRORS].line, f"{rest} more lines cannot be read.", "Correct the first ones.")
    return (*errors[:_MOST_ERRORS], last)


def _placed(source: Text, parsed: list[Parsed], comments: list[Token], first_line: int) -> tuple[Read, ...]:
    found: list[Read] = []
    before = 0
    at = 0
    for statement in parsed:
        above: list[Token] = []
        while at < len(comments) and comments[at].start < statement.end:
            if comments[at].start >= before and comments[at].end <= statement.start:
                above.append(comments[at])
            at += 1
        line = source.line(statement.start)
        found.append(
            Read(
                node=statement.node,
                text=source.slice(statement.start, statement.end),
                line=first_line + line - 1,
                last_line=first_line + source.line(statement.end) - 1,
                start=statement.start,
                end=statement.end,
                comment=_attached(source, above, line, before),
            )
        )
        before = statement.end
    return tuple(found)


def _attached(source: Text, above: list[Token], line: int, before: int) -> str:
    """The comments that end on the line above the statement, without a blank line between them."""
    kept: list[str] = []
    for token in reversed(above):
        ends = source.line(token.end)
        begins = source.line(token.start)
        if ends < line - 1 or (before and begins == source.line(before)):
            break
        kept.append(token.text.rstrip("\r"))
        line = begins
    return "\n".join(reversed(kept))


def build(pieces: Sequence[Piece], *, derived: bool = False) -> Script:
    """The script of a source: what runs, in its order and its original bytes; what was taken off; what blocks it.
    More than thirty-two megabytes are not read at all. `derived` pieces are ours, made from the difference of catalogs.
    """
    size = sum(len(piece.text.encode("utf-8", "surrogatepass")) for piece in pieces)
    if size > MOST_BYTES:
        what = f"This is {size / 1e6:.1f} MB of SQL; more than {MOST_BYTES / 1e6:.0f} MB are not read."
        return Script((), blockers=(Blocker(None, what, _TOO_BIG),))
    readings = [read(piece) for piece in pieces]
    reads = [statement for reading in readings for statement in reading.statements]
    choices = [choice for reading in readings for choice in reading.choices]
    blockers = [blocker for reading in readings for blocker in reading.blockers]
    nodes = [statement.node for statement in reads]
    pair = session.wrapping_pair(nodes)
    settled = settings.settle(nodes, [statement.line for statement in reads], pair or (), derived=derived)
    if pair is not None:
        first, last = (reads[index].line for index in pair)
        choices.append(Choice(first, f"BEGIN (line {first}) and COMMIT (line {last}) are taken off: {_WHY_TAKEN_OFF}"))
    statements: list[Statement] = []
    for index, found in enumerate(reads):
        if pair is not None and index in pair:
            continue
        if index in settled.taken:
            choices.append(Choice(found.line, settled.taken[index]))
            continue
        kept = index in settled.kept
        statement, notes, refused = _statement(found, len(statements) + 1, derived=derived, kept=kept)
        choices += notes
        blockers += refused
        if not refused:
            statements.append(statement)
    return Script(
        tuple(statements),
        tuple(sorted(choices, key=_line)),
        tuple(sorted(blockers, key=_line)),
        settled.search_path,
    )


_TOO_BIG: Final = (
    "Nobody can review that much. Bring rows in outside of migrations (psql's \\copy), or split it into several."
)
_WHY_TAKEN_OFF: Final = "db-migrate opens and ends the transactions."


def _line(item: Choice | Blocker) -> int:
    return item.line or 0


def _statement(found: Read, number: int, *, derived: bool, kept: bool) -> tuple[Statement, list[Choice], list[Blocker]]:
    facts = survey(found.node)
    opaque = is_opaque(found.node, facts)
    meaning = explain(found.node)
    said = session.refused(found.node) if not kept else None
    reasons = dict.fromkeys([said] if said is not None else refusals(found.node, facts, derived=derived))
    note = elsewhere(found.node, facts)
    statement = Statement(
        number=number,
        text=found.text,
        line=found.line,
        kind=found.node.kind,
        type=meaning.type,
        category=meaning.category,
        target=escape_hidden(meaning.target),
        description=escape_hidden(meaning.description),
        relations=facts.relations,
        transactional=is_transactional(found.node),
        opaque=opaque,
        writes_rows=opaque or facts.changes_rows,
        comment=found.comment,
    )
    return (
        statement,
        [Choice(found.line, note)] if note else [],
        [Blocker(found.line, what, remedy) for what, remedy in reasons],
    )


def select(script: Script, categories: Collection[Category] | None) -> Script:
    """Only the statements of these categories, numbered anew; each one left out is a choice. None keeps all."""
    if categories is None:
        return script
    kept = [s for s in script.statements if s.category in categories]
    choices = [
        Choice(s.line, f"Left out, because `operations` has no {s.category}: {s.description}.")
        for s in script.statements
        if s.category not in categories
    ]
    blockers = script.blockers
    if script.statements and not kept:
        there = ", ".join(sorted({s.category for s in script.statements}))
        blockers += (
            Blocker(
                None, "No statement is of the chosen `operations`.", f"The source has: {there}. Choose among them."
            ),
        )
    numbered = tuple(replace(s, number=i) for i, s in enumerate(kept, start=1))
    ordered = tuple(sorted((*script.choices, *choices), key=_line))
    return replace(script, statements=numbered, choices=ordered, blockers=blockers)
