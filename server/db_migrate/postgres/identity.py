"""Which database a connection leads to, and whether it is the one that was approved."""

from __future__ import annotations

import hashlib

from db_migrate.postgres.connect import Connection
from db_migrate.postgres.dsn import Dsn
from db_migrate_tools.evidence import Env, Identity
from db_migrate_tools.ports import Refused

UNVERIFIED = "unverified:"
WHO = """
SELECT current_database()::text AS database, d.oid::bigint AS database_oid, d.datdba::bigint AS owner,
       current_user::text AS role, r.rolsuper AS superuser, current_setting('server_version') AS version,
       current_setting('server_version_num')::int AS version_num,
       inet_server_addr()::text AS address, inet_server_port() AS port,
       has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS knows_system
FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
WHERE d.datname = current_database() AND r.rolname = current_user
"""


async def read_identity(
    connection: Connection,
    env: Env,
    dsn: Dsn,
    *,
    embedded: bool = False,
    read_only: bool = False,
    like: Identity | None = None,
) -> Identity:
    """Who this database is. Where pg_control_system() is not for this role, `system_identifier` begins with
    `unverified:` and digests what any role can see and a copy elsewhere would not share. `like` is an identity to
    compare with: when it is of that weaker kind, so is the answer.
    """
    row = await connection.fetchrow(WHO)
    if row is None:
        raise Refused("The current role is not in pg_roles.", "Connect with a role that exists in this cluster.")
    weak = like is not None and like.system_identifier.startswith(UNVERIFIED)
    if row["knows_system"] and not weak:
        system = str(await connection.fetchval("SELECT system_identifier FROM pg_catalog.pg_control_system()"))
    else:
        seen = "\n".join(str(row[k]) for k in ("database", "database_oid", "owner", "address", "port"))
        system = UNVERIFIED + hashlib.sha256(seen.encode()).hexdigest()[:32]
    return Identity(
        env=env,
        host="embedded" if embedded else dsn.host,
        port=dsn.port,
        database=row["database"],
        role=row["role"],
        system_identifier=system,
        database_oid=row["database_oid"],
        server_version=row["version"],
        server_version_num=row["version_num"],
        superuser=row["superuser"],
        embedded=embedded,
        read_only=read_only,
    )


def differences(approved: Identity, found: Identity) -> tuple[str, ...]:
    """What speaks against the two being one database; a sentence each. Host and port may differ: one server has
    many addresses. The role may differ only where the plan was made with a read-only role of its own.
    """
    pairs: list[tuple[str, object, object]] = [
        ("environment", approved.env, found.env),
        ("cluster", approved.system_identifier, found.system_identifier),
        ("database", approved.database, found.database),
        ("database OID", approved.database_oid, found.database_oid),
        ("major version", approved.major, found.major),
    ]
    if not approved.read_only:
        pairs.append(("role", approved.role, found.role))
    return tuple(f"{name} {before} was approved, {after} answers" for name, before, after in pairs if before != after)


def refuse_other_database(approved: Identity, found: Identity) -> None:
    """Raises Refused when the connection leads to anything but the approved database."""
    wrong = differences(approved, found)
    if wrong:
        raise Refused(
            f"This is not the database that was approved: {'; '.join(wrong)}. Nothing was run.",
            "Correct the environment's URL, or plan again to approve this database.",
        )
