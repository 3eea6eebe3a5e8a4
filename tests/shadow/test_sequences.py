"""Sequences that a migration sets back, drops or makes anew: the rollback does not know where they stood."""

from __future__ import annotations

import pytest

from db_migrate_tools.evidence import RollbackEvidence
from db_migrate_tools.schema.model import Ref
from shadow.rehearser import Rehearser

SETUP = """
CREATE SEQUENCE tickets;
CREATE SEQUENCE down INCREMENT -1;
CREATE SEQUENCE small AS smallint;
CREATE TABLE users (id bigserial PRIMARY KEY, name text);
CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
"""


async def undone(rehearse: Rehearser, sql: str, down: str = "") -> RollbackEvidence:
    rehearsal = await rehearse(SETUP, sql, down)
    assert rehearsal.ran, rehearsal.why_not
    assert rehearsal.failed_at is None
    assert rehearsal.rollback is not None
    return rehearsal.rollback


@pytest.mark.parametrize(
    ("sql", "sequence"),
    [
        ("SELECT setval('tickets', 1)", "tickets"),
        ("SELECT setval('users_id_seq', 1)", "users_id_seq"),
        ("SELECT setval('users_id_seq', 5000, false)", "users_id_seq"),
        ("ALTER SEQUENCE users_id_seq RESTART WITH 1", "users_id_seq"),
        ("ALTER SEQUENCE down RESTART", "down"),
        ("DROP SEQUENCE tickets", "tickets"),
        ("ALTER TABLE people ALTER id RESTART WITH 1", "people_id_seq"),
        ("ALTER TABLE people ALTER id DROP IDENTITY", "people_id_seq"),
        ("DO $$ BEGIN PERFORM setval('tickets', 3); END $$", "tickets"),
    ],
)
async def test_a_sequence_set_back_has_lost_its_position(rehearse: Rehearser, sql: str, sequence: str) -> None:
    found = await undone(rehearse, sql)
    assert found.proof == "proven-with-data-loss"
    assert found.lost == (Ref("sequence", "public", sequence),)
    assert f"The sequence public.{sequence} starts again behind values that it has given out" in (found.why or "")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nextval('tickets')",
        "ALTER SEQUENCE tickets RENAME TO coupons",
        "ALTER SEQUENCE tickets AS smallint",
        "ALTER SEQUENCE tickets MAXVALUE 1000",
        "ALTER SEQUENCE small INCREMENT 7",
        "CREATE SEQUENCE more",
        "SELECT setval('users_id_seq', (SELECT max(id) FROM users))",
        "CREATE TABLE tags (id bigserial PRIMARY KEY)",
    ],
)
async def test_what_leaves_the_position_alone_is_proven(rehearse: Rehearser, sql: str) -> None:
    found = await undone(rehearse, sql)
    assert (found.proof, found.lost, found.findings) == ("proven", (), ())


async def test_a_rollback_written_by_a_person_loses_it_too(rehearse: Rehearser) -> None:
    found = await undone(rehearse, "DROP SEQUENCE tickets", "CREATE SEQUENCE tickets")
    assert (found.proof, found.lost) == ("proven-with-data-loss", (Ref("sequence", "public", "tickets"),))
