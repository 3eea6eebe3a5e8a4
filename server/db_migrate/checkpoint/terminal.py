"""The person's own terminal: shows a plan whole, and reads one typed line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

import anyio
import anyio.to_thread

from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import StoredPlan
from db_migrate_tools.report.question import operation_details, plain, sql_block, ten_lines
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.wire import PlanOutput

_COLOUR: dict[Env, str] = {"dev": "30;42", "staging": "30;43", "prod": "97;41"}


class Terminal:
    """Where a person reads and types. Real only when both ends are terminals; a pipe cannot decide anything.

    A program that drives a pseudo-terminal looks the same as a person: that is why decisions made here
    are client-attested and no more.
    """

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._stdin = stdin
        self.stdout = stdout

    @classmethod
    def standard(cls) -> Terminal:
        return cls(sys.stdin, sys.stdout)

    @property
    def interactive(self) -> bool:
        return self._stdin.isatty() and self.stdout.isatty()

    @property
    def coloured(self) -> bool:
        return self.interactive and not os.environ.get("NO_COLOR")

    def show(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)

    async def ask(self, prompt: str) -> str | None:
        """One typed line without its end, None at end of input. What was typed before the prompt does not count."""
        _forget_typed(self._stdin.fileno())
        print(prompt, end="", file=self.stdout, flush=True)
        if sys.platform == "win32":
            line = await anyio.to_thread.run_sync(self._stdin.readline)
            return line.rstrip("\r\n") if line else None
        return await self._read_line()

    async def _read_line(self) -> str | None:
        typed = b""
        while not typed.endswith(b"\n"):
            # Waiting for the descriptor keeps the event loop alive, and Ctrl-C ends it at once.
            await anyio.wait_readable(self._stdin.fileno())
            try:
                part = os.read(self._stdin.fileno(), 4096)
            except OSError:  # a terminal whose other end went away
                part = b""
            if not part:
                return None
            typed += part
        return typed.decode(errors="replace").rstrip("\r\n")


def plan_text(plan: StoredPlan, page: PlanOutput, *, colour: bool) -> str:
    """Everything about the plan, escaped and never cut: the ten lines, the SQL, each finding, the rollback."""
    return "\n".join(_sections(plan, page, colour=colour))


def environment_word(env: Env, *, colour: bool) -> str:
    """The environment as a word, and in a colour where there are colours: never by colour alone."""
    return f"\x1b[{_COLOUR[env]}m {env.upper()} \x1b[0m" if colour else env.upper()


def _sections(plan: StoredPlan, page: PlanOutput, *, colour: bool) -> Iterator[str]:
    yield f"Plan {plan.plan_id} for {environment_word(plan.env, colour=colour)}, state: {plan.state}"
    lines = ten_lines(plan, page)
    for line in lines[:2]:
        yield from _block(line.heading, line.text)
    yield from ("", f"SQL, {len(plan.statements)} statements, exactly as it will run", sql_block(plan.statements))
    for line in lines[2:-1]:
        yield from _block(line.heading, line.text)
    yield from ("", "Each operation")
    for operation in page.plan.operations:
        yield f"  {operation.number}. {operation.type} {plain(operation.target)}: {plain(operation.description)}"
        yield from (f"     {detail}" for detail in operation_details(operation))
    yield from ("", "Rollback SQL")
    yield sql_block([_numbered(number, text) for number, text in enumerate(plan.rollback, start=1)]) or "  none"
    for heading, texts in (
        ("Before it runs", page.plan.prerequisites),
        ("After it ran", page.plan.validation_steps),
        ("Application files that mention it", page.plan.impact_scope.application_files),
    ):
        if texts:
            yield from _block(heading, tuple(plain(text) for text in texts))
    yield ""


def _block(heading: str, texts: tuple[str, ...]) -> Iterator[str]:
    yield from ("", heading)
    yield from (f"  {text}" for text in texts)


def _numbered(number: int, text: str) -> Statement:
    return Statement(
        number=number, text=text, line=1, kind="", type="OTHER", category="other", target="", description=""
    )


def _forget_typed(descriptor: int) -> None:
    """Drop type-ahead: a line that was pasted before the question was shown answers nothing."""
    if sys.platform != "win32":
        import termios

        if os.isatty(descriptor):
            termios.tcflush(descriptor, termios.TCIFLUSH)
