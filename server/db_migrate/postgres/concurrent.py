"""Statements that Postgres runs only outside a transaction: what each one is, and what became of an interrupted one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate_tools.schema.model import Catalog, Ref
from db_migrate_tools.sql.model import Statement

Form = Literal["create-index", "drop-index", "reindex", "detach", "repeatable", "unknown"]
Fate = Literal["absent", "done", "unknown"]

_IDENT: Final = r'(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)'
_NAME: Final = rf"{_IDENT}(?:\s*\.\s*{_IDENT})?"
_SKIPPED: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|(?P<comment>--[^\n]*|/\*.*?\*/)""", re.DOTALL
)
_FLAGS: Final = re.IGNORECASE | re.DOTALL
_CREATE: Final = re.compile(
    rf"\s*CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?"
    rf"(?:(?!ON\b)(?P<name>{_IDENT})\s+)?ON\s+(?:ONLY\s+)?(?P<table>{_NAME})(?P<tail>.*)",
    _FLAGS,
)
_DROP: Final = re.compile(
    rf"\s*DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(?P<name>{_NAME})\s*(?:RESTRICT)?\s*", _FLAGS
)
_DETACH: Final = re.compile(
    rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_NAME})\s+DETACH\s+PARTITION\s+(?P<name>{_NAME})"
    r"\s+CONCURRENTLY\s*",
    _FLAGS,
)
_REPEATABLE: Final = frozenset({"VacuumStmt", "ClusterStmt", "AlterSystemStmt", "CheckPointStmt"})
_LEFT_BY_REINDEX: Final = r"_cc(new|old)\d*$"

INDEXES: Final = """
SELECT i.indexrelid::bigint AS oid, i.indisvalid AS valid, c.relname::text AS name, n.nspname::text AS schema,
       format('%I.%I', n.nspname, c.relname) AS quoted, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
"""
_PARTITION: Final = """
SELECT h.inhdetachpending FROM pg_catalog.pg_inherits h
WHERE h.inhparent = to_regclass($1) AND h.inhrelid = to_regclass($2)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement outside a transaction is about. `name` and `table` are spelled as in the statement."""

    form: Form
    name: str | None = None
    table: str | None = None
    unique: bool = False
    lenient: bool = False
    tail: str = ""

    @property
    def bare(self) -> str | None:
        """The object's own name, unquoted and folded as Postgres does."""
        if self.name is None:
            return None
        last: str = re.findall(_IDENT, self.name)[-1]
        return last[1:-1].replace('""', '"') if last.startswith('"') else last.lower()


def without_comments(text: str) -> str:
    """The SQL with a space for every comment; what stands in quotes is left alone."""
    return _SKIPPED.sub(lambda m: " " if m["comment"] else m[0], text)


def subject_of(statement: Statement) -> Subject:
    """Reads the statement's head; what it does not know for certain is `unknown`."""
    text = without_comments(statement.text)
    if found := _CREATE.fullmatch(text):
        return Subject(
            "create-index", found["name"], found["table"], bool(found["unique"]), bool(found["lenient"]), found["tail"]
        )
    if found := _DROP.fullmatch(text):
        return Subject("drop-index", found["name"])
    if found := _DETACH.fullmatch(text):
        return Subject("detach", found["name"], found["table"])
    if statement.kind == "ReindexStmt":
        return Subject("reindex")
    return Subject("repeatable" if statement.kind in _REPEATABLE else "unknown")


async def seen_before(connection: Connection, subject: Subject) -> tuple[int, ...]:
    """The oids that tell later what the statement itself made: a table's indexes, or the invalid ones of all.

    An invalid index that IF NOT EXISTS would take for the wanted one is left out, so that it is built anew.
    """
    if subject.form == "create-index":
        rows = await connection.fetch(INDEXES + "WHERE i.indrelid = to_regclass($1)", subject.table)
    elif subject.form == "reindex":
        rows = await connection.fetch(INDEXES + "WHERE NOT i.indisvalid")
    else:
        return ()
    return tuple(
        sorted(row["oid"] for row in rows if row["valid"] or not subject.lenient or row["name"] != subject.bare)
    )


