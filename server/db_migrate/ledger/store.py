"""The ledger: plans, their tokens and everything that happened to them, each transition at most once."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar, cast

import anyio.to_thread
from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, func, insert, select, update
from sqlalchemy.exc import OperationalError

from db_migrate.ledger.engine import errors_named, open_file
from db_migrate.ledger.rows import LedgerTampered, from_row, to_row
from db_migrate.ledger.tables import events, plans
from db_migrate.secrets import redact, redact_json
from db_migrate_tools.evidence import Env
from db_migrate_tools.lifecycle import PENDING, PlanState, may_become
from db_migrate_tools.ports import Clock, Decision, Refused, StoredPlan, token_hash

MOST_PENDING: Final = 50
CLOCK_SLACK: Final = 5
"""Seconds by which clocks of machines that share a ledger may differ."""
MOST_EXAMINED: Final = 1000
_LATEST: Final = 2**62

_ALIVE_ONLY: Final = frozenset[PlanState]({"awaiting", "approved", "executing"})
_DECIDED: Final[dict[PlanState, str]] = {"approved": "approve", "declined": "reject"}
T = TypeVar("T")


class TooManyPending(Refused):
    """One requester has as many undecided plans as anyone may have."""

    def __init__(self, requester: str) -> None:
        super().__init__(
            f"{requester} already has {MOST_PENDING} plans waiting for a decision.",
            "Let a person decide or reject some (`db-migrate-mcp review` lists them), or wait until they expire. "
            "While a migration is still being written, plan with level validate or plan-only: those issue no token.",
        )


class ClockBehind(Refused):
    """The clock reads earlier than the newest entry of the ledger."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"This machine's clock is {seconds} seconds behind the newest entry of the ledger.",
            "Set the clock right. If it is right and the entry was written under a wrong one, move the ledger aside.",
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the log. `came_from` is None where the plan was issued; `at` is seconds since the epoch."""

    seq: int
    plan_id: str
    at: int
    came_from: PlanState | None
    state: PlanState
    decision: str | None
    decided_by: str | None
    version: str | None


class SqlLedger:
    """A ledger in a SQL database. `where` is what messages call it; it carries no secret.

    Every method may raise Refused: a file that cannot be read or stays locked; and, where one plan is addressed,
    LedgerTampered for a row that was edited. Lists leave such a row out, and `damaged` names it.
    """

    def __init__(self, engine: Engine, clock: Clock, where: str) -> None:
        self._engine = engine
        self._clock = clock
        self._where = where

    @classmethod
    def at(cls, path: Path, clock: Clock) -> SqlLedger:
        """The ledger in the SQLite file at `path`, made when missing. Raises Refused."""
        return cls(open_file(path), clock, str(path))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    async def issue(self, plan: StoredPlan) -> None:
        """Store a new plan.

        Raises:
            TooManyPending: The requester has MOST_PENDING plans that nobody decided.
            ClockBehind: The clock was moved back.
            ValueError: The plan contradicts its envelope or its state is not `previewed`.
        """
        if plan.state != "previewed":
            raise ValueError(f"a new plan is previewed, not {plan.state}")
        row = to_row(plan)

        def work(connection: Connection) -> None:
            now = self._clock.now()
            newest = _newest_event(connection)
            if now < newest - CLOCK_SLACK:
                raise ClockBehind(newest - now)
            waiting = connection.execute(
                select(func.count())
                .select_from(plans)
                .where(plans.c.requester == plan.requester, plans.c.state.in_(PENDING), plans.c.expires_at > now)
            ).scalar_one()
            if waiting >= MOST_PENDING:
                raise TooManyPending(plan.requester)
            connection.execute(insert(plans).values(row))
            connection.execute(
                insert(events).values(plan_id=plan.plan_id, at=now, state=plan.state, version=plan.version)
            )

        await self._write(work)

    async def by_token(self, token: str) -> StoredPlan | None:
        """The plan that the token was issued for."""
        hashed = token_hash(token)
        plan = await self._one(plans.c.token_hash == hashed)
        return plan if plan is not None and hmac.compare_digest(plan.token_hash, hashed) else None

    async def by_id(self, plan_id: str) -> StoredPlan | None:
        return await self._one(plans.c.plan_id == plan_id)

    async def move(
        self,
        plan_id: str,
        came_from: Sequence[PlanState],
        to: PlanState,
        *,
        decision: Decision | None = None,
        version: str | None = None,
        outcome: str | None = None,
    ) -> bool:
        """Go to `to` if the plan is in one of `came_from` now; False when it is not, or when it has expired.

        Raises:
            ValueError: The lifecycle has no such transition, or it needs a decision that was not given.
        """
        for state in came_from:
            if not may_become(state, to):
                raise ValueError(f"a plan cannot go from {state} to {to}")
        if to in _DECIDED and (decision is None or decision.decision != _DECIDED[to]):
            raise ValueError(f"a plan becomes {to} by a person's decision to {_DECIDED[to]}, and by nothing else")

        def work(connection: Connection) -> bool:
            plan = _read(connection, plans.c.plan_id == plan_id, lock=True)
            if plan is None or plan.state not in came_from:
                return False
            now = self._clock.now()
            if to in _ALIVE_ONLY and _over(plan, now, _newest_event(connection)):
                return False
            return _move(connection, plan, to, now, decision=decision, version=version, outcome=outcome)

        return await self._write(work)

    async def pending(self, env: Env | None = None) -> tuple[StoredPlan, ...]:
        """Plans that can still be decided or executed, newest first; without the damaged ones."""
        found = await self._list(env, pending=True, limit=None)
        return tuple(plan for plan in found if plan.state in PENDING)

    async def recent(self, env: Env | None, limit: int) -> tuple[StoredPlan, ...]:
        """The newest plans in any state; without the damaged ones."""
        return await self._list(env, pending=False, limit=limit)

    async def damaged(self) -> tuple[str, ...]:
        """Of the newest MOST_EXAMINED plans those whose rows were edited or cannot be read: a sentence each."""

        def work(connection: Connection) -> tuple[str, ...]:
            _, wrong = _read_all(connection, _ids(None, MOST_EXAMINED))
            return tuple(error.reason for error in wrong)

        return await self._run(work)

    async def events(self, plan_id: str) -> tuple[Event, ...]:
        """What happened to a plan, oldest first."""

        def work(connection: Connection) -> tuple[Event, ...]:
            columns = [events.c[name] for name in Event.__dataclass_fields__]
            rows = connection.execute(select(*columns).where(events.c.plan_id == plan_id).order_by(events.c.seq))
            return tuple(Event(**row) for row in rows.mappings())

        return await self._run(work, write=False)

    async def _one(self, which: ColumnElement[bool]) -> StoredPlan | None:
        def work(connection: Connection) -> StoredPlan | None:
            plan = _read(connection, which)
            return None if plan is None else self._seen(connection, plan)

        plan = await self._run(work)
        return None if plan is None else await self._settled(plan)

    async def _list(self, env: Env | None, *, pending: bool, limit: int | None) -> tuple[StoredPlan, ...]:
        query = _ids(env, limit)
        if pending:
            query = query.where(plans.c.state.in_(PENDING))

        def work(connection: Connection) -> list[StoredPlan]:
            sound, _ = _read_all(connection, query)
            return [self._seen(connection, plan) for plan in sound]

        return tuple([await self._settled(plan) for plan in await self._run(work)])

    def _seen(self, connection: Connection, plan: StoredPlan) -> StoredPlan:
        """The plan as of now: `expired` when its time is over, whatever the row still says."""
        over = plan.state in PENDING and _over(plan, self._clock.now(), _newest_event(connection))
        return replace(plan, state="expired") if over else plan

    async def _settled(self, plan: StoredPlan) -> StoredPlan:
        """Writes down an expiry that was just seen. A clock that was moved back proves none, so that is not written."""
        if plan.state != "expired" or self._clock.now() < plan.expires_at:
            return plan

        def work(connection: Connection) -> None:
            stored = _read(connection, plans.c.plan_id == plan.plan_id, lock=True)
            if stored is not None and stored.state in PENDING:
                _move(connection, stored, "expired", self._clock.now())

        await self._write(work)
        return plan

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._run(work, write=True)

    async def _run(self, work: Callable[[Connection], T], *, write: bool = False) -> T:
        """Run `work` in one transaction, in a thread. Cancelling waits for the transaction's end."""

        def transaction() -> T:
            with (
                errors_named(self._where),
                self._engine.connect().execution_options(write=write) as connection,
                connection.begin(),
            ):
                return work(connection)

        return await anyio.to_thread.run_sync(transaction)


