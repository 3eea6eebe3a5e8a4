"""What makes two objects the same: the fields that carry meaning, with server-version noise taken out."""

from __future__ import annotations

from dataclasses import MISSING, fields

from db_migrate_tools.schema.kinds import (
    KINDS,
    PublicationSchema,
    PublicationTable,
    Setting,
    Statistics,
    UserMapping,
    plain_statistics,
)
from db_migrate_tools.schema.model import Catalog, Constraint, DefaultAcl, Extension, Grant, Object, Ref, Schema, Table
from db_migrate_tools.schema.privileges import effective

KEPT_SCHEMA = "db_migrate_kept"
"""Where reversible migrations keep what they took away: read like a platform's schemas, never the user's."""
PLATFORM_SCHEMAS = frozenset(
    {
        "_analytics",
        "_realtime",
        "_supavisor",
        "auth",
        "cron",
        "extensions",
        "graphql",
        "graphql_public",
        "net",
        "pgbouncer",
        "pgmq",
        "pgsodium",
        "pgsodium_masks",
        "pgtle",
        "realtime",
        "repack",
        "storage",
        "supabase_functions",
        "tiger",
        "tiger_data",
        "topology",
        "vault",
    }
)
PLATFORM_OWNERS = frozenset(
    {"supabase_admin", "dashboard_user", "pgbouncer", "pgsodium_keyholder", "pgsodium_keyiduser", "pgsodium_keymaker"}
)

DERIVED: dict[str, frozenset[str]] = {
    "Object": frozenset({"ref", "depends", "key", "owner", "acl"}),
    "Column": frozenset({"position", "type_ref", "is_array", "identity_sequence", "not_null_name"}),
    "View": frozenset({"columns", "insertable", "updatable"}),
    "Routine": frozenset(
        {
            "base_name",
            "arguments",
            "returns",
            "returns_ref",
            "returns_set",
            "returns_array",
            "language",
            "volatility",
            "security_definer",
        }
    ),
    "Type": frozenset({"base_type_ref"}),
    "Index": frozenset({"columns", "table", "unique", "partial"}),
    "Constraint": frozenset({"columns", "references", "referenced_columns"}),
    "Trigger": frozenset({"function"}),
    "PublicationTable": frozenset({"publisher"}),
    "PublicationSchema": frozenset({"publisher"}),
    "Statistics": frozenset({"table"}),
    "Setting": frozenset({"parameter", "role", "in_database"}),
    "UserMapping": frozenset({"role", "server", "options"}),
}
"""Fields that follow from others, per class; a difference in them alone is none. A user mapping's options are
compared only where both sides could be read.
"""


def is_platform_owner(role: str) -> bool:
    """Whether a role is one that a hosting platform keeps for itself."""
    return role in PLATFORM_OWNERS or (role.startswith("supabase_") and role.endswith("_admin"))


def platform_schemas(catalog: Catalog) -> frozenset[str]:
    """Schemas that are the platform's: made by an extension, or named in PLATFORM_SCHEMAS *and* owned by one of the
    platform's roles. So a schema `auth` or `cron` of an ordinary owner is the user's. KEPT_SCHEMA counts as one.
    """
    return frozenset(
        item.ref.name
        for item in catalog
        if isinstance(item, Schema)
        and (
            item.extension is not None
            or item.ref.name == KEPT_SCHEMA
            or (item.ref.name in PLATFORM_SCHEMAS and is_platform_owner(item.owner))
        )
    )


def belongs_to_platform(item: Object, schemas: frozenset[str]) -> bool:
    """Whether an object is the platform's, given its schemas.

    Inside those schemas, policies and the triggers that call a function elsewhere are the user's: that is where
    `storage.objects` gets its policies and `auth.users` its sign-up trigger.
    """
    if isinstance(item, Schema):
        return item.ref.name in schemas
    if isinstance(item, DefaultAcl) and is_platform_owner(item.owner):
        return True
    if item.ref.schema == KEPT_SCHEMA:
        return True
    if item.ref.kind in KINDS:
        return _of_platform(item, schemas)
    if item.ref.schema not in schemas or item.ref.kind == "policy":
        return False
    if item.ref.kind == "trigger":
        function = next((ref for ref in item.depends if ref.kind == "routine"), None)
        return function is None or function.schema in schemas
    return True


def _of_platform(item: Object, schemas: frozenset[str]) -> bool:
    """The same for the rarer kinds. What has no schema is its owner's; where it has no owner either, it is the
    platform's if it works on something of the platform's. Which of the user's tables a publication holds is for
    whoever owns the publication to say: Supabase's `supabase_realtime` is the user's.
    """
    if isinstance(item, PublicationTable | PublicationSchema):
        return is_platform_owner(item.publisher)
    if isinstance(item, Setting):
        return is_platform_owner(item.role)
    if item.ref.schema:
        return item.ref.schema in schemas
    if item.owner:
        return is_platform_owner(item.owner)
    return any(ref.schema in schemas for ref in item.depends)


def visible(catalog: Catalog, *, platform: bool = False) -> dict[Ref, Object]:
    """The objects that count: all of them with `platform`, else the user's."""
    if platform:
        return dict(catalog.objects)
    schemas = platform_schemas(catalog)
    return {item.ref: item for item in catalog if not belongs_to_platform(item, schemas)}


def _semantic_fields(cls: type[Object]) -> tuple[tuple[str, object], ...]:
    """Names and defaults of the fields that carry meaning; `owner` and `acl` are treated on their own."""
    left_out = DERIVED["Object"] | DERIVED.get(cls.__name__, frozenset[str]())
    return tuple((f.name, f.default) for f in fields(cls) if f.name not in left_out)


_FIELDS = {cls: _semantic_fields(cls) for cls in Object.__subclasses__()}


def semantic(item: Object, server_version: int = 0) -> dict[str, object]:
    """The fields that carry meaning and differ from their default, by name.

    Leaving defaults out keeps digests stable when the model gains a field.
    """
    found: dict[str, object] = {}
    for name, default in _FIELDS[type(item)]:
        value: object = getattr(item, name)
        if default is MISSING or value != default:
            found[name] = value
    if isinstance(item, Table) and item.foreign_server is None and item.access_method == "heap":
        found.pop("access_method", None)
    if isinstance(item, Constraint) and item.type == "foreign key":
        found.pop("index", None)
    if isinstance(item, Statistics):
        found["definition"] = plain_statistics(item)
    if item.owner and not isinstance(item, Extension):
        found["owner"] = item.owner
    acl = effective(item, server_version)
    if acl is not None:
        found["acl"] = acl
    return found


def changed_fields(before: Object, after: Object, versions: tuple[int, int] = (0, 0)) -> tuple[str, ...]:
    """Names of the fields that carry meaning and differ, in the model's order."""
    if type(before) is not type(after):
        return ("kind",)
    if before == after and versions[0] == versions[1]:
        return ()
    one, other = semantic(before, versions[0]), semantic(after, versions[1])
    if (
        isinstance(before, UserMapping)
        and isinstance(after, UserMapping)
        and None not in (before.options, after.options)
    ):
        one["options"], other["options"] = before.options, after.options
    if one == other:
        return ()
    return tuple(name for name in {**one, **other} if one.get(name, MISSING) != other.get(name, MISSING))


def grants_of(item: Object, server_version: int = 0) -> tuple[Grant, ...]:
    """The privileges in force on an object, defaults included."""
    return effective(item, server_version, keep_default=True) or ()
