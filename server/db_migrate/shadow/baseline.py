"""What stands in on a shadow for extensions that its Postgres lacks, and for which targets it may."""

from __future__ import annotations

import re
from collections.abc import Iterable

from db_migrate.cluster.supabase.shelf import Shelf
from db_migrate.cluster.supabase.stand_ins import (
    ABSENT,
    BARRED,
    BROUGHT,
    DURABLE,
    STAND_INS,
    TRUSTED,
    brought_by,
    describe,
)
from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.schema.ddl.quote import literal
from db_migrate_tools.schema.model import Catalog, Extension
from db_migrate_tools.schema.semantics import platform_schemas

_CREATED = re.compile(
    r'^CREATE EXTENSION IF NOT EXISTS (?:"((?:[^"]|"")+)"|([^\s;"]+))(?: WITH)?'
    r'(?: SCHEMA (?:"(?:[^"]|"")+"|[^\s;"]+))?;$',
    re.MULTILINE,
)


def supabase_like(catalog: Catalog) -> bool:
    """Whether the database has Supabase's own schemas, owned by Supabase's roles."""
    return bool({"auth", "storage"} & platform_schemas(catalog))


def stock(shelf: Shelf | None, target: TargetFacts) -> None:
    """Have the target's extensions in its versions, and let what CREATE EXTENSION makes bear the target's version."""
    if shelf is None:
        return
    installed = {item.ref.name: item.version for item in _extensions(target.catalog)}
    shelf.offer_all(installed, ((item.name, item.version) for item in target.offered or ()))


def pin(sql: str, catalog: Catalog) -> str:
    """The dump with the target's version at each CREATE EXTENSION: pg_dump leaves it to whoever restores. Before it,
    which extensions make no objects because the dump brings them.
    """
    versions = {item.ref.name: item.version for item in _extensions(catalog)}

    def versioned(found: re.Match[str]) -> str:
        name = found[1].replace('""', '"') if found[1] is not None else found[2]
        version = versions.get(name)
        return found[0] if version is None else f"{found[0][:-1]} VERSION {literal(version)};"

    brought = brought_by(sql)
    before = f"SET {BROUGHT} = {literal(','.join(sorted(brought)))};\n" if brought else ""
    return before + _CREATED.sub(versioned, sql)


def refusals(shelf: Shelf | None, target: TargetFacts) -> dict[str, str]:
    """Settings of the rehearsal's sessions that make a stand-in say no where the target would: a migration must not
    pass that creates an extension which the target has not, or that encrypts where the target's own stand-in does not.
    """
    if shelf is None:
        return {}
    durable = {DURABLE: "on"} if target.identity.embedded else {}
    ours = shelf.stands_in() | TRUSTED
    if target.offered is None:
        absent = frozenset[str]() if supabase_like(target.catalog) else shelf.stands_in()
        return {**durable, ABSENT: ",".join(sorted(absent))}
    offered = {item.name: item.creatable for item in target.offered}
    barred = {name for name in ours if not offered.get(name, True)}
    if supabase_like(target.catalog) or target.identity.superuser:
        # Supabase's own library lets an ordinary role create what Postgres would not.
        barred = set[str]()
    return {**durable, ABSENT: ",".join(sorted(ours - offered.keys())), BARRED: ",".join(sorted(barred))}


def notes(shelf: Shelf | None, target: TargetFacts, after: Catalog | None) -> tuple[str, ...]:
    """Which extensions were played by a stand-in, and what that one does not do; where the target has stand-ins itself,
    what it says of them, and those that came.
    """
    if shelf is None:
        return target.standing_in
    before = {item.ref.name for item in _extensions(target.catalog)}
    named = before | {item.ref.name for item in _extensions(after)} if after is not None else before
    said = describe((named - before if target.standing_in else named) & shelf.stands_in())
    return target.standing_in if said is None else (*target.standing_in, said)


def played(shelf: Shelf | None) -> frozenset[str]:
    """Names of the extensions that stand-ins play, so that a dump's may be created."""
    return shelf.stands_in() & STAND_INS.keys() if shelf is not None else frozenset()


def _extensions(catalog: Catalog) -> Iterable[Extension]:
    return (item for item in catalog if isinstance(item, Extension))
