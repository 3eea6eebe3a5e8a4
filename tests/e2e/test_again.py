"""Doing it again: rolled back and reapplied, after a far future, over an unfinished run, over rows nobody counted."""

from __future__ import annotations

from typing import Any

from mcp.client import Client

from e2e_site import Person, Site, data, fills, text

YES = fills("approve", "dev")


async def applied(client: Client, **plan: Any) -> dict[str, Any]:
    """Plan and approve; the outcome."""
    planned = data(await client.call_tool("plan", plan))
    assert planned["approval"], planned["checks"]
    return data(await client.call_tool("approve", {"token": planned["approval"]["token"], "env": "dev"}))


def sql(name: str, statements: str) -> dict[str, str]:
    return {"from": "sql", "name": name, "sql": statements}


async def test_a_migration_may_be_rolled_back_and_applied_again_and_again(site: Site) -> None:
    cycle = sql("cycle", "CREATE TABLE cycle (id int PRIMARY KEY)")
    async with site.client(elicitation_callback=Person(*[YES] * 4)) as client:
        for _ in range(2):
            done = await applied(client, source=cycle)
            assert done["status"] == "applied", done
            undo = {"from": "rollback", "migration": done["migration"]["version"]}
            undone = await applied(client, source=undo)
            assert undone["status"] == "applied", undone
    files = sorted(path.name for path in (site.root / "supabase" / "migrations").glob("*cycle*"))
    rows = await site.fetch("SELECT version, name FROM supabase_migrations.schema_migrations ORDER BY version")
    assert [f"{r['version']}_{r['name']}.sql" for r in rows if "cycle" in r["name"]] == files
    assert len(files) == 4


async def test_a_migration_file_that_was_rolled_back_comes_again_under_a_new_version(site: Site) -> None:
    path = "supabase/migrations/20261101000000_labels.sql"
    (site.root / path).write_text("CREATE TABLE labels (id int PRIMARY KEY);\n")
    source = {"from": "file", "path": path}
    async with site.client(elicitation_callback=Person(*[YES] * 3)) as client:
        first = await applied(client, source=source)
        assert first["migration"]["version"] == "20261101000000"
        await applied(client, source={"from": "rollback", "migration": "20261101000000"})
        again = await applied(client, source=source)
    assert again["status"] == "applied", again
    assert again["migration"]["version"] > "20261101000000"
    files = {p.name for p in (site.root / "supabase" / "migrations").glob("*_labels.sql")}
    assert {"20261101000000_labels.sql", f"{again['migration']['version']}_labels.sql"} < files


async def test_a_version_from_the_far_future_is_simply_followed(site: Site) -> None:
    await site.execute("INSERT INTO supabase_migrations.schema_migrations VALUES ('99991231235959', '{}', 'far')")
    async with site.client(elicitation_callback=Person(YES)) as client:
        done = await applied(client, source=sql("t", "CREATE TABLE t (id int PRIMARY KEY)"))
    assert done["migration"]["version"] == "99991231235960"


async def test_an_unfinished_run_is_given_up_once_another_migration_is_applied_on_it(site: Site) -> None:
    await site.execute("CREATE TABLE twice (id int)")
    await site.execute("INSERT INTO twice VALUES (1), (1)")
    broken = sql("broken", "CREATE TABLE half (id int);\nCREATE UNIQUE INDEX CONCURRENTLY twice_id ON twice (id)")
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        planned = data(await client.call_tool("plan", {"source": broken}))
        token = planned["approval"]["token"]
        failed = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert failed["status"] == "failed"
        assert "half" in failed["reason"]
        assert [p["state"] for p in data(await client.call_tool("status", {}))["pending"]] == ["executing"]
        other = await applied(client, source=sql("undo", "DROP TABLE half"))
        assert other["status"] == "applied", other
        over = data(await client.call_tool("approve", {"token": token, "env": "dev"}))
        assert over["status"] == "failed"
        assert "given up" in over["reason"]
        assert data(await client.call_tool("status", {}))["pending"] == []


