"""Settings of databases and roles put back as they are now, by what statements say that they will change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from db_migrate_tools.schema.ddl import settings
from db_migrate_tools.schema.kinds import Setting
from db_migrate_tools.schema.model import Catalog, Ref
from db_migrate_tools.sql.model import Piece, Statement
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.script import read

_SETS = frozenset({"AlterRoleSetStmt", "AlterDatabaseSetStmt"})
_RESETS = frozenset({"VAR_RESET", "VAR_RESET_ALL", "VAR_SET_DEFAULT"})


@dataclass(frozen=True, slots=True)
class PutBack:
    """`statements` put back every setting whose value is known; those of `unknown` roles are nowhere read."""

    statements: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """One setting: whose, whether of this database only, and which."""

    role: str
    in_database: bool
    parameter: str


def put_back(
    statements: Iterable[Statement], target: Catalog, database: str, role: str, *, resets: bool = False
) -> PutBack:
    """What undoes these statements' ALTER DATABASE … SET and ALTER ROLE … SET on the target, run as `role`; only
    RESET with `resets`, of which a copy without the target's settings shows nothing.

    A setting of another database is left alone: its value is not known.
    """
    known = {_Place(i.role, i.in_database, i.parameter): i for i in target if isinstance(i, Setting)}
    found: dict[_Place, Setting | None] = {}
    unknown: dict[str, None] = {}
    for statement in statements:
        if statement.kind not in _SETS:
            continue
        node = read(Piece(f"{statement.text};")).statements[0].node
        if resets and not _takes_away(node):
            continue
        whose, where = _whose(node, role), node.text("dbname") or node.text("database")
        if where not in ("", database):
            unknown[f"database {where}"] = None
        elif whose and whose not in {*target.roles, role}:
            unknown[f"role {whose}"] = None
        else:
            found |= {place: known.get(place) for place in _changed(node, whose, known)}
    texts = [
        text
        for place, old in found.items()
        for text in (settings.drop(_unset(place)) if old is None else settings.put(old))
    ]
    return PutBack(tuple(reversed(texts)), tuple(unknown))


def _takes_away(node: Node) -> bool:
    what = node.node("setstmt")
    return what is not None and what.choice("kind") in _RESETS


def _whose(node: Node, role: str) -> str:
    """The role that is meant, or "" for every role and for the database."""
    spec = node.node("role")
    if spec is None:
        return ""
    return spec.text("rolename") if spec.choice("roletype") == "ROLESPEC_CSTRING" else role


def _changed(node: Node, whose: str, known: Iterable[_Place]) -> Iterator[_Place]:
    """The settings that it changes."""
    what = node.node("setstmt")
    here = node.kind == "AlterDatabaseSetStmt" or bool(node.text("database"))
    there = [place for place in known if (place.role, place.in_database) == (whose, here)]
    if what is None or what.choice("kind") == "VAR_RESET_ALL":
        yield from there
        return
    name = what.text("name")
    yield next((p for p in there if p.parameter.lower() == name.lower()), _Place(whose, here, name))


def _unset(place: _Place) -> Setting:
    ref = Ref("setting", "", place.parameter)
    return Setting(ref=ref, parameter=place.parameter, value="", role=place.role, in_database=place.in_database)
