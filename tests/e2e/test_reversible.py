"""Reversible data through the real client: kept out of sight, brought back exactly, removed by a plan of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp.client import Client

from e2e_site import Person, Site, data, fills, text

YES = fills("approve", "dev")

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'ok',
    initial text GENERATED ALWAYS AS (left(name, 1)) STORED, changed_at timestamptz);
CREATE TABLE letters (
    id serial PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE, body text, length numeric(6, 2) NOT NULL);
CREATE INDEX letters_body ON letters (body);
CREATE TABLE favourites (
    person bigint REFERENCES people ON DELETE SET NULL,
    letter int UNIQUE NOT NULL REFERENCES letters ON DELETE CASCADE);
CREATE TABLE "Odd names" ("The id" int PRIMARY KEY, "the ""big"" value" text NOT NULL);
COMMENT ON TABLE letters IS 'What people wrote';
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON letters FOR SELECT TO authenticated USING (person IS NOT NULL);
GRANT SELECT ON letters TO authenticated;
GRANT UPDATE (body) ON letters TO anon;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.changed_at := '2030-01-01'; RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE people DISABLE TRIGGER touched;
INSERT INTO people (name, mood, changed_at) SELECT 'p' || n, 'sad', '2020-01-01' FROM generate_series(1, 20) n;
ALTER TABLE people ENABLE TRIGGER touched;
INSERT INTO letters (person, body, length) SELECT n % 20 + 1, 'l' || n, n / 3.0 FROM generate_series(1, 60) n;
INSERT INTO favourites SELECT n % 20 + 1, n FROM generate_series(1, 30) n;
INSERT INTO "Odd names" VALUES (1, 'one'), (2, 'two');
"""
TABLES = ("people", "letters", "favourites", '"Odd names"')


