"""What stands in on a shadow for extensions that its Postgres lacks, and for which targets it may."""

from __future__ import annotations

import re
from collections.abc import Iterable

from db_migrate.cluster.supabase.shelf import Shelf
from db_migrate.cluster.supabase.stand_ins import ABSENT, BARRED, STAND_INS, TRUSTED, describe
from db_migrate_tools.evidence import TargetFacts
from db_migrate_tools.schema.ddl.quote import literal
from db_migrate_tools.schema.model import Catalog, Extension
from db_migrate_tools.schema.semantics import platform_schemas

_CREATED = re.compile(
    r'^CREATE EXTENSION IF NOT EXISTS (?:"((?:[^"]|"")+)"|([^\s;"]+))(?: WITH)?(?: SCHEMA (?:"(?:[^"]|"")+"|[^\s;"]+))?;$',
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
    """The dump with the target's version at each CREATE EXTENSION: pg_dump leaves it to whoever restores."""
    versions = {item.ref.name: item.version for item in _extensions(catalog)}

    def versioned(found: re.Match[str]) -> str:
        name = found[1].replace('""', '"') if found[1] is not None else found[2]
        version = versions.get(name)
        return found[0] if version is None else f"{found[0][:-1]} VERSION {literal(version)};"

    return _CREATED.sub(versioned, sql)


def refusals(shelf: Shelf | None, target: TargetFacts) -> dict[str, str]:
    """Settings of the rehearsal's sessions that make CREATE EXTENSION fail where it would on the target: a stand-in
    must not let a migration pass that asks for what the target has not.
    """
    if shelf is None:
        return {}
    ours = shelf.stands_in() | TRUSTED
    if target.offered is None:
        absent = frozenset[str]() if supabase_like(target.catalog) else shelf.stands_in()
        return {ABSENT: ",".join(sorted(absent))}
    offered = {item.name: item.creatable for item in target.offered}
    barred = {name for name in ours if not offered.get(name, True)}
    if supabase_like(target.catalog) or target.identity.superuser:
        # Supabase's own library lets an ordinary role create what Postgres would not.
        barred = set()
    return {ABSENT: ",".join(sorted(ours - offered.keys())), BARRED: ",".join(sorted(barred))}


def notes(shelf: Shelf | None, *catalogs: Catalog | None) -> tuple[str, ...]:
    """Which extensions of these catalogs were played by a stand-in, and what that one does not do."""
    if shelf is None:
        return ()
    named = {item.ref.name for catalog in catalogs if catalog is not None for item in _extensions(catalog)}
    said = describe(named & shelf.stands_in())
    return () if said is None else (said,)


def played(shelf: Shelf | None) -> frozenset[str]:
    """Names of the extensions that stand-ins play, so that a dump's may be created."""
    return shelf.stands_in() & STAND_INS.keys() if shelf is not None else frozenset()


def _extensions(catalog: Catalog) -> Iterable[Extension]:
    return (item for item in catalog if isinstance(item, Extension))
