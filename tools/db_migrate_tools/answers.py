"""Answers of approve that are made in more than one place."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.wire import ApproveOutput

PLAN_AGAIN: Final = "Call plan again: it shows what would happen now and gives a new token."


def spent(stored: StoredPlan) -> ApproveOutput:
    """What became of a plan that is over."""
    if stored.outcome is not None:
        return ApproveOutput.model_validate_json(stored.outcome)
    reasons = {
        "expired": "This plan has expired; nothing was run.",
        "voided": "This plan was withdrawn; nothing was run.",
        "declined": "The person rejected this plan; nothing was run.",
    }
    return ApproveOutput(
        plan_id=stored.plan_id,
        env=stored.env,
        status="declined" if stored.state == "declined" else "refused",
        reason=reasons.get(stored.state, f"This plan is {stored.state}."),
        remedy="Ask the person what to change before planning again." if stored.state == "declined" else PLAN_AGAIN,
    )


def refused(stored: StoredPlan | None, reason: str, remedy: str) -> ApproveOutput:
    """Nothing was run, and why. `stored` None: no plan is meant."""
    return ApproveOutput(
        plan_id=stored.plan_id if stored else None,
        env=stored.env if stored else None,
        status="refused",
        reason=reason,
        remedy=remedy,
    )


def answer(stored: StoredPlan, status: str, reason: str, remedy: str, channel: str | None) -> ApproveOutput:
    """An answer about a plan, with its status in the contract's words."""
    return ApproveOutput.model_validate(
        {
            "planId": stored.plan_id,
            "env": stored.env,
            "status": status,
            "reason": reason,
            "remedy": remedy,
            "channel": channel,
        }
    )
