"""Schemas of any size for the benchmarks: tables as applications have them, and twenty changes to them."""

from __future__ import annotations

from collections.abc import Iterator

COLUMNS = 20
BATCH = 100


def statements(tables: int) -> Iterator[str]:
    """SQL in batches: `tables` tables of twenty columns with keys, checks, indexes, comments, policies, grants."""
    yield (
        "CREATE TYPE state AS ENUM ('new', 'open', 'closed');"
        "CREATE DOMAIN email AS text CHECK (VALUE ~ '@');"
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN NEW.updated_at := now(); RETURN NEW; END$$;"
    )
    for first in range(0, tables, BATCH):
        yield "".join(_table(number) for number in range(first, min(first + BATCH, tables)))


def _table(number: int) -> str:
    name = f"t{number:05d}"
    parent = f"REFERENCES t{number - 1:05d} (id)" if number % 10 else ""
    more = "".join(f", note_{n} text, amount_{n} numeric(12, 2) DEFAULT 0" for n in range(5))
    text = f"""
CREATE TABLE {name} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint {parent}, name text NOT NULL, contact email,
  state state NOT NULL DEFAULT 'new', tags text[], payload jsonb NOT NULL DEFAULT '{{}}', due date,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz{more},
  CONSTRAINT {name}_due CHECK (due IS NULL OR due > '2000-01-01'), CONSTRAINT {name}_name UNIQUE (name, parent_id)
);
CREATE INDEX ON {name} (parent_id);
CREATE INDEX ON {name} (state) WHERE state <> 'closed';
COMMENT ON TABLE {name} IS 'Table number {number}';
"""
    if number % 5 == 0:
        text += f"CREATE TRIGGER touch BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION touch();\n"
        text += f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;\n"
        text += f"CREATE POLICY own ON {name} USING (name = CURRENT_USER);\n"
        text += f"GRANT SELECT ON {name} TO PUBLIC;\n"
    if number % 20 == 0:
        text += f"CREATE VIEW v{number:05d} AS SELECT id, name, state FROM {name} WHERE due IS NOT NULL;\n"
    return text


def changes(tables: int) -> tuple[str, ...]:
    """Twenty statements of an ordinary migration, spread over the schema."""
    at = [f"t{tables * n // 20:05d}" for n in range(20)]
    return (
        "CREATE TABLE added (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE)",
        "CREATE TABLE added_items (id bigint PRIMARY KEY, added_id bigint NOT NULL REFERENCES added (id))",
        "CREATE INDEX added_items_added ON added_items (added_id)",
        f"ALTER TABLE {at[1]} ADD COLUMN extra text",
        f"ALTER TABLE {at[2]} ADD COLUMN counted integer NOT NULL DEFAULT 0",
        f"CREATE INDEX {at[3]}_due_again ON {at[3]} (due)",
        f"ALTER TABLE {at[4]} ALTER COLUMN note_0 SET DEFAULT ''",
        f"ALTER TABLE {at[5]} ADD CONSTRAINT {at[5]}_amount CHECK (amount_0 >= 0)",
        f"ALTER TABLE {at[6]} RENAME COLUMN note_1 TO remark",
        f"ALTER TABLE {at[7]} ALTER COLUMN amount_1 TYPE numeric(14, 2)",
        f"COMMENT ON COLUMN {at[8]}.name IS 'What people call it'",
        f"ALTER TABLE {at[9]} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY everyone ON {at[9]} FOR SELECT USING (true)",
        f"CREATE FUNCTION label({at[10]}) RETURNS text LANGUAGE sql STABLE AS $$SELECT $1.name$$",
        f"CREATE VIEW named AS SELECT id, name FROM {at[11]}",
        f"GRANT SELECT ON {at[12]} TO PUBLIC",
        f"ALTER TABLE {at[13]} ADD COLUMN other_id bigint REFERENCES added (id)",
        f"CREATE TRIGGER touch_again BEFORE INSERT ON {at[14]} FOR EACH ROW EXECUTE FUNCTION touch()",
        f"ALTER TABLE {at[16]} ALTER COLUMN note_2 SET STATISTICS 500",
        f"DROP INDEX {at[17]}_parent_id_idx",
    )
