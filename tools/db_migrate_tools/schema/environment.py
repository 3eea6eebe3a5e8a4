"""What is a server's own rather than the schema's: settings of databases and roles, subscriptions. No copy has them."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.schema.model import Catalog, Object, Ref

ENVIRONMENT = frozenset({"setting", "subscription"})
"""Settings of roles are the whole server's, and a subscription would reach out to another one."""


def without_environment(catalog: Catalog) -> Catalog:
    """The catalog of what a copy can hold."""
    own = environment(catalog)
    if not own:
        return catalog
    return replace(catalog, objects={ref: item for ref, item in catalog.objects.items() if ref not in own})


def with_environment(copy: Catalog, target: Catalog, since: Catalog | None = None) -> Catalog:
    """The copy as if it had the target's settings and subscriptions; what has changed on the copy `since` then counts
    as changed there too.
    """
    theirs, here = environment(target), environment(copy)
    then = environment(since) if since is not None else here
    if not theirs and not here:
        return copy
    new = {ref: item for ref, item in here.items() if then.get(ref) != item}
    gone = then.keys() - here.keys()
    objects = {ref: item for ref, item in copy.objects.items() if ref not in here}
    objects |= {ref: item for ref, item in theirs.items() if ref not in gone} | new
    return replace(copy, objects=objects)


def environment(catalog: Catalog) -> dict[Ref, Object]:
    """The objects that are the server's own."""
    return {ref: item for ref, item in catalog.objects.items() if ref.kind in ENVIRONMENT}
