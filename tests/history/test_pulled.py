"""Files as `supabase db pull` writes them, and files that begin with a search_path: planned whole, and applied so."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from db_migrate_tools.plan import plan
from db_migrate_tools.ports import Refused
from db_migrate_tools.wire import PlanInput
from history.places import opened
from history.replay import PULLED, files, silent


async def test_a_pulled_schema_and_a_search_path_at_the_top_hold_where_they_run(tmp_path: Path) -> None:
    async with opened(tmp_path, PULLED) as (world, replay):
        lines = [await replay.one(path, by_runner=True) for path in files(PULLED)]
        assert [line.failures for line in lines] == [()] * 3
        assert [line.outcome for line in lines] == ["proven"] * 3, [line.why for line in lines]
        connection = await asyncpg.connect(replay.dsn)
        where = await connection.fetchval(
            "SELECT array_agg(relnamespace::regnamespace || '.' || relname ORDER BY relnamespace, relname) "
            "FROM pg_class WHERE relname IN ('daily', 'latest', 'daily_open', 'todos')"
        )
        kept = await connection.fetchval("SHOW search_path")
        await connection.close()
        assert where == ["public.todos", "reports.daily", "reports.daily_open", "reports.latest"]
        assert kept == '"$user", public, extensions'
        # Nothing but the file itself would say so to those who run it elsewhere.
        source = {"from": "sql", "sql": "SET search_path = reports; CREATE TABLE b (id int);", "name": "b"}
        request = PlanInput.model_validate({"env": "dev", "source": source})
        with pytest.raises(Refused, match="search_path") as refusal:
            await plan(request, world, silent, client_has_form=True, lifetime_seconds=60)
        assert "public.users" in str(refusal.value) + refusal.value.remedy
