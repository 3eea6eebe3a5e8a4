"""Enums, domains, composite types and ranges."""

from __future__ import annotations

from dataclasses import replace

from db_migrate_tools.schema.ddl import columns
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident, literal, qualified
from db_migrate_tools.schema.model import Column, DomainCheck, Type

_OLD = "__before"


def create(item: Type, context: Context) -> list[str]:
    found = [_definition(item, context)]
    for column in context.columns_of(item.ref) if item.type == "composite" else ():
        found += after_create(column, context)
    for check in item.checks:
        if not check.validated:
            found.append(_add_check(item, check.name, check.definition))
        if check.comment is not None:
            found.append(_comment_on_check(item, check))
    return found + after_create(item, context)


def _definition(item: Type, context: Context) -> str:
    name = qualified(item.ref)
    if item.type == "enum":
        return f"CREATE TYPE {name} AS ENUM ({', '.join(literal(label) for label in item.labels)})"
    if item.type == "range":
        return f"CREATE TYPE {name} AS RANGE ({', '.join(item.range_options)})"
    if item.type == "composite":
        attributes = ", ".join(attribute(column) for column in context.columns_of(item.ref))
        return f"CREATE TYPE {name} AS ({attributes})"
    parts = [f"CREATE DOMAIN {name} AS {item.base_type}"]
    if item.collation:
        parts.append(f"COLLATE {item.collation}")
    if item.default is not None:
        parts.append(f"DEFAULT {item.default}")
    if not item.nullable:
        parts.append("NOT NULL")
    parts += [f"CONSTRAINT {ident(c.name)} {c.definition}" for c in item.checks if c.validated]
    return " ".join(parts)


def attribute(item: Column) -> str:
    return f"{ident(item.ref.name)} {item.type}" + (f" COLLATE {item.collation}" if item.collation else "")


def drop(item: Type) -> list[str]:
    return [f"DROP {'DOMAIN' if item.type == 'domain' else 'TYPE'} {qualified(item.ref)}"]


