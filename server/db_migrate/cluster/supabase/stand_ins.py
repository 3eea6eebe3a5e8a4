"""SQL-only stand-ins for extensions that our Postgres programs lack, and what of the real ones may be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

CLUSTER_NAME: Final = "db-migrate shadow"
"""`cluster_name` of throwaway clusters. The stand-ins look for it: only there may they pretend to encrypt."""

ABSENT: Final = "db_migrate.absent"
BARRED: Final = "db_migrate.barred"
"""Settings of a session: extensions that the target does not offer, and those that its role may not create."""

DURABLE: Final = "db_migrate.durable"
"""Setting of a shadow's session whose target keeps what is written: what does not encrypt there must not here."""

BROUGHT: Final = "db_migrate.brought"
"""Setting while a dump is restored: extensions whose objects the dump brings itself."""

_VERSION: Final = re.compile(r"[0-9A-Za-z_.+]([0-9A-Za-z_.+-]{0,60}[0-9A-Za-z_.+])?")
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,60}[a-z0-9_])?")

GRANTED: Final = ("postgres", "dashboard_user", "service_role")
"""Roles that a Supabase project lets use the tables of its extensions."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """An extension in SQL. `schema` is the one its control file names, `makes` the one its script makes.

    A baseline may have brought the objects without the extension: `makes` is there then, or the table `landmark`.
    `sha1` names its function for such hashes: two extensions in one schema need two names.
    """

    name: str
    version: str
    schema: str | None = None
    makes: str | None = None
    requires: str | None = None
    landmark: str | None = None
    sha1: str | None = None
    lacks: str = "does nothing"


STAND_INS: Final = {
    item.name: item
    for item in (
        StandIn("pgcrypto", "1.3", sha1="_sha1", lacks="does not encrypt or hash passwords"),
        StandIn("uuid-ossp", "1.1", sha1="_sha1_of", lacks="makes its UUIDs in SQL"),
        StandIn("pg_net", "0.19.5", makes="net", lacks="sends no request"),
        StandIn("pg_cron", "1.6.4", makes="cron", lacks="runs no job"),
        StandIn("pg_graphql", "1.5.11", schema="graphql", lacks="answers no query"),
        StandIn("http", "1.6", lacks="sends no request"),
        StandIn("supabase_vault", "0.3.1", schema="vault", lacks="does not encrypt"),
        StandIn("pgsodium", "3.1.8", schema="pgsodium", lacks="does not encrypt"),
        StandIn("pgmq", "1.5.1", schema="pgmq", landmark="pgmq.meta", lacks="keeps queues in plain tables"),
        StandIn("pg_jsonschema", "0.3.3", lacks="takes every document for valid"),
        StandIn("pgjwt", "0.2.0", requires="pgcrypto", lacks="signs in SQL"),
        StandIn("hypopg", "1.4.1"),
        StandIn("index_advisor", "0.2.0", requires="hypopg"),
        StandIn("pg_repack", "1.5.2", makes="repack"),
        StandIn("plpgsql_check", "2.7", lacks="checks nothing"),
        StandIn("pgaudit", "1.0", lacks="logs nothing"),
    )
}

REACHING_OUT: Final = frozenset({"pg_net", "http"})
"""Extensions whose stand-in is used even where the real one is there: that one would send requests."""

TRUSTED: Final = frozenset(
    {
        "autoinc",
        "bloom",
        "dict_xsyn",
        "earthdistance",
        "insert_username",
        "moddatetime",
        "pg_stat_statements",
        "pgrowlocks",
        "pgstattuple",
        "refint",
        "vector",
    }
)
"""Real extensions that Supabase lets an ordinary role create, and Postgres does not."""


def is_name(text: str) -> bool:
    """Whether an extension's name may become part of a file's name."""
    return _NAME.fullmatch(text) is not None and "--" not in text


def is_version(text: str) -> bool:
    """Whether a version may become part of a file's name."""
    return _VERSION.fullmatch(text) is not None and "--" not in text and ".." not in text


