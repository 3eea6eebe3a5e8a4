"""What keeping data comes to: for one statement, and for a whole migration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from db_migrate_tools.schema.model import Ref
from db_migrate_tools.sql.model import Script

Form = Literal["moved", "copied", "rows"]


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that runs. `own` marks the user's own statement, byte for byte or inside ours."""

    sql: str
    told: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """How one statement runs so that its data stay. `where` names the tables that hold them, with their schema.

    `first` brings whole tables back, before anything else of the rollback; `fill` puts rows and values into tables
    that are there again; `last` sets sequences and removes what is used up. `keeps` are the tables and columns of
    the schema before the migration whose data come back, `filled` the tables that `fill` writes to.
    """

    steps: tuple[Step, ...]
    choice: str
    where: tuple[str, ...]
    first: tuple[str, ...] = ()
    fill: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    keeps: frozenset[Ref] = frozenset()
    filled: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why a statement stays as it is although it loses data, and what would help."""

    why: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class WayBack:
    """The data side of a rollback, to be run around the DDL of the reversed delta: `first`, DDL that brings tables
    and columns back, `fill`, the rest of the DDL, `last`. Each in its order.

    `keeps` are tables and columns whose data come back; `not_kept` are statements, by number, whose data do not.
    """

    first: tuple[str, ...] = ()
    fill: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    keeps: frozenset[Ref] = frozenset()
    filled: tuple[Ref, ...] = ()
    not_kept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """A migration rewritten. `way_back` is None when nothing had to be kept."""

    script: Script
    way_back: WayBack | None = None
    tables: tuple[str, ...] = field(default=())
