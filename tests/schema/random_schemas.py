"""Random schemas as lists of statements. A statement that does not fit what is there fails, and is left out."""

# A statement is read more easily on one line.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from random import Random

SCHEMAS = ("s1", "s2")
ROLES = ("case_reader", "case_writer", "PUBLIC")
PLAIN = ("int", "bigint", "text", "varchar(20)", "numeric(8,2)", "boolean", "date", "timestamptz", "uuid", "jsonb")
DEFAULTS = {
    "int": ("1", "nextval('s1.q1')", "s1.f1(1)"),
    "bigint": ("nextval('s2.q2')", "5"),
    "text": ("'it''s'", "'x' || 'y'", "s1.f1(2)::text"),
    "boolean": ("true",),
    "date": ("now()", "'2020-01-01'"),
    "timestamptz": ("now()",),
    "jsonb": ("'{}'",),
}
Piece = Callable[[Random], str]


def schema(r: Random) -> str:
    return r.choice(SCHEMAS)


def table(r: Random) -> str:
    return f"{schema(r)}.t{r.randint(1, 4)}"


def column(r: Random) -> str:
    return f"c{r.randint(1, 5)}"


def relation(r: Random) -> str:
    return r.choice((table(r), table(r), f"{schema(r)}.v{r.randint(1, 3)}", f"{schema(r)}.m1"))


def view(r: Random) -> str:
    return f"{schema(r)}.v{r.randint(1, 3)}"


def user_type(r: Random) -> str:
    return f"{schema(r)}.{r.choice(('e1', 'e2', 'd1', 'k1', 'r1'))}"


def type_name(r: Random) -> str:
    name = user_type(r) if r.random() < 0.3 else r.choice(PLAIN)
    return name + ("[]" if r.random() < 0.15 else "")


def function(r: Random) -> str:
    return f"{schema(r)}.f{r.randint(1, 3)}"


def column_definition(r: Random, name: str, others: list[str]) -> str:
    kind = type_name(r)
    word = f"{name} {kind}"
    if r.random() < 0.12 and others:
        return f"{name} int GENERATED ALWAYS AS ({r.choice(others)} IS NULL AND s1.f1(1) > 0) STORED".replace(
            "int GEN", "boolean GEN"
        )
    if kind in ("int", "bigint") and r.random() < 0.2:
        return f"{word} GENERATED {r.choice(('ALWAYS', 'BY DEFAULT'))} AS IDENTITY (INCREMENT {r.randint(1, 3)})"
    if kind == "text" and r.random() < 0.2:
        word += ' COLLATE "C"'
    if kind in DEFAULTS and r.random() < 0.4:
        word += f" DEFAULT {r.choice(DEFAULTS[kind])}"
    if r.random() < 0.25:
        word += " NOT NULL"
    if r.random() < 0.15:
        word += f" CHECK ({name} IS NOT NULL OR s1.f1(3) > 1)"
    return word


def create_table(r: Random) -> str:
    names = r.sample(["c1", "c2", "c3", "c4", "c5"], r.randint(1, 5))
    lines = [column_definition(r, name, names[:at]) for at, name in enumerate(names)]
    if r.random() < 0.5:
        lines.append(f"PRIMARY KEY ({names[0]})")
    elif r.random() < 0.4:
        lines.append(f"UNIQUE ({', '.join(names[:2])}) {r.choice(('', 'DEFERRABLE', 'NULLS NOT DISTINCT'))}")
    text = f"CREATE {'UNLOGGED ' if r.random() < 0.1 else ''}TABLE {table(r)} ({', '.join(lines)})"
    chance = r.random()
    if chance < 0.15:
        return f"{text} PARTITION BY {r.choice(('LIST', 'HASH'))} ({names[0]})"
    if chance < 0.25:
        return f"{text} INHERITS ({table(r)})"
    return text + (" WITH (fillfactor = 70)" if r.random() < 0.1 else "")


