"""The envelope and the lifecycle, and that the test database is real."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, get_args

import asyncpg
import pytest

from db_migrate_tools.envelope import (
    Envelope,
    canonical,
    digest,
    digest_of_bytes,
    digest_of_statements,
    load,
    short_code,
)
from db_migrate_tools.evidence import Identity, SessionSettings
from db_migrate_tools.lifecycle import FINAL, PENDING, TRANSITIONS, PlanState, may_become

ENVELOPE = Envelope(
    plan_id="plan1",
    env="dev",
    name="größe",
    statements=("CREATE TABLE t (id int)", "CREATE INDEX ON t (id)"),
    transactional=(True, True),
    rollback_digest="aa" * 32,
    target=Identity("dev", "db.example", 5432, "app", "ann", "1", 2, "18.6", 180006),
    settings=SessionSettings("public"),
    schema_fingerprint="bb" * 32,
    risk=12,
    data_loss=False,
    requester="a test",
    source_sha256="cc" * 32,
    created_at=1,
    expires_at=2,
    nonce="n",
)
STATES: tuple[PlanState, ...] = get_args(PlanState)


def other(value: object) -> Any:
    """A value of the same type that is not this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return (*value, value[0]) if isinstance(value, tuple) else value


async def test_the_test_database_answers(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def test_the_canonical_bytes_are_sorted_tight_utf8_json() -> None:
    data = canonical(ENVELOPE)
    read = json.loads(data)
    assert list(read) == sorted(read)
    assert list(read["target"]) == sorted(read["target"])
    assert data == json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert "größe".encode() in data
    assert canonical(replace(ENVELOPE)) == data


@pytest.mark.parametrize("name", [f.name for f in fields(Envelope) if f.name not in ("target", "settings")])
def test_the_digest_changes_with_every_field(name: str) -> None:
    changed = replace(ENVELOPE, **{name: other(getattr(ENVELOPE, name))})
    assert digest(changed) != digest(ENVELOPE)
    assert short_code(digest(changed)) != short_code(digest(ENVELOPE))


@pytest.mark.parametrize("name", [f.name for f in fields(Identity)])
def test_the_digest_changes_with_every_field_of_the_target(name: str) -> None:
    target = replace(ENVELOPE.target, **{name: other(getattr(ENVELOPE.target, name))})
    assert target != ENVELOPE.target
    assert digest(replace(ENVELOPE, target=target)) != digest(ENVELOPE)


@pytest.mark.parametrize("name", [f.name for f in fields(SessionSettings)])
def test_the_digest_changes_with_every_setting(name: str) -> None:
    settings = replace(ENVELOPE.settings, **{name: other(getattr(ENVELOPE.settings, name) or "some")})
    assert settings != ENVELOPE.settings
    assert digest(replace(ENVELOPE, settings=settings)) != digest(ENVELOPE)


def test_where_one_statement_ends_is_part_of_the_digest() -> None:
    assert digest_of_statements(("a", "b")) != digest_of_statements(("a,b",))
    assert digest_of_statements(("a", "b")) != digest_of_statements(("b", "a"))
    assert digest_of_statements(()) != digest_of_statements(("",))


def test_an_envelope_comes_back_from_its_bytes_with_the_same_digest() -> None:
    back = load(canonical(ENVELOPE))
    assert back == ENVELOPE
    assert digest(back) == digest_of_bytes(canonical(ENVELOPE)) == digest(ENVELOPE)


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        canonical(ENVELOPE)[:-1],
        canonical(ENVELOPE).replace(b'"version":1', b'"version":2'),
        canonical(ENVELOPE).replace(b'"env":"dev"', b'"env":"qa"', 1),
        canonical(ENVELOPE).replace(b'"risk":12', b'"risk":"high"'),
    ],
)
def test_foreign_bytes_are_no_envelope(foreign: bytes) -> None:
    with pytest.raises(ValueError, match=r"Envelope|JSON|json"):
        load(foreign)


def test_every_transition_leads_to_a_known_state_and_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert set().union(*TRANSITIONS.values()) <= set(STATES)


def test_nothing_follows_a_final_state() -> None:
    assert set(STATES) - FINAL == PENDING | {"executing"}
    assert not any(may_become(state, following) for state in STATES if state in FINAL for following in STATES)


def test_every_state_can_be_reached_and_every_plan_can_end() -> None:
    reached: set[PlanState] = {"previewed"}
    for _ in STATES:
        reached |= {following for state in reached for following in TRANSITIONS[state]}
    assert reached == set(STATES)
    assert all(TRANSITIONS[state] for state in set(STATES) - FINAL)


def test_only_an_approved_plan_may_begin_to_run() -> None:
    assert [state for state in STATES if may_become(state, "executing")] == ["approved"]
    assert [state for state in STATES if may_become(state, "approved")] == ["previewed", "awaiting"]
    assert [state for state in STATES if may_become(state, "applied")] == ["executing"]
