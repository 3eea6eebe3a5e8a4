"""The routines that a migration's code may call, by their names."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from db_migrate_tools.schema.model import Catalog, Routine

_READ = frozenset({"sql", "plpgsql"})


class Code:
    """The routines of several catalogs, looked up by their bare names; of a catalog that comes first before others."""

    def __init__(self, *catalogs: Catalog) -> None:
        self._catalogs = catalogs

    @cached_property
    def _named(self) -> list[dict[str, list[Routine]]]:
        found: list[dict[str, list[Routine]]] = []
        for catalog in self._catalogs:
            named: dict[str, list[Routine]] = defaultdict(list)
            for item in catalog:
                if isinstance(item, Routine):
                    named[item.base_name].append(item)
            for routines in named.values():
                routines.sort(key=lambda routine: routine.ref)
            found.append(named)
        return found

    def known(self, name: str) -> bool:
        """Whether any catalog has a routine of that name."""
        return any(name in named for named in self._named)

    def every(self, name: str) -> list[Routine]:
        """Those with a body that can be read, of all catalogs."""
        return [r for named in self._named for r in named.get(name, ()) if r.language in _READ]

    def first(self, name: str) -> list[Routine]:
        """Those with a body that can be read, of the first catalog that has the name."""
        for named in self._named:
            if name in named:
                return [routine for routine in named[name] if routine.language in _READ]
        return []