def create_type(r: Random) -> str:
    place = schema(r)
    labels = ", ".join(f"'{label}'" for label in r.sample(["a", "b", "c", "it''s"], r.randint(1, 4)))
    return r.choice(
        (
            f"CREATE TYPE {place}.e{r.randint(1, 2)} AS ENUM ({labels})",
            f"CREATE DOMAIN {place}.d1 AS {type_name(r)} {r.choice(('', 'NOT NULL', 'CHECK (VALUE IS NOT NULL)'))}",
            f"CREATE DOMAIN {place}.d1 AS int CHECK (s1.f1(VALUE) > 0) DEFAULT 3",
            f"CREATE TYPE {place}.k1 AS (c1 {type_name(r)}, c2 {type_name(r)})",
            f"CREATE TYPE {place}.r1 AS RANGE (SUBTYPE = {r.choice(('float8', 'text', f'{place}.e1'))})",
        )
    )


def create_function(r: Random) -> str:
    name, source = function(r), relation(r)
    return r.choice(
        (
            f"CREATE FUNCTION {name}(a int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT {r.randint(1, 9)}'",
            f"CREATE FUNCTION {name}(a int) RETURNS int IMMUTABLE LANGUAGE sql RETURN a + {r.randint(1, 9)}",
            f"CREATE FUNCTION {name}() RETURNS SETOF {source} STABLE LANGUAGE sql BEGIN ATOMIC SELECT * FROM {source}; END",
            f"CREATE FUNCTION {name}(x {user_type(r)} DEFAULT NULL) RETURNS {type_name(r)} LANGUAGE sql AS 'SELECT NULL'",
            f"CREATE FUNCTION {name}(x {source}) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM {source}'",
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$",
            f"CREATE PROCEDURE {name}(a int) LANGUAGE sql AS 'SELECT 1'",
            f"CREATE AGGREGATE {name}(int) (SFUNC = int4pl, STYPE = int)",
        )
    )


def create_view(r: Random) -> str:
    source, other = relation(r), relation(r)
    query = r.choice(
        (
            f"SELECT * FROM {source}",
            f"SELECT {column(r)} FROM {source}",
            f"SELECT {column(r)}, {column(r)} FROM {source} WHERE {column(r)} IS NOT NULL",
            f"SELECT x.c1, y.c2 FROM {source} x JOIN {other} y ON x.c1 = y.c1",
            f"SELECT c1, s1.f1(1) AS c2 FROM {source}",
            f"SELECT * FROM {function(r)}()",
            f"SELECT c1, count(*) AS c2 FROM {source} GROUP BY c1",
        )
    )
    if r.random() < 0.25:
        return f"CREATE MATERIALIZED VIEW {schema(r)}.m1 AS {query} WITH NO DATA"
    options = r.choice(("", "", "WITH (security_invoker)", "WITH (security_barrier = true)"))
    return f"CREATE {r.choice(('', 'OR REPLACE '))}VIEW {view(r)} {options} AS {query}"


def hang(r: Random) -> str:
    """Something on a table."""
    on, name = table(r), column(r)
    return r.choice(
        (
            f"ALTER TABLE {on} ADD FOREIGN KEY ({name}) REFERENCES {table(r)} {r.choice(('', 'ON DELETE CASCADE', 'DEFERRABLE INITIALLY DEFERRED', 'NOT VALID'))}",
            f"ALTER TABLE {on} ADD CONSTRAINT k{r.randint(1, 3)} CHECK ({name} IS NOT NULL) {r.choice(('', 'NOT VALID'))}",
            f"ALTER TABLE {on} ADD CONSTRAINT k{r.randint(1, 3)} UNIQUE ({name})",
            f"ALTER TABLE {on} ADD PRIMARY KEY ({name})",
            f"CREATE {r.choice(('', 'UNIQUE '))}INDEX i{r.randint(1, 4)} ON {on} ({name}) {r.choice(('', f'WHERE {column(r)} IS NULL'))}",
            f"CREATE INDEX i{r.randint(1, 4)} ON {on} ((s1.f1(1) + 0), {name} DESC)",
            f"CREATE UNIQUE INDEX i{r.randint(5, 6)} ON {schema(r)}.m1 ({name})",
            f"CREATE TRIGGER g{r.randint(1, 2)} BEFORE INSERT OR UPDATE OF {name} ON {on} FOR EACH ROW EXECUTE FUNCTION {function(r)}()",
            f"CREATE TRIGGER g1 INSTEAD OF INSERT ON {view(r)} FOR EACH ROW EXECUTE FUNCTION {function(r)}()",
            f"CREATE CONSTRAINT TRIGGER g3 AFTER DELETE ON {on} DEFERRABLE FOR EACH ROW EXECUTE FUNCTION {function(r)}()",
            f"CREATE POLICY p{r.randint(1, 2)} ON {on} TO case_reader USING ({name} IS NULL AND s1.f1(1) > 0)",
            f"CREATE POLICY p{r.randint(1, 2)} ON {on} FOR SELECT USING (EXISTS (SELECT FROM {relation(r)}))",
            f"CREATE TABLE {schema(r)}.t{r.randint(5, 6)} PARTITION OF {on} FOR VALUES IN (NULL)",
            f"CREATE TABLE {schema(r)}.t{r.randint(5, 6)} PARTITION OF {on} DEFAULT",
            f"CREATE TABLE {schema(r)}.t{r.randint(5, 6)} PARTITION OF {on} FOR VALUES WITH (MODULUS 2, REMAINDER {r.randint(0, 1)})",
        )
    )


