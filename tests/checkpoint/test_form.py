"""The form, through a real MCP client in both protocol eras: only a filled-in form decides anything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.session import ClientRequestContext
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    Implementation,
    InputRequiredResult,
    ListRootsResult,
)
from pydantic import BaseModel

from db_migrate.checkpoint.form import FormHuman, Rounds
from db_migrate_tools.ports import Decision, StoredPlan
from db_migrate_tools.report.question import LONGEST_SQL, question
from db_migrate_tools.wire import PlanOutput
from ledger.samples import NOW, HandClock, make_plan

Era = Literal["auto", "legacy"]
both_eras = pytest.mark.parametrize("era", ["auto", "legacy"])


def words_about(plan: StoredPlan) -> str:
    return question(plan, PlanOutput.model_validate_json(plan.page))


class Said(BaseModel):
    """What the tool of these tests answers: the Answer, as text."""

    plan: str
    answer: str
    by: str | None = None


@dataclass
class Desk:
    """A server with one tool that asks about `plan`, and what it asked and heard."""

    plan: StoredPlan = field(default_factory=make_plan)
    time_limit: float = 30.0
    rounds: Rounds = field(default_factory=Rounds)
    words: str | None = None
    decisions: list[Decision] = field(default_factory=list[Decision])

    def server(self) -> MCPServer[Any]:
        server: MCPServer[Any] = MCPServer("desk")

        @server.tool()
        async def decide(ctx: Context[Any, Any]) -> Said | InputRequiredResult:
            """Ask the person."""

            async def tell(message: str) -> None:
                await ctx.report_progress(1, None, message)

            human = FormHuman(ctx, HandClock(), self.rounds, time_limit=self.time_limit, progress=tell)
            answer = await human.ask(self.plan, self.words or words_about(self.plan))
            if human.input_required is not None:
                assert answer == "asked"
                return human.input_required
            if isinstance(answer, Decision):
                self.decisions.append(answer)
                return Said(plan=self.plan.plan_id, answer=answer.decision, by=answer.by)
            return Said(plan=self.plan.plan_id, answer=answer)

        return server


class Person:
    """Answers every form with the same result, and keeps what it was shown."""

    def __init__(self, result: ElicitResult | ErrorData) -> None:
        self.result = result
        self.seen: list[ElicitRequestFormParams] = []

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.seen.append(params)
        return self.result


def filled(decision: str = "approve", confirm: str = "dev") -> ElicitResult:
    return ElicitResult(action="accept", content={"decision": decision, "confirm": confirm})


def said(result: CallToolResult) -> Said:
    return Said.model_validate(result.structured_content)


async def answer(desk: Desk, era: Era, person: Person | None) -> Said:
    me = Implementation(name="chat\u202e", version="2")
    async with Client(desk.server(), mode=era, elicitation_callback=person, client_info=me) as client:
        return said(await client.call_tool("decide"))


@both_eras
async def test_the_right_word_and_approve_is_an_approval(era: Era) -> None:
    desk = Desk()
    assert (await answer(desk, era, Person(filled(confirm=" dev ")))).answer == "approve"
    assert desk.decisions == [
        Decision(
            decision="approve",
            by="MCP client chat[U+202E] 2 (unverified)",
            channel="form",
            strength="client-attested",
            at=NOW,
        )
    ]


@both_eras
async def test_reject_is_a_rejection_whatever_was_typed(era: Era) -> None:
    desk = Desk()
    assert (await answer(desk, era, Person(filled("reject", "no!")))).answer == "reject"
    assert [decision.decision for decision in desk.decisions] == ["reject"]


@both_eras
@pytest.mark.parametrize(
    "result",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept"),
        ElicitResult(action="accept", content={}),
        ElicitResult(action="accept", content={"decision": "approve"}),
        ElicitResult(action="accept", content={"confirm": "dev"}),
        ElicitResult(action="accept", content={"decision": "yes", "confirm": "dev"}),
        ElicitResult(action="accept", content={"decision": True, "confirm": "dev"}),
        ElicitResult(action="decline", content={"decision": "approve", "confirm": "dev"}),
        filled(confirm="prod"),
        filled(confirm=""),
        filled(confirm="DEV"),
        filled(confirm="dev prod"),
    ],
)
async def test_anything_but_a_whole_form_decides_nothing(era: Era, result: ElicitResult) -> None:
    desk = Desk()
    assert (await answer(desk, era, Person(result))).answer == "unanswered"
    assert desk.decisions == []


@both_eras
async def test_the_form_shows_the_question_and_has_two_required_fields_without_defaults(era: Era) -> None:
    desk, person = Desk(), Person(ElicitResult(action="cancel"))
    await answer(desk, era, person)
    (form,) = person.seen
    assert form.message == words_about(desk.plan)
    schema = form.requested_schema
    assert schema["required"] == ["decision", "confirm"]
    assert schema["properties"]["decision"]["enum"] == ["approve", "reject"]
    assert "dev" in schema["properties"]["confirm"]["description"]
    for shape in schema["properties"].values():
        assert shape["type"] == "string"
        assert "default" not in shape


@both_eras
async def test_a_client_without_forms_is_known_before_it_is_asked(era: Era) -> None:
    desk = Desk()
    assert (await answer(desk, era, None)).answer == "unavailable"
    assert desk.decisions == []


@both_eras
async def test_sql_too_long_to_be_shown_whole_is_not_asked_about(era: Era) -> None:
    desk, person = Desk(plan=make_plan(sql=(f"SELECT '{'y' * LONGEST_SQL}'",))), Person(filled())
    assert (await answer(desk, era, person)).answer == "unavailable"
    assert (desk.decisions, person.seen) == ([], [])


async def test_a_form_that_never_comes_back_is_unanswered_after_the_time_limit() -> None:
    async def hang(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context, params
        await anyio.sleep_forever()
        raise AssertionError

    async with Client(Desk(time_limit=0.01).server(), mode="legacy", elicitation_callback=hang) as client:
        assert said(await client.call_tool("decide")).answer == "unanswered"


async def test_whoever_waits_hears_that_a_person_is_being_waited_for() -> None:
    heard: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        del progress, total
        heard.append(message)

    async with Client(Desk().server(), mode="legacy", elicitation_callback=Person(filled())) as client:
        await client.call_tool("decide", progress_callback=hear)
    assert heard == ["Waiting for a person to decide on dev"]


async def test_a_client_that_answers_with_an_error_has_not_answered() -> None:
    person = Person(ErrorData(code=-32603, message="no screen"))
    assert (await answer(Desk(), "legacy", person)).answer == "unanswered"


async def first_round(client: Client) -> tuple[str, str]:
    """The sealed state and the key of the question of a first round."""
    result = await client.session.call_tool("decide", allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    assert result.input_requests is not None
    assert result.request_state is not None
    return result.request_state, next(iter(result.input_requests))


async def second_round(client: Client, state: str | None, key: str) -> CallToolResult | InputRequiredResult:
    return await client.session.call_tool(
        "decide", input_responses={key: filled()}, request_state=state, allow_input_required=True
    )


async def test_an_answered_round_decides_once_and_is_asked_again_when_replayed() -> None:
    desk = Desk()
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        state, key = await first_round(client)
        first = await second_round(client, state, key)
        assert isinstance(first, CallToolResult)
        assert said(first).answer == "approve"
        assert isinstance(await second_round(client, state, key), InputRequiredResult)
    assert len(desk.decisions) == 1


async def test_an_approval_of_one_plan_never_decides_another() -> None:
    desk = Desk()
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        state, key = await first_round(client)
        desk.plan = make_plan("p2", sql=("DROP TABLE users",))
        assert isinstance(await second_round(client, state, key), InputRequiredResult)
        desk.plan = replace(make_plan(), digest=desk.plan.digest)
        assert isinstance(await second_round(client, state, key), InputRequiredResult)
    assert desk.decisions == []


async def test_an_answer_counts_only_for_the_words_that_were_shown() -> None:
    desk = Desk(words="Create a table?")
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        state, key = await first_round(client)
        desk.words = "Drop everything?"
        assert isinstance(await second_round(client, state, key), InputRequiredResult)
    assert desk.decisions == []


async def test_an_answer_without_a_question_or_under_another_name_is_asked_for() -> None:
    desk = Desk()
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        state, key = await first_round(client)
        assert isinstance(await second_round(client, None, key), InputRequiredResult)
        assert isinstance(await second_round(client, state, "other"), InputRequiredResult)
    assert desk.decisions == []


async def test_forged_state_is_refused() -> None:
    desk = Desk()
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        _, key = await first_round(client)
        forged = f'{{"v":1,"plan_id":"p1","digest":"{desk.plan.digest}","question":"","nonce":"x"}}'
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await second_round(client, forged, key)
    assert desk.decisions == []


async def test_a_response_of_another_kind_is_unanswered() -> None:
    desk = Desk()
    async with Client(desk.server(), elicitation_callback=Person(filled())) as client:
        state, key = await first_round(client)
        result = await client.session.call_tool(
            "decide",
            input_responses={key: ListRootsResult(roots=[])},
            request_state=state,
            allow_input_required=True,
        )
    assert isinstance(result, CallToolResult)
    assert said(result).answer == "unanswered"


def test_rounds_forget_the_oldest_when_there_are_too_many() -> None:
    rounds = Rounds(most=2)
    assert [rounds.first_answer(nonce) for nonce in ("a", "b", "a", "c", "b")] == [True, True, False, True, False]
    assert rounds.first_answer("a")
