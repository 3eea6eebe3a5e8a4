"""pg_dump as the second witness: what it writes, by object, without what it does not order."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

_HEADER = re.compile(r"^-- Name: (?P<name>.*); Type: (?P<type>.*?); Schema: (?P<schema>.*?); Owner: (?P<owner>.*)$")
_NOISE = ("--", "\\restrict", "\\unrestrict", "SET ", "SELECT pg_catalog.set_config(")
_UNORDERED = frozenset({"ACL", "DEFAULT ACL"})
_STATISTICS = re.compile(r"(?<= ON )[\w, ]+(?= FROM )")
_OPTIONS = re.compile(r"WITH \(([^()]*)\)")

Entry = tuple[str, str, str, str]
"""type, schema, name, text"""


def dump(pg_dump: Path, dsn: str) -> Counter[Entry]:
    """Every entry of `pg_dump -s`; the order of entries is the order of names and dependencies, and is left out."""
    text = subprocess.run([pg_dump, "-s", dsn], check=True, capture_output=True, text=True).stdout
    return entries(text)


def entries(text: str) -> Counter[Entry]:
    found: Counter[Entry] = Counter()
    at: tuple[str, str, str] = ("", "", "")
    lines: list[str] = []
    for line in [*text.splitlines(), "-- Name: ; Type: ; Schema: ; Owner: "]:
        header = _HEADER.match(line)
        if header is None:
            if line and not line.startswith(_NOISE):
                lines.append(_OPTIONS.sub(lambda m: f"WITH ({', '.join(sorted(m[1].split(', ')))})", line))
            continue
        body = sorted(lines) if at[0] in _UNORDERED else lines
        if body:
            found[at[0], at[1], at[2], "\n".join(body)] += 1
        at = (header["type"], header["schema"], f"{header['name']} of {header['owner']}")
        lines = []
    return found


def about(found: Counter[Entry], schema: str) -> Counter[Entry]:
    """The entries that name a schema, or something named after it."""
    return Counter({entry: count for entry, count in found.items() if any(schema in part for part in entry)})


def without_order(found: Counter[Entry]) -> Counter[Entry]:
    """The same with every entry's lines sorted: for tables whose columns stand in another order."""
    sorted_entries: Counter[Entry] = Counter()
    for (kind, schema, name, text), count in found.items():
        lines = sorted(_STATISTICS.sub(_sorted_columns, line).rstrip(",") for line in text.splitlines())
        if kind == "STATISTICS":
            lines = sorted(text.replace(",", "").replace(";", "").split())
        sorted_entries[kind, schema, name, "\n".join(lines)] += count
    return sorted_entries


def _sorted_columns(found: re.Match[str]) -> str:
    return ", ".join(sorted(found[0].split(", ")))


def difference(one: Counter[Entry], other: Counter[Entry]) -> str:
    """Nothing, or what only the one and only the other has."""
    return "\n".join(
        f"only in {where}: {entry[0]} {entry[2]}\n{entry[3]}"
        for where, extra in (("the first", one - other), ("the second", other - one))
        for entry in sorted(extra)
    )
