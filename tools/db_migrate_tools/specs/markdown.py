"""Code blocks of a Markdown file with the headings above them, by CommonMark."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

SQL_LANGUAGES: Final = frozenset({"sql", "postgresql", "postgres", "pgsql", "plpgsql"})
_LANGUAGE: Final = re.compile(r"[\w+#.-]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block. `line` is the source line (from 1) of its first line of code, `heading` outermost first,
    without the document's title, `prose` the last line of the paragraph or list item before it, `language` in
    lower case.
    """

    text: str
    line: int
    language: str
    heading: tuple[str, ...] = ()
    prose: str = ""

    @property
    def is_sql(self) -> bool:
        return self.language in SQL_LANGUAGES


@dataclass(slots=True)
class Document:
    """The blocks, and the paragraphs as (line, text)."""

    blocks: list[Block] = field(default_factory=list[Block])
    paragraphs: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


def read_document(text: str) -> Document:
    """Blocks and prose of a Markdown text."""
    document = Document()
    headings: list[tuple[int, str]] = []
    prose = ""
    titled = False
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1:])
            headings = [(depth, name) for depth, name in headings if depth < level]
            # The title names the feature ("Rollback centre", "CSV import"); it says nothing about the SQL beneath.
            if titled or level > 1:
                headings.append((level, _plain(tokens[index + 1])))
            titled = True
            prose = ""
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            lines = [line for line in _plain(token).splitlines() if line.strip()]
            prose = lines[-1] if lines else ""
            document.paragraphs.append(((token.map or [0])[0] + 1, _plain(token)))
        elif token.type in {"fence", "code_block"}:
            document.blocks.append(_block(token, tuple(name for _, name in headings), prose))
            prose = ""
    return document


def _block(token: Token, heading: tuple[str, ...], prose: str) -> Block:
    first = (token.map or [0])[0] + 1
    language = _LANGUAGE.match(token.info.strip())
    return Block(
        text=token.content,
        line=first + 1 if token.type == "fence" else first,
        language=language.group().lower() if language else "",
        heading=heading,
        prose=prose,
    )


def _plain(inline: Token) -> str:
    """The text of an inline token without its markup."""
    parts: list[str] = []
    for child in inline.children or []:
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
    return "".join(parts).strip()
