"""Reading the mutation files: one change to one object each, as SQL that a person reads.

    -- mutation: a table's row security is forced
    -- object: t                   words that one line of the description must all have
    -- from: 17                    the first major version that knows it; `-- until: 16` the last
    -- superuser                   only a superuser can make the mutation; else its owner runs everything
    -- alone                       in a database of its own, for it concerns more than schemas and named objects
    -- order: made                 columns cannot keep their order on this way (made, unmade, or both), and it is told
    -- leaves unmade: words        a difference, as described, that no DDL takes back on this way
    -- fails unmade: words         what Postgres says when it refuses the DDL on this way
    -- unseen by pg_dump           which writes the same text before and after
    -- note: why
    -- before
    CREATE TABLE t (id int);
    -- then
    ALTER TABLE t FORCE ROW LEVEL SECURITY;

`t` is in a schema of the case's own. Names that begin with `case_` are made its own too: `case_here` is that schema,
`case_two` another one, `case_news` a publication. The roles `owner`, `reader`, `writer` and `keeper` exist, and
`owner` is a member of the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Way = Literal["made", "unmade"]
WAYS: tuple[Way, Way] = ("made", "unmade")
_OWN = re.compile(r"\bcase_(\w+)")


@dataclass(frozen=True)
class Mutation:
    name: str
    schema: str
    before: str
    then: str
    words: tuple[str, ...]
    first: int = 0
    last: int = 99
    superuser: bool = False
    alone: bool = False
    unseen_by_dump: bool = False
    reorders: frozenset[str] = frozenset()
    leaves: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    fails: dict[str, str] = field(default_factory=dict[str, str])

    def on(self, major: int) -> bool:
        return self.first <= major <= self.last


def read() -> list[Mutation]:
    found: list[Mutation] = []
    for path in sorted((Path(__file__).parent / "mutations").glob("*.sql")):
        for text in path.read_text().split("-- mutation: ")[1:]:
            found.append(_mutation(text, f"case_{len(found):03}"))
    return found


def _mutation(text: str, schema: str) -> Mutation:
    def own(part: str) -> str:
        return _OWN.sub(lambda m: schema if m[1] == "here" else f"{schema}_{m[1]}", part)

    head, _, rest = text.partition("-- before\n")
    before, _, then = rest.partition("-- then\n")
    name, *notes = head.strip().splitlines()
    says: dict[str, str] = {}
    for note in notes:
        key, _, value = note.removeprefix("-- ").partition(": ")
        says[key] = own(value)
    return Mutation(
        name=name,
        schema=schema,
        before=own(before),
        then=own(then),
        words=tuple(says["object"].split()),
        first=int(says.get("from", "0")),
        last=int(says.get("until", "99")),
        superuser="superuser" in says,
        alone="alone" in says,
        unseen_by_dump="unseen by pg_dump" in says,
        reorders=frozenset(says.get("order", "").split(", ")) - {""},
        fails={way: says[f"fails {way}"] for way in WAYS if f"fails {way}" in says},
        leaves={way: tuple(says[f"leaves {way}"].split("; ")) for way in WAYS if f"leaves {way}" in says},
    )
