"""Signs and words that several pages share. Signs are two columns wide in every terminal."""

from __future__ import annotations

from typing import Final, Literal

from db_migrate_tools.evidence import Env, RollbackProof
from db_migrate_tools.wire import Check, Impact, Locking, RiskLevel, WayBack

RISK: Final[dict[RiskLevel, str]] = {"LOW": "🟢", "MEDIUM": "🟡", "HIGH": "🟠", "CRITICAL": "🔴"}
CHECK: Final[dict[Literal["pass", "warn", "fail"], str]] = {"pass": "✅", "warn": "🟡", "fail": "❌"}
ENVIRONMENT: Final[dict[Env, str]] = {"dev": "🟢 Development", "staging": "🟡 Staging", "prod": "🔴 Production"}
IMPACT: Final[dict[Impact, str]] = {"none": "None", "low": "Low", "medium": "Medium", "high": "High"}
LOCKING: Final[dict[Locking, str]] = {"none": "None", "brief": "Short", "exclusive": "Long"}
WAY_BACK: Final[dict[WayBack, str]] = {
    "proven": "✅ Yes",
    "not-proven": "🟡 Not proven",
    "loses-data": "❌ Loses data",
    "none": "❌ No",
}
PROOF: Final[dict[RollbackProof, str]] = {
    "proven": "✅ Proven: these steps ran on the rehearsal's copy, and the schema came back.",
    "proven-with-data-loss": "🟡 Proven for the schema only: it came back, but some data does not.",
    "failed": "❌ Not usable as it is: the steps ran on the rehearsal's copy, and the schema did not come back.",
    "impossible": "❌ There is no way back by SQL.",
    "not-proven": "🟡 Not proven: it was not seen that everything comes back.",
}
PROOF_SHORT: Final[dict[RollbackProof, str]] = {
    "proven": "✅ proven",
    "proven-with-data-loss": "🟡 loses data",
    "failed": "❌ failed",
    "impossible": "❌ impossible",
    "not-proven": "🟡 not proven",
}


def yes(value: bool, sign: str = "🔴") -> str:
    return f"{sign} yes" if value else "no"


def milliseconds(value: float) -> str:
    """A measured time in the unit that a person would use."""
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.1f} s" if value < 120_000 else f"{value / 60_000:.0f} min"


def check_lines(checks: list[Check], telling: frozenset[str] | None = None) -> list[str]:
    """A line a check, what failed first, the remedy behind what did not pass. Of those that passed, only `telling`
    ones, by name, have a line of their own; None gives all of them one.
    """
    order = ("fail", "warn", "pass")
    whole = [c for c in checks if c.status != "pass" or telling is None or c.name in telling]
    rest = [c.name for c in checks if c not in whole]
    lines = [
        f"{CHECK[check.status]} {check.name}: {check.detail}"
        + (f" → {check.remedy}" if check.remedy and check.status != "pass" else "")
        for check in sorted(whole, key=lambda c: order.index(c.status))
    ]
    return [*lines, f"{CHECK['pass']} Also passed: {', '.join(rest)}."] if rest else lines
