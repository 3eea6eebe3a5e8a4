"""A migration's SQL: where it came from, its statements, and what a reader of it decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["feature", "file", "sql", "rollback", "environment", "kept"]
OperationType = Literal["CREATE", "ALTER", "DROP", "INDEX", "CONSTRAINT", "DATA", "POLICY", "ROUTINE", "GRANT", "OTHER"]
Category = Literal[
    "table",
    "column",
    "index",
    "constraint",
    "policy",
    "routine",
    "trigger",
    "type",
    "view",
    "grant",
    "data",
    "other",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of SQL inside a source. `line` is the source line (from 1) on which `text` begins."""

    text: str
    line: int = 1
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that reading the source decided and the human must be able to see: left out, merged, taken."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why the source cannot be planned. `line` is in the source; None where no line is to blame."""

    line: int | None
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source, read once. `sha256` is over the file's bytes as read; `down` is a human's own rollback."""

    origin: Origin
    name: str
    sha256: str
    up: tuple[Piece, ...]
    down: tuple[Piece, ...] = ()
    path: str | None = None
    feature: str | None = None
    version: str | None = None
    choices: tuple[Choice, ...] = ()
    blockers: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `text` is the original slice of the source, without its semicolon: what is executed.

    `kind` is the parser's node name (`CreateStmt`). `relations` are the names, as written, that the statement
    mentions as relations. `transactional` is False for what Postgres refuses inside a transaction.
    `opaque` marks what only running it can show (DO blocks, SELECT of a function, CALL).
    `comment` is the comment written directly above it: shown, never executed.
    `kept` says where the data are kept that the statement takes away; "" when they are not. `ours` marks what nobody
    wrote: a statement that keeping data adds.
    """

    number: int
    text: str
    line: int
    kind: str
    type: OperationType
    category: Category
    target: str
    description: str
    relations: tuple[str, ...] = ()
    transactional: bool = True
    opaque: bool = False
    writes_rows: bool = False
    comment: str = ""
    kept: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class SearchPath:
    """A search_path that a source sets, and the line on which it does; "" has no schema but Postgres's own."""

    line: int
    value: str


@dataclass(frozen=True, slots=True)
class Script:
    """The statements of a source in the order in which they run. `search_path` holds for all of them; None is the
    target's own.
    """

    statements: tuple[Statement, ...]
    choices: tuple[Choice, ...] = ()
    blockers: tuple[Blocker, ...] = field(default=())
    search_path: SearchPath | None = None

    @property
    def sql(self) -> str:
        """The statements as one text, each closed by a semicolon on a line of its own ending."""
        return "".join(f"{s.text};\n" for s in self.statements)
