"""The form that an MCP client shows: asks a person, in both protocol eras, and doubts what comes back."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import Any, Final, Literal

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, ConfigDict, ValidationError

from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Answer, Clock, Decision, Progress, StoredPlan
from db_migrate_tools.report.question import fits_form, plain

TIME_LIMIT: Final = 240.0
_KEY: Final = "decision"
_MULTI_ROUND_SINCE: Final = "2026-07-28"


class Rounds:
    """Remembers which rounds of questions were answered, so that no answer counts twice. One a process."""

    def __init__(self, most: int = 10_000) -> None:
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def first_answer(self, nonce: str) -> bool:
        """Whether this round was not answered before; from now on it was."""
        if nonce in self._answered:
            return False
        self._answered[nonce] = None
        if len(self._answered) > self._most:
            self._answered.popitem(last=False)
        return True


class _Round(BaseModel):
    """What the server must recognise when the client comes back: which question on which plan was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1
    plan_id: str
    digest: str
    question: str
    nonce: str


class _Filled(BaseModel):
    """The form as a person has to fill it in."""

    model_config = ConfigDict(extra="ignore", strict=True)

    decision: Literal["approve", "reject"]
    confirm: str


def form_schema(env: Env) -> dict[str, Any]:
    """The form's fields: both required, neither with a default, so that an empty acceptance decides nothing."""
    return {
        "type": "object",
        "properties": {
            "decision": {
                "type": "string",
                "title": "Your decision",
                "description": f"approve runs exactly this SQL on {env} now. reject ends this plan for good. "
                "Closing the form decides nothing.",
                "enum": ["approve", "reject"],
            },
            "confirm": {
                "type": "string",
                "title": "Type the environment's name",
                "description": f"To approve, type {env} here, yourself. Anything else counts as no decision.",
                "minLength": 1,
            },
        },
        "required": ["decision", "confirm"],
    }


def can_show_form(ctx: Context[Any, Any]) -> bool:
    """Whether the client said that it shows forms. An empty capability means forms; one with only `url` does not."""
    capabilities = ctx.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


class FormHuman:
    """Asks the person in front of one client, during one call. Make one for each call.

    After `ask` returned "asked", `input_required` is what the call has to answer with.
    `time_limit`: seconds that a person has, in the era in which the client's call stays open meanwhile.
    """

    def __init__(
        self,
        ctx: Context[Any, Any],
        clock: Clock,
        rounds: Rounds,
        *,
        time_limit: float = TIME_LIMIT,
        progress: Progress | None = None,
    ) -> None:
        self.input_required: InputRequiredResult | None = None
        self._ctx = ctx
        self._clock = clock
        self._rounds = rounds
        self._time_limit = time_limit
        self._progress = progress

    @property
    def available(self) -> bool:
        """Whether this client can show a form at all."""
        return can_show_form(self._ctx)

    async def ask(self, plan: StoredPlan, question: str) -> Answer:
        """Show the form and return what a person decided about `plan`, if one did. SQL that is too long to be shown
        whole is not asked about here, whatever the client can show.
        """
        if not self.available or not fits_form(plan.statements):
            return "unavailable"
        version = self._ctx.protocol_version
        if version is not None and is_version_at_least(version, _MULTI_ROUND_SINCE):
            return self._ask_by_rounds(plan, question)
        return await self._ask_in_call(plan, question)

    async def _ask_in_call(self, plan: StoredPlan, question: str) -> Answer:
        """The era until 2025-11-25: a request of ours within the client's call."""
        if self._progress is not None:
            await self._progress(f"Waiting for a person to decide on {plan.env}")
        try:
            # One client says that it shows forms, drops them and never answers.
            with anyio.move_on_after(self._time_limit):
                result = await self._ctx.session.elicit_form(
                    question, form_schema(plan.env), related_request_id=self._ctx.request_id
                )
                return self._judge(plan, result)
        except NoBackChannelError:
            return "unavailable"
        except (MCPError, ValidationError):
            # The client refused the request, or answered with something that is no answer.
            return "unanswered"
        return "unanswered"

    def _ask_by_rounds(self, plan: StoredPlan, question: str) -> Answer:
        """The era since 2026-07-28: the question is this call's result, the answer comes with the next call."""
        asked = _asked_before(self._ctx.request_state)
        answer = (self._ctx.input_responses or {}).get(_KEY)
        belongs = (
            asked is not None
            and (asked.plan_id, asked.digest, asked.question) == (plan.plan_id, plan.digest, _sha256(question))
            and answer is not None
            and self._rounds.first_answer(asked.nonce)
        )
        if belongs:
            return self._judge(plan, answer) if isinstance(answer, ElicitResult) else "unanswered"
        state = _Round(
            plan_id=plan.plan_id,
            digest=plan.digest,
            question=_sha256(question),
            nonce=secrets.token_urlsafe(16),
        )
        form = ElicitRequestFormParams(message=question, requested_schema=form_schema(plan.env))
        self.input_required = InputRequiredResult(
            input_requests={_KEY: ElicitRequest(params=form)}, request_state=state.model_dump_json()
        )
        return "asked"

    def _judge(self, plan: StoredPlan, result: ElicitResult) -> Answer:
        """A filled-in form is a decision. Declining and cancelling are not: hosts do both without showing anything."""
        if result.action != "accept":
            return "unanswered"
        try:
            filled = _Filled.model_validate(result.content)
        except ValidationError:
            return "unanswered"
        if filled.decision == "approve" and filled.confirm.strip() != plan.env:
            return "unanswered"
        return Decision(
            decision=filled.decision,
            by=self._client(),
            channel="form",
            strength="client-attested",
            at=self._clock.now(),
        )

    def _client(self) -> str:
        params = self._ctx.session.client_params
        if params is None:
            return "MCP client without a name (unverified)"
        name = plain(f"{params.client_info.name} {params.client_info.version}")
        return f"MCP client {name[:80]} (unverified)"


def _asked_before(state: str | None) -> _Round | None:
    """The round that the client answers; None where it brings none of ours."""
    if state is None:
        return None
    try:
        return _Round.model_validate_json(state)
    except ValidationError:
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