async def rows(site: Site, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
    """Every row of the tables, as text."""
    return {t: [r[0] for r in await site.fetch(f"SELECT to_jsonb(t)::text FROM {t} t ORDER BY 1")] for t in tables}


async def applied(client: Client, proof: str | None = None, **plan: Any) -> dict[str, Any]:
    planned = data(await client.call_tool("plan", plan))
    assert planned["approval"], [c for c in planned["checks"] if c["status"] == "fail"]
    assert proof in (None, planned["proof"]["rollback"]), planned["proof"]["why"]
    done = data(await client.call_tool("approve", {"token": planned["approval"]["token"], "env": "dev"}))
    assert done["status"] == "applied", done
    return done


async def undone(client: Client, done: dict[str, Any]) -> dict[str, Any]:
    return await applied(client, source={"from": "rollback", "migration": done["migration"]["version"]})


def sql(name: str, statements: str) -> dict[str, str]:
    return {"from": "sql", "name": name, "sql": statements}


async def fingerprint(client: Client) -> str:
    (dev,) = (e for e in data(await client.call_tool("status", {"env": "dev"}))["environments"])
    return str(dev["fingerprint"])


async def there_and_back(site: Site, statements: str, hidden: str, expected: int, *, same_order: bool = True) -> None:
    """Apply it, see that what is hidden is hidden, roll it back, see that every row is as it was."""
    await site.execute(SCHEMA)
    before = await rows(site)
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        first = await fingerprint(client)
        done = await applied(client, source=sql("away", statements), reversible=True, proof="proven")
        assert (await site.fetch(hidden))[0][0] == expected
        kept = data(await client.call_tool("status", {}))["kept"]
        assert kept
        assert kept[0]["migration"] == f"{done['migration']['version']} away"
        await undone(client, done)
        assert await rows(site) == before
        assert (await fingerprint(client) == first) is same_order
        assert data(await client.call_tool("status", {}))["kept"] == []


async def test_a_dropped_table_is_out_of_sight_and_comes_back_with_its_rows_rights_and_policies(site: Site) -> None:
    await there_and_back(
        site,
        'DROP TABLE favourites;\nDROP TABLE IF EXISTS letters CASCADE;\nDROP TABLE "Odd names";',
        "SELECT count(*) FROM pg_class WHERE relname IN ('letters', 'favourites', 'Odd names', 'letters_body')",
        0,
    )


async def test_dropped_columns_and_lossy_types_come_back_with_every_value(site: Site) -> None:
    await there_and_back(
        site,
        "ALTER TABLE people DROP COLUMN mood, DROP COLUMN initial;"
        "\nALTER TABLE letters ALTER COLUMN length TYPE int;"
        '\nALTER TABLE "Odd names" DROP COLUMN "the ""big"" value";',
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'mood'",
        0,
        same_order=False,
    )


async def test_deleted_and_overwritten_rows_come_back_with_those_that_went_along(site: Site) -> None:
    await there_and_back(
        site,
        "DELETE FROM favourites AS f USING people p WHERE p.id = f.person AND p.name = 'p3' RETURNING f.*;\n"
        "WITH few AS (SELECT id FROM letters WHERE id < 5) DELETE FROM letters WHERE id IN (SELECT id FROM few);\n"
        "UPDATE people SET name = upper(name), mood = 'ok' WHERE name IS DISTINCT FROM 'p1';\n"
        "UPDATE letters l SET body = p.name FROM people p WHERE p.id = l.person AND p.id > 10;\n"
        "INSERT INTO people (name) SELECT 'new' FROM generate_series(1, 3);\n"
        "INSERT INTO people (name) VALUES ('newer') RETURNING id;\n"
        'UPDATE "Odd names" SET "the ""big"" value" = \'x\';',
        "SELECT count(*) FROM people WHERE name = upper(name) OR name LIKE 'new%'",
        23,
    )


async def test_truncated_tables_come_back_with_their_sequences(site: Site) -> None:
    await site.execute("CREATE TABLE alone (id int PRIMARY KEY)")
    await there_and_back(
        site,
        "TRUNCATE letters RESTART IDENTITY CASCADE;\nALTER TABLE people ADD COLUMN extra int;\n"
        "UPDATE people SET extra = 1;",
        "SELECT (SELECT count(*) FROM letters) + (SELECT count(*) FROM favourites)",
        0,
    )
    assert (await site.fetch("SELECT last_value FROM letters_id_seq"))[0][0] == 60


async def test_what_is_kept_is_removed_by_a_plan_of_its_own_and_then_the_rollback_is_refused(site: Site) -> None:
    await site.execute(SCHEMA)
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        done = await applied(client, source=sql("gone", "DELETE FROM letters WHERE id > 50"), reversible=True)
        version = done["migration"]["version"]
        status = data(await client.call_tool("status", {}))
        assert sorted(k["rows"] for k in status["kept"]) == [0, 10]
        offered = data(await client.call_tool("rollback-plan", {"migration": version}))
        assert any("db_migrate_kept" in line for line in offered["kept"])
        purge = {"from": "kept", "migration": version}
        planned = data(await client.call_tool("plan", {"source": purge}))
        assert planned["plan"]["riskAssessment"]["dataLoss"]
        assert planned["proof"]["rollback"] == "impossible"
        removed = await applied(client, source=purge)
        refused = await client.call_tool("plan", {"source": {"from": "rollback", "migration": version}})
        assert refused.is_error
        assert f"{removed['migration']['version']} purge_kept_of_gone removed it" in text(refused)
        assert data(await client.call_tool("rollback-plan", {"migration": version}))["proof"] == "impossible"
        again = await client.call_tool("plan", {"source": purge})
        assert "Nothing is kept" in text(again)


async def test_a_plan_that_loses_data_offers_its_reversible_form_and_tells_what_it_would_run(site: Site) -> None:
    await site.execute(SCHEMA)
    drop = sql("away", "DROP TABLE favourites")
    async with site.client() as client:
        plain = data(await client.call_tool("plan", {"source": drop}))
        assert any("reversible: true" in option["call"] for option in plain["options"])
        assert plain["plan"]["riskAssessment"]["dataLoss"]
        kept = data(await client.call_tool("plan", {"source": drop, "reversible": True}))
        assert not any("reversible: true" in option["call"] for option in kept["options"])
        assert not kept["plan"]["riskAssessment"]["dataLoss"]
        assert any("line 1" in choice and "db_migrate_kept" in choice for choice in kept["source"]["choices"])
        assert all("DROP TABLE" not in operation["sql"] for operation in kept["plan"]["operations"])


async def test_sql_of_somebody_elses_may_not_take_away_what_is_kept(site: Site) -> None:
    async with site.client() as client:
        result = await client.call_tool("plan", {"source": sql("sly", "DROP TABLE db_migrate_kept.x")})
    assert result.is_error
    assert '{"from": "kept"}' in text(result)


async def test_old_values_come_back_though_the_new_ones_are_not_of_the_old_type(site: Site) -> None:
    await site.execute(
        """CREATE TABLE notes (id int PRIMARY KEY, extra jsonb NOT NULL DEFAULT '{}', size int);
        INSERT INTO notes SELECT n, '{"k": "hello"}', n FROM generate_series(0, 8) n;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'nobody may'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION refuse();"""
    )
    before = await rows(site, ["notes"])
    change = """ALTER TABLE notes ALTER COLUMN extra TYPE text USING extra ->> 'k';
        ALTER TABLE notes ALTER COLUMN size TYPE text USING CASE WHEN size = 7 THEN 'many' ELSE size::text END;"""
    async with site.client(elicitation_callback=Person(YES, YES)) as client:
        first = await fingerprint(client)
        done = await applied(client, source=sql("retype", change), reversible=True)
        assert [r["size"] for r in await site.fetch("SELECT size FROM notes WHERE id = 7")] == ["many"]
        undo = await undone(client, done)
        assert await fingerprint(client) == first, undo
    assert await rows(site, ["notes"]) == before
