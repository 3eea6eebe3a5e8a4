"""Types after a migration and before one: the built-in generator, the project's own commands, the compiler."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio.to_thread

from db_migrate.project import symptoms
from db_migrate.project.application import Application, impact
from db_migrate.project.commands import Ran, find, run, search_path, up_to_repository
from db_migrate.project.compiler import compile_project, compiler, diagnostics, new_errors
from db_migrate.project.scratch import scratch
from db_migrate.project.scripts import Absent, Command, Name, command
from db_migrate.project.types_file import TypesFile
from db_migrate.secrets import redact
from db_migrate.settings import TypeSettings
from db_migrate_tools.evidence import ApplicationImpact, CompileError, Env
from db_migrate_tools.ports import Progress
from db_migrate_tools.schema.model import Catalog
from db_migrate_tools.typescript import differences, generate
from db_migrate_tools.wire import CommandRun, Diagnostic, FileWritten, TypesReport

_Checked = tuple[CommandRun, tuple[CompileError, ...]]

ExtraEnv = Callable[[Env], Awaitable[Mapping[str, str]]]

_OUTPUT_SHOWN = 4_000
_POSTGREST_VERSION = re.compile(r"""PostgrestVersion['"]?: ['"]([^'"\n]{1,20})['"]""")
_NOT_FOR_CHILDREN = re.compile(r"DB_MIGRATE_.*|(?:STAGING|PROD|PRODUCTION)_.*URL", re.IGNORECASE)


async def _nothing(env: Env) -> Mapping[str, str]:
    del env
    return {}


class ProjectTypes:
    """The Types port over a project on disk.

    `extra_env` gives variables for the project's commands, such as DATABASE_URL of the embedded dev database;
    `seconds` is how long one command may take.
    """

    def __init__(
        self,
        root: Path,
        settings: TypeSettings,
        *,
        extra_env: ExtraEnv = _nothing,
        seconds: float = 300.0,
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> None:
        everything = os.environ if environ is None else environ
        self._root = root
        self._settings = settings
        self._extra_env = extra_env
        self._seconds = seconds
        self._environ = {k: v for k, v in everything.items() if not _NOT_FOR_CHILDREN.fullmatch(k)}
        self._path = search_path(root, everything, home or Path.home())
        self._before: tuple[Catalog, str | None, str] | None = None
        self._file = TypesFile(root, settings.output, asked_for="output" in settings.model_fields_set)

    async def generate(self, env: Env, catalog: Catalog, *, check: bool, progress: Progress) -> TypesReport:
        """Write the types, run pull and generate, compile. What goes wrong is in the report; nothing is raised.

        When the types change, the application is compiled before, too: its errors then are not the new types'.
        """
        await progress("Generating TypeScript types")
        old = self._file.read()
        text = self._text(catalog, old)
        before = await self._compile(env, progress) if check and old is not None and old != text else None
        runs = [self._write(text, old)]
        commands: tuple[Name, ...] = ("pull", "generate")
        for name in commands:
            runs += await self._run_command(env, name, failed=not all(r.ok for r in runs[1:]), progress=progress)
        found: tuple[CompileError, ...] = ()
        if check and (after := await self._compile(env, progress)) is not None:
            checked, found = _only_new(after, before)
            runs.append(checked)
        new = self._file.read()
        files: list[FileWritten] = []
        if new is not None:
            files.append(FileWritten(path=self._settings.output, lines=len(new.splitlines()), changed=new != old))
        return TypesReport(
            generators=runs,
            files=files,
            differences=list(differences(old, new)) if new is not None else [],
            diagnostics=[Diagnostic(file=e.file, line=e.line, code=e.code, message=e.message) for e in found],
            ok=all(r.ok for r in runs) and not found,
        )

    async def application_impact(self, before: Catalog, after: Catalog, progress: Progress) -> ApplicationImpact:
        """Compile a copy of the application against the migrated schema's types. The project is not touched."""
        if not self._settings.output:
            return ApplicationImpact(ran=False, why_not='types.output is "" in db-migrate.toml')
        application = Application(self._root, self._settings.output, self._path, self._environ, self._seconds)
        why_not = application.why_not()
        if why_not is not None:
            return ApplicationImpact(ran=False, why_not=why_not)
        await progress("Compiling a copy of the application with the new types")
        old = self._file.read()
        was = await self._text_before(before, old)
        return await impact(application, was, await anyio.to_thread.run_sync(self._text, after, old))

    async def _text_before(self, catalog: Catalog, old: str | None) -> str:
        """The types of the schema as it is, written once for as long as it stays the same."""
        known = self._before
        if known is None or known[0] is not catalog or known[1] != old:
            known = (catalog, old, await anyio.to_thread.run_sync(self._text, catalog, old))
            self._before = known
        return known[2]

    def _text(self, catalog: Catalog, old: str | None) -> str:
        version = _POSTGREST_VERSION.search(old or "")
        return generate(catalog, schemas=self._settings.schemas, postgrest_version=version[1] if version else None)

    def _write(self, text: str, old: str | None) -> CommandRun:
        began = time.monotonic()
        why_not = self._file.why_not()
        problem = None if why_not else self._file.write(text, old)
        return CommandRun(
            name="types",
            command="built-in",
            ok=problem is None,
            ms=(time.monotonic() - began) * 1000,
            explanation=why_not or problem,
        )

    async def _run_command(self, env: Env, name: Name, *, failed: bool, progress: Progress) -> list[CommandRun]:
        found = command(self._root, name, getattr(self._settings, name))
        if found is None:
            return []
        if isinstance(found, Absent):
            return [_absent(found)]
        if env != "dev":
            return [_not_run(found, f"not run: it reads the development database, and these are {env}'s types")]
        if failed:
            return [_not_run(found, "not run, because the command before it failed")]
        started = await self._start(env, found, progress)
        return [started if isinstance(started, CommandRun) else _ended(found, started, self._seconds)]

    async def _compile(self, env: Env, progress: Progress) -> _Checked | None:
        """Run the check command, or tsc where there is none; None when checking was turned off."""
        found = command(self._root, "check", self._settings.check)
        if found is None:
            return None
        if isinstance(found, Command):
            started = await self._start(env, found, progress)
            if isinstance(started, CommandRun):
                return started, ()
            return _ended(found, started, self._seconds), diagnostics(started.output, self._root)
        if found.wrong or compiler(self._root, self._path) is not None:
            return _absent(found), ()
        await progress("Compiling the application")
        with scratch() as place:
            done = await compile_project(
                self._root, path=self._path, environ=self._environ, scratch=place, seconds=self._seconds
            )
        ok = done.broken is None and not done.errors
        return CommandRun(name="check", command="tsc --noEmit", ok=ok, ms=done.ms, explanation=done.broken), done.errors

    async def _start(self, env: Env, wanted: Command, progress: Progress) -> Ran | CommandRun:
        """Run it; or say why it was not. Only what the project names in its configuration must be there."""
        program = find(wanted.argv[0], self._path)
        if program is None:
            why = symptoms.not_found(wanted.argv[0], wanted.name)
            return _failed(wanted, why) if wanted.configured else _not_run(wanted, f"not run: {why}")
        if not wanted.configured and not self._installed():
            return _not_run(wanted, "not run: the project's dependencies are not installed (no node_modules)")
        await progress(f"Running {wanted.shown}")
        extra = await self._extra_env(env)
        child = {**self._environ, **extra, **wanted.env, "PATH": self._path}
        try:
            ran = await run((program, *wanted.argv[1:]), cwd=self._root, env=child, seconds=self._seconds)
        except OSError as error:
            return _failed(wanted, f"It could not be started: {error.strerror}.")
        output = redact(ran.output)
        for secret in extra.values():
            output = output.replace(secret, "•••")
        return Ran(ran.status, output, ran.ms, ran.timed_out)

    def _installed(self) -> bool:
        return any((folder / "node_modules").is_dir() for folder in up_to_repository(self._root))


def _only_new(after: _Checked, before: _Checked | None) -> _Checked:
    """What the compiler said, less what it had said before the types changed."""
    checked, errors = after
    fresh = new_errors(before[1] if before is not None else (), errors)
    if fresh:
        why = "The application does not compile."
        if before is not None and not before[0].ok and not before[1]:
            why += " Whether it did before is not known: compiling it then failed otherwise."
        return checked.model_copy(update={"explanation": why}), fresh
    if errors:
        there = (
            "1 compile error was there before"
            if len(errors) == 1
            else f"{len(errors)} compile errors were there before"
        )
        return checked.model_copy(update={"ok": True, "explanation": there}), ()
    return checked, ()


def _absent(absent: Absent) -> CommandRun:
    return CommandRun(name=absent.name, command=absent.shown, ok=not absent.wrong, ms=0, explanation=absent.why)


def _not_run(wanted: Command, why: str) -> CommandRun:
    return CommandRun(name=wanted.name, command=wanted.shown, ok=True, ms=0, explanation=why)


def _failed(wanted: Command, why: str) -> CommandRun:
    return CommandRun(name=wanted.name, command=wanted.shown, ok=False, ms=0, explanation=why)


def _ended(wanted: Command, ran: Ran, seconds: float) -> CommandRun:
    explanation = None
    if ran.timed_out:
        explanation = symptoms.timed_out(seconds)
    elif not ran.ok:
        explanation = symptoms.explain(ran.output, ran.status)
    shown = ran.output.strip()[-_OUTPUT_SHOWN:]
    return CommandRun(
        name=wanted.name, command=wanted.shown, ok=ran.ok, ms=ran.ms, output=shown, explanation=explanation
    )
