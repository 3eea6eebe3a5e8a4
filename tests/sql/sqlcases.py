"""Case files: SQL texts with what is expected of them, as `-- key: value` lines under a `-- case:` line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).parent / "cases"


@dataclass
class Case:
    """One case. `keys` keeps repeated keys in their order; `sql` begins on line 1."""

    name: str
    keys: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    sql: str = ""

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.keys if name == key]


def load(file: str) -> list[Case]:
    cases: list[Case] = []
    for line in (CASES / file).read_text(encoding="utf-8").splitlines():
        key, _, value = line.removeprefix("-- ").partition(": ")
        if line.startswith("-- case: "):
            cases.append(Case(value))
        elif cases and not cases[-1].sql and line.startswith("-- ") and key in {"blocked", "remedy", "choice", "is"}:
            cases[-1].keys.append((key, value))
        elif cases:
            cases[-1].sql += line + "\n"
    return cases


def ids(case: Case) -> str:
    return case.name
