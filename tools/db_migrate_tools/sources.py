"""A plan's source: read, fetched from the history, or derived from another environment; and its statements."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.envelope import digest_of_statements
from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.history import find
from db_migrate_tools.kept import purge
from db_migrate_tools.kept.guard import guarded, put_back
from db_migrate_tools.kept.model import Keeping
from db_migrate_tools.kept.transform import keep
from db_migrate_tools.ports import Refused, World
from db_migrate_tools.schema.ddl import ddl
from db_migrate_tools.schema.diff import diff
from db_migrate_tools.sql.model import Blocker, Choice, Origin, Piece, Script, Source
from db_migrate_tools.sql.script import build, select
from db_migrate_tools.sql.settings import out_of_place
from db_migrate_tools.wire import EnvironmentSource, KeptSource, PlanInput, RollbackSource, SourceInput


class NotPlannable(Refused):
    """The source cannot be planned. Each obstacle is listed with its line; nothing was changed."""

    def __init__(self, source: Source, blockers: tuple[Blocker, ...]) -> None:
        where = source.path or source.name
        lines = [f"- {where}{f', line {b.line}' if b.line else ''}: {b.what} {b.remedy}".rstrip() for b in blockers]
        super().__init__("\n".join([f"{where} cannot be planned as it stands:", *lines]), "Nothing was changed.")
        self.blockers = blockers


async def source_of(
    asked: SourceInput, world: World, facts: TargetFacts, request: PlanInput
) -> tuple[Source, str | None]:
    """The source, and the version that it undoes when it is a stored rollback."""
    if isinstance(asked, RollbackSource):
        found = find(facts.history, asked.migration)
        if found.rolled_back_by:
            raise Refused(
                f"{found.version} {found.name} was already rolled back, by {found.rolled_back_by}.",
                "To undo that in turn, plan the rollback of that version.",
            )
        if not found.rollback:
            raise Refused(
                f"No rollback is stored for {found.version} {found.name}.",
                'Write the statements that undo it and plan them with source {"from": "sql"}.',
            )
        gone = purge.gone(found, facts)
        if gone is not None:
            raise Refused(gone, 'Write the statements that undo the rest and plan them with source {"from": "sql"}.')
        return _made("rollback", f"rollback_{found.name}", found.rollback), found.version
    if isinstance(asked, KeptSource):
        migration = find(facts.history, asked.migration) if asked.migration is not None else None
        name = "purge_kept" if migration is None else f"purge_kept_of_{migration.name}"
        return _made("kept", name, purge.statements(facts, migration)), None
    if isinstance(asked, EnvironmentSource):
        if asked.env == request.env:
            raise Refused(f"{asked.env} cannot be brought to its own schema.", "Name another environment in `source`.")
        other = await world.targets.target(asked.env).facts()
        return _made("environment", f"sync_from_{asked.env}", ddl(diff(facts.catalog, other.catalog))), None
    return await world.aside(lambda: world.project.read(asked)), None


def _made(origin: Origin, name: str, statements: tuple[str, ...]) -> Source:
    pieces = tuple(Piece(text=f"{s};", line=n) for n, s in enumerate(statements, start=1))
    return Source(
        origin=origin,
        name=name,
        sha256=digest_of_statements(statements),
        up=pieces,
    )


def scripts_of(source: Source, request: PlanInput) -> tuple[Script, Script]:
    """The statements that run, and those of a rollback that a person wrote.

    Raises:
        NotPlannable: Something in the source must not run or is not understood.
    """
    if source.blockers:
        raise NotPlannable(source, source.blockers)
    script = build(source.up, derived=source.origin in ("rollback", "environment"))
    down = build(source.down)
    if source.origin == "rollback":
        script = put_back(script)
    paths = out_of_place(script, down, source.origin)
    blockers = (*script.blockers, *down.blockers, *paths, *guarded(script, source.origin))
    if blockers:
        raise NotPlannable(source, blockers)
    if request.operations is not None:
        script = select(script, frozenset(request.operations))
        down = Script(())
    return script, down


def with_path(facts: TargetFacts, script: Script) -> TargetFacts:
    """The target with the search_path that the script sets: what is rehearsed, approved and pinned where it runs."""
    if script.search_path is None:
        return facts
    return replace(facts, settings=replace(facts.settings, search_path=script.search_path.value))


def kept_of(script: Script, down: Script, source: Source, facts: TargetFacts, request: PlanInput) -> Keeping:
    """The migration in its reversible form, when that is asked for; as it is otherwise."""
    if not request.reversible or source.origin == "kept":
        return Keeping(script)
    keeping = keep(script, facts, source.sha256)
    if keeping.way_back is None:
        said = Choice(0, "Nothing was made reversible: no statement loses data that could be kept.")
        return Keeping(_noting(keeping.script, said))
    if down.statements:
        said = Choice(0, "The rollback that the source brings along is left out: it knows nothing of what is kept.")
        return Keeping(_noting(keeping.script, said), keeping.way_back, keeping.tables)
    return keeping


def _noting(script: Script, choice: Choice) -> Script:
    return replace(script, choices=(choice, *script.choices))
