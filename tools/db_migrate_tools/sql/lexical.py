"""What the tokens alone show: psql commands, hidden line ends, placeholders in names; and statements by semicolon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from db_migrate_tools.sql.hidden import blank_runs, hidden, lookalike
from db_migrate_tools.sql.model import Blocker, Choice
from db_migrate_tools.sql.parser import scan
from db_migrate_tools.sql.text import SqlError, Text, Token

_TEMPLATE: Final = re.compile(r"\{\{?\s*\w+\s*\}?\}|<\w+>|\[\w+\]|\$\{")
_COPIED_ROWS: Final = re.compile(
    rb"^[ \t]*copy\b[^;]*?\bfrom\s+stdin\b[^;]*;[ \t\r]*\n(.*?^\\\.)[ \t\r]*$", re.I | re.M | re.S
)
_COMMAND: Final = re.compile(rb"\\[^\s;]*")
_GUARD: Final = re.compile(rb"\\(?:un)?restrict [A-Za-z0-9]+[ \t\r]*(?:\n|$)")


def tokens_until_error(source: Text) -> tuple[list[Token], SqlError | None]:
    """The tokens; where a quote or comment is never closed, those before it, and the error."""
    try:
        return scan(source), None
    except SqlError as error:
        if error.message == "NUL byte":
            return [], error
        before, again = tokens_until_error(Text(source.slice(0, error.offset)))
        return ([] if again is not None else before), error


def copied_rows(source: Text, first_line: int) -> tuple[list[Blocker], Text]:
    """Refusals of rows that psql carries behind COPY … FROM stdin, and the text without those rows."""
    if b"\\." not in source.data:
        return [], source
    blockers: list[Blocker] = []
    data = bytearray(source.data)
    for found in _COPIED_ROWS.finditer(source.data):
        data[found.start(1) : found.end(1)] = re.sub(rb"[^\n]", b" ", found[1])
        blockers.append(_meta_command("\\.", first_line + source.line(found.end(1) - 1) - 1))
    return blockers, Text(data.decode("utf-8", "surrogatepass")) if blockers else source


def meta_commands(source: Text, tokens: Sequence[Token], first_line: int) -> tuple[list[Choice], list[Blocker], Text]:
    """What psql's backslash commands come to, and the text with those lines blanked so that reading can go on. All
    are refused but the pair with which pg_dump forbids the others between them.
    """
    if b"\\" not in source.data:
        return [], [], source
    choices: list[Choice] = []
    blockers: list[Blocker] = []
    data = bytearray(source.data)
    done = -1
    for token in tokens:
        if token.text[:1] != "\\" or token.start < done:
            continue
        end = source.data.find(b"\n", token.start)
        done = len(source.data) if end < 0 else end
        found = _COMMAND.match(source.data, token.start)
        name = found.group().decode("utf-8", "replace") if found else "\\"
        data[token.start : done] = b" " * (done - token.start)
        line = first_line + source.line(token.start) - 1
        if _GUARD.match(source.data, token.start):
            choices.append(Choice(line, f"{name} is left out: no other command of psql is taken either."))
        else:
            blockers.append(_meta_command(name, line))
    return choices, blockers, Text(data.decode("utf-8", "surrogatepass")) if choices or blockers else source


def _meta_command(name: str, line: int) -> Blocker:
    if name == "\\.":
        return Blocker(line, "“\\.” ends rows for psql’s COPY … FROM stdin.", "Write the rows as INSERT statements.")
    remedy = {
        "\\i": "Put the other file’s SQL here, or plan that file by itself.",
        "\\ir": "Put the other file’s SQL here, or plan that file by itself.",
        "\\copy": "Write the rows as INSERT statements.",
        "\\c": "Choose the database with `env`.",
        "\\connect": "Choose the database with `env`.",
    }.get(name, "Remove the line.")
    return Blocker(line, f"“{name}” is a command of psql, not SQL.", remedy)


def hidden_line_ends(source: Text, tokens: Sequence[Token], first_line: int) -> list[Blocker]:
    """A carriage return ends a `--` comment for Postgres, while an editor shows the SQL after it as comment."""
    if b"\r" not in source.data:
        return []
    return [
        Blocker(
            first_line + source.line(token.start) - 1,
            "A bare carriage return ends this comment: what looks like part of it would run as SQL.",
            "Save the file with ordinary line endings (LF or CRLF).",
        )
        for token in tokens
        if token.name == "SQL_COMMENT"
        and source.data[token.end : token.end + 1] == b"\r"
        and source.data[token.end + 1 : token.end + 2] != b"\n"
    ]


def template_names(source: Text, tokens: Sequence[Token], first_line: int) -> list[Blocker]:
    """Quoted names that are templates: "{tenant}"."""
    if b'"' not in source.data:
        return []
    return [
        Blocker(
            first_line + source.line(token.start) - 1,
            f"The name {token.text} is a placeholder.",
            "Write the name itself.",
        )
        for token in tokens
        if token.name == "IDENT" and token.text.startswith('"') and _TEMPLATE.search(token.text)
    ]


def oddities(piece: str, tokens: Sequence[Token], source: Text, first_line: int) -> list[Choice]:
    """Hidden characters by line, names in lookalike letters, and long blank stretches: shown, not refused."""
    by_line: dict[int, list[str]] = {}
    for found in hidden(piece):
        by_line.setdefault(found.line, []).append(f"{found.code} ({found.name})")
    choices = [
        Choice(first_line + line - 1, f"Hidden character: {', '.join(dict.fromkeys(names))}.")
        for line, names in by_line.items()
    ]
    foreign = () if piece.isascii() else tokens
    choices += [
        Choice(
            first_line + source.line(token.start) - 1,
            f"The name {token.text} has letters of another alphabet that look like Latin ones.",
        )
        for token in foreign
        if token.name == "IDENT" and not token.text.isascii() and lookalike(token.word)
    ]
    choices += [Choice(first_line + line - 1, f"{count} blank lines.") for line, count in blank_runs(piece)]
    return choices


def by_semicolon(tokens: Sequence[Token]) -> list[list[Token]]:
    """Token runs between semicolons, a BEGIN ATOMIC body kept whole: for text that does not parse as a whole."""
    runs: list[list[Token]] = [[]]
    depth = 0
    previous = ""
    for token in tokens:
        word = token.text.lower()
        if word == "atomic" and previous == "begin":
            depth = 1
        elif depth and word == "case":
            depth += 1
        elif depth and word == "end":
            depth -= 1
        if word == ";" and not depth:
            runs.append([])
        else:
            runs[-1].append(token)
        if not token.comment:
            previous = word
    return [run for run in runs if any(not token.comment for token in run)]
