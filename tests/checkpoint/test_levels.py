"""What an execution needs of people, and that nothing lowers it."""

from __future__ import annotations

import inspect

import pytest

from db_migrate_tools import levels
from db_migrate_tools.evidence import Env
from db_migrate_tools.levels import CredentialsOpen, DecisionTooWeak
from db_migrate_tools.wire import Credentials, DecisionStrength


@pytest.mark.parametrize("env", ["dev", "staging"])
@pytest.mark.parametrize("risk", [0, 69, 70, 100])
def test_dev_and_staging_need_one_attested_answer(env: Env, risk: int) -> None:
    need = levels.requirement(env, risk, data_loss=True)
    assert (need.level, need.decision, need.approvals, need.confirm) == ("approve", "client-attested", 1, False)
    assert "open" in need.credentials


def test_prod_needs_a_key_a_confirmation_and_closed_credentials() -> None:
    need = levels.requirement("prod", 0, data_loss=False)
    assert (need.level, need.decision, need.approvals, need.confirm) == ("confirm", "human-key", 1, True)
    assert need.credentials == {"sealed", "remote"}


@pytest.mark.parametrize(
    ("risk", "data_loss", "configured", "people"),
    [(69, False, 1, 1), (70, False, 1, 2), (0, True, 1, 2), (0, False, 3, 3), (90, True, 1, 2), (0, False, 0, 1)],
)
def test_a_team_needs_two_people_for_what_weighs_and_configuration_only_adds(
    risk: int, data_loss: bool, configured: int, people: int
) -> None:
    need = levels.requirement("prod", risk, data_loss, configured_approvals=configured, team=True)
    assert (need.decision, need.approvals) == ("team", people)


@pytest.mark.parametrize(
    ("have", "need", "enough"),
    [
        ("client-attested", "client-attested", True),
        ("client-attested", "human-key", False),
        ("human-key", "client-attested", True),
        ("human-key", "team", False),
        ("team", "human-key", True),
    ],
)
def test_strengths_are_ordered(have: DecisionStrength, need: DecisionStrength, enough: bool) -> None:
    assert levels.strong_enough(have, need) is enough


def test_an_attested_answer_does_not_open_prod() -> None:
    need = levels.requirement("prod", 0, data_loss=False)
    with pytest.raises(DecisionTooWeak, match="nobody can execute a plan on prod"):
        levels.check_decision("prod", need, "client-attested", "sealed")


def test_a_key_does_not_open_prod_while_its_connection_lies_open() -> None:
    need = levels.requirement("prod", 0, data_loss=False)
    with pytest.raises(CredentialsOpen, match="readable on this machine"):
        levels.check_decision("prod", need, "human-key", "open")
    levels.check_decision("prod", need, "human-key", "remote")


@pytest.mark.parametrize("env", ["dev", "staging"])
@pytest.mark.parametrize("credentials", ["open", "sealed", "remote"])
def test_dev_and_staging_can_be_decided_and_an_open_connection_is_said(env: Env, credentials: Credentials) -> None:
    checkpoint = levels.checkpoint_for(env, client_has_form=True, credentials=credentials)
    assert levels.suffices(checkpoint)
    assert (checkpoint.required, checkpoint.available) == ("client-attested", "client-attested")
    assert ("could go round this checkpoint" in checkpoint.reason) is (credentials == "open")
    assert (checkpoint.remedy is not None) is (credentials == "open")


def test_without_forms_the_terminal_is_named() -> None:
    assert "db-migrate-mcp review" in levels.checkpoint_for("dev", client_has_form=False, credentials="remote").reason


@pytest.mark.parametrize("credentials", ["open", "sealed", "remote"])
@pytest.mark.parametrize("form", [True, False])
def test_prod_cannot_be_executed_by_anyone_and_says_so(credentials: Credentials, form: bool) -> None:
    checkpoint = levels.checkpoint_for("prod", client_has_form=form, credentials=credentials)
    assert not levels.suffices(checkpoint)
    assert (checkpoint.required, checkpoint.available) == ("human-key", "client-attested")
    assert "nobody can execute a plan on prod" in checkpoint.reason
    assert checkpoint.remedy


def test_several_approvals_cannot_be_had_from_people_who_cannot_be_told_apart() -> None:
    checkpoint = levels.checkpoint_for("staging", client_has_form=True, credentials="open", configured_approvals=2)
    assert not levels.suffices(checkpoint)
    assert "2 different people" in checkpoint.reason
    with pytest.raises(DecisionTooWeak):
        levels.check_decision(
            "staging",
            levels.requirement("staging", 0, data_loss=False, configured_approvals=2),
            "client-attested",
            "open",
        )


def test_no_function_here_takes_an_override() -> None:
    words = {"force", "override", "skip", "yes", "auto", "approve_all", "emergency", "assume"}
    for _, function in inspect.getmembers(levels, inspect.isfunction):
        assert not words & set(inspect.signature(function).parameters)
