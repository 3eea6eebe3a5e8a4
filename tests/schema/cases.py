"""Reading the case files: `-- case: name`, optional `-- alone`, `-- leaves:`, `-- setup`, `-- change`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """`alone` cases name schemas themselves; `leaves` is what no DDL can restore when the change is undone."""

    name: str
    setup: str
    change: str
    alone: bool = False
    leaves: str = ""


def read() -> list[Case]:
    found: list[Case] = []
    for path in sorted((Path(__file__).parent / "cases").glob("*.sql")):
        for text in path.read_text().split("-- case: ")[1:]:
            head, _, rest = text.partition("-- setup\n")
            setup, _, change = rest.partition("-- change\n")
            name, *notes = head.strip().splitlines()
            leaves = next((n.removeprefix("-- leaves: ") for n in notes if n.startswith("-- leaves")), "")
            found.append(Case(name, setup, change, "-- alone" in notes, leaves))
    return found