def _read(connection: Connection, which: ColumnElement[bool], *, lock: bool = False) -> StoredPlan | None:
    plan_id = connection.execute(select(plans.c.plan_id).where(which)).scalar_one_or_none()
    if plan_id is None:
        return None
    query = select(plans).where(plans.c.plan_id == plan_id)
    try:
        row = connection.execute(query.with_for_update() if lock else query).mappings().one()
        return from_row(row, _log(connection, plan_id))
    except OperationalError as error:
        # How SQLite says that the text in one field is not text.
        if "decode" in str(error.orig):
            raise LedgerTampered(plan_id, "it holds text that cannot be read") from error
        raise


def _read_all(
    connection: Connection, ids: Select[tuple[str]]
) -> tuple[tuple[StoredPlan, ...], tuple[LedgerTampered, ...]]:
    """The plans with these ids, and what is wrong with those that cannot be given."""
    sound: list[StoredPlan] = []
    wrong: list[LedgerTampered] = []
    for plan_id in connection.execute(ids).scalars().all():
        try:
            plan = _read(connection, plans.c.plan_id == plan_id)
        except LedgerTampered as error:
            wrong.append(error)
        else:
            sound += [] if plan is None else [plan]
    return tuple(sound), tuple(wrong)


def _ids(env: Env | None, limit: int | None) -> Select[tuple[str]]:
    query = select(plans.c.plan_id).order_by(plans.c.created_at.desc(), plans.c.plan_id).limit(limit)
    return query if env is None else query.where(plans.c.env == env)