def body(name: str) -> str:
    """The objects of a stand-in, as the script of an extension has them."""
    here, sha1 = files(__package__ or ""), STAND_INS[name].sha1
    text = here.joinpath("extensions", f"{name}.sql").read_text("utf-8")
    return text if sha1 is None else here.joinpath("sha1.sql").read_text("utf-8").replace("@sha1@", sha1) + text


def script(item: StandIn) -> str:
    """The script that CREATE EXTENSION runs.

    Objects that are there already have come with the baseline or a dump, and stay nobody's: so dropping the extension
    again leaves what was there before.
    """
    text = body(item.name) + grants(item.name, item.makes or item.schema)
    lacking: str | None = None
    if item.makes is not None:
        lacking = f"pg_catalog.to_regnamespace('{item.makes}') IS NULL"
    elif item.landmark is not None:
        brought = f"pg_catalog.string_to_array(pg_catalog.current_setting('{BROUGHT}', true), ',')"
        lacking = f"pg_catalog.to_regclass('{item.landmark}') IS NULL AND ('{item.name}' = ANY ({brought})) IS NOT TRUE"
    if lacking is not None:
        text = f"DO $dbm_make$ BEGIN IF {lacking} THEN EXECUTE $dbm_body$\n{text}$dbm_body$; END IF; END $dbm_make$;\n"
    return gate(item.name) + text


def brought_by(sql: str) -> frozenset[str]:
    """Extensions whose objects a dump brings itself, as far as their schema does not tell."""
    found = (item for item in STAND_INS.values() if item.landmark is not None)
    return frozenset(item.name for item in found if f"CREATE TABLE {item.landmark} (" in sql)


def gate(name: str) -> str:
    """What a script begins with: on a shadow, the refusal that the target itself would give."""
    return f"""DO $dbm_gate$
BEGIN
    IF '{name}' = ANY (pg_catalog.string_to_array(pg_catalog.current_setting('{ABSENT}', true), ',')) THEN
        RAISE EXCEPTION 'extension "{name}" is not available' USING ERRCODE = 'feature_not_supported',
            HINT = 'The extension must first be installed on the system where PostgreSQL is running.';
    ELSIF '{name}' = ANY (pg_catalog.string_to_array(pg_catalog.current_setting('{BARRED}', true), ',')) THEN
        RAISE EXCEPTION 'permission denied to create extension "{name}"' USING ERRCODE = 'insufficient_privilege',
            HINT = 'Must be superuser to create this extension.';
    END IF;
END
$dbm_gate$;
"""


def grants(name: str, schema: str | None) -> str:
    """Data rights on what is in the extension's own schema, for those who have them on Supabase and for its maker.

    Never TRIGGER: whoever may put one on such a table has its owner's rights when the owner writes.
    """
    if schema is None:
        return ""
    listed = ", ".join(f"'{role}'" for role in GRANTED)
    return f"""DO $dbm_grants$
DECLARE
    granted pg_catalog.text;
BEGIN
    FOR granted IN
        SELECT pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_roles r
        WHERE NOT r.rolsuper AND (r.rolname IN ({listed})
            OR r.oid = (SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname = '{name}'))
    LOOP
        EXECUTE 'GRANT USAGE{", CREATE" if schema == "pgmq" else ""} ON SCHEMA {schema} TO ' || granted;
        EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO ' || granted;
        EXECUTE 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO ' || granted;
        EXECUTE 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO ' || granted;
    END LOOP;
END
$dbm_grants$;
"""


def control(item: StandIn, version: str) -> str:
    """The control file of a stand-in."""
    lines = [
        f"comment = 'stand-in of db-migrate for {item.name}'",
        f"default_version = '{version}'",
        "relocatable = false",
        "trusted = true",
        *([f"schema = '{item.schema}'"] if item.schema else []),
        *([f"requires = '{item.requires}'"] if item.requires else []),
    ]
    return "\n".join(lines) + "\n"


def describe(names: set[str]) -> str | None:
    """What the stand-ins among these extensions do not do, in a sentence; None where there are none."""
    found = [STAND_INS[name] for name in sorted(names & STAND_INS.keys())]
    if not found:
        return None
    parts = "; ".join(f"{item.name} {item.lacks}" for item in found)
    return f"Stand-ins of db-migrate were used for extensions that this Postgres lacks: {parts}."
