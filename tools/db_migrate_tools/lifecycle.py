"""The life of a plan: every state and every allowed transition, in one place."""

from __future__ import annotations

from typing import Final, Literal

PlanState = Literal[
    "previewed",
    "awaiting",
    "approved",
    "executing",
    "applied",
    "failed",
    "rolled_back",
    "declined",
    "expired",
    "voided",
]

TRANSITIONS: Final[dict[PlanState, frozenset[PlanState]]] = {
    "previewed": frozenset({"awaiting", "approved", "declined", "expired", "voided"}),
    "awaiting": frozenset({"approved", "declined", "expired", "voided"}),
    "approved": frozenset({"executing", "expired", "voided"}),
    "executing": frozenset({"applied", "failed", "rolled_back"}),
    "applied": frozenset(),
    "failed": frozenset(),
    "rolled_back": frozenset(),
    "declined": frozenset(),
    "expired": frozenset(),
    "voided": frozenset(),
}
PENDING: Final = frozenset[PlanState]({"previewed", "awaiting", "approved"})
FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)


def may_become(state: PlanState, following: PlanState) -> bool:
    """Whether a plan in `state` may go to `following`."""
    return following in TRANSITIONS[state]
