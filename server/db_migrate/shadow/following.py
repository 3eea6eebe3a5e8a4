"""The catalog of a copy, followed through a migration statement by statement."""

from __future__ import annotations

from dataclasses import replace

from db_migrate.postgres.catalog import Reading, read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.live import LiveCatalog, Refreshed
from db_migrate_tools.schema.diff import Delta, describe, diff
from db_migrate_tools.schema.model import Catalog, Ref

SHOWN = 3
SMALL = 600
"""Objects up to which a schema is simply read again."""
WHOLE = 400_000
"""Objects up to which whole readings, one after a statement, may add up."""


def same_database(template: Catalog, copy: Catalog) -> Catalog:
    """The template's catalog as the copy's: it is the same schema down to its oids, so renames can be seen."""
    return template if template.origin == copy.origin else replace(template, origin=copy.origin)


class Following:
    """What the catalog is now, beginning with what it was. `touched` are all references that may differ by now;
    None where any may.
    """

    def __init__(self, connection: Connection, live: LiveCatalog, small: int) -> None:
        self._connection = connection
        self._small = small
        self._live = live
        self.catalog = live.catalog
        self.touched: frozenset[Ref] | None = frozenset()
        self._read = 0

    @classmethod
    async def start(cls, connection: Connection, reading: Reading, small: int = SMALL) -> Following:
        """Follow a copy of the database that was read; nothing is read yet."""
        return cls(connection, await LiveCatalog.start(connection, reading), small)

    async def begin(self) -> None:
        """To be called when the first transaction begins in a copy where nothing has been written yet."""
        await self._live.begin()

    @property
    def follows(self) -> bool:
        """False once too much had to be read as a whole, again and again; from then on only `whole` tells."""
        return self._read <= WHOLE

    async def changes(self) -> Delta:
        """What has changed since it was last asked."""
        last, now = self.catalog, await self._live.refresh()
        self.catalog = now.catalog
        if self.touched is not None:
            self.touched |= now.touched
        if now.whole:
            self._read += len(now.catalog.objects)
        return diff(same_database(last, now.catalog), now.catalog, only=now.touched)

    async def whole(self) -> tuple[Catalog, str | None]:
        """The catalog at the end, and what was followed wrongly, should anything be.

        A small schema is read anew as a whole. In a large one everything that is newer than the template, or gone
        from it, is looked for once more, in one look over all system catalogs, and read from there; only where that
        differs from what was followed is all of it read.
        """
        if self.follows and len(self.catalog.objects) > self._small:
            again = await self._live.at_once()
            if again.catalog == self.catalog:
                return self.catalog, None
        read = await read_catalog(self._connection)
        if read == self.catalog:
            return self.catalog, None
        self.touched = None
        if not self.follows:
            return read, None
        wrong = describe(diff(self.catalog, read))
        if not wrong:
            return read, None
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        return read, (
            f"Reading the whole schema after the migration showed what reading statement by statement had not: "
            f"{'; '.join(wrong[:SHOWN])}{more}. The whole reading counts."
        )


async def since(connection: Connection, reading: Reading, small: int = SMALL) -> Refreshed:
    """The catalog of a copy in which something was done, and what differs from the reading of its template."""
    if len(reading.catalog.objects) <= small:
        catalog = await read_catalog(connection)
        refs = reading.catalog.objects.keys() | catalog.objects.keys()
        return Refreshed(catalog, frozenset(refs), whole=True)
    return await (await LiveCatalog.start(connection, reading)).refresh()
