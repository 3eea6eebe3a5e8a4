"""What type generation did: generators, files, differences, compile errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from db_migrate_tools.report import words
from db_migrate_tools.report.layout import Block, Bullets, Code, Heading, Strong, Table, Text, Title
from db_migrate_tools.report.layout import render as write
from db_migrate_tools.report.scissors import PAGE, fitting, left_out, weight
from db_migrate_tools.report.shorten import LIMIT, cut_generated
from db_migrate_tools.wire import CommandRun, Diagnostic, FileWritten, GenerateOutput, TypesReport

_OUTPUT_LINES: Final = 12


def render(output: GenerateOutput, *, markdown: bool, limit: int | None = LIMIT) -> str:
    """The page; with a limit it stays small, shows the first differences and errors and counts the rest."""

    def page(shown: GenerateOutput) -> str:
        return write(_page(shown), markdown=markdown)

    if limit is None:
        return page(output)
    return fitting(lambda size: page(cut_generated(output, size)), weight, PAGE, limit)


def _page(output: GenerateOutput) -> Iterator[Block]:
    yield Title(f"🧩 Types of {output.env}")
    yield Strong(
        "Done. No database was changed; only generated files were written."
        if output.ok
        else "Not done: something failed, see below. No database was changed."
    )
    yield from types_blocks(output, output.omitted)
    if output.omitted:
        yield Text(left_out(output.omitted, "The files have all types; the project's own commands print all errors."))
    yield Heading("👉 Next steps")
    yield Bullets(output.next_steps)


def types_blocks(report: GenerateOutput | TypesReport, omitted: Mapping[str, int]) -> Iterator[Block]:
    """Generators, files, differences and compile errors."""
    if report.generators:
        yield Table(
            ("Step", "Command", "Time", "Result"),
            [
                (
                    run.name,
                    run.command or "–",
                    "–" if _skipped(run) else words.milliseconds(run.ms),
                    "skipped" if _skipped(run) else "✅ ok" if run.ok else "❌ failed",
                )
                for run in report.generators
            ],
        )
    for run in report.generators:
        yield from _explained(run)
    if report.files:
        yield Bullets([_file(file) for file in report.files])
    yield from _listed("Types that changed:", report.differences, omitted.get("differences", 0))
    yield from _listed("Compile errors:", [_error(d) for d in report.diagnostics], omitted.get("diagnostics", 0))


def _skipped(run: CommandRun) -> bool:
    """Nothing ran: its explanation then begins with `not run` or `not configured`."""
    return run.ok and (run.explanation or "").startswith("not ")


def _explained(run: CommandRun) -> Iterator[Block]:
    if run.explanation:
        yield Text(f"{run.name}: {run.explanation}")
    if not run.ok and run.output.strip():
        lines = run.output.strip().split("\n")
        cut = [f"⟨{len(lines) - _OUTPUT_LINES} lines before⟩"] if len(lines) > _OUTPUT_LINES else []
        yield Code(["\n".join([*cut, *lines[-_OUTPUT_LINES:]])], language="text")


def _file(file: FileWritten) -> str:
    count = f"{file.lines:,} line{'' if file.lines == 1 else 's'}"
    return f"{file.path}: {count}, {'written' if file.changed else 'unchanged'}"


def _error(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.file}:{diagnostic.line} {diagnostic.code} {diagnostic.message}"


def _listed(title: str, lines: Sequence[str], rest: int) -> Iterator[Block]:
    if lines or rest:
        yield Text(title)
        yield Bullets([*lines, *([f"… and {rest} more"] if rest else [])])
