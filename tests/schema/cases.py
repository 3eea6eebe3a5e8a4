"""Reading the case files: `-- case: name`, an optional `-- since:` or `-- alone`, `-- setup`, `-- change`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """`alone` cases name schemas themselves and cannot share a database with a second copy of their kind."""

    name: str
    setup: str
    change: str
    since: int = 0
    alone: bool = False


def read() -> list[Case]:
    found: list[Case] = []
    for path in sorted((Path(__file__).parent / "cases").glob("*.sql")):
        for text in path.read_text().split("-- case: ")[1:]:
            head, _, rest = text.partition("-- setup\n")
            setup, _, change = rest.partition("-- change\n")
            name, *notes = head.strip().splitlines()
            since = next((int(note.removeprefix("-- since: ")) for note in notes if note.startswith("-- since")), 0)
            found.append(Case(name, setup, change, since, "-- alone" in notes))
    return found
