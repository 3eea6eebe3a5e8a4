"""What a hazard rule is: a code, a severity, what it means for the plan, and a predicate on one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from db_migrate_tools.analysis import duration, locks
from db_migrate_tools.analysis.names import listed, show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Ref
from db_migrate_tools.wire import RiskLevel

Effect = Literal["breaks", "loses"]
LEVELS: Final[tuple[RiskLevel, ...]] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit of a rule. `message` begins with the effect; SQL in `remedy` stands on lines of its own after the
    first. `severity` and `effects` replace the rule's where the data says more. `subject` names what is lost.
    """

    message: str
    remedy: str
    severity: RiskLevel | None = None
    effects: frozenset[Effect] | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A hazard. `title` is the few words that a list of reasons shows."""

    code: str
    severity: RiskLevel
    title: str
    find: Callable[[Situation], Iterable[Finding]]
    effects: frozenset[Effect] = frozenset()


BREAKS: Final[frozenset[Effect]] = frozenset({"breaks"})
LOSES: Final[frozenset[Effect]] = frozenset({"breaks", "loses"})
OVERWRITES: Final[frozenset[Effect]] = frozenset({"loses"})
HARMLESS: Final[frozenset[Effect]] = frozenset()


def severity_of_stall(ms: float) -> RiskLevel:
    """How bad it is when an application waits that long, in milliseconds at worst."""
    if ms < 500:
        return "LOW"
    if ms < 5_000:
        return "MEDIUM"
    return "HIGH" if ms < 60_000 else "CRITICAL"


def stall(s: Situation) -> tuple[str, RiskLevel]:
    """How long what the statement locks is blocked, in words and as a severity."""
    band = duration.estimate(s)
    unmeasured = any(s.ground.size(ref) is None for ref in (*s.rewrites, *s.scans, *s.index_builds))
    if unmeasured:
        return "for an unknown time (size unknown)", "HIGH"
    return f"for {duration.words(band.low, band.high)}", severity_of_stall(band.high)


def waiting(s: Situation, ref: Ref) -> str:
    """`Reads and writes of a and writes of b`: everything that waits for this statement, `ref` first."""
    held = dict(s.stopped())
    first = held.pop(ref, None)
    parts = [f"{locks.blocks(first)} of {show(ref)}"] if first else []
    parts += [f"{locks.blocks(mode)} of {show(other)}" for other, mode in held.items()]
    text = listed(parts) or f"work on {show(ref)}"
    return text[0].upper() + text[1:]


def worst(severities: Iterable[RiskLevel]) -> RiskLevel:
    return LEVELS[max(map(LEVELS.index, severities), default=0)]
