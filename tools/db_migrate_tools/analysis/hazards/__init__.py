"""The hazards that are looked for, one module a family, one registry."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.analysis.hazards import (
    blind,
    blocking,
    compatibility,
    design,
    failures,
    idle,
    kept,
    loss,
    rewrites,
    scans,
    security,
)
from db_migrate_tools.analysis.hazards.base import LEVELS, Effect, Rule
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.wire import Hazard

__all__ = ["BY_CODE", "LEVELS", "RULES", "Effect", "find"]

RULES: Final[tuple[Rule, ...]] = (
    *blind.RULES,
    *idle.RULES,
    *loss.RULES,
    *kept.RULES,
    *rewrites.RULES,
    *scans.RULES,
    *blocking.RULES,
    *failures.RULES,
    *compatibility.RULES,
    *security.RULES,
    *design.RULES,
)
BY_CODE: Final = {rule.code: rule for rule in RULES}
_ASKED: Final = tuple(rule for rule in RULES if rule not in kept.ONLY_OURS)


def find(s: Situation) -> tuple[tuple[Hazard, ...], frozenset[Effect]]:
    """The statement's hazards, worst first, and what they mean for the plan as a whole."""
    found: list[Hazard] = []
    effects: frozenset[Effect] = frozenset()
    for rule in kept.concerning(RULES, s) if s.statement.ours else _ASKED:
        for given in rule.find(s):
            finding, meant = kept.seen(rule, given, s)
            severity = finding.severity or rule.severity
            found.append(Hazard(code=rule.code, severity=severity, message=finding.message, remedy=finding.remedy))
            effects |= meant
    return tuple(sorted(found, key=lambda h: -LEVELS.index(h.severity))), effects
