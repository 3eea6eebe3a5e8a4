"""What a catalog's relations consist of, and which roles it names how often: kept up to date by a live catalog."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from db_migrate_tools.schema.kinds import Setting, UserMapping
from db_migrate_tools.schema.model import Catalog, Index, Object, Policy, Ref, Sequence

PART_KINDS = frozenset({"column", "constraint", "index", "trigger", "policy"})
KNOWN_KINDS = PART_KINDS | {"schema", "extension", "type", "table", "sequence", "view", "routine", "default-acl"}

Holder = tuple[str, str]
"""A relation's or composite type's schema and name."""


@dataclass(slots=True)
class Parts:
    """`sequences` are those that a column owns, `others` are objects of kinds that are only read as a whole; `labelled`
    says that some object bears a security label.
    """

    of: dict[Holder, frozenset[Ref]] = field(default_factory=dict[Holder, frozenset[Ref]])
    sequences: set[Ref] = field(default_factory=set[Ref])
    default_acls: set[Ref] = field(default_factory=set[Ref])
    roles: Counter[str] = field(default_factory=Counter[str])
    others: set[Ref] = field(default_factory=set[Ref])
    labelled: bool = False

    def copy(self) -> Parts:
        return Parts(
            dict(self.of),
            set(self.sequences),
            set(self.default_acls),
            Counter(self.roles),
            set(self.others),
            self.labelled,
        )


def holder(item: Object) -> Holder | None:
    """The relation that an object is part of."""
    if isinstance(item, Index):
        return item.table.schema, item.table.name
    return (item.ref.schema, item.ref.parent) if item.ref.parent else None


def find_parts(catalog: Catalog) -> Parts:
    """One look at every object."""
    found = Parts()
    of: dict[Holder, list[Ref]] = {}
    for ref, item in catalog.objects.items():
        if ref.kind in PART_KINDS:
            where = holder(item)
            if where is not None:
                of.setdefault(where, []).append(ref)
        elif isinstance(item, Sequence):
            if item.owned_by is not None:
                found.sequences.add(ref)
        elif ref.kind == "default-acl":
            found.default_acls.add(ref)
        elif ref.kind not in KNOWN_KINDS:
            found.others.add(ref)
        if item.owner or item.acl or isinstance(item, Policy | Setting | UserMapping):
            found.roles.update(roles_of(item))
        if item.security_labels:
            found.labelled = True
    found.of = {where: frozenset(refs) for where, refs in of.items()}
    return found


def roles_of(item: Object) -> set[str]:
    """The roles that an object names."""
    found = {item.owner} if item.owner else set[str]()
    for grant in item.acl or ():
        found.add(grant.grantee)
        found.add(grant.grantor)
    if isinstance(item, Policy):
        found.update(role for role in item.roles if role != "public")
    if isinstance(item, Setting | UserMapping):
        found.add(item.role)
    found.discard("")
    return found
