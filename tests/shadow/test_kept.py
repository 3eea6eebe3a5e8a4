"""Reversible data in the rehearsal: what of it was seen to come back, and what was not."""

from __future__ import annotations

from db_migrate_tools.evidence import RollbackEvidence
from db_migrate_tools.kept.transform import keep
from db_migrate_tools.sql.model import Piece
from db_migrate_tools.sql.script import build
from shadow.rehearser import Rehearser, silent

PARTITIONED = """
CREATE TABLE t (id int, at date, name text NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE t11 PARTITION OF t1 FOR VALUES IN (1);
CREATE TABLE t12 PARTITION OF t1 DEFAULT;
CREATE TABLE few (id int PRIMARY KEY, v int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE few_1 PARTITION OF few FOR VALUES IN (1);
"""


async def _rollback(rehearse: Rehearser, sql: str) -> RollbackEvidence:
    target = await rehearse.target(PARTITIONED)
    kept = keep(build([Piece(sql)]), target, "source")
    found = await rehearse.shadow.rehearse(target, kept.script.statements, (), silent, kept.way_back)
    assert found.rollback is not None
    return found.rollback


async def test_a_dropped_partition_comes_back_with_its_partitions_and_their_rows(rehearse: Rehearser) -> None:
    found = await _rollback(rehearse, "DROP TABLE t1")
    assert (found.proof, found.why, found.lost) == ("proven", None, ())


async def test_values_that_were_all_alike_are_not_said_to_be_lost_nor_to_be_back(rehearse: Rehearser) -> None:
    found = await _rollback(rehearse, "ALTER TABLE few DROP COLUMN v")
    assert found.proof == "not-proven"
    assert found.why is not None
    assert "Whether the data of column public.few.v, column public.few_1.v come back was not seen." in found.why
    assert found.lost == ()