def alter(before: Type, after: Type, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    if "labels" in fields:
        found += label_changes(before, after) or []
    if after.type == "domain":
        found += _alter_domain(before, after, fields)
    return found + after_alter(before, after, fields, context)


def label_changes(before: Type, after: Type) -> list[str] | None:
    """ADD VALUE and RENAME VALUE where they suffice; None where the type must be built anew."""
    old, new = list(before.labels), list(after.labels)
    name = qualified(after.ref)
    if len(old) == len(new):
        pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
        if any(other in old or one in new for one, other in pairs):
            return None
        return [f"ALTER TYPE {name} RENAME VALUE {literal(one)} TO {literal(other)}" for one, other in pairs]
    if [label for label in new if label in set(old)] != old:
        return None
    found: list[str] = []
    for at, label in enumerate(new):
        if label in old:
            continue
        place = f" AFTER {literal(new[at - 1])}" if at else f" BEFORE {literal(old[0])}" if old else ""
        if at and at == len(new) - 1:
            place = ""
        found.append(f"ALTER TYPE {name} ADD VALUE {literal(label)}{place}")
    return found


def _alter_domain(before: Type, after: Type, fields: tuple[str, ...]) -> list[str]:
    head = f"ALTER DOMAIN {qualified(after.ref)}"
    found: list[str] = []
    if "default" in fields:
        found.append(f"{head} " + ("DROP DEFAULT" if after.default is None else f"SET DEFAULT {after.default}"))
    if "nullable" in fields:
        found.append(f"{head} {'DROP' if after.nullable else 'SET'} NOT NULL")
    old, new = {c.name: c for c in before.checks}, {c.name: c for c in after.checks}
    for name, check in old.items():
        if name not in new or not _same_check(check, new[name]):
            found.append(f"{head} DROP CONSTRAINT {ident(name)}")
    for name, check in new.items():
        if name not in old or not _same_check(old[name], check):
            found.append(_add_check(after, name, check.definition))
        elif check.validated and not old[name].validated:
            found.append(f"{head} VALIDATE CONSTRAINT {ident(name)}")
        kept = old[name].comment if name in old and _same_check(old[name], check) else None
        if check.comment != kept:
            found.append(_comment_on_check(after, check))
    return found


def _same_check(before: DomainCheck, after: DomainCheck) -> bool:
    """Whether nothing, or only a VALIDATE, leads from one to the other."""
    loosened = before.validated and not after.validated
    return not loosened and before.definition.removesuffix(" NOT VALID") == after.definition.removesuffix(" NOT VALID")


def _comment_on_check(item: Type, check: DomainCheck) -> str:
    text = "NULL" if check.comment is None else literal(check.comment).strip()
    return f"COMMENT ON CONSTRAINT {ident(check.name)} ON DOMAIN {qualified(item.ref)} IS {text}"


def _add_check(item: Type, name: str, definition: str) -> str:
    return f"ALTER DOMAIN {qualified(item.ref)} ADD CONSTRAINT {ident(name)} {definition}"


def create_attribute(item: Column, context: Context) -> list[str]:
    head = f"ALTER TYPE {holder(item.ref)}"
    return [f"{head} ADD ATTRIBUTE {attribute(item)} CASCADE", *after_create(item, context)]


def drop_attribute(item: Column) -> list[str]:
    return [f"ALTER TYPE {holder(item.ref)} DROP ATTRIBUTE {ident(item.ref.name)} CASCADE"]


def alter_attribute(before: Column, after: Column, fields: tuple[str, ...], context: Context) -> list[str]:
    found: list[str] = []
    if {"type", "collation"} & set(fields):
        collation = f" COLLATE {after.collation}" if after.collation else ""
        name = ident(after.ref.name)
        found.append(f"ALTER TYPE {holder(after.ref)} ALTER ATTRIBUTE {name} TYPE {after.type}{collation} CASCADE")
    return found + after_alter(before, after, fields, context)


def put_aside(before: Type) -> list[str]:
    """The type under another name, so that its successor can have this one."""
    word = "DOMAIN" if before.type == "domain" else "TYPE"
    return [f"ALTER {word} {qualified(before.ref)} RENAME TO {ident(_aside(before.ref.name))}"]


def park(column: Column) -> list[str]:
    """A table's column as text, where its type must go before the successor comes."""
    found = columns.drop_default(column) if column.default is not None and not column.generated else []
    as_text = replace(column, type="text", collation=None)
    return [*found, f"{columns.retype(as_text, as_text)} USING {ident(column.ref.name)}::text"]


def park_attribute(column: Column) -> list[str]:
    """The same for an attribute of a composite type that no table stores."""
    return [f"ALTER TYPE {holder(column.ref)} ALTER ATTRIBUTE {ident(column.ref.name)} TYPE text CASCADE"]


def drop_aside(before: Type) -> list[str]:
    return drop(replace(before, ref=replace(before.ref, name=_aside(before.ref.name))))


def move(column: Column, *, default_apart: bool) -> list[str]:
    """A table's column from a type to the one built in its place, by way of text."""
    has_default = column.default is not None and not column.generated and not default_apart
    found = columns.drop_default(column) if has_default else []
    found.append(columns.retype(replace(column, type=""), column))
    return found + (columns.set_default(column) if has_default else [])


def _aside(name: str) -> str:
    return name[: 63 - len(_OLD)] + _OLD


def without_calls(before: Type, after: Type, names: set[str]) -> tuple[list[str], list[str]]:
    """What takes off a domain's checks and default that call one of these functions, and what puts them back."""
    head = f"ALTER DOMAIN {qualified(after.ref)}"
    same = {check.name: check for check in after.checks}
    off: list[str] = []
    on: list[str] = []
    for check in before.checks:
        if _calls(check.definition, names) and check.name in same and _same_check(check, same[check.name]):
            off.append(f"{head} DROP CONSTRAINT {ident(check.name)}")
            on.append(_add_check(after, check.name, same[check.name].definition))
    if before.default is not None and before.default == after.default and _calls(before.default, names):
        off.append(f"{head} DROP DEFAULT")
        on.append(f"{head} SET DEFAULT {after.default}")
    return off, on


def _calls(text: str, names: set[str]) -> bool:
    return any(f"{ident(name)}(" in text for name in names)
