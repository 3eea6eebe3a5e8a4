"""Session settings in a script: what is left out, what holds for all of it, what runs as it is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from db_migrate_tools.sql.derived import unchecked_bodies
from db_migrate_tools.sql.hidden import escape_hidden
from db_migrate_tools.sql.model import Blocker, Origin, Script, SearchPath
from db_migrate_tools.sql.names import quoted
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.words import word_set

# How long and how loudly a session works, not what its statements mean; each step has settings of its own.
_OF_NO_MEANING: Final = word_set(
    """statement_timeout lock_timeout idle_in_transaction_session_timeout transaction_timeout idle_session_timeout
    client_min_messages row_security synchronous_commit work_mem maintenance_work_mem max_parallel_maintenance_workers
    max_parallel_workers_per_gather jit log_min_duration_statement application_name"""
)
_OFF: Final = word_set("off false no 0")
_ON: Final = word_set("on true yes 1")
# What a session of ours has anyway.
_AS_OURS: Final = {
    "client_encoding": word_set("utf8 utf-8 unicode"),
    "standard_conforming_strings": _ON,
    "xmloption": word_set("content"),
    "default_table_access_method": word_set("heap"),
    "default_tablespace": frozenset({""}),
    "default_with_oids": _OFF,
    "session_replication_role": word_set("origin"),
}
_BODIES: Final = "check_function_bodies"
_PATH: Final = "search_path"
_ENTRY: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s]+))\s*(?:,|$)')
_EVERYTHING: Final = "ALL"


@dataclass(frozen=True, slots=True)
class Setting:
    """One SET, RESET or SELECT set_config(…). `value` is None where the default comes back; `name` is ALL for all."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """`taken`: what is said of a setting that is taken off, by the index of its statement. `kept`: those that run."""

    taken: dict[int, str] = field(default_factory=dict[int, str])
    kept: frozenset[int] = frozenset()
    search_path: SearchPath | None = None


def setting_of(node: Node) -> Setting | None:
    """What the statement sets; None where it is no setting, or one whose value does not stand in it."""
    if node.kind == "VariableSetStmt":
        kind, name = node.choice("kind"), node.text("name").lower()
        if kind == "VAR_RESET_ALL":
            return Setting(_EVERYTHING, None)
        if kind in {"VAR_RESET", "VAR_SET_DEFAULT"}:
            return Setting(name, None)
        values = [_constant(argument) for argument in node.nodes("args")]
        if kind != "VAR_SET_VALUE" or not values or None in values:
            return None
        words = [value for value in values if value is not None]
        return Setting(name, _joined(words) if name == _PATH else ", ".join(words))
    return _by_function(node) if node.kind == "SelectStmt" else None


def _by_function(node: Node) -> Setting | None:
    """SELECT set_config('name', 'value', …) and nothing else."""
    targets = node.nodes("target_list")
    called = targets[0].node("val") if len(targets) == 1 else None
    if called is None or called.kind != "FuncCall" or called.names("funcname")[-1:] != ("set_config",):
        return None
    arguments = called.nodes("args")
    plain = not any(part in node for part in ("from_clause", "where_clause", "with_clause", "into_clause"))
    if not plain or len(arguments) != 3 or any(argument.kind != "A_Const" for argument in arguments):
        return None
    name, value = _constant(arguments[0]), _constant(arguments[1])
    if name is None or value is None or called.names("funcname")[:-1] not in {(), ("pg_catalog",)}:
        return None
    entries = _entries(value) if name.lower() == _PATH else [value]
    return None if entries is None else Setting(name.lower(), _joined(entries) if name.lower() == _PATH else value)


def _constant(node: Node) -> str | None:
    if node.kind != "A_Const":
        return None
    text, number = node.node("sval"), node.node("ival")
    return text.text("sval") if text is not None else str(number.number("ival")) if number is not None else None


def _entries(path: str) -> list[str] | None:
    """The names in a search_path's text; None where it is none."""
    found: list[str] = []
    at = 0
    while at < len(path) and (entry := _ENTRY.match(path, at)) is not None:
        found.append(entry[1].replace('""', '"') if entry[1] is not None else entry[2].lower())
        at = entry.end()
    return found if at == len(path) or not path.strip() else None


def _joined(entries: Sequence[str]) -> str:
    return ", ".join(quoted(entry) for entry in entries if entry)