def without(catalog: Catalog, subject: Subject) -> Catalog:
    """The catalog without what the statement is about, so that it compares equal before, amid and after it."""

    def stays(ref: Ref) -> bool:
        left_out = re.search(_LEFT_BY_REINDEX, ref.name) if subject.form == "reindex" else ref.name == subject.bare
        return ref.kind != "index" or not left_out

    return replace(catalog, objects={ref: found for ref, found in catalog.objects.items() if stays(ref)})


def comparable(subject: Subject) -> bool:
    """Whether `without` leaves out all that the statement may have changed."""
    return subject.form in ("reindex", "repeatable") or (
        subject.form in ("create-index", "drop-index") and subject.name is not None
    )


async def settle(connection: Connection, subject: Subject, seen: tuple[int, ...]) -> Fate:
    """What became of an interrupted statement, once its half-done remains are taken away.

    `unknown` means that nothing in the catalog tells; the statement must not be repeated then.
    """
    if subject.form == "create-index":
        return await _settle_index(connection, subject, seen)
    if subject.form == "drop-index":
        return "absent" if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", subject.name) else "done"
    if subject.form == "detach":
        pending = await connection.fetchval(_PARTITION, subject.table, subject.name)
        if pending:
            await connection.execute(f"ALTER TABLE {subject.table} DETACH PARTITION {subject.name} FINALIZE")
        return "absent" if pending is False else "done"
    if subject.form == "reindex":
        for row in await _invalid_since(connection, seen):
            if re.search(_LEFT_BY_REINDEX, row["name"]):
                await connection.execute(f"DROP INDEX CONCURRENTLY {row['quoted']}")
        return "absent"
    return "absent" if subject.form == "repeatable" else "unknown"


async def remains(connection: Connection, subject: Subject, seen: tuple[int, ...]) -> tuple[str, ...]:
    """What an interrupted statement left half-done, by name."""
    if subject.form == "detach":
        pending = await connection.fetchval(_PARTITION, subject.table, subject.name)
        return (f"The partition {subject.name}",) if pending else ()
    if subject.form == "drop-index":
        rows = await connection.fetch(
            INDEXES + "WHERE NOT i.indisvalid AND i.indexrelid = to_regclass($1)", subject.name
        )
    else:
        rows = await _invalid_since(connection, seen)
    return tuple(f"The invalid index {row['quoted']}" for row in rows if _made_by(subject, row["name"]))


def _made_by(subject: Subject, index: str) -> bool:
    if subject.form == "reindex":
        return re.search(_LEFT_BY_REINDEX, index) is not None
    return subject.form in ("create-index", "drop-index") and subject.bare in (None, index)


async def _invalid_since(connection: Connection, seen: tuple[int, ...]) -> list[asyncpg.Record]:
    return await connection.fetch(INDEXES + "WHERE NOT i.indisvalid AND i.indexrelid <> ALL ($1::bigint[])", list(seen))


async def _settle_index(connection: Connection, subject: Subject, seen: tuple[int, ...]) -> Fate:
    rows = await connection.fetch(
        INDEXES + "WHERE i.indrelid = to_regclass($1) AND i.indexrelid <> ALL ($2::bigint[])", subject.table, list(seen)
    )
    fate: Fate = "absent"
    for row in rows:
        if subject.bare not in (None, row["name"]):
            continue
        if not row["valid"]:
            await connection.execute(f"DROP INDEX CONCURRENTLY {row['quoted']}")
        elif _from_using(row["definition"]) == await _expected(connection, subject):
            fate = "done"
        elif subject.name is not None:
            return "unknown"
    return fate


def _from_using(definition: str) -> tuple[bool, str]:
    head, _, tail = definition.partition(" USING ")
    return head.startswith("CREATE UNIQUE"), tail


async def _expected(connection: Connection, subject: Subject) -> tuple[bool, str]:
    """What Postgres would call the definition of the index, from the same one on an empty copy of the table."""
    unique = "UNIQUE " if subject.unique else ""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"CREATE TEMPORARY TABLE db_migrate_copy (LIKE {subject.table}) ON COMMIT DROP")
        await connection.execute(f"CREATE {unique}INDEX db_migrate_copy_index ON pg_temp.db_migrate_copy{subject.tail}")
        definition: str = await connection.fetchval("SELECT pg_get_indexdef('pg_temp.db_migrate_copy_index'::regclass)")
    finally:
        await transaction.rollback()
    return _from_using(definition)