def _log(connection: Connection, plan_id: str) -> Sequence[RowMapping]:
    return connection.execute(select(events).where(events.c.plan_id == plan_id).order_by(events.c.seq)).mappings().all()


def _newest_event(connection: Connection) -> int:
    # SQLite sorts text after every number: an edited time must not stand for the newest.
    return connection.execute(select(func.max(events.c.at)).where(events.c.at < _LATEST)).scalar_one() or 0


def _over(plan: StoredPlan, now: int, newest: int) -> bool:
    """Past its time; or the clock was moved back, and then nobody knows."""
    return now >= plan.expires_at or now < plan.created_at or now < newest - CLOCK_SLACK


def _move(
    connection: Connection,
    plan: StoredPlan,
    to: PlanState,
    now: int,
    *,
    decision: Decision | None = None,
    version: str | None = None,
    outcome: str | None = None,
) -> bool:
    changed = connection.execute(
        update(plans).where(plans.c.plan_id == plan.plan_id, plans.c.state == plan.state).values(state=to)
    )
    if changed.rowcount != 1:
        return False
    decided = (
        {}
        if decision is None
        else {
            "decision": decision.decision,
            "decided_by": redact(decision.by),
            "channel": decision.channel,
            "strength": decision.strength,
            "decided_at": decision.at,
        }
    )
    connection.execute(
        insert(events).values(
            plan_id=plan.plan_id,
            at=now,
            came_from=plan.state,
            state=to,
            version=version,
            outcome=None if outcome is None else _without_secrets(outcome),
            **decided,
        )
    )
    return True


def _without_secrets(outcome: str) -> str:
    """The outcome, redacted string by string, so that JSON stays the JSON that it was."""
    try:
        value = cast("JsonValue", json.loads(outcome))
    except ValueError:
        return redact(outcome)
    clean = redact_json(value)
    return outcome if clean == value else json.dumps(clean, ensure_ascii=False, separators=(",", ":"))