def adorn(r: Random) -> str:
    """Owners, privileges, comments, settings."""
    on, at, role = relation(r), table(r), r.choice(ROLES)
    return r.choice(
        (
            f"COMMENT ON TABLE {at} IS 'about {r.randint(1, 9)}'",
            f"COMMENT ON COLUMN {on}.{column(r)} IS 'about {r.randint(1, 9)}'",
            f"COMMENT ON VIEW {view(r)} IS 'seen'",
            f"COMMENT ON TYPE {user_type(r)} IS 'kind'",
            f"GRANT SELECT, UPDATE ON {on} TO {role}",
            f"GRANT SELECT ({column(r)}) ON {on} TO {role}",
            f"GRANT ALL ON {on} TO case_writer WITH GRANT OPTION",
            f"REVOKE ALL ON {on} FROM {role}",
            f"GRANT USAGE ON TYPE {user_type(r)} TO case_reader",
            f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema(r)} FROM PUBLIC",
            f"GRANT USAGE ON SCHEMA {schema(r)} TO case_reader",
            f"ALTER TABLE {at} OWNER TO case_writer",
            f"ALTER VIEW {view(r)} OWNER TO case_writer",
            f"ALTER TYPE {user_type(r)} OWNER TO case_writer",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema(r)} GRANT SELECT ON TABLES TO case_reader",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema(r)} GRANT ALL ON FUNCTIONS TO case_reader",
            "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            f"ALTER TABLE {at} {r.choice(('ENABLE', 'DISABLE', 'FORCE', 'NO FORCE'))} ROW LEVEL SECURITY",
            f"ALTER TABLE {at} REPLICA IDENTITY FULL",
            f"ALTER TABLE {at} ALTER {column(r)} SET STATISTICS {r.randint(1, 99)}",
            f"ALTER TABLE {at} ALTER {column(r)} SET STORAGE EXTERNAL",
            f"ALTER TABLE {at} SET (fillfactor = {r.randint(50, 90)})",
            f"ALTER TABLE {at} CLUSTER ON i{r.randint(1, 4)}",
            f"ALTER TABLE {at} DISABLE TRIGGER g{r.randint(1, 2)}",
            f"ALTER VIEW {view(r)} SET (security_invoker = {r.choice(('on', 'off'))})",
            f"ALTER VIEW {view(r)} ALTER {column(r)} SET DEFAULT NULL",
        )
    )


def create_sequence(r: Random) -> str:
    return f"CREATE SEQUENCE {schema(r)}.q{r.randint(1, 2)} {r.choice(('', 'AS int', 'INCREMENT 3', 'CYCLE'))}"


CREATE: tuple[Piece, ...] = (create_table, create_table, create_type, create_function, create_view, hang, hang, adorn)
FIRST = (
    "CREATE SCHEMA s1",
    "CREATE SCHEMA s2",
    "CREATE FUNCTION s1.f1(a int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'",
    "CREATE SEQUENCE s1.q1",
    "CREATE SEQUENCE s2.q2",
)


