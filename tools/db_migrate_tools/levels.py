"""What an execution needs of people: level, strength of the decision, how many of them. Nothing overrides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused
from db_migrate_tools.wire import Checkpoint, Credentials, DecisionStrength

Level = Literal["observe", "preview", "approve", "confirm"]

STRENGTHS: Final[tuple[DecisionStrength, ...]] = ("client-attested", "human-key", "team")
AVAILABLE: Final[DecisionStrength] = "client-attested"
"""The strongest decision that this version can obtain: it can enroll no human-held key and knows no team."""
TWO_PEOPLE_FROM_RISK: Final = 70


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must be there before a plan runs. `approvals` counts distinct people; `confirm` is the call's own field;
    `credentials` are the places where the connection that may change the database is allowed to lie.
    """

    level: Level
    decision: DecisionStrength
    approvals: int
    confirm: bool
    credentials: frozenset[Credentials]


class DecisionTooWeak(Refused):
    """A decision was given, and this environment needs a stronger one."""


class CredentialsOpen(Refused):
    """The connection that may change this environment lies open, and here it must not."""


def requirement(
    env: Env, risk: int, data_loss: bool, *, configured_approvals: int = 1, team: bool = False
) -> Requirement:
    """The least that `env` demands for a plan of this risk (0–100); configuration can only add people.

    `team` says that approvers are known by name, as on a remote server: only then can two of them be told apart.
    """
    heavy = risk >= TWO_PEOPLE_FROM_RISK or data_loss
    approvals = max(1, configured_approvals, 2 if team and heavy else 1)
    decision: DecisionStrength = "human-key" if env == "prod" else "client-attested"
    if approvals > 1 or team:
        decision = "team"
    return Requirement(
        level="confirm" if env == "prod" else "approve",
        decision=decision,
        approvals=approvals,
        confirm=env == "prod",
        credentials=frozenset({"sealed", "remote"}) if env == "prod" else frozenset({"open", "sealed", "remote"}),
    )


def strong_enough(have: DecisionStrength, need: DecisionStrength) -> bool:
    """Whether a decision of strength `have` satisfies `need`."""
    return STRENGTHS.index(have) >= STRENGTHS.index(need)


def check_decision(env: Env, need: Requirement, have: DecisionStrength, credentials: Credentials) -> None:
    """Refuse a decision that is too weak for the requirement, or credentials that lie where they must not.

    Raises:
        DecisionTooWeak: `have` is less than what `need` demands.
        CredentialsOpen: The connection is open where it must be sealed or remote.
    """
    if not strong_enough(have, need.decision):
        raise DecisionTooWeak(*_out_of_reach(env, need))
    if credentials not in need.credentials:
        raise CredentialsOpen(
            f"A connection that can change {env} is readable on this machine, so the decision could be gone round.",
            f"Remove {env}'s write connection from the environment, .env files and db-migrate.toml of this machine.",
        )


def checkpoint_for(
    env: Env,
    client_has_form: bool,
    credentials: Credentials,
    *,
    risk: int = 0,
    data_loss: bool = False,
    configured_approvals: int = 1,
    embedded: bool = False,
) -> Checkpoint:
    """How strong the checkpoint must be and is, with the reason and, where something can be done, the remedy."""
    need = requirement(env, risk, data_loss, configured_approvals=configured_approvals)
    if not strong_enough(AVAILABLE, need.decision):
        reason, remedy = _out_of_reach(env, need)
        return Checkpoint(
            required=need.decision, available=AVAILABLE, credentials=credentials, reason=reason, remedy=remedy
        )
    way = (
        "A person answers the form that the MCP client shows."
        if client_has_form
        else "This MCP client shows no forms, so a person decides in a terminal: `db-migrate-mcp review`."
    )
    if credentials != "open":
        return Checkpoint(required=need.decision, available=AVAILABLE, credentials=credentials, reason=way)
    advisory, remedy = _round_it(env, embedded=embedded)
    return Checkpoint(
        required=need.decision,
        available=AVAILABLE,
        credentials=credentials,
        reason=f"{way} {advisory}",
        remedy=remedy,
    )


def _round_it(env: Env, *, embedded: bool) -> tuple[str, str]:
    """How an assistant with a shell could go round the checkpoint, and what to do about it."""
    if embedded:
        return (
            "The embedded database lies on this machine: an assistant that has a shell could go round this checkpoint.",
            "Use it for throwaway data; what matters belongs in a database whose connection is not on this machine.",
        )
    advisory = (
        f"A connection that can change {env} is readable on this machine: an assistant that has a shell could go "
        "round this checkpoint."
    )
    remedy = (
        f"To make the checkpoint binding, keep {env}'s connection off the machine on which the assistant has a shell, "
        "or take the shell from the assistant."
    )
    return advisory, remedy


def suffices(checkpoint: Checkpoint) -> bool:
    """Whether the decision that can be had is one that the environment accepts."""
    return strong_enough(checkpoint.available, checkpoint.required)


def _out_of_reach(env: Env, need: Requirement) -> tuple[str, str]:
    """Why nobody can execute, and what can be done instead."""
    if env == "prod":
        reason = (
            "prod runs only on a decision made with a human-held key, and this version cannot enroll one: until it "
            "can, nobody can execute a plan on prod. No flag, variable, setting or argument changes that."
        )
        return reason, "Review the change with level plan-only, which writes it to a file, and execute it on staging."
    reason = (
        f"{env} is configured to need {need.approvals} different people, and this version cannot tell one person "
        "from another: until it can, nobody can execute a plan there."
    )
    return reason, f"Who owns db-migrate.toml can set `approvals` of {env} to 1; nothing that an assistant sends can."
