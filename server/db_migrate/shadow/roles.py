"""Roles on the shadow: those that the schema names, and the one that plays the target's role."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.server import literal, name

UNDECIDED = "dbm_target_role"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in a rehearsal: `role` bears the name of the target's role and is a member of `member_of`."""

    role: str
    member_of: frozenset[str] = frozenset()
    bypasses_rls: bool = False


async def ensure(admin: Connection, roles: Iterable[str]) -> None:
    """Make the roles that are missing: no login, no rights. Postgres's own (pg_…) are never made."""
    wanted = {role for role in roles if role and not role.startswith("pg_")}
    if not wanted:
        return
    there = await admin.fetch("SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname = ANY($1::text[])", wanted)
    for role in sorted(wanted - {str(row[0]) for row in there}):
        try:
            await admin.execute(f"CREATE ROLE {name(role)} NOLOGIN")
        except asyncpg.DuplicateObjectError:
            continue


class Casting:
    """Memberships are the whole server's, so rehearsals with one cast run side by side and another cast waits."""

    def __init__(self) -> None:
        self._changed = anyio.Condition()
        self._cast: Cast | None = None
        self._acting = 0
        self._lent: Counter[str] = Counter()

    @asynccontextmanager
    async def acting(self, admin: Connection, cast: Cast) -> AsyncGenerator[None]:
        """Give the cast its memberships while the block runs."""
        async with self._changed:
            while self._cast not in {None, cast}:
                await self._changed.wait()
            if self._cast is None:
                await _enter(admin, cast)
                self._cast = cast
            self._acting += 1
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                async with self._changed:
                    self._acting -= 1
                    if not self._acting:
                        self._cast = None
                        await _leave(admin, cast)
                        self._changed.notify_all()

    async def lend(self, admin: Connection, role: str) -> bool:
        """Make a role that a migration could not make: no login, no rights. False where it is there for good."""
        async with self._changed:
            if not self._lent[role]:
                there = await admin.fetchval("SELECT true FROM pg_catalog.pg_roles WHERE rolname = $1", role)
                if there or role.startswith(("pg_", "dbm_")):
                    return False
                await admin.execute(f"CREATE ROLE {name(role)} NOLOGIN")
            self._lent[role] += 1
            return True

    async def give_back(self, admin: Connection, role: str) -> None:
        """Remove a role that was lent, once nobody has it any more. The databases that name it must be gone."""
        async with self._changed:
            self._lent[role] -= 1
            if not self._lent[role]:
                await admin.execute(f"DROP ROLE IF EXISTS {name(role)}")


_ORDINARY = "NOLOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT -1 PASSWORD NULL"

_SET_IN = """
SELECT r.rolname::text, d.datname::text
FROM pg_catalog.pg_db_role_setting s
JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
WHERE r.rolname = ANY ($1::text[])
"""


async def _enter(admin: Connection, cast: Cast) -> None:
    await ensure(admin, {cast.role, *cast.member_of})
    others = sorted(cast.member_of - {cast.role})
    words = [_ordinary(role) for role in others]
    words += [f"GRANT {name(role)} TO {name(cast.role)}" for role in others]
    words.append(_ordinary(cast.role, bypasses_rls=cast.bypasses_rls))
    await admin.execute("; ".join(words))


async def _leave(admin: Connection, cast: Cast) -> None:
    """Undo the memberships, and whatever has been set for the role and for those as whom it could act."""
    others = sorted(cast.member_of - {cast.role})
    words = [f"REVOKE {name(role)} FROM {name(cast.role)}" for role in others]
    for role in (*others, cast.role):
        words += [_ordinary(role), f"ALTER ROLE {name(role)} RESET ALL"]
    found = await admin.fetch(_SET_IN, [*others, cast.role])
    words += [f"ALTER ROLE {name(str(role))} IN DATABASE {name(str(database))} RESET ALL" for role, database in found]
    await admin.execute("; ".join(words))


def _ordinary(role: str, *, bypasses_rls: bool = False) -> str:
    """Every attribute of the role as it is to be, whatever it has come to have."""
    return f"ALTER ROLE {name(role)} {_ORDINARY} {'' if bypasses_rls else 'NO'}BYPASSRLS"


@dataclass(frozen=True, slots=True)
class Player:
    """The login of one rehearsal. It acts as `cast.role` from its first moment on."""

    login: str
    password: str = field(repr=False)


async def hire(admin: Connection, player: Player, cast: Cast) -> None:
    """Make the login: an ordinary role, few connections, gone after the rehearsal."""
    await admin.execute(
        f"CREATE ROLE {name(player.login)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
        f"CONNECTION LIMIT 5 PASSWORD {literal(player.password)}"
    )
    await admin.execute(f"GRANT {name(cast.role)} TO {name(player.login)}")
    await admin.execute(f"ALTER ROLE {name(player.login)} SET role = {literal(cast.role)}")


async def dismiss(admin: Connection, player: Player) -> None:
    """End the login's sessions and remove it. Its database must be gone."""
    await admin.execute(f"DROP ROLE IF EXISTS {name(player.login)}")


async def stop(admin: Connection, player: Player) -> None:
    """End every session of the login: terminate, which no handler in plpgsql can catch."""
    await admin.execute(
        "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity "
        f"WHERE usename = {literal(player.login)}"
    )