def change(r: Random) -> str:
    """Any change to what is there."""
    at, name, word = table(r), column(r), r.choice(("CASCADE", ""))
    return r.choice(
        (
            f"DROP TABLE {at} {word}",
            f"DROP VIEW {view(r)} {word}",
            f"DROP MATERIALIZED VIEW {schema(r)}.m1 {word}",
            f"DROP FUNCTION {function(r)} {word}",
            f"DROP TYPE {user_type(r)} {word}",
            f"DROP SEQUENCE {schema(r)}.q{r.randint(1, 2)} {word}",
            f"DROP INDEX {schema(r)}.i{r.randint(1, 4)}",
            f"DROP POLICY p1 ON {at}",
            f"ALTER TABLE {at} DROP {name} {word}",
            f"ALTER TABLE {at} ADD {column_definition(r, name, [column(r)])}",
            f"ALTER TABLE {at} ALTER {name} TYPE {type_name(r)} USING NULL",
            f"ALTER TABLE {at} ALTER {name} TYPE {r.choice(('bigint', 'text', 'varchar(30)'))}",
            f"ALTER TABLE {at} ALTER {name} {r.choice(('SET', 'DROP'))} NOT NULL",
            f"ALTER TABLE {at} ALTER {name} DROP DEFAULT",
            f"ALTER TABLE {at} ALTER {name} SET DEFAULT s1.f1(7)",
            f"ALTER TABLE {at} ALTER {name} DROP IDENTITY",
            f"ALTER TABLE {at} ALTER {name} ADD GENERATED ALWAYS AS IDENTITY",
            f"ALTER TABLE {at} ALTER {name} DROP EXPRESSION",
            f"ALTER TABLE {at} DROP CONSTRAINT k{r.randint(1, 3)} {word}",
            f"ALTER TABLE {at} DROP CONSTRAINT t{r.randint(1, 4)}_pkey {word}",
            f"ALTER TABLE {at} DROP CONSTRAINT t{r.randint(1, 4)}_{name}_fkey",
            f"ALTER TABLE {at} SET {r.choice(('LOGGED', 'UNLOGGED'))}",
            f"ALTER TABLE {at} DETACH PARTITION {schema(r)}.t{r.randint(5, 6)}",
            f"ALTER TABLE {at} ATTACH PARTITION {table(r)} DEFAULT",
            f"ALTER TABLE {at} INHERIT {table(r)}",
            f"ALTER TABLE {at} NO INHERIT {table(r)}",
            f"ALTER TABLE {at} RENAME TO t{r.randint(1, 4)}",
            f"ALTER TABLE {at} RENAME {name} TO {column(r)}",
            f"ALTER TABLE {at} SET SCHEMA {schema(r)}",
            f"ALTER VIEW {view(r)} RENAME TO v{r.randint(1, 3)}",
            f"ALTER TYPE {user_type(r)} RENAME TO {r.choice(('e1', 'e2', 'd1', 'k1'))}",
            f"ALTER TYPE {user_type(r)} SET SCHEMA {schema(r)}",
            f"ALTER TYPE {schema(r)}.e{r.randint(1, 2)} ADD VALUE '{r.choice('dexy')}'",
            f"ALTER TYPE {schema(r)}.e{r.randint(1, 2)} RENAME VALUE 'a' TO '{r.choice('dexy')}'",
            f"ALTER TYPE {schema(r)}.k1 {r.choice(('DROP ATTRIBUTE c1', 'ADD ATTRIBUTE c3 int', 'ALTER ATTRIBUTE c1 TYPE text'))}",
            f"ALTER DOMAIN {schema(r)}.d1 {r.choice(('DROP NOT NULL', 'SET NOT NULL', 'DROP DEFAULT', 'ADD CHECK (s1.f1(1) > 2)'))}",
            f"ALTER FUNCTION {function(r)} RENAME TO f{r.randint(1, 3)}",
            f"ALTER FUNCTION {function(r)} STABLE",
            f"CREATE OR REPLACE FUNCTION s1.f1(a int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT {r.randint(1, 9)}'",
            f"ALTER SEQUENCE {schema(r)}.q{r.randint(1, 2)} INCREMENT {r.randint(1, 5)}",
            f"ALTER SEQUENCE {schema(r)}.q{r.randint(1, 2)} OWNED BY {at}.{name}",
        )
    )


def statements(seed: int, size: int) -> list[str]:
    """A schema of about so many statements, of which some will fail."""
    r = Random(seed)
    found = list(FIRST)
    for share in (create_type, create_table, create_table, create_function, create_view, hang, adorn, create_sequence):
        found += [share(r) for _ in range(max(1, size // 8))]
    return found + [r.choice(CREATE)(r) for _ in range(size // 2)]


def changes(seed: int, size: int) -> list[str]:
    r = Random(seed)
    return [(change if r.random() < 0.7 else r.choice(CREATE))(r) for _ in range(size)]