async def test_rows_that_postgres_never_counted_are_counted_before_a_table_is_called_empty(site: Site) -> None:
    await site.execute("CREATE TABLE uncounted (id int)")
    await site.execute("INSERT INTO uncounted SELECT generate_series(1, 200)")
    async with site.client() as client:
        result = await client.call_tool("plan", {"source": sql("drop", "DROP TABLE uncounted")})
    plan = data(result)
    assert plan["plan"]["riskAssessment"]["dataLoss"]
    assert "200 rows" in text(result)


async def test_a_plan_that_was_kept_says_that_there_is_a_token_but_not_which(site: Site) -> None:
    async with site.client() as client:
        plan = data(await client.call_tool("plan", {}))
    kept = (site.root / plan["file"]).read_text("utf-8")
    assert "No token was issued" not in kept
    assert plan["approval"]["token"] not in kept


async def test_an_unfinished_run_of_an_old_version_is_not_taken_for_given_up(site: Site) -> None:
    """Its file's version lies before what the history holds already; only the journal knows what came later."""
    await site.execute("CREATE TABLE twice (id int)")
    await site.execute("INSERT INTO twice VALUES (1), (1)")
    path = "supabase/migrations/20260101000000_old.sql"
    (site.root / path).write_text("CREATE TABLE half (id int);\nCREATE UNIQUE INDEX CONCURRENTLY u ON twice (id);\n")
    async with site.client(elicitation_callback=Person(YES)) as client:
        planned = data(await client.call_tool("plan", {"source": {"from": "file", "path": path}}))
        token = {"token": planned["approval"]["token"], "env": "dev"}
        for _ in range(2):
            assert data(await client.call_tool("approve", token))["status"] == "failed"
            assert [p["state"] for p in data(await client.call_tool("status", {}))["pending"]] == ["executing"]
        await site.execute("DELETE FROM twice")
        done = data(await client.call_tool("approve", token))
    assert done["status"] == "applied", done
    assert done["migration"]["version"] == "20260101000000"


async def test_what_was_rolled_back_is_not_offered_to_a_person_again(site: Site) -> None:
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        done = await applied(client, source=sql("once", "CREATE TABLE once (id int PRIMARY KEY)"))
        undo = {"from": "rollback", "migration": done["migration"]["version"]}
        await applied(client, source=undo)
        again = await client.call_tool("plan", {"source": undo})
    assert again.is_error
    assert "already rolled back" in text(again)


async def test_a_function_over_a_table_comes_back_with_it(site: Site) -> None:
    await site.execute("CREATE TABLE seen (id int PRIMARY KEY)")
    await site.execute("CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM seen'")
    gone = sql("gone", "DROP FUNCTION how_many();\nDROP TABLE seen;")
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        done = await applied(client, source=gone)
        undone = await applied(client, source={"from": "rollback", "migration": done["migration"]["version"]})
    assert undone["status"] == "applied", undone
    assert (await site.fetch("SELECT how_many() AS n"))[0]["n"] == 0


async def test_a_migration_file_without_a_statement_is_recorded_once_a_person_approves(site: Site) -> None:
    path = "supabase/migrations/20270101000000_nothing.sql"
    (site.root / path).write_text("-- Kept for its number: the change went into the next file.\n")
    asked = {"from": "file", "path": path}
    person = Person(YES)
    async with site.client(elicitation_callback=person) as client:
        plan = data(await client.call_tool("plan", {"source": asked}))
        assert plan["plan"]["operations"] == []
        assert plan["nextSteps"][0] == "Show this page to the person."
        done = data(await client.call_tool("approve", {"token": plan["approval"]["token"], "env": "dev"}))
        assert done["status"] == "applied", done
        [question] = person.asked
        assert "Nothing runs: the file holds no statement." in question
        again = data(await client.call_tool("plan", {"source": asked}))
    rows = await site.fetch("SELECT version, statements FROM supabase_migrations.schema_migrations")
    assert ("20270101000000", []) in [(r["version"], r["statements"]) for r in rows]
    assert again["approval"] is None
    assert any(c["status"] == "fail" and "20270101000000" in c["detail"] for c in again["checks"]), again["checks"]
