"""Cases from cases.sql: what is written, what runs instead, what is told and what the rollback does with the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.kept.model import Keeping
from db_migrate_tools.kept.transform import keep
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text("utf-8")
_STEM = re.compile(r"_[0-9a-f]{6}_(\d+)")


@dataclass(frozen=True)
class Case:
    name: str
    sql: str
    expected: str


def cases() -> list[Case]:
    """The cases in their order."""
    found: list[Case] = []
    for part in (HERE / "cases.sql").read_text("utf-8").split("-- case: ")[1:]:
        name, _, rest = part.partition("\n")
        sql, _, expected = rest.partition("-- becomes\n")
        found.append(Case(name, sql, expected.strip()))
    return found


def kept(sql: str, facts: TargetFacts) -> Keeping:
    script = build([Piece(sql)])
    assert not script.blockers, script.blockers
    return keep(script, facts, "source")


def page(keeping: Keeping) -> str:
    """What a case expects: comments on kept tables and the private schema's making are left out."""
    lines = [
        f"{_squeezed(s.text)};"
        for s in keeping.script.statements
        if not s.text.startswith(("COMMENT ON TABLE db_migrate_kept", "CREATE SCHEMA IF", "REVOKE ALL ON SCHEMA"))
    ]
    lines += [f"-- told {c.line}: {c.what}" for c in keeping.script.choices]
    back = keeping.way_back
    if back is not None:
        for word, statements in (("first", back.first), ("fill", back.fill), ("last", back.last)):
            lines += [f"-- {word}: {statement}" for statement in statements]
    return _STEM.sub(r"_\1", "\n".join(lines))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
