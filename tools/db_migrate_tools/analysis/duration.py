"""How long a statement takes: a band from measured rates and the target's sizes, never one number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from db_migrate_tools.analysis.names import show
from db_migrate_tools.analysis.situation import Ground, Situation
from db_migrate_tools.analysis.text import has, outermost
from db_migrate_tools.schema.model import Index, Ref
from db_migrate_tools.wire import Duration

SPREAD: Final = 2.5
SLOW_MS: Final = 500.0
"""What an application notices as a pause."""
# Middle of what was measured on two shared cores (rates per second): table and index bytes rewritten,
# rows read by a validation, rows updated in place, rows deleted, rows compared while an index is sorted.
_REWRITE_BYTES: Final = 100e6
_SCAN_ROWS: Final = 20e6
_UPDATE_ROWS: Final = 57e3
_INDEX_COMPARISONS: Final = 24e6
_CONCURRENT: Final = 1.4
_BYTES_A_ROW: Final = 250
_CATALOG_MS: Final = (1.0, 20.0)
_FLOOR_MS: Final = 1.0


def rows(ground: Ground, ref: Ref) -> float:
    """Rows to reckon with: the estimate, else what the bytes would hold."""
    measured = ground.size(ref)
    if measured is None:
        return 0.0
    return float(measured.rows) if measured.rows is not None else measured.bytes / _BYTES_A_ROW


def rewrite_ms(ground: Ground, ref: Ref) -> float:
    measured = ground.size(ref)
    return 1000 * measured.bytes / _REWRITE_BYTES if measured else 0.0


def scan_ms(ground: Ground, ref: Ref) -> float:
    return 1000 * rows(ground, ref) / _SCAN_ROWS


def index_ms(ground: Ground, ref: Ref) -> float:
    count = rows(ground, ref)
    return 1000 * count * math.log2(count + 2) / _INDEX_COMPARISONS


def update_ms(ground: Ground, ref: Ref) -> float:
    return 1000 * rows(ground, ref) / _UPDATE_ROWS


def _work(s: Situation) -> Iterable[tuple[str, Ref, float]]:
    """What grows with the data: its name, the relation, the likely milliseconds."""
    ground = s.ground
    for ref in s.rewrites:
        yield "rewrite", ref, rewrite_ms(ground, ref)
    for ref in s.index_builds:
        if ref not in s.rewrites:
            made = sum(1 for i in s.created("index") if isinstance(index := s.becomes(i), Index) and index.table == ref)
            factor = _CONCURRENT if has(s.statement.text, "CONCURRENTLY") else 1.0
            yield "index build", ref, max(made, 1) * factor * index_ms(ground, ref)
    copied = s.statement.kind == "CreateTableAsStmt"
    for ref in s.scans:
        if ref not in (*s.rewrites, *s.index_builds):
            yield ("copy", ref, rewrite_ms(ground, ref)) if copied else ("scan", ref, scan_ms(ground, ref))
    if s.statement.kind in ("UpdateStmt", "DeleteStmt"):
        for ref in s.named()[:1]:
            if not ground.empty(ref):
                yield "change of rows", ref, update_ms(ground, ref)
    if not s.seen.observed and s.statement.kind in ("IndexStmt", "ReindexStmt", "VacuumStmt", "ClusterStmt"):
        for ref in s.named():
            if s.statement.kind == "IndexStmt":
                yield "index build", ref, _CONCURRENT * index_ms(ground, ref)
            else:
                yield "rewrite", ref, rewrite_ms(ground, ref)


def estimate(s: Situation) -> Duration:
    """Milliseconds once the statement has its locks; waiting for them is not in it."""
    work = list(_work(s))
    low, high = _CATALOG_MS
    if not work:
        if s.statement.writes_rows:
            return Duration(low=low, high=high, basis="a few rows; more take longer")
        return Duration(low=low, high=high, basis="only the catalog changes; no existing row is touched")
    likely = sum(ms for _, _, ms in work)
    filtered = s.statement.kind in ("UpdateStmt", "DeleteStmt") and " WHERE " in outermost(s.statement.text)
    low = low if filtered else max(low, likely / SPREAD)
    return Duration(
        low=round(low, 1),
        high=round(max(high, likely * SPREAD), 1),
        basis="; ".join(dict.fromkeys(f"{what} of {show(ref)} ({s.ground.extent(ref)})" for what, ref, _ in work))
        + ("; at most, if WHERE picks every row" if filtered else "")
        + f"; from measured rates, ÷{SPREAD} to ×{SPREAD}",
    )


def slow(s: Situation) -> bool:
    """Whether it works through rows for so long that an application notices; what was not measured may."""
    unmeasured = any(s.ground.size(ref) is None for ref in (*s.rewrites, *s.scans, *s.index_builds))
    return unmeasured or estimate(s).high > SLOW_MS


def undo_ms(s: Situation) -> float:
    """Milliseconds that undoing the statement likely takes beyond catalog changes."""
    ground, total = s.ground, 0.0
    for ref in s.rewrites:
        if not s.created("column"):
            total += rewrite_ms(ground, ref)
    for ref in s.dropped("index"):
        if isinstance(index := s.was(ref), Index):
            total += index_ms(ground, index.table)
    for ref in s.dropped("constraint"):
        total += scan_ms(ground, Ref("table", ref.schema, ref.parent))
    if s.statement.kind in ("UpdateStmt", "DeleteStmt", "TruncateStmt"):
        total += sum(update_ms(ground, ref) for ref in s.named())
    return total


def total(bands: Iterable[Duration]) -> tuple[float, float]:
    """The statements run one after the other."""
    every = list(bands)
    return sum(band.low for band in every), sum(band.high for band in every)


def _amount(ms: float, unit: tuple[str, float]) -> str:
    value = ms / unit[1]
    return f"{value:.1f}".rstrip("0").rstrip(".") if value < 2 else f"{value:.0f}"


def _unit(ms: float) -> tuple[str, float]:
    if ms < 90_000:
        return "s", 1000.0
    return ("min", 60_000.0) if ms < 5_400_000 else ("h", 3_600_000.0)


def words(low: float, high: float) -> str:
    """The band for a sentence: `under a second`, `2–12 s`, `40 s – 3 min`."""
    if high < 1000:
        return "under a second"
    above = _unit(high)
    if low < 1000:
        return f"up to {_amount(high, above)} {above[0]}"
    below = _unit(low)
    first, last = _amount(low, below), _amount(high, above)
    if below == above:
        return f"{first}–{last} {above[0]}" if first != last else f"about {last} {above[0]}"
    return f"{first} {below[0]} – {last} {above[0]}"
