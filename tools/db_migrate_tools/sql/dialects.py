"""SQL of other databases, known by words that Postgres does not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from db_migrate_tools.sql.text import Token

# Each sign is a run of words as the scanner gives them, in lower case.
_SIGNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("MySQL", ("auto_increment",)),
    ("MySQL", ("engine", "=")),
    ("MySQL", ("`",)),
    ("MySQL", ("unsigned",)),
    ("MySQL", ("zerofill",)),
    ("MySQL", ("tinyint",)),
    ("MySQL", ("mediumint",)),
    ("MySQL", ("mediumtext",)),
    ("MySQL", ("longtext",)),
    ("MySQL", ("longblob",)),
    ("MySQL", ("delimiter",)),
    ("MySQL", ("on", "update", "current_timestamp")),
    ("MySQL", ("default", "charset")),
    ("MySQL", ("character", "set", "utf8mb4")),
    ("MySQL", ("fulltext",)),
    ("MySQL", ("on", "duplicate", "key")),
    ("MySQL", ("modify", "column")),
    ("SQLite", ("autoincrement",)),
    ("SQLite", ("pragma",)),
    ("SQLite", ("without", "rowid")),
    ("SQLite", ("insert", "or", "replace")),
    ("SQLite", ("insert", "or", "ignore")),
    ("SQL Server", ("identity", "(", "1", ",", "1")),
    ("SQL Server", ("nvarchar",)),
    ("SQL Server", ("uniqueidentifier",)),
    ("SQL Server", ("getdate",)),
    ("Oracle", ("varchar2",)),
)


@dataclass(frozen=True, slots=True)
class Sign:
    """A word that belongs to another database. `offset` is its byte offset."""

    dialect: str
    word: str
    offset: int


def foreign_sign(tokens: Sequence[Token]) -> Sign | None:
    """The first run of words that another database's SQL has and Postgres's has not."""
    words = [(token.text.lower(), token) for token in tokens if not token.comment and token.name != "SCONST"]
    for index, (word, token) in enumerate(words):
        for dialect, sign in _SIGNS:
            # The scanner joins operator characters: "`" may come as part of a longer one.
            first = word.startswith("`") if sign == ("`",) else word == sign[0]
            if first and all(index + i < len(words) and words[index + i][0] == s for i, s in enumerate(sign) if i):
                shown = "backtick quotes" if sign == ("`",) else " ".join(sign).upper()
                return Sign(dialect, shown, token.start)
    return None