def without_meaning(setting: Setting) -> bool:
    """Whether leaving it out changes nothing of what statements mean."""
    if setting.name in _OF_NO_MEANING:
        return True
    allowed = _AS_OURS.get(setting.name, _ON if setting.name == _BODIES else None)
    return allowed is not None and (setting.value is None or setting.value.lower() in allowed)


def stands_outside(node: Node) -> bool:
    """Whether it is a setting that may stand before the BEGIN or after the COMMIT around everything."""
    found = setting_of(node)
    return found is not None and (without_meaning(found) or found.name in {_PATH, _BODIES, _EVERYTHING})


def settle(nodes: Sequence[Node], lines: Sequence[int], pair: Collection[int], *, derived: bool) -> Settled:
    """What becomes of the settings among these statements, `pair` being the BEGIN and COMMIT around them. What is
    neither taken nor kept is left to the refusals.

    A search_path at the top holds for the whole migration, wherever it runs; it cannot change on the way. At the end,
    settings may go back to what they were: so does the session.
    """
    found = {index: setting for index, node in enumerate(nodes) if (setting := setting_of(node)) is not None}
    if derived:
        taken = {i: _left_out(s) for i, s in found.items() if without_meaning(s) or s.name == _BODIES}
        kept = frozenset(i for i in found if unchecked_bodies(nodes[i]))
        return Settled({i: said for i, said in taken.items() if i not in kept}, kept)
    kept = _unchecked(nodes, found)
    first = next((i for i in range(len(nodes)) if i not in found and i not in pair), len(nodes))
    last = next((i for i in reversed(range(len(nodes))) if i not in found and i not in pair), -1)
    at_top = [i for i, s in found.items() if i < first and s.name in {_PATH, _EVERYTHING}]
    value = found[at_top[-1]].value if at_top else None
    if value is not None and not _is_free(value):
        return Settled(dict(_taken(found, kept, (0, last), None)), kept)
    path = None if value is None else SearchPath(lines[at_top[-1]], value)
    return Settled(dict(_taken(found, kept, (first, last), path)), kept, path)


def out_of_place(script: Script, down: Script, origin: Origin) -> tuple[Blocker, ...]:
    """Why a search_path cannot hold: what runs must mean the same when the written file, or the rollback alone, is run
    by others.
    """
    named = next((s.search_path for s in (script, down) if s.search_path and s.search_path.value), None)
    if named is None or (origin == "file" and not down.statements):
        return ()
    what = (
        "SET search_path changes which tables the names mean, and holds for a migration file without a rollback only."
    )
    return (Blocker(named.line, what, "Remove it and write the schema in the names: public.users."),)


def _taken(
    found: dict[int, Setting], kept: Collection[int], span: tuple[int, int], path: SearchPath | None
) -> Iterator[tuple[int, str]]:
    first, last = span
    for index, setting in found.items():
        if index in kept:
            continue
        back = setting.value is None and (index > last or (path is None and not kept))
        if without_meaning(setting) or setting.name == _BODIES:
            yield index, _left_out(setting)
        elif setting.name == _PATH and setting.value is not None and path is not None:
            if setting.value == path.value or index < first:
                yield index, _path_said(path)
        elif setting.name in {_PATH, _EVERYTHING} and (back or index < first):
            yield index, f"RESET {setting.name} is left out: no setting outlasts the migration."


def _unchecked(nodes: Sequence[Node], found: dict[int, Setting]) -> frozenset[int]:
    """Where bodies are not checked while functions are made: such a function may name what comes after it."""
    begun = [i for i, s in found.items() if s.name == _BODIES and s.value is not None and s.value.lower() in _OFF]
    if not begun or not any(node.kind == "CreateFunctionStmt" for node in nodes[begun[0] :]):
        return frozenset()
    return frozenset(i for i, s in found.items() if s.name == _BODIES and i >= begun[0])


def _is_free(path: str) -> bool:
    """Whether the path leaves Postgres's own schemas where they always are: in front."""
    return not any(entry.startswith("pg_") for entry in _entries(path) or [])


def _left_out(setting: Setting) -> str:
    return f"SET {setting.name} is left out: each step runs with settings of its own."


def _path_said(path: SearchPath) -> str:
    if not path.value:
        return "search_path is empty for the whole migration: names without a schema mean what Postgres itself has."
    shown = escape_hidden(path.value)
    return f"search_path is {shown} for the whole migration: names without a schema are looked for there."
